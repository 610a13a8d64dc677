"""URLs of the API, read into what is asked for.

Source: Kubernetes docs, "API Concepts": resource URIs, verbs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from alb_controller.sandbox.kubeapi.deletion import DeleteOptions
from alb_controller.sandbox.kubeapi.kinds import Kind, Registry
from alb_controller.sandbox.kubeapi.listing import ListOptions
from alb_controller.sandbox.kubeapi.schemas import Json
from alb_controller.sandbox.kubeapi.statuses import bad_request
from alb_controller.sandbox.kubeapi.watching import WatchOptions
from alb_controller.sandbox.kubeapi.writes import WriteOptions

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "GET": "get", "DELETE": "delete"}
_COLLECTION_VERBS = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_NAMESPACE_SUBRESOURCES = ("status", "finalize")


def is_true(value: str | None) -> bool:
    """A flag of a query as Go reads it: anything but `0` and `false`, in any case."""
    return value is not None and value.lower() not in ("0", "false")


def read_number(name: str, text: str) -> int:
    """A count or a number of seconds. Raises 400 for anything else."""
    if not (text.isascii() and text.isdigit()):
        raise bad_request(f'{name}: Invalid value: "{text}": must be a number')
    return int(text)


@dataclass(frozen=True, slots=True)
class Route:
    """One request for objects: verb as in an audit log, kind, place and query."""

    verb: str
    kind: Kind
    namespace: str | None = None
    name: str = ""
    subresource: str = ""
    query: dict[str, str] = field(default_factory=dict)

    def flag(self, name: str) -> bool:
        """A query parameter that is true or false."""
        return is_true(self.query.get(name))

    def list_options(self) -> ListOptions:
        """The query of a list or watch. Raises 400."""
        query = self.query
        return ListOptions(
            query.get("labelSelector", ""),
            query.get("fieldSelector", ""),
            read_number("limit", query.get("limit") or "0"),
            query.get("continue", ""),
            "" if query.get("resourceVersion") == "0" else query.get("resourceVersion", ""),
            query.get("resourceVersionMatch", ""),
        )

    def watch_options(self) -> WatchOptions:
        """The query of a watch. Raises 400."""
        seconds = read_number("timeoutSeconds", self.query.get("timeoutSeconds") or "1800")
        return WatchOptions(
            self.list_options(),
            bookmarks=self.flag("allowWatchBookmarks"),
            initial_events=self.flag("sendInitialEvents"),
            timeout_seconds=float(seconds),
        )

    def write_options(self) -> WriteOptions:
        """The query of a write."""
        query = self.query
        return WriteOptions(
            dry_run="dryRun" in query,
            field_manager=query.get("fieldManager", ""),
            force=self.flag("force"),
            field_validation=query.get("fieldValidation") or "Warn",
        )

    def delete_options(self, body: Json) -> DeleteOptions:
        """The query and the body (`DeleteOptions`) of a delete; the body wins."""
        conditions = body.get("preconditions") or {}
        if not isinstance(conditions, dict):
            raise bad_request("preconditions: must be an object")
        grace = body.get("gracePeriodSeconds", self.query.get("gracePeriodSeconds"))
        return DeleteOptions(
            None if grace is None else read_number("gracePeriodSeconds", str(grace)),
            conditions.get("uid"),
            conditions.get("resourceVersion"),
            body.get("propagationPolicy") or self.query.get("propagationPolicy"),
            dry_run="dryRun" in self.query or bool(body.get("dryRun")),
        )


@dataclass(frozen=True, slots=True)
class Address:
    """A request's path in parts, and its query."""

    parts: tuple[str, ...]
    query: dict[str, str]


def split_target(target: str) -> Address:
    """The request line's target."""
    split = urlsplit(target)
    parts = tuple(unquote(part) for part in split.path.split("/") if part)
    return Address(parts, dict(parse_qsl(split.query, keep_blank_values=True)))


def find_route(registry: Registry, method: str, address: Address) -> Route | None:
    """What the request asks for; None if no kind is served there."""
    parts = address.parts
    if parts[:2] == ("api", "v1"):
        group, version, rest = "", "v1", parts[2:]
    elif len(parts) > 3 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = None
    if rest[:1] == ("namespaces",) and len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
        namespace, rest = rest[1], rest[2:]
    kind = registry.find(group, version, rest[0]) if rest else None
    if kind is None or len(rest) > 3 or (namespace and not kind.namespaced):
        return None
    name, subresource = (*rest[1:], "", "")[:2]
    verbs = _VERBS if name else _COLLECTION_VERBS
    verb = verbs.get(method, "")
    if method == "GET" and is_true(address.query.get("watch")):
        verb = "watch"
    return Route(verb, kind, namespace, name, subresource, address.query)
