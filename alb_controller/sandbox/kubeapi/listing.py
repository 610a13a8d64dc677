"""Lists: selectors, pages of one consistent version, and versions of the past.

Source: Kubernetes docs, "API Concepts": retrieving large results sets in chunks; resource versions.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from alb_controller.sandbox.kubeapi.kinds import Kind
from alb_controller.sandbox.kubeapi.rules.strategies import strategy_of
from alb_controller.sandbox.kubeapi.schemas import Json
from alb_controller.sandbox.kubeapi.selectors import (
    Matcher,
    parse_field_selector,
    parse_label_selector,
)
from alb_controller.sandbox.kubeapi.statuses import bad_request, too_large_version
from alb_controller.sandbox.kubeapi.store import Store, in_version


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What the query of a list or watch says; `limit` 0 means all."""

    label_selector: str = ""
    field_selector: str = ""
    limit: int = 0
    continue_token: str = ""
    resource_version: str = ""
    version_match: str = ""


@dataclass(frozen=True, slots=True)
class _Page:
    """Where a page starts: the version of the first page, and the key after which it goes on."""

    version: int
    after: str

    def token(self) -> str:
        """The opaque text for clients."""
        body = {"v": "meta.k8s.io/v1", "rv": self.version, "start": self.after}
        return base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")


def _read_token(token: str) -> _Page:
    try:
        body = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return _Page(int(body["rv"]), str(body["start"]))
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise bad_request(f"invalid continue token: continue key is not valid: {error}") from None


def matcher(kind: Kind, options: ListOptions) -> Matcher:
    """The test that both selectors make. Raises 400 for what cannot be read."""
    known = kind.selectable_fields or strategy_of(kind).fields
    by_label = parse_label_selector(options.label_selector)
    by_field = parse_field_selector(options.field_selector, known, names_all=not kind.is_custom)
    return lambda obj: by_label(obj) and by_field(obj)


def read_version(text: str, current: int) -> int:
    """A resourceVersion of a query; 0 if none is given. Raises 400, and 504 for one from the
    future.
    """
    if not text:
        return 0
    if not text.isdigit():
        raise bad_request(f'resourceVersion: Invalid value: "{text}": must be a number')
    if int(text) > current:
        raise too_large_version(int(text), current)
    return int(text)


def list_objects(store: Store, kind: Kind, namespace: str | None, options: ListOptions) -> Json:
    """The list object. Raises 400, 410 for a version that is forgotten, 504 for one from the
    future.
    """
    matches = matcher(kind, options)
    prefix = f"{namespace}/" if namespace else ""
    with store.lock:
        page = _first_page(store, options)
        objects = store.snapshot(kind.resource, page.version)
    keys = sorted(key for key in objects if key.startswith(prefix) and key > page.after)
    found = [key for key in keys if matches(objects[key])]
    metadata: Json = {"resourceVersion": str(page.version)}
    if kind.is_custom:
        metadata = {"continue": "", **metadata}
    if options.limit and len(found) > options.limit:
        left = len(found) - options.limit
        found = found[: options.limit]
        metadata["continue"] = _Page(page.version, found[-1]).token()
        if not options.label_selector and not options.field_selector:
            metadata["remainingItemCount"] = left
    return {
        "kind": f"{kind.name}List",
        "apiVersion": kind.api_version,
        "metadata": metadata,
        "items": [in_list(kind, objects[key]) for key in found],
    }


def in_list(kind: Kind, stored: Json) -> Json:
    """The object as an item: those of built-in kinds do not repeat what they are."""
    if kind.is_custom:
        return in_version(stored, kind.api_version)
    return {key: value for key, value in stored.items() if key not in ("kind", "apiVersion")}


def _first_page(store: Store, options: ListOptions) -> _Page:
    if options.continue_token:
        return _read_token(options.continue_token)
    asked = read_version(options.resource_version, store.version)
    return _Page(asked if options.version_match == "Exact" else store.version, "")
