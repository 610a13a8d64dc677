"""Whether one request can match two rules: no is a proof, yes where it is uncertain."""

from __future__ import annotations

import pytest

from alb_controller.model.elbv2 import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryString,
    QueryStringPair,
    SourceIp,
)
from alb_controller.plan.rules.overlap import may_overlap


@pytest.mark.parametrize(
    "one, other, meets",
    [
        (PathPattern(("/a",)), PathPattern(("/a",)), True),
        (PathPattern(("/a",)), PathPattern(("/A",)), False),
        (PathPattern(("/a",)), PathPattern(("/a/*",)), False),
        (PathPattern(("/a/",)), PathPattern(("/a/*",)), True),
        (PathPattern(("/*",)), PathPattern(("/a/*",)), True),
        (PathPattern(("/a/*",)), PathPattern(("/b/*",)), False),
        (PathPattern(("/*.png",)), PathPattern(("/*.jpg",)), False),
        (PathPattern(("/a?",)), PathPattern(("/ab",)), True),
        (PathPattern(("/ab",)), PathPattern(("/a*b",)), True),
        (PathPattern(("/aa",)), PathPattern(("/aa*aa",)), False),
        (PathPattern(("/a", "/b")), PathPattern(("/b",)), True),
        (PathPattern(regex_values=("^/a$",)), PathPattern(("/b",)), True),
        (HostHeader(("a.example",)), HostHeader(("A.EXAMPLE",)), True),
        (HostHeader(("a.example",)), HostHeader(("b.example",)), False),
        (HostHeader(("*.example",)), HostHeader(("b.example",)), True),
        (HostHeader(("a.example",)), PathPattern(("/a",)), True),
        (HttpRequestMethod(("GET",)), HttpRequestMethod(("PUT",)), False),
        (HttpRequestMethod(("GET",)), HttpRequestMethod(("PUT", "GET")), True),
        (SourceIp(("10.0.0.0/8",)), SourceIp(("10.1.2.3/32",)), True),
        (SourceIp(("10.0.0.0/8",)), SourceIp(("192.168.0.0/16", "fd00::/8")), False),
        (HttpHeader("x", ("1",)), HttpHeader("x", ("2",)), True),
        (
            QueryString((QueryStringPair("1", "x"),)),
            QueryString((QueryStringPair("2", "x"),)),
            True,
        ),
    ],
)
def test_two_conditions(one: Condition, other: Condition, meets: bool) -> None:
    """Fields of which a request has one value can exclude each other, others cannot."""
    assert may_overlap((one,), (other,)) is meets
    assert may_overlap((other,), (one,)) is meets


def test_one_field_settles_it() -> None:
    """All conditions of a rule must hold."""
    hosts = HostHeader(("a.example",)), HostHeader(("b.example",))
    path = PathPattern(("/",))
    assert not may_overlap((hosts[0], path), (hosts[1], path))
    assert may_overlap((), (hosts[0], path))
