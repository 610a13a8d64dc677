"""What is answered before any rule, and requests as bytes."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.routing.raw import read_raw
from alb_controller.routing.rejections import Rejection
from alb_controller.routing.request import Request
from tests.unit.routing.asked import Document, asked, to_target

MODE = "routing.http.desync_mitigation_mode"


def in_mode(mode: str) -> Document:
    """A load balancer with that desync mitigation mode."""
    return to_target(attributes={MODE: mode})


@pytest.mark.parametrize(
    "fields, status",
    [
        ({"method": "TRACE"}, 405),
        ({"method": "POST", "headers": {"Content-Length": "9" * 5000}}, None),
        (
            {
                "method": "POST",
                "headers": [("Content-Length", "1" * 5000), ("Content-Length", "2")],
            },
            400,
        ),
        ({"method": "POST", "headers": [("Content-Length", "03"), ("Content-Length", "3")]}, None),
        ({"headers": {"X-Forwarded-For": ", ".join(["192.0.2.1"] * 31)}}, 463),
        ({"headers": {"X-Forwarded-For": ", ".join(["192.0.2.1"] * 30)}}, None),
        ({"headers": [("X-Forwarded-For", "1.1.1.1, 2.2.2.2")] * 16}, 463),
        ({"method": "POST", "headers": {"Transfer-Encoding": "gzip, chunked"}}, 501),
        ({"method": "POST", "headers": {"Transfer-Encoding": "Chunked"}}, None),
        ({"method": "POST", "headers": {"Transfer-Encoding": "identity"}}, None),
        ({"headers": {"X": "a" * 16_381}}, None),
        ({"headers": {"X": "a" * 16_382}}, 400),
        ({"headers": {f"X{n}": "a" * 15_000 for n in range(5)}}, 400),
        ({"path": "/" + "a" * 16_370}, None),
        ({"path": "/" + "a" * 16_371}, 414),
        ({"host": False}, 400),
        ({"host": False, "path": "http://x.example.com/"}, None),
        ({"host": False, "http_version": "1.0"}, None),
        ({"http_version": "2"}, 400),
    ],
)
def test_the_load_balancer_answers_by_itself(fields: dict[str, Any], status: int | None) -> None:
    """Codes of the troubleshooting page, limits of the quotas page."""
    outcome = asked(to_target(), **fields)
    assert outcome.status == status
    assert (outcome.action == "error") is (status is not None)
    assert outcome.is_routed is (status is None)
    assert bool(outcome.why) is (status is not None)


GET, POST = {"method": "GET"}, {"method": "POST"}
SEVERE = [
    ({"method": "GE T"}, "BadMethod"),
    ({"http_version": "one"}, "BadVersion"),
    ({"path": "/\0"}, "BadUri"),
    ({"headers": {"X": "a\rb"}}, "BadHeader"),
    ({**POST, "headers": {"Content-Length": "3x"}}, "BadContentLength"),
    ({**POST, "headers": [("Content-Length", "3"), ("content-length", "4")]}, "MultipleC"),
    ({**POST, "headers": {"Transfer-Encoding": "chun ked"}}, "BadTransferEncoding"),
    ({**POST, "headers": {"Transfer-Encoding": "chunked, chunked"}}, "MultipleTransfer"),
]
AMBIGUOUS = [
    ({"path": "/\x01"}, "AmbiguousUri"),
    ({"headers": {" ": "a"}}, "EmptyHeader"),
    ({"headers": {"Content_Length": "3"}}, "SuspiciousHeader"),
    ({**POST, "headers": [("Content-Length", "3"), ("Content-Length", "3")]}, "Duplicate"),
    ({**POST, "headers": {"Content-Length": "3", "Transfer-Encoding": "chunked"}}, "BothTeCl"),
    ({**GET, "headers": {"Transfer-Encoding": "chunked"}}, "UndefinedTransfer"),
    ({**GET, "headers": {"Content-Length": "3"}}, "UndefinedContentLength"),
    ({**GET, "body_bytes": 3}, "UndefinedContentLength"),
    (
        {**POST, "http_version": "1.0", "headers": {"Transfer-Encoding": "chunked"}},
        "UndefinedTransfer",
    ),
]
ACCEPTABLE = [
    ({"http_version": "1.2"}, "NonCompliantVersion"),
    ({"path": "/a b"}, "SpaceInUri"),
    ({"headers": {"X": "ü"}}, "NonCompliantHeader"),
    ({"headers": {"X Y": "a"}}, "NonCompliantHeader"),
    ({**GET, "headers": {"Content-Length": "0"}}, "GetHeadZeroContentLength"),
]
COMPLIANT = [
    {**POST, "headers": {"Content-Length": "3"}},
    {**POST, "headers": {"Transfer-Encoding": "chunked"}},
    {"headers": {"X": "a\tb"}},
    {},
]


@pytest.mark.parametrize("fields, reason", SEVERE)
def test_what_is_severe_is_blocked_but_by_a_monitor(fields: dict[str, Any], reason: str) -> None:
    """With the reason that access logs have; an unknown mode is the default one."""
    for mode in ("defensive", "strictest", "unknown"):
        outcome = asked(in_mode(mode), **fields)
        assert outcome.status == 400
        assert f"{reason}" in outcome.why
        assert outcome.why.endswith("severe")
    assert asked(in_mode("monitor"), **fields).status != 400


@pytest.mark.parametrize("fields, reason", AMBIGUOUS)
def test_what_is_ambiguous_is_blocked_by_the_strictest_mode(
    fields: dict[str, Any], reason: str
) -> None:
    """It passes in the default mode."""
    outcome = asked(in_mode("strictest"), **fields)
    assert outcome.status == 400
    assert reason in outcome.why or "acceptable" in outcome.why
    assert asked(in_mode("defensive"), **fields).target is not None


@pytest.mark.parametrize("fields, reason", ACCEPTABLE)
def test_what_is_acceptable_is_blocked_by_the_strictest_mode_too(
    fields: dict[str, Any], reason: str
) -> None:
    """It passes in the default mode."""
    outcome = asked(in_mode("strictest"), **fields)
    assert (outcome.status, reason in outcome.why) == (400, True)
    assert asked(in_mode("defensive"), **fields).target is not None


@pytest.mark.parametrize("fields", COMPLIANT)
def test_what_is_compliant_passes(fields: dict[str, Any]) -> None:
    """In the strictest mode."""
    assert asked(in_mode("strictest"), **fields).target is not None


def test_http_2_has_no_such_ambiguity() -> None:
    """Its frames say how long a body is."""
    document = to_target(Port=443, attributes={MODE: "strictest"})
    assert asked(document, http_version="2", body_bytes=3).target is not None


PLAIN = Request(listener=80, source="192.0.2.1", zone="a")


def test_bytes_are_a_request() -> None:
    """The connection's side of it stays."""
    found = read_raw("GET /a b HTTP/1.0\r\nHost:  x \r\nA:\r\n\r\nbody", PLAIN)
    assert found == Request(
        listener=80,
        target="/a b",
        headers=(("Host", "x"), ("A", "")),
        http_version="1.0",
        source="192.0.2.1",
        zone="a",
    )


@pytest.mark.parametrize(
    "text, status",
    [
        ("NONSENSE\r\n\r\n", 400),
        ("NONSENSE\r\nHost: x", 400),
        ("GET / HTTP/1.1\r\nno header\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x", 408),
        ("GE", 408),
    ],
)
def test_bytes_that_are_no_request_are_answered(text: str, status: int) -> None:
    """Malformed, or never finished."""
    found = read_raw(text, PLAIN)
    assert isinstance(found, Rejection)
    assert found.status == status
