"""Deployments make ReplicaSets, ReplicaSets make Pods.

Source: Kubernetes docs, "Deployments" (rolling update, proportions, revisions) and "ReplicaSet".
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any

from alb_controller.sandbox.simulated_controllers.cluster import (
    Cluster,
    Json,
    Key,
    condition,
    is_leaving,
    is_true,
    key_of,
    owner_reference,
    with_conditions,
)

_HASH_LABEL = "pod-template-hash"
_HASH_LETTERS = "bcdf2456789ghjkl"
_REVISION = "deployment.kubernetes.io/revision"
_FINISHED = ("Failed", "Succeeded")


# ---------------------------------------------------------------- Deployments


def sync_deployment(cluster: Cluster, key: Key) -> None:
    """One step of a rollout; every ReplicaSet that moves brings the next one."""
    deployment = cluster.get(key)
    if deployment is None or is_leaving(deployment):
        return
    owned = [found for found in cluster.owned("ReplicaSet", deployment) if not is_leaving(found)]
    digest = _digest(deployment["spec"]["template"])
    newest = next((r for r in owned if r["metadata"]["labels"].get(_HASH_LABEL) == digest), None)
    older = [found for found in owned if found is not newest]
    if newest is None:
        newest = _make_replica_set(cluster, deployment, digest, older)
    else:
        _mark_revision(cluster, deployment, newest, older)
    if not deployment["spec"].get("paused"):
        _roll(cluster, deployment, newest, older)
    cluster.change_status(key, lambda found: _deployment_status(found, newest, older))


def _digest(template: Json) -> str:
    text = json.dumps(template, sort_keys=True).encode()
    return "".join(_HASH_LETTERS[byte % 16] for byte in hashlib.sha256(text).digest()[:10])


def _make_replica_set(
    cluster: Cluster, deployment: Json, digest: str, older: Sequence[Json]
) -> Json:
    spec, meta = deployment["spec"], deployment["metadata"]
    labels = {**spec["template"].get("metadata", {}).get("labels", {}), _HASH_LABEL: digest}
    selector = spec["selector"]
    matched = {**selector.get("matchLabels", {}), _HASH_LABEL: digest}
    revision = str(1 + max((_revision(found) for found in older), default=0))
    body = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{meta['name']}-{digest}",
            "labels": labels,
            "annotations": {_REVISION: revision},
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {
            "replicas": 0,
            "selector": {**selector, "matchLabels": matched},
            "template": _with_labels(spec["template"], labels),
        },
    }
    made = cluster.create(body, meta["namespace"])
    cluster.merge(key_of(deployment), {"metadata": {"annotations": {_REVISION: revision}}})
    return made


def _with_labels(template: Json, labels: Json) -> Json:
    return {**template, "metadata": {**template.get("metadata", {}), "labels": labels}}


def _mark_revision(cluster: Cluster, deployment: Json, newest: Json, older: Sequence[Json]) -> None:
    """An old template that is wanted again is the latest revision."""
    last = max((_revision(found) for found in older), default=0)
    if _revision(newest) < last:
        patch = {"metadata": {"annotations": {_REVISION: str(last + 1)}}}
        cluster.merge(key_of(newest), patch)
        cluster.merge(key_of(deployment), patch)


def _revision(obj: Json) -> int:
    return int(obj["metadata"].get("annotations", {}).get(_REVISION, 0))


def _roll(cluster: Cluster, deployment: Json, newest: Json, older: Sequence[Json]) -> None:
    spec = deployment["spec"]
    wanted, strategy = spec.get("replicas", 1), spec.get("strategy", {})
    if not any(_wanted(found) for found in older):
        _scale(cluster, newest, wanted)
        return
    if strategy.get("type") == "Recreate":
        for found in older:
            _scale(cluster, found, 0)
        if not any(found.get("status", {}).get("replicas") for found in older):
            _scale(cluster, newest, wanted)
        return
    rolling = strategy.get("rollingUpdate", {})
    surge = _share(rolling.get("maxSurge", "25%"), wanted, math.ceil)
    missing = _share(rolling.get("maxUnavailable", "25%"), wanted, math.floor)
    if not surge and not missing:
        missing = 1
    room = wanted + surge - sum(map(_wanted, (newest, *older)))
    target = min(wanted, _wanted(newest) + max(room, 0))
    if _wanted(newest) != target:
        _scale(cluster, newest, target)  # which has this looked at again
    else:
        _cut(cluster, newest, older, least=wanted - missing)


def _cut(cluster: Cluster, newest: Json, older: Sequence[Json], *, least: int) -> None:
    """Take Pods from old ReplicaSets, those that serve nobody first, as long as so many stay.

    What is wanted counts, since a status may lag behind: Pods that were cut may be counted as
    available still (the rule of kube-controller-manager, deployment/rolling.go).
    """
    starting = _wanted(newest) - _available(newest)
    room = sum(map(_wanted, (newest, *older))) - least - starting
    spare = sum(map(_available, (newest, *older))) - least
    for found in older:
        broken = max(_wanted(found) - _available(found), 0)
        cut = max(min(room, max(broken, spare), _wanted(found)), 0)
        _scale(cluster, found, _wanted(found) - cut)
        room, spare = room - cut, spare - max(cut - broken, 0)


def _share(amount: int | str, of: int, round_: Any) -> int:
    if isinstance(amount, str):
        return int(round_(of * int(amount.rstrip("%")) / 100))
    return amount


def _wanted(replica_set: Json) -> int:
    return int(replica_set["spec"].get("replicas", 1))


def _available(replica_set: Json) -> int:
    return int(replica_set.get("status", {}).get("availableReplicas", 0))


def _scale(cluster: Cluster, replica_set: Json, replicas: int) -> None:
    if _wanted(replica_set) != replicas:
        cluster.merge(key_of(replica_set), {"spec": {"replicas": replicas}})


def _deployment_status(deployment: Json, newest: Json, older: Sequence[Json]) -> Json:
    sets, wanted = (newest, *older), deployment["spec"].get("replicas", 1)
    counts = {
        name: sum(found.get("status", {}).get(name, 0) for found in sets)
        for name in ("replicas", "readyReplicas", "availableReplicas")
    }
    updated = newest.get("status", {}).get("replicas", 0)
    enough = counts["availableReplicas"] >= wanted
    done = enough and updated == wanted == counts["replicas"]
    progress = "NewReplicaSetAvailable" if done else "ReplicaSetUpdated"
    available = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
    return {
        **{name: count or None for name, count in counts.items()},
        "updatedReplicas": updated or None,
        "unavailableReplicas": max(wanted - counts["availableReplicas"], 0) or None,
        "observedGeneration": deployment["metadata"]["generation"],
        "conditions": with_conditions(
            deployment,
            condition(deployment, "Available", holds=enough, reason=available),
            condition(deployment, "Progressing", holds=True, reason=progress),
        ),
    }


# ---------------------------------------------------------------- ReplicaSets


def sync_replica_set(cluster: Cluster, key: Key) -> None:
    """As many Pods as wanted: those missing are made, those too many deleted."""
    replica_set = cluster.get(key)
    if replica_set is None:
        return
    pods = [pod for pod in cluster.owned("Pod", replica_set) if _counts(pod)]
    missing = 0 if is_leaving(replica_set) else _wanted(replica_set) - len(pods)
    pods += [_make_pod(cluster, replica_set) for _ in range(missing)]
    if missing < 0:
        for pod in _by_worth(pods)[:-missing]:
            cluster.delete(key_of(pod))
            pods.remove(pod)
    ready = sum(is_true(pod, "Ready") for pod in pods)
    cluster.change_status(
        key,
        lambda found: {
            "replicas": len(pods),
            "fullyLabeledReplicas": len(pods) or None,
            "readyReplicas": ready or None,
            "availableReplicas": ready or None,
            "observedGeneration": found["metadata"]["generation"],
        },
    )


def _counts(pod: Json) -> bool:
    return not is_leaving(pod) and pod.get("status", {}).get("phase") not in _FINISHED


def _by_worth(pods: Sequence[Json]) -> Sequence[Json]:
    """Pods without a node go first, then those that are not ready, then the youngest."""
    youngest_first = sorted(pods, key=lambda pod: pod["metadata"]["creationTimestamp"])[::-1]
    return sorted(
        youngest_first, key=lambda pod: (bool(pod["spec"].get("nodeName")), is_true(pod, "Ready"))
    )


def _make_pod(cluster: Cluster, replica_set: Json) -> Json:
    meta, template = replica_set["metadata"], replica_set["spec"]["template"]
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **template.get("metadata", {}),
            "generateName": f"{meta['name']}-",
            "ownerReferences": [owner_reference(replica_set)],
        },
        "spec": template["spec"],
    }
    return cluster.create(body, meta["namespace"])
