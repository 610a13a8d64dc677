"""The annotation with what an object asked for when AWS had all of it (ADR 32): its outer form.

`v1:GROUP:UID:JOINED:DATA`. Group and object stand in front, so that a note of others (a manifest
that was copied, a restored backup) costs no decoding. JOINED is empty, or a time and a place for an
object that was there before it came to the group. DATA is JSON, packed with zlib and base64. Users
can write the annotation where no webhook refuses it, so that nothing in it counts before it is read
like an object of theirs.
"""

from __future__ import annotations

import base64
import zlib
from datetime import UTC, datetime

from alb_controller.objects.annotations.names import RECORD_ANNOTATION
from alb_controller.objects.core import KubeObject
from alb_controller.values import Joined

RECORD = RECORD_ANNOTATION
_VERSION = "v1"
_PARTS = 5
_MOST_DIGITS = 18
"""Of a time and a place."""
_MOST_BYTES = 2 << 20
"""Unpacked. etcd takes objects of 1.5 MiB; what unpacks to more was not written by us."""


def pack(group: str, uid: str, joined: Joined | None, data: bytes) -> str:
    """The annotation's value, for the object of this uid; `joined` where it did so late."""
    at = f"{joined.since.timestamp():.0f}.{joined.late}" if joined and joined.late else ""
    return f"{_VERSION}:{group}:{uid}:{at}:{base64.b64encode(zlib.compress(data)).decode()}"


def group_of(text: str) -> str | None:
    """The group that a value is of; None where its form is another."""
    version, _, rest = text.partition(":")
    group, colon, _ = rest.partition(":")
    return group if version == _VERSION and colon else None


def is_of(text: str, uid: str) -> bool:
    """Whether a value is of the object with this uid; a new object's is known to nobody before."""
    parts = text.split(":", _PARTS - 1)
    return len(parts) == _PARTS and parts[0] == _VERSION and parts[2] == uid


def joined_of(text: str) -> Joined | None:
    """When its object joined, where a value of five parts says that it did so late."""
    at = text.split(":", _PARTS - 1)[3]
    seconds, _, late = at.partition(".")
    if not (seconds.isdecimal() and late.isdecimal() and len(at) <= _MOST_DIGITS):
        return None
    try:
        return Joined(datetime.fromtimestamp(int(seconds), UTC), int(late))
    except (ValueError, OverflowError, OSError):  # in no year that there is
        return None


def forged(new: KubeObject, old: KubeObject | None) -> str:
    """What is wrong with a change by others than the controller; empty where nothing is.

    To remove it is harmless, and so is one of another object, as in a restored backup: nobody knows
    the uid of an object before it is made.
    """
    text = new.metadata.annotations.get(RECORD)
    if text is None or old is None or text == old.metadata.annotations.get(RECORD):
        return ""
    if not is_of(text, old.metadata.uid):
        return ""
    return f"metadata.annotations: {RECORD} is written by the controller alone: remove it"


def unpack(text: str) -> bytes:
    """What was packed; raises ValueError for what was not."""
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(
            base64.b64decode(text.split(":", _PARTS - 1)[-1], validate=True), _MOST_BYTES
        )
    except zlib.error as error:
        raise ValueError(f"{error}") from None
    if not unpacker.eof:
        raise ValueError("it is cut off, or too long")
    return data
