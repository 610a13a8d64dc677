"""Our API answers as a real kube-apiserver did, request by request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from alb_controller.sandbox.kubeapi import ApiServer
from tests.sandbox.kubeapi.conversations import (
    RECORDED,
    Client,
    Conversation,
    hold,
    read_conversations,
)

CONVERSATIONS = list(read_conversations())
DIFFERENCES = yaml.safe_load((Path(__file__).parent / "differences.yaml").read_text())


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A client of a server of its own, our CRDs installed."""
    with ApiServer() as server:
        authority = tmp_path / "ca.pem"
        authority.write_bytes(server.ca_certificate)
        definition = server.registry.named("CustomResourceDefinition")
        for path in sorted(Path("charts/alb-controller/crds").glob("*.yaml")):
            server.api.create(definition, yaml.safe_load(path.read_text()))
        yield Client(server.url, server.token, str(authority))


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda each: each.name)
def test_every_answer_is_a_real_servers(client: Client, conversation: Conversation) -> None:
    """Code and body agree with the recorded ones, but for the differences that are listed."""
    real = json.loads(RECORDED.read_text())[conversation.name]
    ours = hold(client, conversation)
    other = {step: (real[step], ours[step]) for step in ours if real.get(step) != ours[step]}
    known = _known(conversation)
    assert not {step: pair for step, pair in other.items() if step not in known}
    assert set(known) <= set(other), "a listed difference is none"


def _known(conversation: Conversation) -> dict[str, Any]:
    """The listed differences that concern a conversation: step -> reason."""
    file, _, kind = conversation.name.partition("/")
    listed = DIFFERENCES.get(file, {})
    return {
        step: entry["why"] for step, entry in listed.items() if kind in entry.get("kinds", [kind])
    }


def test_no_recorded_answer_is_left_over() -> None:
    """The recording is of these conversations and these steps."""
    recorded = json.loads(RECORDED.read_text())
    held = {each.name: {step.name for step in each.steps} for each in CONVERSATIONS}
    assert {name: set(answers) for name, answers in recorded.items()} == held
