"""Logins and token checks keep their meaning on the way to AWS and back."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from alb_controller.aws.codecs.guards import decode_guard, encode_guard
from alb_controller.aws.codecs.rules import decode_actions, encode_actions
from alb_controller.model.actions import (
    AuthenticateCognitoAction,
    AuthenticateOidcAction,
    FixedResponseAction,
    GuardAction,
    JwtClaim,
    JwtValidationAction,
    Session,
)
from alb_controller.values import Secret

TEXT = st.text("abc:/", min_size=1, max_size=5)
TEXTS = st.lists(TEXT, min_size=1, max_size=3).map(tuple)
SESSIONS = st.builds(
    Session,
    on_unauthenticated_request=TEXT,
    scope=TEXT,
    cookie=TEXT,
    timeout_seconds=st.integers(1, 604800),
    extra_params=st.dictionaries(TEXT, TEXT, max_size=3).map(lambda d: tuple(sorted(d.items()))),
)
LOGINS = st.builds(
    AuthenticateOidcAction,
    issuer=TEXT,
    authorization_endpoint=TEXT,
    token_endpoint=TEXT,
    user_info_endpoint=TEXT,
    client_id=TEXT,
    session=SESSIONS,
    client_secret=st.none() | st.builds(Secret, TEXT),
    secret_version=st.sampled_from(["", "1/2"]),
)
OTHERS: st.SearchStrategy[GuardAction] = st.builds(
    AuthenticateCognitoAction,
    user_pool_arn=TEXT,
    user_pool_client_id=TEXT,
    user_pool_domain=TEXT,
    session=SESSIONS,
) | st.builds(
    JwtValidationAction,
    jwks_endpoint=TEXT,
    issuer=TEXT,
    additional_claims=st.lists(st.builds(JwtClaim, TEXT, TEXT, TEXTS), max_size=2).map(tuple),
)


@given(OTHERS)
def test_what_is_sent_is_what_is_read_back(action: GuardAction) -> None:
    """decode(encode(x)) == x for logins at Cognito and for token checks."""
    assert decode_guard(encode_guard(action)) == action


@given(LOGINS)
def test_a_login_is_read_back_without_its_secret(action: AuthenticateOidcAction) -> None:
    """AWS never shows it: everything else comes back."""
    shown = msgspec.structs.replace(action, client_secret=None, secret_version="")
    assert decode_guard(encode_guard(action)) == shown


@given(LOGINS)
def test_a_secret_is_sent_or_kept(action: AuthenticateOidcAction) -> None:
    """Never both and never neither; the version is ours alone."""
    config = encode_guard(action)["AuthenticateOidcConfig"]
    assert ("ClientSecret" in config) != (config.get("UseExistingClientSecret") is True)
    if action.client_secret is not None:
        assert config["ClientSecret"] == action.client_secret.reveal()
    assert action.secret_version not in config.values() or not action.secret_version


@given(OTHERS | LOGINS)
def test_nothing_empty_is_sent(action: GuardAction) -> None:
    """Optional parts are left out where there are none: AWS refuses empty lists."""
    raw = encode_guard(action)
    assert [] not in [v for part in raw.values() if isinstance(part, dict) for v in part.values()]
    assert {} not in [v for part in raw.values() if isinstance(part, dict) for v in part.values()]


def test_a_guard_comes_before_the_action() -> None:
    """Their order is a number, whatever order AWS shows them in."""
    guard = JwtValidationAction(jwks_endpoint="j", issuer="i")
    last = FixedResponseAction("200")
    raw = encode_actions((guard, last))
    assert [one["Order"] for one in raw] == [1, 2]
    assert decode_actions(list(reversed(raw))) == (guard, last)


def test_an_action_that_we_do_not_know_equals_none_of_ours() -> None:
    """The list of actions is read as empty, so it is put right."""
    assert decode_guard({"Type": "authenticate-somehow"}) is None
    raw = [{"Type": "authenticate-somehow"}, *encode_actions((FixedResponseAction("200"),))]
    assert decode_actions(raw) == ()
