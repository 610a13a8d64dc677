"""The recording that the embedded API is held to is what a real server says today."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alb_controller.sandbox.kubeapi.kinds import read_definitions
from tests.sandbox.kubeapi.conversations import RECORDED, Conversation, hold, read_conversations
from tests.sandbox.kubeapi.record_answers import connect
from tests.sandbox.kubeapi.record_schemas import fetch_definitions, reduce_definition


@pytest.mark.parametrize("conversation", list(read_conversations()), ids=lambda each: each.name)
def test_a_real_server_still_says_so(kubeconfig: Path, conversation: Conversation) -> None:
    """Every recorded answer is given again by the control plane of these tests."""
    recorded = json.loads(RECORDED.read_text())[conversation.name]
    answers = hold(connect(kubeconfig), conversation)
    assert {step: answer for step, answer in answers.items() if answer != recorded[step]} == {}


def test_the_builtin_schemas_are_todays(kubeconfig: Path) -> None:
    """`builtin.json` says of every definition what the server's OpenAPI documents say."""
    client = connect(kubeconfig)
    token = str(client.http.headers["Authorization"]).removeprefix("Bearer ")
    published = fetch_definitions(client.url, token)
    for name, ours in read_definitions().items():
        for entry in ours.get("properties", {}).values():
            entry.pop("x-proto", None)
        assert reduce_definition(name, published[name], {}) == ours
