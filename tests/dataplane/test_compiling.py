"""The parts of the compiler that are easy to get wrong."""

from __future__ import annotations

import re

import pytest

from alb_controller.model.actions import AuthenticateCognitoAction, Session
from alb_controller.routing.state import Certificate
from alb_controller.sandbox.dataplane.compiler.actions import (
    groups_in,
    guard_settings,
    substitution,
)
from alb_controller.sandbox.dataplane.compiler.lua import table
from alb_controller.sandbox.dataplane.compiler.matching import expression_of
from alb_controller.sandbox.dataplane.compiler.tls import choices


@pytest.mark.parametrize(
    "pattern,text,fits",
    [
        ("/a.b", "/axb", False),
        ("/*", "/a/b", True),
        ("/v?", "/v12", False),
        (r"\*", "*", True),
        (r"\*", "x", False),
        ("a\\", "a\\", True),
        ("(+", "(+", True),
    ],
)
def test_patterns_become_expressions_of_the_same_meaning(
    pattern: str, text: str, fits: bool
) -> None:
    """Wildcards, escapes, and what is none of them."""
    expression = expression_of(pattern).replace(r"\C", "(?s:.)")  # \C is RE2's alone
    assert bool(re.fullmatch(expression, text)) is fits


@pytest.mark.parametrize(
    "expression,count",
    [("a(b)(?:c)(d)", 2), (r"\((a)", 1), ("[(](a)", 1), ("[](](a)", 1), ("(?P<n>a)(?<m>b)", 2)],
)
def test_numbered_groups_are_counted(expression: str, count: int) -> None:
    """Those in classes, escaped, or without a number are none."""
    assert groups_in(expression) == count


def test_a_replacement_keeps_what_stands_before_and_behind_the_match() -> None:
    """ALB's `$1` is the second group then."""
    made = substitution("b(c)", r"\$1$")
    assert made == r"\1\\\2$\3"
    assert re.sub("^(.*?)(?:b(c))(.*)$", made, "abcd") == r"a\c$d"


def test_a_login_without_a_scope_asks_for_openid() -> None:
    """AWS's default, as `route` says it."""
    session = Session(
        on_unauthenticated_request="authenticate", scope="", cookie="", timeout_seconds=0
    )
    guard = AuthenticateCognitoAction(
        user_pool_arn="arn:aws:cognito-idp:eu-west-1:1:userpool/x",
        user_pool_client_id="me",
        user_pool_domain="pool",
        session=session,
    )
    assert str(guard_settings(guard)["endpoint"]).endswith("response_type=code&scope=openid")


def test_values_become_lua_that_cannot_be_broken_out_of() -> None:
    """Quotes, line ends and backslashes are numbers."""
    made = table({"a": [1, True], "b": 'x"\n]]\\'})
    assert made == r'{["a"] = {1, true}, ["b"] = "x\034\010]]\092"}'


def test_a_server_name_gets_the_certificate_that_aws_prefers() -> None:
    """The list before the default one; the longer key before the exact name."""
    default = Certificate(name="default", domains=("a.example",), algorithm="EC", bits=256)
    listed = Certificate(name="listed", domains=("A.example",))
    wild = Certificate(name="wild", domains=("*.example",), bits=4096)
    chosen = {name: one.name for name, one in choices([default, listed, wild])}
    assert chosen == {"a.example": "wild", "*.example": "wild"}
    assert dict(choices([default]))["a.example"] is default
