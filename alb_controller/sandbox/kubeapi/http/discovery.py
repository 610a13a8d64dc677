"""What clients ask before they ask for objects: versions, groups and resources.

Legacy discovery only: kubectl and client-go fall back to it.
Source: Kubernetes docs, "The Kubernetes API": discovery.
"""

from __future__ import annotations

from alb_controller.sandbox.kubeapi.kinds import Kind, Registry
from alb_controller.sandbox.kubeapi.schemas import Json
from alb_controller.sandbox.kubeapi.subresources import SCALABLE

VERSION = {
    "major": "1",
    "minor": "35",
    "gitVersion": "v1.35.4",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "alb-controller/sandbox",
}
_STATUS_VERBS = ["get", "patch", "update"]


def core_versions(address: str) -> Json:
    """`/api`."""
    servers = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": servers}


def groups(registry: Registry) -> Json:
    """`/apis`."""
    names = dict.fromkeys(kind.group for kind in registry.all() if kind.group)
    listed = [group(registry, name) for name in names]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def group(registry: Registry, name: str) -> Json:
    """`/apis/GROUP`, as one entry of the list."""
    versions = dict.fromkeys(kind.version for kind in registry.all() if kind.group == name)
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    head = {"kind": "APIGroup", "apiVersion": "v1", "name": name}
    return {**head, "versions": listed, "preferredVersion": listed[0]}


def resource_list(registry: Registry, api_version: str) -> Json | None:
    """`/api/v1` and `/apis/GROUP/VERSION`; None if nothing is served there."""
    kinds = [kind for kind in registry.all() if kind.api_version == api_version]
    entries = [entry for kind in sorted(kinds, key=_plural) for entry in _resources(kind)]
    head = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version}
    return {**head, "resources": entries} if kinds else None


def _plural(kind: Kind) -> str:
    return kind.plural


def _resources(kind: Kind) -> list[Json]:
    main: Json = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        main["shortNames"] = list(kind.short_names)
    if kind.categories:
        main["categories"] = list(kind.categories)
    entries = [main]
    sub: Json = {"singularName": "", "namespaced": kind.namespaced, "verbs": _STATUS_VERBS}
    if kind.has_status:
        entries.append({"name": f"{kind.plural}/status", **sub, "kind": kind.name})
    if kind.resource in SCALABLE:
        scale = {
            "name": f"{kind.plural}/scale",
            "kind": "Scale",
            "group": "autoscaling",
            "version": "v1",
        }
        entries.append({**sub, **scale})
    return entries
