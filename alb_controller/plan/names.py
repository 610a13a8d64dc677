"""Names for what takes the place of something that still has the name (spec 12 #31).

A generated name says nothing of the address family: where a Service changes its family, the new
target group and its binding would have the names that the old ones hold until they are gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec

from alb_controller.model.elbv2 import TargetGroup
from alb_controller.model.kube import Binding
from alb_controller.model.stack import R
from alb_controller.plan.pairs import Matched, Pair

_HASH_DIGITS = 10


def with_free_names(groups: Matched[TargetGroup]) -> Matched[TargetGroup]:
    """New target groups get another name where one that goes has theirs."""
    taken = {one.resource.name for one in groups.surplus}

    def name(group: TargetGroup) -> str:
        return _free(group.name, group.ip_address_type, is_taken=group.name in taken)

    return _renamed(groups, name)


def with_free_binding_names(bindings: Matched[Binding]) -> Matched[Binding]:
    """The same for bindings: theirs are unique in a namespace."""
    taken = {(one.resource.namespace, one.resource.name) for one in bindings.surplus}

    def name(binding: Binding) -> str:
        is_taken = (binding.namespace, binding.name) in taken
        return _free(binding.name, binding.spec.ip_address_type or "", is_taken=is_taken)

    return _renamed(bindings, name)


def _renamed(matched: Matched[R], name: Callable[[R], str]) -> Matched[R]:
    pairs = tuple(
        pair if pair.found else Pair(_with_name(pair.desired, name(pair.desired)), None)
        for pair in matched.pairs
    )
    return Matched(pairs, matched.surplus)


def _with_name(resource: R, name: str) -> R:
    return msgspec.structs.replace(resource, name=name) if name != _name(resource) else resource


def _name(resource: object) -> str:
    return str(getattr(resource, "name", ""))


def _free(name: str, family: str, *, is_taken: bool) -> str:
    """As long as the name; the same every time, so that a later pass makes no third one."""
    if not is_taken:
        return name
    digest = hashlib.sha256(f"{name}{family}".encode()).hexdigest()
    return name[:-_HASH_DIGITS] + digest[:_HASH_DIGITS]
