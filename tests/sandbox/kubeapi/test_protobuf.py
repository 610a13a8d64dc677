"""Typed Go clients send protobuf: it is read, for every built-in kind."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from alb_controller.sandbox.kubeapi.http.protobuf import MAGIC, decode_envelope
from alb_controller.sandbox.kubeapi.kinds import load_definitions
from alb_controller.sandbox.kubeapi.statuses import StatusError
from tests.sandbox.kubeapi.conftest import Caller

DEFINITIONS = load_definitions()


def varint(value: int) -> bytes:
    """An integer in base 128."""
    value &= (1 << 64) - 1
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def message(*fields: tuple[int, int | str | bytes]) -> bytes:
    """A protobuf message: field numbers with integers, texts or inner messages."""
    parts = []
    for number, value in fields:
        if isinstance(value, int):
            parts.append(varint(number << 3) + varint(value))
        else:
            data = value.encode() if isinstance(value, str) else value
            parts.append(varint(number << 3 | 2) + varint(len(data)) + data)
    return b"".join(parts)


def envelope(api_version: str, kind: str, *fields: tuple[int, Any]) -> bytes:
    """An object as a Go client wraps it."""
    types = message((1, api_version), (2, kind))
    return MAGIC + message((1, types), (2, message(*fields)), (3, ""), (4, ""))


def metadata(name: str, *more: tuple[int, Any]) -> bytes:
    """ObjectMeta with a name; the empty timestamp that Go always sends."""
    return message((1, name), (2, ""), (8, b""), *more)


LABEL = message((1, "k"), (2, "v"))
PORT = message((1, "http"), (2, "TCP"), (3, 80), (4, message((1, 1), (2, 0), (3, "web"))))
NUMBERED = message((3, 81), (4, message((1, 0), (2, 8080), (3, ""))), (5, -1))


@pytest.mark.parametrize(
    "content,expected",
    [
        (
            envelope("v1", "Namespace", (1, metadata("shop", (11, LABEL)))),
            {"metadata": {"name": "shop", "labels": {"k": "v"}, "creationTimestamp": None}},
        ),
        (
            envelope("v1", "Service", (1, metadata("s")), (2, message((1, PORT), (1, NUMBERED)))),
            {
                "metadata": {"name": "s", "creationTimestamp": None},
                "spec": {
                    "ports": [
                        {"name": "http", "protocol": "TCP", "port": 80, "targetPort": "web"},
                        {"port": 81, "targetPort": 8080, "nodePort": -1},
                    ]
                },
            },
        ),
        (
            envelope("v1", "Secret", (2, message((1, "a"), (2, b"\xff\x00"))), (5, 1)),
            {"data": {"a": base64.b64encode(b"\xff\x00").decode()}, "immutable": True},
        ),
        (
            envelope(
                "coordination.k8s.io/v1",
                "Lease",
                (2, message((4, message((1, 1), (2, 5_000_000))))),
            ),
            {"spec": {"renewTime": "1970-01-01T00:00:01.005000Z"}},
        ),
        (
            envelope("v1", "Pod", (2, message((1, message((1, "v"), (2, message((2, b"")))))))),
            {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}},
        ),
    ],
    ids=["map", "int-or-string", "bytes", "time", "embedded"],
)
def test_a_message_becomes_the_json_of_its_kind(content: bytes, expected: dict[str, Any]) -> None:
    """Texts, numbers, maps, bytes, times, embedded structs."""
    found = decode_envelope(content, DEFINITIONS)
    assert {k: v for k, v in found.items() if k not in ("apiVersion", "kind")} == expected


@pytest.mark.parametrize(
    "content",
    [
        MAGIC,
        MAGIC + b"\xff\xff",
        envelope("v1", "Nope"),
        envelope("v1", "Pod", (2, "\x0a\x7fshort")),
    ],
)
def test_what_is_no_message_is_refused(content: bytes) -> None:
    """400 that says so, never a traceback."""
    with pytest.raises(StatusError) as refused:
        decode_envelope(content, DEFINITIONS)
    assert refused.value.code == 400


def test_a_namespace_is_created_by_protobuf(caller: Caller) -> None:
    """`kubectl create namespace` over HTTP; the answer is JSON."""
    content = envelope("v1", "Namespace", (1, metadata("shop")))
    headers = {"Content-Type": "application/vnd.kubernetes.protobuf"}
    answer = caller.call("POST", "/api/v1/namespaces", data=content, headers=headers)
    assert answer.status_code == 201
    assert answer.json()["metadata"]["name"] == "shop"
