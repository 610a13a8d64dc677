"""Objects into the embedded API, as `kubectl apply --server-side` puts them there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from alb_controller.sandbox.failures import BadInput
from alb_controller.sandbox.kubeapi import Kind, ResourceApi, StatusError, Target, WriteOptions
from alb_controller.sandbox.manifests import Manifest

_APPLY = "application/apply-patch+yaml"
_MANAGER = "alb-controller-sandbox"
_FIRST = ("CustomResourceDefinition", "Namespace", "IngressClassParams", "IngressClass")
Note = Callable[[str], None]


def apply_all(api: ResourceApi, manifests: Sequence[Manifest], note: Note) -> list[Manifest]:
    """Apply objects, those first that others need; the ones that were applied.

    Kinds that the sandbox does not serve are left out, namespaces that nobody declares are made:
    `note` is called. Raises BadInput for an object that the API refuses.
    """
    served = [found for found in manifests if _is_served(api, found, note)]
    order = {kind: place for place, kind in enumerate(_FIRST)}
    for manifest in sorted(served, key=lambda found: order.get(found.body["kind"], len(_FIRST))):
        if manifest.body["kind"] not in _FIRST:
            _make_namespace(api, manifest, note)
        _apply(api, manifest)
    return served


def _is_served(api: ResourceApi, manifest: Manifest, note: Note) -> bool:
    kind, version = manifest.body["kind"], manifest.body["apiVersion"]
    versions = [found.api_version for found in api.registry.all() if found.name == kind]
    if version in versions:
        return True
    if versions:
        allowed = " or ".join(versions)
        raise BadInput(f"{manifest.source}: {manifest.name}: apiVersion {version} is not {allowed}")
    note(f"left out {manifest.name} ({version}): nothing here would act on it")
    return False


def _make_namespace(api: ResourceApi, manifest: Manifest, note: Note) -> None:
    kind = _kind_of(api, manifest)
    name = _namespace(manifest, kind)
    if name and api.store.get("namespaces", name) is None:
        api.create(api.registry.named("Namespace"), {"metadata": {"name": name}})
        note(f"made the namespace {name}, which no file declares")


def _apply(api: ResourceApi, manifest: Manifest) -> None:
    kind, body = _kind_of(api, manifest), _without_status(manifest.body)
    options = WriteOptions(field_manager=_MANAGER, force=True, field_validation="Strict")
    namespace = _namespace(manifest, kind)
    try:
        if body["metadata"].get("name"):
            target = Target(kind, body["metadata"]["name"], namespace)
            api.patch(target, _APPLY, body, options)
        else:
            api.create(kind, body, namespace, options)
    except StatusError as error:
        raise BadInput(f"{manifest.source}: {manifest.name}: {error.message}") from None


def _kind_of(api: ResourceApi, manifest: Manifest) -> Kind:
    return api.registry.named(manifest.body["kind"], manifest.body["apiVersion"])


def _namespace(manifest: Manifest, kind: Kind) -> str | None:
    if not kind.namespaced:
        return None
    return str(manifest.body["metadata"].get("namespace") or "default")


def _without_status(body: dict[str, Any]) -> dict[str, Any]:
    """As `kubectl get -o yaml` writes an object, it carries what only the server may say."""
    mine = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")
    meta = {key: value for key, value in body["metadata"].items() if key not in mine}
    return {**{key: value for key, value in body.items() if key != "status"}, "metadata": meta}


def hosts_of(manifests: Iterable[Manifest]) -> list[str]:
    """The host names of all Ingresses, each once."""
    found: dict[str, None] = {}
    for manifest in manifests:
        if manifest.body["kind"] == "Ingress":
            spec = manifest.body.get("spec") or {}
            found.update(dict.fromkeys(rule.get("host") for rule in spec.get("rules") or ()))
            for tls in spec.get("tls") or ():
                found.update(dict.fromkeys(tls.get("hosts") or ()))
    return [host for host in found if host]
