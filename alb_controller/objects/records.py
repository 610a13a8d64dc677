"""The annotation with what an object asked for when AWS had all of it (ADR 32): its outer form.

`v1:GROUP:DATA`. The group stands in front, so that a note of another group costs no decoding. DATA
is JSON, packed with zlib and base64. Users can write the annotation, so that nothing in it counts
before it is read like an object of theirs.
"""

from __future__ import annotations

import base64
import zlib

from alb_controller.objects.annotations.names import RECORD_ANNOTATION

RECORD = RECORD_ANNOTATION
_VERSION = "v1"
_MOST_BYTES = 2 << 20
"""Unpacked. etcd takes objects of 1.5 MiB; what unpacks to more was not written by us."""


def pack(group: str, data: bytes) -> str:
    """The annotation's value."""
    return f"{_VERSION}:{group}:{base64.b64encode(zlib.compress(data)).decode()}"


def group_of(text: str) -> str | None:
    """The group that a value is of; None where its form is another."""
    version, _, rest = text.partition(":")
    group, colon, _ = rest.partition(":")
    return group if version == _VERSION and colon else None


def unpack(text: str) -> bytes:
    """What was packed; raises ValueError for what was not."""
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(
            base64.b64decode(text.split(":", 2)[-1], validate=True), _MOST_BYTES
        )
    except zlib.error as error:
        raise ValueError(f"{error}") from None
    if not unpacker.eof:
        raise ValueError("it is cut off, or too long")
    return data
