"""Secrets are decoded as far as a login needs them, and stay out of sight."""

from __future__ import annotations

import base64

import msgspec
import pytest

from alb_controller.objects.secrets import OidcSecret, decode_hook
from alb_controller.values import Secret

TEXT = "correct horse"


def decoded(data: object) -> OidcSecret:
    """A Secret as a watch brings it."""
    raw = {"metadata": {"uid": "u", "resourceVersion": "7"}, "data": data}
    return msgspec.json.decode(msgspec.json.encode(raw), type=OidcSecret, dec_hook=decode_hook)


def test_only_the_keys_of_a_login_are_kept() -> None:
    """Each as a Secret; the version says nothing of them."""
    found = {"clientID": "me", "clientId": "old", "clientSecret": TEXT, "password": "hunter2"}
    made = decoded({k: base64.b64encode(v.encode()).decode() for k, v in found.items()})
    assert made.data.client_id == Secret("me")
    assert made.data.older_client_id == Secret("old")
    assert made.data.client_secret == Secret(TEXT)
    assert made.version == "u/7"
    assert not any(text in repr(made) for text in (TEXT, "hunter2"))


@pytest.mark.parametrize("value", ["/w==", "x", "%"])
def test_what_is_no_text_is_empty(value: str) -> None:
    """Bytes that are no UTF-8, and what is no base64."""
    assert decoded({"clientSecret": value}).data.client_secret == Secret("")


def test_the_hook_is_for_secrets_alone() -> None:
    """Another type is a mistake in our code."""
    with pytest.raises(TypeError, match="complex"):
        decode_hook(complex, "1")
