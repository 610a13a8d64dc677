"""Which Services are ours, and the snapshot of one (spec B1)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from alb_controller.errors import Invalid
from alb_controller.model.ownership import SERVICE
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import KubeObject, Service
from alb_controller.objects.kinds import ref_of
from alb_controller.objects.secrets import SecretName, SecretState
from alb_controller.values import ObjectRef, StackKey


class LoadedService(msgspec.Struct, frozen=True):
    """The only member of its stack."""

    object: Service

    @property
    def uid(self) -> str:
        return self.object.metadata.uid

    @property
    def has_finalizer(self) -> bool:
        return True


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One Service: a member, inactive, or neither."""

    key: StackKey
    members: tuple[LoadedService, ...] = ()
    inactive: tuple[Service, ...] = ()
    rejected: tuple[Invalid, ...] = ()
    secrets: Mapping[SecretName, SecretState] = {}

    def objects(self) -> Mapping[ObjectRef, KubeObject]:
        """Everything here that can have a problem."""
        services = (*(one.object for one in self.members), *self.inactive)
        return {ref_of(one): one for one in services}


def key_of(service: Service) -> StackKey:
    """The stack that a Service is."""
    return StackKey(SERVICE.api, *service.key)


def is_ours(service: Service, load_balancer_class: str) -> bool:
    """Whether the Service asks for a load balancer of this controller."""
    spec = service.spec
    is_wanted = spec.type == "LoadBalancer" and spec.load_balancer_class == load_balancer_class
    return is_wanted and not service.is_deleting


def load(key: StackKey, cluster: Cluster, load_balancer_class: str) -> Snapshot:
    """The snapshot of a stack; in memory, no I/O."""
    service = cluster.get(Service, key.namespace, key.name)
    if service is None:
        return Snapshot(key=key)
    if is_ours(service, load_balancer_class):
        return Snapshot(key=key, members=(LoadedService(service),))
    holds = key in SERVICE.held_keys(service.metadata)
    return Snapshot(key=key, inactive=(service,) if holds else ())
