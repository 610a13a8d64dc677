"""The objects that one reconcile of a group looks at, loaded from memory and then frozen."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from alb_controller.errors import Invalid, UnreadableObject
from alb_controller.frontends.ingress import select
from alb_controller.frontends.ingress.select import BadClass, BadGroup, Member
from alb_controller.model.ownership import INGRESS
from alb_controller.objects.annotations.ingress_table import GROUP_ORDER
from alb_controller.objects.annotations.rows import Reader, Source
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import KubeObject, Service, ref
from alb_controller.objects.elbv2 import IngressClassParams
from alb_controller.objects.networking import Ingress
from alb_controller.objects.references import service_names
from alb_controller.objects.secrets import SecretName, SecretState
from alb_controller.values import ObjectRef, StackKey

_NO_AGE = datetime.max.replace(tzinfo=UTC)


class LoadedMember(msgspec.Struct, frozen=True, kw_only=True):
    """An active member; `problem` where it cannot be placed: its class or order is not one."""

    ingress: Ingress
    params: IngressClassParams | None = None
    problem: Invalid | None = None

    @property
    def object(self) -> Ingress:
        return self.ingress

    @property
    def uid(self) -> str:
        return self.ingress.metadata.uid

    @property
    def has_finalizer(self) -> bool:
        return self.problem is None  # what has no place in a group gets nothing in AWS

    @property
    def age_key(self) -> tuple[datetime, bool, str, str]:
        """Older members sort first; of one second, those that show a load balancer do.

        Kubernetes' timestamps are in whole seconds: a member that is served already was there
        before one that is not. Then by namespace and name.
        """
        meta = self.ingress.metadata
        is_new = not self.ingress.status.load_balancer.ingress
        return meta.creation_timestamp or _NO_AGE, is_new, meta.namespace, meta.name


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One group: its members, those that were, and the Services that the members name."""

    key: StackKey
    members: tuple[LoadedMember, ...]
    """Active members, in no particular order."""
    inactive: tuple[Ingress, ...]
    """Ingresses that have the group's finalizer and are not members (any more)."""
    departed: tuple[Ingress, ...] = ()
    """Of the inactive, those that live on and are in no other group of ours."""
    inactive_params: Mapping[str, IngressClassParams] = {}
    """Of the inactive, the parameters of their classes, by uid."""
    rejected: tuple[Invalid, ...]
    """Problems of an Ingress that belongs to no group."""
    rejected_ingresses: tuple[Ingress, ...] = ()
    """The Ingresses of `rejected`."""
    services: dict[tuple[str, str], Service]
    unreadable: tuple[ObjectRef, ...] = ()
    """Ingresses that hold the group, as far as can be read, and of which no state is known."""
    secrets: dict[SecretName, SecretState] = {}
    """The Secrets of the members' namespaces whose state is known."""

    def objects(self) -> dict[ObjectRef, KubeObject]:
        """Everything here that can have a problem."""
        members = (member.ingress for member in self.members)
        ingresses = (*members, *self.inactive, *self.rejected_ingresses)
        found: dict[ObjectRef, KubeObject] = {ref("Ingress", one): one for one in ingresses}
        return found | {ref("Service", one): one for one in self.services.values()}


def load(
    key: StackKey,
    cluster: Cluster,
    class_flag: str,
    secrets: Mapping[SecretName, SecretState] | None = None,
) -> Snapshot:
    """The snapshot of a group; in memory, no I/O. `secrets` are those that are watched."""
    members: list[LoadedMember] = []
    inactive: list[Ingress] = []
    departed: list[Ingress] = []
    rejected: list[Invalid] = []
    rejected_ingresses: list[Ingress] = []
    for ingress in _candidates(key, cluster):
        held = INGRESS.held_keys(ingress.metadata)
        holds = key in held
        selection = select.select(ingress, cluster, class_flag)
        match selection:
            case Member(key=found) if found == key:
                members.append(_loaded(selection, cluster))
                continue
            case BadClass() if holds:
                members.append(LoadedMember(ingress=ingress, problem=selection.problem))
                continue
            case BadClass(is_ours=True) if held:
                pass  # reported by the group whose finalizer it holds
            case BadClass(is_ours=True) | BadGroup() if key == select.own_key(ingress):
                rejected.append(selection.problem)
                rejected_ingresses.append(ingress)
        if holds:
            inactive.append(ingress)
            if not ingress.is_deleting and not isinstance(selection, Member):
                departed.append(ingress)
    return Snapshot(
        key=key,
        members=tuple(sorted(members, key=lambda m: m.age_key)),
        inactive=tuple(sorted(inactive, key=lambda ingress: ingress.key)),
        departed=tuple(departed),
        inactive_params=_params(inactive, cluster, class_flag),
        rejected=tuple(rejected),
        rejected_ingresses=tuple(rejected_ingresses),
        unreadable=tuple(_unreadable(key, cluster)),
        services=_services((m.ingress for m in members), cluster),
        secrets=_secrets(members, secrets or {}),
    )


def _params(
    ingresses: Iterable[Ingress], cluster: Cluster, class_flag: str
) -> dict[str, IngressClassParams]:
    found = {one.metadata.uid: select.params_of(one, cluster, class_flag) for one in ingresses}
    return {uid: params for uid, params in found.items() if params is not None}


def _loaded(member: Member, cluster: Cluster) -> LoadedMember:
    origin = ref("Ingress", member.ingress)
    problem: Invalid | None = None
    try:
        Reader(Source(origin, member.ingress.metadata.annotations)).get(GROUP_ORDER)
        for name in service_names(member.ingress):
            cluster.get(Service, member.ingress.metadata.namespace, name)
    except UnreadableObject as error:
        problem = Invalid(origin, "", error.message)
    except Invalid as error:
        problem = error
    return LoadedMember(ingress=member.ingress, params=member.params, problem=problem)


def _candidates(key: StackKey, cluster: Cluster) -> Iterable[Ingress]:
    if select.is_explicit(key):
        return cluster.list(Ingress)
    try:
        found = cluster.get(Ingress, key.namespace, key.name)
    except UnreadableObject:
        return ()
    return () if found is None else (found,)


def _unreadable(key: StackKey, cluster: Cluster) -> Iterator[ObjectRef]:
    """Members of the group, perhaps: their finalizers say so, or cannot be read either."""
    for item in cluster.unreadable(Ingress):
        if item.lacks("$.metadata.finalizers") or key in INGRESS.held_keys(item.obj.metadata):
            yield ref("Ingress", item.obj)


def _secrets(
    members: Iterable[LoadedMember], known: Mapping[SecretName, SecretState]
) -> dict[SecretName, SecretState]:
    namespaces = {m.ingress.metadata.namespace for m in members}
    return {name: state for name, state in known.items() if name[0] in namespaces}


def _services(ingresses: Iterable[Ingress], cluster: Cluster) -> dict[tuple[str, str], Service]:
    found: dict[tuple[str, str], Service] = {}
    for ingress in ingresses:
        namespace = ingress.metadata.namespace
        for name in service_names(ingress):
            with contextlib.suppress(UnreadableObject):  # its member is stopped
                service = cluster.get(Service, namespace, name)
                if service is not None:
                    found[service.key] = service
    return found
