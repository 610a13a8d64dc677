"""Who asked for what each step writes (`model.origins`).

A later step may fail at AWS: whom that concerns is looked up in what is desired. Where nothing of
it is, because what the step takes away is wanted no more, all objects of the stack are concerned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from alb_controller.model.elbv2 import Listener, ListenerRule
from alb_controller.model.kube import Binding
from alb_controller.model.origins import WHOLE, AskedBy, Origins, origins_of
from alb_controller.model.refs import Ref, Reference
from alb_controller.model.stack import Resource
from alb_controller.plan import changes
from alb_controller.plan.diff import Matches
from alb_controller.plan.pairs import Pair
from alb_controller.plan.policies import listener_changes

S = TypeVar("S", bound=changes.Step)
_OF_BINDINGS = {
    "multi_cluster": "multi_cluster_target_group",
    "node_labels": "node_selector",
    "target_type": "target_type",
}
"""The fields of a binding's spec by the settings of a backend."""
_SETTINGS: dict[type[object], tuple[str, ...]] = {
    changes.SetSubnets: ("subnets",),
    changes.SetSecurityGroups: ("security_groups",),
    changes.SetIpAddressType: ("ip_address_type",),
    changes.ModifyIpPools: ("ipv4_ipam_pool_id",),
    changes.ModifyTargetGroup: ("health_check",),
    changes.ReserveCapacity: ("capacity_units",),
    changes.SetWebAcl: ("web_acl_arn",),
    changes.SetRegionalWebAcl: ("regional_web_acl_id",),
    changes.SetProtection: ("protection",),
    changes.RegisterBalancers: ("targets",),
    changes.UpdateBinding: tuple(_OF_BINDINGS),
}
"""Steps that write some fields of what they are about."""


class Askers:
    """Looks up who asked for the steps of one plan."""

    def __init__(
        self, matches: Matches, rules: Mapping[Reference, ListenerRule], everyone: Origins
    ) -> None:
        """`everyone` are all objects of the stack."""
        self._desired: dict[Reference, Resource] = {
            **{_reference(pair): pair.desired for pair in _all_pairs(matches)},
            **rules,
        }
        self._live = {
            pair.found.identity: (pair.desired, pair.found.resource)
            for pair in matches.listeners.pairs
            if pair.found
        }
        self._everyone = everyone

    def name(self, steps: Iterable[S]) -> tuple[S, ...]:
        """The steps with `asked_by`; their resources are without it, as those in AWS are."""
        return tuple(self._named(step) for step in steps)

    def _named(self, step: S) -> S:
        found = dict.fromkeys(self._origins(step))
        step = msgspec.structs.replace(step, asked_by=tuple(found) or self._everyone)
        if isinstance(step, changes.ModifyAttributes | changes.AddTags | changes.Create):
            step = msgspec.structs.replace(step, by_setting=self._by_setting(step))
        resource: Resource | None = getattr(step, "resource", None)
        if resource is None:
            return step
        bare = msgspec.structs.replace(resource, asked_by={})
        return msgspec.structs.replace(step, resource=bare)

    def _origins(self, step: changes.Step) -> Origins:
        match step:
            case changes.Create(resource=resource):
                return _origins_of_new(resource)
            case changes.ModifyRule(resource=rule):
                settings = ("conditions", "actions", "transforms")
                return (*origins_of(rule.asked_by, settings), *_whole(rule))
            case changes.Delete(found=found):
                return self._whole(getattr(found.resource, "listener", ""))
            case changes.SetRulePriorities(listener=listener, priorities=moves):
                moved = [one for rule, _ in moves for one in self._whole(rule)]
                return tuple(moved) or self._whole(listener)
            case changes.AwaitBindingsGone():
                return ()
            case _:
                return origins_of(self._asked_by(step.target), self._settings(step))

    def _by_setting(
        self, step: changes.ModifyAttributes | changes.AddTags | changes.Create
    ) -> dict[str, Origins]:
        if isinstance(step, changes.Create):
            return dict(_sent(step.resource))
        asked = self._asked_by(step.target)
        found = {one: origins_of(asked, [one]) or self._everyone for one in self._settings(step)}
        return {setting: origins for setting, origins in found.items() if origins}

    def _settings(self, step: Any) -> Sequence[str]:
        """The settings that a step on something that stays writes."""
        match step:
            case changes.ModifyAttributes(changed=changed):
                return [f"attributes.{key}" for key in changed]
            case changes.AddTags(tags=tags):
                return [f"tags.{key}" for key in tags]
            case changes.AddCertificates(certificate=arn):
                return [f"certificates.{arn}"]
            case changes.AuthorizeIngress(rules=rules) | changes.RevokeIngress(rules=rules):
                return [f"ingress.{rule.from_port}" for rule in rules]
            case changes.ModifyListener(target=target):
                return list(_listener_settings(*self._live[target]))
            case _:
                return _SETTINGS.get(type(step), (WHOLE,))

    def _asked_by(self, target: Reference) -> AskedBy:
        desired = self._desired.get(target)
        return desired.asked_by if desired else {}

    def _whole(self, target: Reference) -> Origins:
        return origins_of(self._asked_by(target), ())


def _whole(resource: Resource) -> Origins:
    return origins_of(resource.asked_by, ())


def _origins_of_new(resource: Resource) -> Origins:
    """Of all that a creation sends, then of the thing itself."""
    sent = [origin for _, origins in _sent(resource) for origin in origins]
    return (*sent, *_whole(resource))


def _sent(resource: Resource) -> Iterator[tuple[str, Origins]]:
    for setting, origins in resource.asked_by.items():
        if _is_sent(resource, *setting.partition(".")[::2]):
            yield setting, origins


def _is_sent(resource: Resource, field: str, entry: str) -> bool:
    """Ingress has steps of its own, and what else has is not in the resource."""
    if isinstance(resource, Binding):
        return bool(getattr(resource.spec, _OF_BINDINGS.get(field, ""), None))
    value = getattr(resource, field, None)
    if field == "certificates":
        return entry in (value or ())
    return bool(value) and field != "ingress"


def _listener_settings(desired: Listener, now: Listener) -> Iterator[str]:
    for field in listener_changes(desired, now):
        if field == "certificates":
            yield from (f"certificates.{arn}" for arn in desired.certificates[:1])
        else:
            yield field


def _all_pairs(matches: Matches) -> Iterator[Pair[Any]]:
    yield from matches.security_groups.pairs
    yield from matches.target_groups.pairs
    yield from matches.load_balancers.pairs
    yield from matches.listeners.pairs
    yield from matches.bindings.pairs


def _reference(pair: Pair[Any]) -> Reference:
    return pair.found.identity if pair.found else Ref(pair.desired.id)
