"""Requests for rules that AWS refuses, and neighbours that it takes.

The calls are those that the sandbox's AWS is asked, too: one table says what is refused.
"""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.model.limits.requests.rules import Listened, refusal
from tests.sandbox.aws.refusals.standing import PATH, Case
from tests.sandbox.aws.refusals.tables import REFUSED, TAKEN

_LISTENERS = {"<http>": ("HTTP", "80"), "<https>": ("HTTPS", "443")}
_BY_ACCOUNT = {
    "refuse_unknown_groups",
    "refuse_protocols_of_groups",
    "refuse_too_many_rules",
    "refuse_tags",
    "set_priorities_at_once",
}
FORWARD = {"Type": "forward", "TargetGroupArn": "<group>"}


def of_rules(cases: tuple[Case, ...]) -> list[Any]:
    """The calls that make rules on those listeners."""
    return [
        pytest.param(case, id=f"{number}-{case.name}")
        for number, case in enumerate(cases)
        if case.operation == "CreateRule"
        and case.given["ListenerArn"] in _LISTENERS
        and "Tags" not in case.given
        and case.check not in _BY_ACCOUNT
    ]


def front_of(case: Case) -> Listened:
    """The listener that a call is for."""
    return Listened(*_LISTENERS[case.given["ListenerArn"]], {"<grpc>": "GRPC"})


@pytest.mark.parametrize("case", of_rules(REFUSED))
def test_a_rule_that_aws_refuses_is_refused(case: Case) -> None:
    """With a code and a message."""
    error = refusal(case.given, front_of(case))
    assert error is not None
    assert error.code
    assert error.message


@pytest.mark.parametrize("case", of_rules(TAKEN))
def test_a_rule_that_aws_takes_is_taken(case: Case) -> None:
    """Nothing is refused that is only near a limit."""
    assert refusal(case.given, front_of(case)) is None


def rule(**changes: Any) -> dict[str, Any]:
    """A rule that AWS takes, but for the changes."""
    return {"Priority": 5, "Conditions": [PATH], "Actions": [FORWARD], **changes}


def header(name: str) -> dict[str, Any]:
    """A condition on a header."""
    return {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, "Values": ["a"]}}


def token(**claim: Any) -> dict[str, Any]:
    """A token check with one claim."""
    config = {
        "JwksEndpoint": "https://a.test/k",
        "Issuer": "https://a.test",
        "AdditionalClaims": [{"Format": "single-string", "Name": "aud", "Values": ["x"], **claim}],
    }
    return {"Type": "jwt-validation", "Order": 1, "JwtValidationConfig": config}


def rewrite(name: str, kind: str) -> dict[str, Any]:
    """A transform."""
    return {"Type": kind, f"{name}RewriteConfig": {"Rewrites": [{"Regex": "a", "Replace": ""}]}}


def redirect(**config: str) -> dict[str, Any]:
    """A redirect to another host."""
    whole = {"Host": "y.test", "StatusCode": "HTTP_301", **config}
    return {"Type": "redirect", "RedirectConfig": whole}


@pytest.mark.parametrize(
    "changes",
    [
        {"Priority": None},
        {"Priority": 0},
        {"Priority": "50001"},
        {"Actions": []},
        {"Actions": [{**FORWARD, "Order": 0}]},
        {"Actions": [{"Type": "lambda"}]},
        {"Transforms": [{"Type": "url-rewrite"}]},
        {"Transforms": [{"Type": "url-rewrite"}], "ResetTransforms": True},
        {"Actions": [{"Type": "forward"}]},
        {"Conditions": [{"Field": "cookie", "Values": ["a"]}]},
        {"Conditions": [{"Field": "source-ip", "Values": ["255.255.255.255/32"]}]},
        {"Conditions": [{"Field": "source-ip", "Values": ["10.0.0.1"]}]},
        {"Conditions": [header("HOST")]},
        {"Conditions": [PATH, PATH]},
        {"Conditions": [{}]},
        {"Conditions": [header(f"X-{n}") for n in range(6)]},
        {"Conditions": [{"Field": "path-pattern", "Values": ["/*?*?*?"]}]},
        {"Transforms": [{"Type": "body-rewrite"}]},
        {"Actions": [redirect(StatusCode="HTTP_307")]},
        {"Actions": [redirect(Path="x")]},
        {"Actions": [{"Type": "redirect", "RedirectConfig": {"Host": "y.test"}}]},
        {"Actions": [redirect(Query="a" * 129)]},
        {"Actions": [{**token(Format="list"), "Order": 1}, {**FORWARD, "Order": 2}]},
        {"Actions": [{**token(Values=["a"] * 11), "Order": 1}, {**FORWARD, "Order": 2}]},
    ],
)
def test_fields_are_held_to_their_limits(changes: dict[str, Any]) -> None:
    """Range, form, kind and number, as the API reference has them."""
    assert refusal(rule(**changes), Listened("HTTPS", "443")) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Priority": "50000"},
        {"Conditions": [header(f"X-{n}") for n in range(5)]},
        {"Conditions": [PATH, header("Hostname")]},
        {"Conditions": [{"Field": "source-ip", "Values": ["255.255.255.0/24", "::/0"]}]},
        {"Actions": [redirect(Query="")]},
        {
            "Transforms": [
                rewrite("Url", "url-rewrite"),
                rewrite("HostHeader", "host-header-rewrite"),
            ]
        },
        {"Actions": [{**token(), "Order": 1}, {**FORWARD, "Order": 2}]},
    ],
)
def test_what_is_within_the_limits_is_taken(changes: dict[str, Any]) -> None:
    """Ends of ranges are in them."""
    assert refusal(rule(**changes), Listened("HTTPS", "443")) is None
