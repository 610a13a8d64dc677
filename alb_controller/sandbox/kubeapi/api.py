"""The verbs of the Kubernetes API on a store, without HTTP: the same semantics for clients and for
this process.

Semantics follow the API conventions and the generic registry of kube-apiserver
(k8s.io/apiserver/pkg/registry/generic).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alb_controller.sandbox.kubeapi import ownership, patches, subresources
from alb_controller.sandbox.kubeapi.deletion import DeleteOptions, mark_deleted, settle_propagation
from alb_controller.sandbox.kubeapi.kinds import Kind, Registry, object_schema
from alb_controller.sandbox.kubeapi.listing import ListOptions, list_objects
from alb_controller.sandbox.kubeapi.rules import crds
from alb_controller.sandbox.kubeapi.rules.completion import (
    complete,
    is_finished,
    moves_generation,
    spec_changed,
    without_times,
)
from alb_controller.sandbox.kubeapi.rules.strategies import strategy_of
from alb_controller.sandbox.kubeapi.schemas import Json, clone
from alb_controller.sandbox.kubeapi.statuses import (
    STALE,
    Cause,
    StatusError,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    invalid_value,
    method_not_allowed,
    not_found,
    required,
    unsupported_media_type,
)
from alb_controller.sandbox.kubeapi.store import Store, in_version, object_key
from alb_controller.sandbox.kubeapi.writes import (
    Write,
    WriteOptions,
    keep_metadata,
    keep_other_parts,
    other_namespace,
    read_object,
    start_metadata,
    timestamp,
)

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
PROTECTED_NAMESPACES = ("default", "kube-public", "kube-system")
NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


@dataclass(frozen=True, slots=True)
class Target:
    """Which object a request is about."""

    kind: Kind
    name: str
    namespace: str | None = None
    subresource: str = ""

    @property
    def key(self) -> str:
        """Its key in the store."""
        return object_key(self.namespace, self.name)

    def main(self) -> Target:
        """The object itself, without the endpoint below it."""
        return Target(self.kind, self.name, self.namespace)


class ResourceApi:
    """Create, read, update, patch and delete objects of every registered kind.

    Returned objects are the store's own: read them, copy them, do not change them. Refusals are
    `StatusError`s.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.store, self.registry, self.now = store, registry, now

    def target(
        self, kind: str, name: str, namespace: str | None = None, subresource: str = ""
    ) -> Target:
        """The target for callers in this process: `target("Pod", "web", "default")`."""
        return Target(self.registry.named(kind), name, namespace, subresource)

    # ------------------------------------------------------------ reads

    def get(self, target: Target) -> Json:
        """One object. Raises 404."""
        found = self.store.get(target.kind.resource, target.key)
        if found is None:
            raise not_found(target.kind.resource, target.name)
        if target.subresource == "scale":
            return subresources.scale_of(found)
        return in_version(found, target.kind.api_version)

    def list(
        self, kind: Kind, namespace: str | None = None, options: ListOptions | None = None
    ) -> Json:
        """A list object; all namespaces with None."""
        return list_objects(self.store, kind, namespace, options or ListOptions())

    # ------------------------------------------------------------ writes

    def create(
        self,
        kind: Kind,
        body: object,
        namespace: str | None = None,
        options: WriteOptions | None = None,
    ) -> Json:
        """Create an object. Raises 400, 404 (no such namespace), 409 AlreadyExists, 422."""
        options = options or WriteOptions()
        new = read_object(kind, body, options, self.registry.definitions)
        if kind.verbs == ("create",):
            return subresources.answer_review(new)
        if new["metadata"].get("resourceVersion"):
            raise StatusError(500, "", "resourceVersion should not be set on objects to be created")
        start_metadata(new, namespace, self.now())
        return self._create(kind, new, options)

    def _create(self, kind: Kind, new: Json, options: WriteOptions) -> Json:
        metadata, strategy = new["metadata"], strategy_of(kind)
        with self.store.lock:
            self._check_namespace(kind, metadata)
            if moves_generation(kind):
                metadata["generation"] = 1
            else:
                metadata.pop("generation", None)
            if kind.has_status and kind.resource != "nodes":
                new.pop("status", None)
            if strategy.new_status is not None:
                new["status"] = clone(strategy.new_status)
            complete(Write(kind, new, None, self.store))
            if kind.resource == crds.RESOURCE:
                options.warnings += crds.warn_of_rules(new)
            key = object_key(metadata.get("namespace"), metadata["name"])
            if self.store.get(kind.resource, key) is not None:
                raise already_exists(kind.resource, metadata["name"])
            return new if options.dry_run else self._store(kind, key, new)

    def update(self, target: Target, body: object, options: WriteOptions | None = None) -> Json:
        """Replace an object or its status. Raises 400, 404, 409 Conflict, 422."""
        options = options or WriteOptions()
        if target.subresource == "scale":
            return self._scale(target, body, options)
        new = read_object(target.kind, body, options, self.registry.definitions)
        self._check_identity(target, new)
        with self.store.lock:
            old = self.store.get(target.kind.resource, target.key)
            if old is None and strategy_of(target.kind).create_on_update:
                start_metadata(new, target.namespace, self.now())
                return self._create(target.kind, new, options)
            old = self.get(target) if old is None else old
            self._check_version_given(target, new)
            self._check_uid(target, new, old)
            return self._replace(target, old, new, options)

    def patch(
        self, target: Target, content_type: str, patch: Any, options: WriteOptions | None = None
    ) -> Json:
        """Change an object by one of the four patch types. Raises 400, 404, 409, 415, 422."""
        options = options or WriteOptions()
        if content_type == APPLY_PATCH:
            return self._apply(target, patch, options)
        with self.store.lock:
            old = self.get(target)
            if target.subresource == "scale":
                return self._scale(target, patches.merge(old, patch), options)
            body = self._patched(target.kind, content_type, old, patch)
            new = read_object(target.kind, body, options, self.registry.definitions)
            self._check_identity(target, new)
            return self._replace(target, old, new, options)

    def _patched(self, kind: Kind, content_type: str, old: Json, patch: Any) -> Any:
        if content_type == JSON_PATCH:
            return patches.apply_json_patch(old, patch)
        if content_type == MERGE_PATCH:
            return patches.merge(old, patch)
        if content_type == STRATEGIC_PATCH and not kind.is_custom:
            return patches.merge_strategically(old, patch, kind.schema)
        accepted = (JSON_PATCH, MERGE_PATCH, APPLY_PATCH) if kind.is_custom else ()
        raise unsupported_media_type(accepted)

    def _apply(self, target: Target, applied: Any, options: WriteOptions) -> Json:
        """Server-side apply: creates what does not exist."""
        if not options.field_manager:
            cause = required("fieldManager", "is required for apply patch")
            raise invalid("PatchOptions.meta.k8s.io", "", [cause])
        kind = target.kind
        new = read_object(kind, applied, options, self.registry.definitions)
        self._check_identity(target, new)
        entry = {
            "manager": options.field_manager,
            "operation": "Apply",
            "apiVersion": kind.api_version,
            "time": timestamp(self.now()),
            **({"subresource": target.subresource} if target.subresource else {}),
        }
        schema = object_schema(kind, self.registry.definitions)
        with self.store.lock:
            old = self.store.get(kind.resource, target.key)
            merged = ownership.apply_fields(old, new, schema, entry=entry, force=options.force)
            managed = merged["metadata"].pop("managedFields")
            if old is None:
                start_metadata(merged, target.namespace, self.now())
                merged["metadata"]["managedFields"] = managed
                return self._create(kind, merged, options)
            return self._replace(target, old, merged, options, managed=managed)

    def create_subresource(self, target: Target, body: Any, options: WriteOptions) -> Json:
        """What is posted below an object: a Pod's binding to a node, and its eviction. Raises 404,
        409.
        """
        if target.subresource == "eviction":
            self.delete(target.main(), DeleteOptions(dry_run=options.dry_run))
        elif target.subresource == "binding":
            self._bind(target.main(), body, options)
        else:
            raise method_not_allowed()
        return subresources.SUCCESS

    def _bind(self, target: Target, body: Any, options: WriteOptions) -> None:
        with self.store.lock:
            pod = clone(self.get(target))
            if pod["spec"].get("nodeName"):
                raise conflict(
                    target.kind.resource, target.name, "pod is already assigned to a node"
                )
            pod["spec"]["nodeName"] = subresources.node_of(body)
            if not options.dry_run:
                self._store(target.kind, target.key, pod)

    def delete(self, target: Target, options: DeleteOptions | None = None) -> Json:
        """Delete an object, or mark it if finalizers or grace hold it. Raises 404, 409.

        Returns the object, or a `Status` where the kind answers so.
        """
        options = options or DeleteOptions()
        kind = target.kind
        with self.store.lock:
            old = self.get(target)
            options.check(kind, old)
            if kind.resource == "namespaces" and target.name in PROTECTED_NAMESPACES:
                raise forbidden(kind.resource, target.name, "this namespace may not be deleted")
            marked = mark_deleted(kind, old, options, timestamp(self.now()))
            settle_propagation(marked, options)
            first = "deletionTimestamp" not in old["metadata"]
            if kind.resource == crds.RESOURCE and first and not options.dry_run:
                return self._delete_definition(target, marked)
            if is_finished(kind, marked):
                if not options.dry_run:
                    if kind.resource == "pods":  # marked first, whatever the grace: watchers see it
                        self._store(kind, target.key, marked)
                    self._remove(kind, target.key)
                if not strategy_of(kind).returns_deleted:
                    return _deleted_status(kind, old)
                return marked if kind.resource == "pods" else old
            if options.dry_run or marked == old:
                return marked
            return self._store(kind, target.key, marked)

    def delete_collection(
        self,
        kind: Kind,
        namespace: str | None,
        selection: ListOptions,
        options: DeleteOptions | None = None,
    ) -> Json:
        """Delete every object that the selectors take; returns the list of them."""
        with self.store.lock:
            found = self.list(kind, namespace, selection)
            for obj in found["items"]:
                metadata = obj["metadata"]
                self.delete(Target(kind, metadata["name"], metadata.get("namespace")), options)
            return found

    # ------------------------------------------------------------ the way of a write

    def _replace(
        self,
        target: Target,
        old: Json,
        new: Json,
        options: WriteOptions,
        *,
        managed: Sequence[Json] | None = None,
    ) -> Json:
        """Put a complete new object in place of the old one; nothing is written if nothing
        changed.
        """
        kind, before = target.kind, old["metadata"]
        given = new["metadata"].get("resourceVersion")
        if given not in (None, "", "0", before["resourceVersion"]):
            raise conflict(kind.resource, target.name, STALE)
        keep_metadata(kind, new, old)
        new["metadata"].pop("managedFields", None)
        managed = before.get("managedFields") if managed is None else managed
        new = keep_other_parts(kind, new, old, target.subresource, resets_status=kind.has_status)
        if managed:
            new["metadata"]["managedFields"] = managed
        complete(Write(kind, new, old, self.store, target.subresource))
        if kind.resource == crds.RESOURCE:
            options.warnings += crds.warn_of_rules(new)
        if moves_generation(kind) and spec_changed(kind, new, old):
            new["metadata"]["generation"] = before.get("generation", 0) + 1
        if without_times(new) == without_times({**old, "apiVersion": kind.api_version}):
            return in_version(old, kind.api_version)
        if options.dry_run:
            return new
        if before.get("deletionTimestamp") and is_finished(kind, new):
            return self._remove(kind, target.key, new)
        return self._store(kind, target.key, new)

    def _store(self, kind: Kind, key: str, new: Json) -> Json:
        stored = self.store.write(kind.resource, key, new)
        if kind.resource == crds.RESOURCE:
            self.registry.replace(*crds.custom_kinds(stored))
        return in_version(stored, kind.api_version)

    def _remove(self, kind: Kind, key: str, last: Json | None = None) -> Json:
        removed = self.store.write(kind.resource, key, None)
        if kind.resource == crds.RESOURCE:
            resource = crds.custom_kinds(removed)[0]
            self.registry.replace(resource, [])
            self.store.end_watches(resource)
        elif kind.is_custom:
            self._finish_definition(kind.resource)
        return last or removed

    def _delete_definition(self, target: Target, marked: Json) -> Json:
        """A CRD takes its objects with it, as soon as their finalizers let go."""
        crds.mark_terminating(marked, timestamp(self.now()))
        stored = self._store(target.kind, target.key, marked)
        resource, kinds = crds.custom_kinds(stored)
        for obj in self.store.values(resource) if kinds else ():
            metadata = obj["metadata"]
            self.delete(Target(kinds[0], metadata["name"], metadata.get("namespace")))
        self._finish_definition(resource)
        return stored

    def _finish_definition(self, resource: str) -> None:
        """Let a CRD go that is being deleted and has no objects left."""
        definition = self.store.get(crds.RESOURCE, resource)
        held = definition is None or self.store.values(resource)
        if held or not definition or not definition["metadata"].get("deletionTimestamp"):
            return
        left = crds.without_cleanup(definition)
        target = Target(self.registry.named("CustomResourceDefinition"), resource)
        self.patch(target, MERGE_PATCH, {"metadata": {"finalizers": left}})

    # ------------------------------------------------------------ checks

    def _check_namespace(self, kind: Kind, metadata: Json) -> None:
        """What the NamespaceLifecycle admission plugin refuses."""
        name = metadata.get("namespace")
        if not kind.namespaced or not name:
            return
        namespace = self.store.get("namespaces", name)
        if namespace is None:
            raise not_found("namespaces", name)
        if namespace["metadata"].get("deletionTimestamp"):
            why = f"unable to create new content in namespace {name} because it is being terminated"
            cause = Cause(
                "NamespaceTerminating",
                f"namespace {name} is being terminated",
                "metadata.namespace",
            )
            raise forbidden(kind.resource, metadata.get("name", ""), why, cause)

    def _check_identity(self, target: Target, new: Json) -> None:
        metadata = new["metadata"]
        name, namespace = metadata.setdefault("name", target.name), metadata.get("namespace")
        if name != target.name:
            on_url = f"the name on the URL ({target.name})"
            raise bad_request(f"the name of the object ({name}) does not match {on_url}")
        if namespace not in (None, target.namespace):
            raise other_namespace()

    def _check_uid(self, target: Target, new: Json, old: Json) -> None:
        given, uid = new["metadata"].get("uid"), old["metadata"]["uid"]
        if given not in (None, uid):
            why = f"Precondition failed: UID in precondition: {given}, UID in object meta: {uid}"
            raise conflict(target.kind.resource, target.name, why)

    def _check_version_given(self, target: Target, new: Json) -> None:
        needed = strategy_of(target.kind).needs_version
        if needed and new["metadata"].get("resourceVersion") in (None, "", "0"):
            cause = invalid_value("metadata.resourceVersion", 0, "must be specified for an update")
            raise invalid(target.kind.resource, target.name, [cause])

    def _scale(self, target: Target, body: Any, options: WriteOptions) -> Json:
        if target.kind.resource not in subresources.SCALABLE:
            raise method_not_allowed()
        patch = {"spec": {"replicas": subresources.replicas_of(body)}}
        return subresources.scale_of(self.patch(target.main(), MERGE_PATCH, patch, options))


def start_cluster(api: ResourceApi) -> None:
    """Create what a bare kube-apiserver creates for itself: four namespaces and the Service
    `kubernetes`.
    """
    namespace, service = api.registry.named("Namespace"), api.registry.named("Service")
    for name in NAMESPACES:
        api.create(namespace, {"metadata": {"name": name}})
    body = {
        "metadata": {
            "name": "kubernetes",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "clusterIP": "10.96.0.1",
            "ports": [{"name": "https", "port": 443, "targetPort": 6443}],
        },
    }
    api.create(service, body, "default")


def _deleted_status(kind: Kind, obj: Json) -> Json:
    details = {"name": obj["metadata"]["name"], "group": kind.group, "kind": kind.plural}
    details["uid"] = obj["metadata"]["uid"]
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }
