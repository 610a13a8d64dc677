"""Dependents follow their owners, and a namespace takes its content with it.

Source: Kubernetes docs, "Garbage Collection" (background, foreground, orphan) and "Namespaces".
"""

from __future__ import annotations

from collections.abc import Iterator

from alb_controller.sandbox.simulated_controllers.cluster import (
    Cluster,
    Json,
    Key,
    is_leaving,
    key_of,
)

_FOREGROUND, _ORPHAN = "foregroundDeletion", "orphan"
_NAMESPACED_BUT_KEPT = ("Event",)


def collect_dependents(cluster: Cluster, owner: Json) -> None:
    """Delete what belonged to an object that is gone."""
    for dependent in _dependents(cluster, owner):
        others = [o for o in dependent["metadata"]["ownerReferences"] if not _is(o, owner)]
        if others:
            cluster.merge(key_of(dependent), {"metadata": {"ownerReferences": others}})
        else:
            cluster.delete(key_of(dependent))


def settle_deletion(cluster: Cluster, key: Key) -> None:
    """Lift the garbage collector's finalizers when their condition holds."""
    owner = cluster.get(key)
    if owner is None or not is_leaving(owner):
        return
    finalizers = owner["metadata"].get("finalizers", [])
    if _ORPHAN in finalizers:
        for dependent in _dependents(cluster, owner):
            others = [o for o in dependent["metadata"]["ownerReferences"] if not _is(o, owner)]
            cluster.merge(key_of(dependent), {"metadata": {"ownerReferences": others}})
        _lift(cluster, key, finalizers, _ORPHAN)
    elif _FOREGROUND in finalizers:
        dependents = list(_dependents(cluster, owner))
        for dependent in dependents:
            if not is_leaving(dependent):
                cluster.delete(key_of(dependent))
        if not list(_dependents(cluster, owner)):
            _lift(cluster, key, finalizers, _FOREGROUND)


def _lift(cluster: Cluster, key: Key, finalizers: list[str], mine: str) -> None:
    left = [finalizer for finalizer in finalizers if finalizer != mine]
    cluster.merge(key, {"metadata": {"finalizers": left}})


def _dependents(cluster: Cluster, owner: Json) -> Iterator[Json]:
    namespace = owner["metadata"].get("namespace")
    for kind in _kept_kinds(cluster):
        for found in cluster.objects(kind, namespace):
            if any(_is(o, owner) for o in found["metadata"].get("ownerReferences", ())):
                yield found


def _is(reference: Json, owner: Json) -> bool:
    return bool(reference["uid"] == owner["metadata"]["uid"])


def _kept_kinds(cluster: Cluster) -> list[str]:
    kinds = cluster.api.registry.all()
    return list(dict.fromkeys(kind.name for kind in kinds if kind.verbs != ("create",)))


def empty_namespace(cluster: Cluster, key: Key) -> bool:
    """Delete what is in a namespace that is leaving; True while something is left."""
    namespace = cluster.get(key)
    if namespace is None or not is_leaving(namespace):
        return False
    left = False
    for kind in cluster.api.registry.all():
        if kind.namespaced and kind.verbs != ("create",):
            for found in cluster.objects(kind.name, key.name):
                cluster.delete(key_of(found))
                left = True
    if left:
        return True
    cluster.merge(key, {"spec": {"finalizers": []}}, "finalize")
    return False
