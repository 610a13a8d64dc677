"""The owners of what an object of another namespace names are to know of it (ADR 34)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from alb_controller.build.tenants import Reached
from alb_controller.errors import UnreadableObject
from alb_controller.frontends.events import Event
from alb_controller.model.ownership import INGRESS, SERVICE, resource_name, stack_of_tags
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import KubeObject, Service
from alb_controller.objects.events import Reason
from alb_controller.objects.kinds import ref_of
from alb_controller.objects.networking import Ingress
from alb_controller.values import ObjectRef, Tags

_KINDS: dict[str, type[KubeObject]] = {INGRESS.api: Ingress, SERVICE.api: Service}


def owner_events(found: Iterable[Reached], cluster: Cluster) -> Iterator[Event]:
    """One Warning for each owner, who names it and where."""
    sentences: dict[ObjectRef, list[str]] = {}
    for one in found:
        owner = _owner_of(one.tags, cluster)
        if owner is not None:
            problem = one.problem
            sentence = (
                f"{problem.field} of {problem.origin} names {one.what}, which is this object's"
            )
            sentences.setdefault(ref_of(owner), []).append(sentence)
    for owner_ref, reported in sentences.items():
        yield Event(owner_ref, "Warning", Reason.GROUP_TRUST, "; ".join(reported))


def _owner_of(tags: Tags, cluster: Cluster) -> KubeObject | None:
    """The object that a resource was made for; None where it is not there, or cannot be read."""
    key = stack_of_tags(tags)
    kind = None if key is None else _KINDS.get(key.api)
    if key is None or kind is None:
        return None
    with contextlib.suppress(UnreadableObject):
        if key.namespace:
            return cluster.get(kind, key.namespace, key.name)
        namespace, _, name = resource_name(tags).partition("/")
        members = (
            one
            for one in cluster.list(kind, namespace)
            if name.startswith(f"{one.metadata.name}-") and key in INGRESS.held_keys(one.metadata)
        )
        return max(members, key=lambda one: len(one.metadata.name), default=None)
    return None
