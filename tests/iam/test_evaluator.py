"""The evaluator of the tests follows IAM's documented logic, or its decisions are worth nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.iam.evaluator import Asked, is_allowed

ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/app/1"
TAG, ASKED = "aws:ResourceTag/cluster", "aws:RequestTag/cluster"


@pytest.mark.parametrize(
    "condition, context, allowed",
    [
        ({}, {}, True),
        ({"StringEquals": {TAG: "a"}}, {TAG: "a"}, True),
        ({"StringEquals": {TAG: "a"}}, {TAG: "A"}, False),
        ({"StringEquals": {TAG: "a"}}, {}, False),
        ({"StringEquals": {TAG: ["a", "b"]}}, {TAG: "b"}, True),
        ({"StringEquals": {TAG: "a", ASKED: "a"}}, {TAG: "a"}, False),
        ({"StringEqualsIfExists": {TAG: "a"}}, {}, True),
        ({"StringEqualsIfExists": {TAG: "a"}}, {TAG: "b"}, False),
        ({"StringLike": {TAG: "a*"}}, {TAG: "ab"}, True),
        ({"StringLike": {TAG: "a?"}}, {TAG: "a"}, False),
        ({"Null": {TAG: "false"}}, {TAG: ""}, True),
        ({"Null": {TAG: "false"}}, {}, False),
        ({"Null": {ASKED: "true"}}, {ASKED: "a"}, False),
        (
            {"StringEquals": {TAG: "${aws:PrincipalTag/c}"}},
            {TAG: "a", "aws:PrincipalTag/c": "a"},
            True,
        ),
        (
            {"StringEquals": {TAG: "${aws:PrincipalTag/c}"}},
            {TAG: "a", "aws:PrincipalTag/c": "b"},
            False,
        ),
        ({"StringEquals": {TAG: "${aws:PrincipalTag/c}"}}, {TAG: ""}, False),
        ({"ForAllValues:StringEquals": {"t": ["CNAME"]}}, {"t": ["CNAME", "A"]}, False),
        ({"ForAllValues:StringLike": {"t": ["_*"]}}, {"t": ["_a", "_b"]}, True),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, Any], allowed: bool) -> None:
    """All keys of all operators must hold; IfExists forgives a key that is not there."""
    statement = {"Effect": "Allow", "Action": ["a:B"], "Resource": "*", "Condition": condition}
    assert is_allowed({"Statement": [statement]}, Asked("a:B", ARN, context)) is allowed


@pytest.mark.parametrize(
    "resource, allowed",
    [
        ("*", True),
        ("arn:aws:elasticloadbalancing:*:*:targetgroup/*", True),
        ("arn:aws:elasticloadbalancing:*:*:targetgroup/*/2", False),
        ("arn:aws-cn:elasticloadbalancing:*:*:targetgroup/*", False),
        (["arn:aws:ec2:*:*:vpc/*", ARN], True),
    ],
)
def test_resources(resource: str | list[str], allowed: bool) -> None:
    """An asterisk stands for any text, slashes and colons included."""
    statement = {"Effect": "Allow", "Action": ["a:B"], "Resource": resource}
    assert is_allowed({"Statement": [statement]}, Asked("a:B", ARN, {})) is allowed


def test_nothing_is_allowed_by_default() -> None:
    """An action that no statement names is denied."""
    statement = {"Effect": "Allow", "Action": ["a:B"], "Resource": "*"}
    assert not is_allowed({"Statement": [statement]}, Asked("a:C", ARN, {}))
    assert not is_allowed({"Statement": []}, Asked("a:B", ARN, {}))
