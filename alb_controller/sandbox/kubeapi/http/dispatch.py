"""From a request to an answer: which verb of the API it is, and in which form the result goes
back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alb_controller.sandbox.kubeapi.api import APPLY_PATCH, ResourceApi, Target
from alb_controller.sandbox.kubeapi.http import discovery, openapi
from alb_controller.sandbox.kubeapi.http.routes import Address, Route
from alb_controller.sandbox.kubeapi.http.tables import table
from alb_controller.sandbox.kubeapi.kinds import Registry
from alb_controller.sandbox.kubeapi.schemas import Json
from alb_controller.sandbox.kubeapi.statuses import (
    bad_request,
    method_not_allowed,
    not_found,
    unsupported_media_type,
)
from alb_controller.sandbox.kubeapi.subresources import OF_CONTAINERS, names_of, no_containers

OBJECT_TYPES = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
_TABLE = re.compile(r"as=Table;(v=v1;g=meta\.k8s\.io|g=meta\.k8s\.io;v=v1)")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP code and a JSON body; `warnings` go into headers."""

    code: int
    body: Any
    warnings: tuple[str, ...] = ()


def wants_table(accept: str) -> bool:
    """Whether the client, a `kubectl get`, asks for a table."""
    return _TABLE.search(accept) is not None


def is_health_check(address: Address) -> bool:
    """`/healthz`, `/livez`, `/readyz` and what is below them."""
    return address.parts[:1] in [("healthz",), ("livez",), ("readyz",)]


def describe_server(registry: Registry, address: Address, host: str) -> Json | None:
    """The answer to questions about the server itself; None if the path is none of them."""
    match address.parts:
        case ("version",):
            return discovery.VERSION
        case ("api",):
            return discovery.core_versions(host)
        case ("apis", *rest) if len(rest) < 2:
            return discovery.group(registry, rest[0]) if rest else discovery.groups(registry)
        case ("api", "v1") | ("apis", _, _):
            return discovery.resource_list(registry, "/".join(address.parts[1:]))
        case ("openapi", "v3", *rest):
            return (
                openapi.document(registry, "/".join(rest[1:])) if rest else openapi.index(registry)
            )
        case _:
            return None


def check_route(route: Route) -> None:
    """Raises 405 for a verb, 404 for an endpoint that the kind does not have, 501 for one of a
    container.
    """
    if route.kind.resource == "pods" and route.subresource in OF_CONTAINERS:
        raise no_containers(route.name, route.subresource)
    if route.verb not in route.kind.verbs:
        raise method_not_allowed()
    if route.subresource and route.subresource not in names_of(route.kind):
        raise not_found(route.kind.resource, route.name)


def check_media_type(route: Route, media_type: str) -> None:
    """Raises 415 for a body in a form that a server does not read; patches have types of their
    own.
    """
    if route.verb != "patch" and media_type not in OBJECT_TYPES:
        raise unsupported_media_type()


def dispatch(api: ResourceApi, route: Route, read: Callable[[], Any], media_type: str) -> Answer:
    """Do what the route says; `read` gives the body. Raises StatusError."""
    target = Target(route.kind, route.name, route.namespace, route.subresource)
    options = route.write_options()
    code, result = 200, None
    match route.verb:
        case "get":
            result = api.get(target)
        case "list":
            result = api.list(route.kind, route.namespace, route.list_options())
        case "create" if route.name:
            code, result = 201, api.create_subresource(target, read(), options)
        case "create":
            code, result = 201, api.create(route.kind, read(), route.namespace, options)
        case "update":
            is_new = not api.store.get(route.kind.resource, target.key)
            code, result = 201 if is_new else 200, api.update(target, read(), options)
        case "patch":
            is_new = media_type == APPLY_PATCH and not api.store.get(
                route.kind.resource, target.key
            )
            code, result = 201 if is_new else 200, api.patch(target, media_type, read(), options)
        case _:
            result = _delete(api, target, route, read)
    return Answer(code, result, tuple(options.warnings))


def _delete(api: ResourceApi, target: Target, route: Route, read: Callable[[], Any]) -> Json:
    body = read() or {}
    if not isinstance(body, dict):
        raise bad_request("the body of a delete must be DeleteOptions")
    options = route.delete_options(body)
    if route.verb == "delete":
        return api.delete(target, options)
    return api.delete_collection(route.kind, route.namespace, route.list_options(), options)


def as_table(route: Route, result: Json) -> Json:
    """An object or a list as the table that kubectl prints; a `Status` stays what it is."""
    if result.get("kind") == "Status":
        return result
    items = result.get("items")
    metadata = {key: value for key, value in result["metadata"].items() if value != ""}
    shown = metadata
    if items is None:
        shown = {"resourceVersion": metadata.get("resourceVersion", "")}
    objects = [result] if items is None else items
    return table(
        route.kind, objects, shown, include_object=route.query.get("includeObject", "Metadata")
    )
