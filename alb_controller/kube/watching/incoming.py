"""What a list or a watch brings of a kind, read object by object: a bad one harms only itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec
import structlog

from alb_controller.errors import Gone, KubeError, Unreachable
from alb_controller.objects.core import KubeObject
from alb_controller.objects.kinds import Kind
from alb_controller.objects.reading import Reading, Unreadable, decode, read_object
from alb_controller.objects.trimming import trim
from alb_controller.telemetry import metrics

_log = structlog.get_logger(__name__)

Key: TypeAlias = tuple[str, str]
"""(namespace, name)."""
Item: TypeAlias = Any
"""A struct of the kind, or `Unreadable`."""
_CUT = "too much for the decoder, by its depth mostly: read without what no field of ours needs"


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class _List(msgspec.Struct):
    items: list[msgspec.Raw]
    """Required: an answer without it is no empty list."""
    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)


class _Event(msgspec.Struct):
    type: str = ""
    object: msgspec.Raw = msgspec.Raw(b"{}")


class _Status(msgspec.Struct):
    code: int = 0
    reason: str = ""
    message: str = ""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list."""

    objects: list[Any]
    unreadable: list[Unreadable[Any]]
    version: str
    more: str
    """The token of the next page; empty on the last."""


class Incoming:
    """Reads what comes, counts what cannot be read, and names each such object in the log once."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._named: dict[Key, str] = {}
        """What was logged of objects that have not been read since."""

    def page(self, data: bytes) -> Page:
        """Raises Unreachable for what is no list: a proxy's page, say."""
        try:
            answer = decode(data, _List)
        except msgspec.DecodeError as error:
            raise Unreachable(200, "not a list", str(error)) from error
        items = [self.item(raw) for raw in answer.items]
        return Page(
            objects=[one for one in items if not isinstance(one, Unreadable)],
            unreadable=[one for one in items if isinstance(one, Unreadable)],
            version=answer.metadata.resource_version,
            more=answer.metadata.continue_,
        )

    def event(self, line: bytes) -> tuple[str, Item]:
        """Its type and its object; of a deletion and a bookmark the metadata alone.

        Raises Unreachable for a line that is no event, Gone for ERROR events of that sort, and
        KubeError for others.
        """
        try:
            event = decode(line, _Event)
        except msgspec.DecodeError as error:
            raise Unreachable(200, "not an event", str(error)) from error
        match event.type:
            case "ERROR":
                raise _error_of(event.object)
            case "ADDED" | "MODIFIED":
                return event.type, self.item(event.object)
            case "DELETED" | "BOOKMARK":
                found = read_object(event.object, KubeObject)
                return event.type, found.value if isinstance(found, Reading) else found
            case other:
                raise Unreachable(200, "not an event", f"of type {other[:40]!r}")

    def item(self, raw: msgspec.Raw) -> Item:
        """An object as stores keep it, or what there is of one that cannot be read."""
        found = read_object(raw, self._kind.struct)
        if isinstance(found, Reading) and not found.value.metadata.name:
            found = Unreadable(found.value, "lacks a name", ("$.metadata.name",))
        if isinstance(found, Unreadable):
            metrics.WATCH_ERRORS.labels(self._kind.name, "undecodable").inc()
            self._name_once("object_ignored", found.key, found.problem)
            return found
        obj = trim(found.value)
        if found.is_cut:
            self._name_once("object_cut", obj.key, _CUT)
        elif self._named:
            self._named.pop(obj.key, None)
        return obj

    def keep(self, keys: Iterable[Key]) -> None:
        """There are no others: who comes again is named again."""
        there = set(keys)
        self._named = {key: text for key, text in self._named.items() if key in there}

    def forget(self, key: Key) -> None:
        """It is gone."""
        self._named.pop(key, None)

    def _name_once(self, event: str, key: Key, problem: str) -> None:
        if self._named.get(key) == problem:
            return
        self._named[key] = problem
        namespace, name = key
        _log.warning(event, kind=self._kind.name, namespace=namespace, name=name, error=problem)


def _error_of(raw: msgspec.Raw) -> KubeError:
    try:
        status = decode(raw, _Status)
    except msgspec.DecodeError:
        status = _Status(message="an ERROR event without a Status")
    is_gone = status.code == 410 or status.reason in {"Expired", "Gone"}
    return (Gone if is_gone else KubeError)(status.code, status.reason, status.message)
