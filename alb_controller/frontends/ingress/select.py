"""Is an Ingress ours, and which group does it belong to? (spec 2.1, 2.3)"""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec

from alb_controller.errors import Invalid, UnreadableObject
from alb_controller.intent import NameSeed
from alb_controller.model.ownership import INGRESS
from alb_controller.objects.annotations.ingress_table import GROUP_NAME
from alb_controller.objects.annotations.rows import without_line_end
from alb_controller.objects.cluster import Cluster, complete_list
from alb_controller.objects.core import Namespace, ref
from alb_controller.objects.elbv2 import IngressClassParams
from alb_controller.objects.networking import Ingress, IngressClass
from alb_controller.values import ObjectRef, StackKey

CONTROLLER = "ingress.k8s.aws/alb"
CLASS_ANNOTATION = "kubernetes.io/ingress.class"
DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"
_GROUP_NAME = re.compile(r"([a-z0-9][-a-z0-9.]*)?[a-z0-9]")
_GROUP_NAME_LIMIT = 63
_CLASS_FIELD = "spec.ingressClassName"


class NotOurs(msgspec.Struct, frozen=True):
    """Another controller's Ingress, or one that is being deleted."""


class Member(msgspec.Struct, frozen=True):
    """An Ingress of a group, with the parameters of its class."""

    key: StackKey
    ingress: Ingress
    params: IngressClassParams | None = None


class BadClass(msgspec.Struct, frozen=True):
    """The class cannot be resolved: a holder of a finalizer stays as it is, others are not ours.

    `is_ours`: the class itself is this controller's, so its user should hear of the problem.
    """

    problem: Invalid
    is_ours: bool = True


class BadGroup(msgspec.Struct, frozen=True):
    """The group's name is not one: the Ingress belongs to no group."""

    problem: Invalid


Selection: TypeAlias = NotOurs | Member | BadClass | BadGroup


def is_explicit(key: StackKey) -> bool:
    """Whether users named the group, so that it spans namespaces (spec 2.3)."""
    return not key.namespace


def name_seed(key: StackKey, cluster: str, *more: str) -> NameSeed:
    """The seed of a name that a group's resources have: readable parts and a hash (spec 6.1)."""
    parts = ((key.name, 17),) if is_explicit(key) else ((key.namespace, 8), (key.name, 8))
    return NameSeed(parts, (cluster, key.id, *more))


def own_key(ingress: Ingress) -> StackKey:
    """The group that an Ingress alone is (spec 2.3)."""
    return StackKey(INGRESS.api, *ingress.key)


def select(ingress: Ingress, cluster: Cluster, class_flag: str) -> Selection:
    """What an Ingress is to us; `class_flag` is `--ingress-class` (spec 2.1)."""
    if ingress.is_deleting:
        return NotOurs()
    return _placed(ingress, cluster, class_flag)


def params_of(ingress: Ingress, cluster: Cluster, class_flag: str) -> IngressClassParams | None:
    """The parameters of an Ingress's class, also of one that is being deleted."""
    placed = _placed(ingress, cluster, class_flag)
    return placed.params if isinstance(placed, Member) else None


def _placed(ingress: Ingress, cluster: Cluster, class_flag: str) -> Selection:
    try:
        return _select(ingress, cluster, class_flag)
    except UnreadableObject as error:
        return BadClass(Invalid(_ref(ingress), _CLASS_FIELD, error.message), is_ours=False)


def _select(ingress: Ingress, cluster: Cluster, class_flag: str) -> Selection:
    annotated = ingress.metadata.annotations.get(CLASS_ANNOTATION)
    if annotated is not None:
        named = without_line_end(annotated)
        ours = named == class_flag or (not class_flag and named == "alb")
        return _member(ingress, None) if ours else NotOurs()
    if ingress.spec.ingress_class_name is None:
        return _by_default_class(ingress, cluster, class_flag)
    name = ingress.spec.ingress_class_name
    found = cluster.get(IngressClass, "", name)
    if found is None:
        problem = f"names IngressClass {name!r}, which does not exist"
        return BadClass(Invalid(_ref(ingress), _CLASS_FIELD, problem), is_ours=False)
    return _by_class(ingress, found, cluster)


def _by_default_class(ingress: Ingress, cluster: Cluster, class_flag: str) -> Selection:
    defaults = [
        c
        for c in complete_list(cluster, IngressClass)
        if c.metadata.annotations.get(DEFAULT_CLASS_ANNOTATION) == "true"
    ]
    if not defaults:
        return NotOurs() if class_flag else _member(ingress, None)
    if len(defaults) > 1:
        names = ", ".join(sorted(c.metadata.name for c in defaults))
        problem = f"is unset, and several IngressClasses are default: {names}"
        return BadClass(Invalid(_ref(ingress), _CLASS_FIELD, problem), is_ours=False)
    return _by_class(ingress, defaults[0], cluster)


def _by_class(ingress: Ingress, found: IngressClass, cluster: Cluster) -> Selection:
    if found.spec.controller != CONTROLLER:
        return NotOurs()
    wanted = found.spec.parameters
    if wanted is None:
        return _member(ingress, None)
    name = found.metadata.name
    if wanted.api_group != "elbv2.k8s.aws" or wanted.kind != "IngressClassParams":
        return _bad_class(
            ingress,
            f"names IngressClass {name!r}, whose parameters are {wanted.api_group} {wanted.kind}: "
            "allowed is elbv2.k8s.aws IngressClassParams",
        )
    params = cluster.get(IngressClassParams, "", wanted.name)
    if params is None:
        return _bad_class(
            ingress,
            f"names IngressClass {name!r}, whose IngressClassParams {wanted.name!r} do not exist",
        )
    if not _admits(params, ingress, cluster):
        return _bad_class(
            ingress,
            f"names IngressClass {name!r}, whose namespaceSelector does not select namespace "
            f"{ingress.metadata.namespace!r}",
        )
    return _member(ingress, params)


def _admits(params: IngressClassParams, ingress: Ingress, cluster: Cluster) -> bool:
    selector = params.spec.namespace_selector
    if selector is None:
        return True
    namespace = cluster.get(Namespace, "", ingress.metadata.namespace)
    return namespace is not None and selector.matches(namespace.metadata.labels)


def _bad_class(ingress: Ingress, problem: str) -> BadClass:
    return BadClass(Invalid(_ref(ingress), _CLASS_FIELD, problem))


def _member(ingress: Ingress, params: IngressClassParams | None) -> Member | BadGroup:
    meta = ingress.metadata
    field, name = GROUP_NAME.key, meta.annotations.get(GROUP_NAME.key)
    name = None if name is None else without_line_end(name)
    if params is not None and params.spec.group is not None:
        field = f"IngressClassParams {params.metadata.name} spec.group.name"
        name = params.spec.group.name
    if name is None:
        return Member(own_key(ingress), ingress, params)
    if len(name) > _GROUP_NAME_LIMIT or not _GROUP_NAME.fullmatch(name):
        problem = (
            f"{name!r} is not a group name: at most {_GROUP_NAME_LIMIT} lower-case letters, "
            "digits, '-' and '.', beginning and ending with a letter or digit"
        )
        return BadGroup(Invalid(_ref(ingress), field, problem))
    return Member(StackKey(INGRESS.api, "", name), ingress, params)


def _ref(ingress: Ingress) -> ObjectRef:
    return ref("Ingress", ingress)
