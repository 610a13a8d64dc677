"""OpenAPI v3 documents, one for each group version, for kubectl's validation and `kubectl
explain`.

A document holds the schemas and, for each kind, one POST and one PATCH with a `fieldValidation`
query: by that kubectl knows that the server validates.
"""

from __future__ import annotations

from typing import Any

from alb_controller.sandbox.kubeapi.http.discovery import VERSION
from alb_controller.sandbox.kubeapi.kinds import Kind, Registry, read_definitions
from alb_controller.sandbox.kubeapi.schemas import Json, Schema

_REF = "#/components/schemas/"
_OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_QUERIES = ("dryRun", "fieldManager", "fieldValidation", "force")


def index(registry: Registry) -> Json:
    """`/openapi/v3`: where the document of each group version is."""
    versions = dict.fromkeys(kind.api_version for kind in registry.all())
    paths = [("apis/" if "/" in version else "api/") + version for version in versions]
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in paths}}


def document(registry: Registry, api_version: str) -> Json | None:
    """The document of one group version; None if nothing is served there."""
    kinds = [kind for kind in registry.all() if kind.api_version == api_version]
    if not kinds:
        return None
    definitions = read_definitions()
    schemas: Json = {}
    for kind in kinds:
        schemas[_schema_name(kind)] = _kind_schema(kind, definitions)
    _add_referenced(schemas, definitions)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION["gitVersion"]},
        "paths": {path: item for kind in kinds for path, item in _paths(kind).items()},
        "components": {"schemas": schemas},
    }


def _schema_name(kind: Kind) -> str:
    if kind.definition:
        return kind.definition
    return ".".join([*reversed(kind.group.split(".")), kind.version, kind.name])


def _kind_schema(kind: Kind, definitions: dict[str, Schema]) -> Schema:
    gvk = {"group": kind.group, "version": kind.version, "kind": kind.name}
    if kind.definition:
        return dict(_with_references(definitions[kind.definition]))
    meta = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": _with_references({"$ref": _OBJECT_META}),
    }
    properties = {**kind.schema.get("properties", {}), **meta}
    return {**kind.schema, "properties": properties, "x-kubernetes-group-version-kind": [gvk]}


def _with_references(value: Any) -> Any:
    """A definition in the form that OpenAPI demands: `$ref` alone inside `allOf`."""
    if isinstance(value, list):
        return [_with_references(item) for item in value]
    if not isinstance(value, dict):
        return value
    shown = {k: _with_references(v) for k, v in value.items() if k not in ("$ref", "x-proto")}
    if isinstance(value.get("$ref"), str):
        shown["allOf"] = [{"$ref": _REF + value["$ref"]}]
    return shown


def _references(value: Any) -> set[str]:
    if isinstance(value, list):
        return {name for item in value for name in _references(item)}
    if not isinstance(value, dict):
        return set()
    found = {name for item in value.values() for name in _references(item)}
    ref = value.get("$ref")
    return found | {ref.removeprefix(_REF)} if isinstance(ref, str) else found


def _add_referenced(schemas: Json, definitions: dict[str, Schema]) -> None:
    todo = _references(schemas)
    while todo:
        name = todo.pop()
        if name not in schemas and name in definitions:
            schemas[name] = _with_references(definitions[name])
            todo |= _references(schemas[name])


def _paths(kind: Kind) -> Json:
    root = f"/apis/{kind.api_version}" if kind.group else "/api/v1"
    scope = "/namespaces/{namespace}" if kind.namespaced else ""
    string = {"type": "string", "uniqueItems": True}
    common = {
        "parameters": [{"name": name, "in": "query", "schema": string} for name in _QUERIES],
        "x-kubernetes-group-version-kind": {
            "group": kind.group,
            "version": kind.version,
            "kind": kind.name,
        },
    }
    body = {"schema": {"$ref": _REF + _schema_name(kind)}}

    def operation(action: str, media_type: str) -> Json:
        return {
            **common,
            "operationId": f"{action}{kind.name}",
            "requestBody": {"content": {media_type: body}},
            "responses": {"200": {"description": "OK", "content": {"application/json": body}}},
            "x-kubernetes-action": action,
        }

    base = f"{root}{scope}/{kind.plural}"
    patch = operation("patch", "application/apply-patch+yaml")
    return {base: {"post": operation("post", "*/*")}, f"{base}/{{name}}": {"patch": patch}}
