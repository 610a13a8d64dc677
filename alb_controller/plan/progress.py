"""What is known after a step, so that the next pass need not ask AWS again."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import msgspec

from alb_controller.model.ownership import resource_name
from alb_controller.model.refs import ResourceId, ResourceKind
from alb_controller.model.stack import Found, Observed
from alb_controller.plan import changes
from alb_controller.plan.policies import mutual_authentication, settled

_FIELDS: dict[ResourceKind, str] = {
    "SecurityGroup": "security_groups",
    "TargetGroup": "target_groups",
    "LoadBalancer": "load_balancers",
    "Listener": "listeners",
    "ListenerRule": "rules",
    "Binding": "bindings",
}
Edit = Callable[[Any], dict[str, object]]
"""Resource -> the fields that a step has changed."""


def advance(step: changes.Step, observed: Observed, made: Found[Any] | None = None) -> Observed:
    """What was found, with the step done; `made` is what a Create gave back.

    The step names no Ref any more. A binding that is deleted stays, until Kubernetes shows that
    it is gone.
    """
    if isinstance(step, changes.Create):
        field = _FIELDS[step.resource.id.kind]
        return _replace(observed, field, (*getattr(observed, field), made))
    if isinstance(step, changes.Delete):
        return _without(observed, step)
    if isinstance(step, changes.SetRulePriorities):
        return _reordered(observed, step)
    if isinstance(step, changes.AwaitBindingsGone):
        return observed
    if isinstance(step, changes.AwaitActive):
        return _active(observed, str(step.target))
    return _edited(observed, _kind_of(step), str(step.target), _edit_of(step))


def _kind_of(step: Any) -> ResourceKind:
    kind: ResourceKind = getattr(step, "kind", None) or _KINDS[type(step)]
    return kind


_KINDS: dict[type[object], ResourceKind] = {
    changes.SetSubnets: "LoadBalancer",
    changes.SetSecurityGroups: "LoadBalancer",
    changes.SetIpAddressType: "LoadBalancer",
    changes.ModifyIpPools: "LoadBalancer",
    changes.ReserveCapacity: "LoadBalancer",
    changes.SetWebAcl: "LoadBalancer",
    changes.SetRegionalWebAcl: "LoadBalancer",
    changes.SetProtection: "LoadBalancer",
    changes.RegisterBalancers: "TargetGroup",
    changes.DeregisterBalancers: "TargetGroup",
    changes.ModifyTargetGroup: "TargetGroup",
    changes.ModifyListener: "Listener",
    changes.AddCertificates: "Listener",
    changes.RemoveCertificates: "Listener",
    changes.ModifyRule: "ListenerRule",
    changes.AuthorizeIngress: "SecurityGroup",
    changes.RevokeIngress: "SecurityGroup",
    changes.UpdateBinding: "Binding",
}


@singledispatch
def _edit_of(step: object) -> Edit:
    """The edit that a step is: steps whose fields are the resource's are copied."""
    fields = {name: getattr(step, name) for name in _names(step)}
    return lambda _now: fields


_NO_FIELDS = frozenset({"target", "kind", "asked_by", "by_setting"})


def _names(step: Any) -> tuple[str, ...]:
    """The fields of a step or resource that say how something is to be."""
    names: tuple[str, ...] = step.__struct_fields__
    return tuple(name for name in names if name not in _NO_FIELDS)


@_edit_of.register
def _(step: changes.ModifyAttributes) -> Edit:
    return lambda now: {"attributes": {**(now.attributes or {}), **step.changed}}


@_edit_of.register
def _(step: changes.ModifyTargetGroup) -> Edit:
    return lambda _now: {"health_check": step.resource.health_check}


@_edit_of.register(changes.SetWebAcl)
@_edit_of.register(changes.SetRegionalWebAcl)
@_edit_of.register(changes.SetProtection)
def _(step: Any) -> Edit:
    fields = {name: getattr(step, name) for name in _names(step)}
    return lambda now: {"addons": msgspec.structs.replace(now.addons, **fields)}


@_edit_of.register
def _(_step: changes.DeregisterBalancers) -> Edit:
    return lambda _now: {"targets": ()}


@_edit_of.register
def _(step: changes.ModifyListener) -> Edit:
    desired = step.resource

    def edit(now: Any) -> dict[str, object]:
        is_secure = bool(desired.certificates)
        fields = {name: getattr(desired, name) for name in _names(desired)}
        for kept in ("id", "load_balancer", "tags", "attributes"):
            del fields[kept]
        return {
            **fields,
            "certificates": (
                (*desired.certificates[:1], *now.certificates[1:]) if is_secure else ()
            ),
            "ssl_policy": (desired.ssl_policy or now.ssl_policy) if is_secure else None,
            "mutual_authentication": mutual_authentication(desired, now),
        }

    return edit


@_edit_of.register
def _(step: changes.AddCertificates) -> Edit:
    def edit(now: Any) -> dict[str, object]:
        more = sorted({*now.certificates[1:], step.certificate})
        return {"certificates": (*now.certificates[:1], *more)}

    return edit


@_edit_of.register
def _(step: changes.RemoveCertificates) -> Edit:
    def edit(now: Any) -> dict[str, object]:
        left = [one for one in now.certificates[1:] if one != step.certificate]
        return {"certificates": (*now.certificates[:1], *left)}

    return edit


@_edit_of.register
def _(step: changes.ModifyRule) -> Edit:
    rule = step.resource
    fields: dict[str, object] = {
        "conditions": rule.conditions,
        "actions": rule.actions,
        "transforms": rule.transforms,
    }
    return lambda _now: fields


@_edit_of.register
def _(step: changes.AuthorizeIngress) -> Edit:
    return lambda now: {"ingress": tuple(sorted({*(now.ingress or ()), *step.rules}))}


@_edit_of.register
def _(step: changes.RevokeIngress) -> Edit:
    gone = {rule.key for rule in step.rules}
    return lambda now: {
        "ingress": tuple(rule for rule in now.ingress or () if rule.key not in gone)
    }


@_edit_of.register
def _(step: changes.AddTags) -> Edit:
    return lambda now: _tagged(now, {**now.tags, **step.tags})


@_edit_of.register
def _(step: changes.RemoveTags) -> Edit:
    return lambda now: _tagged(
        now, {key: value for key, value in now.tags.items() if key not in step.keys}
    )


@_edit_of.register
def _(step: changes.UpdateBinding) -> Edit:
    binding = settled(step.resource)
    return lambda _now: {"spec": binding.spec, "labels": binding.labels}


def _tagged(now: Any, tags: dict[str, str]) -> dict[str, object]:
    """The resource id is read from a tag."""
    return {"tags": tags, "id": ResourceId(now.id.kind, resource_name(tags))}


def _edited(observed: Observed, kind: ResourceKind, identity: str, edit: Edit) -> Observed:
    def one(found: Found[Any]) -> Found[Any]:
        if found.identity != identity:
            return found
        resource = msgspec.structs.replace(found.resource, **edit(found.resource))
        return msgspec.structs.replace(found, resource=resource)

    field = _FIELDS[kind]
    return _replace(observed, field, tuple(one(found) for found in getattr(observed, field)))


def _active(observed: Observed, identity: str) -> Observed:
    return msgspec.structs.replace(
        observed,
        load_balancers=tuple(
            msgspec.structs.replace(one, state="active") if one.identity == identity else one
            for one in observed.load_balancers
        ),
    )


def _reordered(observed: Observed, step: changes.SetRulePriorities) -> Observed:
    for rule, priority in step.priorities:
        observed = _edited(observed, "ListenerRule", str(rule), _moved_to(priority))
    return observed


def _moved_to(priority: int) -> Edit:
    return lambda _now: {"priority": priority}


def _without(observed: Observed, step: changes.Delete) -> Observed:
    """A load balancer takes its listeners with it, a listener its rules."""
    if step.kind == "Binding":
        return observed
    field, gone = _FIELDS[step.kind], step.found.identity
    observed = _replace(
        observed, field, tuple(one for one in getattr(observed, field) if one.identity != gone)
    )
    balancers = {one.identity for one in observed.load_balancers}
    listeners = tuple(one for one in observed.listeners if one.resource.load_balancer in balancers)
    left = {one.identity for one in listeners}
    rules = tuple(one for one in observed.rules if one.resource.listener in left)
    return msgspec.structs.replace(observed, listeners=listeners, rules=rules)


def _replace(observed: Observed, field: str, value: tuple[Any, ...]) -> Observed:
    return msgspec.structs.replace(observed, **{field: value})
