"""Table: which stacks an object's change concerns (spec 9.9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from alb_controller.frontends.frontend import Watch
from alb_controller.frontends.ingress import select
from alb_controller.frontends.ingress.select import BadClass, BadGroup, Member
from alb_controller.frontends.watch import Change
from alb_controller.model.ownership import INGRESS, stack_of_labels
from alb_controller.objects import indexes
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import KubeObject, Namespace, Service
from alb_controller.objects.elbv2 import IngressClassParams, TargetGroupBinding
from alb_controller.objects.networking import Ingress, IngressClass
from alb_controller.objects.notes import annotations_of_users
from alb_controller.values import StackKey


class Scope(msgspec.Struct, frozen=True):
    """What it takes to find an Ingress's group: the cluster and `--ingress-class`."""

    cluster: Cluster
    class_flag: str

    def keys_of(self, ingresses: Iterable[Ingress]) -> set[StackKey]:
        """The groups that Ingresses hold finalizers of, and those that they ask for."""
        keys: set[StackKey] = set()
        for ingress in ingresses:
            keys.update(INGRESS.held_keys(ingress.metadata))
            match select.select(ingress, self.cluster, self.class_flag):
                case Member(key=key):
                    keys.add(key)
                case BadClass(is_ours=True) | BadGroup():
                    keys.add(select.own_key(ingress))
        return keys


def _intent(obj: KubeObject) -> object:
    """What users say by an object: labels, status and finalizers are not among it.

    The generation counts changes of the spec (Kubernetes API conventions).
    """
    meta = obj.metadata
    return meta.generation, annotations_of_users(meta.annotations), meta.deletion_timestamp


def _labels(obj: KubeObject) -> object:
    return obj.metadata.labels


def _ingress(change: Change[Ingress], scope: Scope) -> Iterable[StackKey]:
    return () if change.keeps(_intent) else scope.keys_of(change.versions())


def _service(change: Change[Service], scope: Scope) -> Iterable[StackKey]:
    if change.keeps(lambda s: s.spec, lambda s: s.metadata.annotations):
        return ()
    name = "/".join(change.versions()[-1].key)
    return scope.keys_of(scope.cluster.select(Ingress, indexes.BY_SERVICE, name))


def _class(change: Change[KubeObject], scope: Scope) -> Iterable[StackKey]:
    """All Ingresses: a class may be, or stop being, the default one."""
    return () if change.keeps(_intent) else scope.keys_of(scope.cluster.list(Ingress))


def _namespace(change: Change[Namespace], scope: Scope) -> Iterable[StackKey]:
    """A namespaceSelector may select by the labels that changed."""
    if change.keeps(_labels):
        return ()
    return scope.keys_of(scope.cluster.list(Ingress, change.versions()[-1].metadata.name))


def _binding(change: Change[TargetGroupBinding], _scope: Scope) -> Iterable[StackKey]:
    """A binding that was edited or is gone: its stack repairs it, or goes on deleting."""
    if change.old is None or change.keeps(
        _labels, lambda b: b.metadata.generation, lambda b: b.metadata.deletion_timestamp
    ):
        return ()
    found = (stack_of_labels(b.metadata.labels) for b in change.versions())
    return {key for key in found if key is not None and key.api == INGRESS.api}


_Concerns: TypeAlias = Callable[[Change[Any], Scope], Iterable[StackKey]]
_TABLE: Mapping[type[KubeObject], _Concerns] = {
    Ingress: _ingress,
    Service: _service,
    IngressClass: _class,
    IngressClassParams: _class,
    Namespace: _namespace,
    TargetGroupBinding: _binding,
}


def watches(class_flag: str) -> Mapping[type[KubeObject], Watch]:
    """By kind; `class_flag` is `--ingress-class`."""
    return {kind: _watch(concerns, class_flag) for kind, concerns in _TABLE.items()}


def _watch(concerns: _Concerns, class_flag: str) -> Watch:
    return lambda change, cluster: concerns(change, Scope(cluster, class_flag))
