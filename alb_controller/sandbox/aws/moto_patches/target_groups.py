"""Target groups: names, health checks, and the one load balancer that may use them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from moto.elbv2.exceptions import (
    DuplicateTargetGroupName,
    ELBClientError,
    TargetGroupNotFoundError,
)
from moto.elbv2.models import elbv2_backends

from .patching import Moto, Patch
from .surface import Backend, Response, TargetGroup

_SETTINGS = {
    "protocol": "protocol",
    "protocol_version": "protocol_version",
    "port": "port",
    "vpc_id": "vpc_id",
    "target_type": "target_type",
    "ip_address_type": "ip_address_type",
    "healthcheck_protocol": "health_check_protocol",
    "healthcheck_port": "health_check_port",
    "healthcheck_path": "health_check_path",
    "healthcheck_interval_seconds": "health_check_interval_seconds",
    "healthcheck_timeout_seconds": "health_check_timeout_seconds",
    "healthy_threshold_count": "healthy_threshold_count",
    "unhealthy_threshold_count": "unhealthy_threshold_count",
    "matcher": "matcher",
}
"""moto's parameter of a create, and the attribute that holds it."""


def hand_back_or_refuse_taken_group(moto: Moto, self: Any, name: str, **kw: Any) -> Any:
    """A target group's name is unique in its account and region. With the same settings the one
    that exists is handed back; with others the answer is DuplicateTargetGroupName.
    """
    taken = next((found for found in self.target_groups.values() if found.name == name), None)
    if taken is None:
        return moto(self, name, **kw)
    given = {key: kw[key] for key in _SETTINGS if kw.get(key) is not None}
    if any(str(getattr(taken, _SETTINGS[key], None)) != str(value) for key, value in given.items()):
        raise DuplicateTargetGroupName(
            f"A target group with the same name '{name}' exists, but with different settings"
        )
    return taken


def leave_no_group_behind(moto: Moto, self: Any, name: str, **kw: Any) -> Any:
    """CreateTargetGroup: is refused as a whole if its tags are; no group is left behind."""
    before = set(self.target_groups)
    try:
        return moto(self, name, **kw)
    except ELBClientError:
        for arn in set(self.target_groups) - before:
            del self.target_groups[arn]
        raise


def delete_what_is_gone(moto: Moto, self: Any, target_group_arn: str) -> Any:
    """DeleteTargetGroup: a group that does not exist is no error; one that a rule forwards to is
    ResourceInUse.
    """
    if target_group_arn in self.target_groups:
        moto(self, target_group_arn)


def load_balancers_of_rules(_moto: Moto, self: Any) -> list[str]:
    """TargetGroup: LoadBalancerArns follows the rules and default actions as they are now."""
    backend = elbv2_backends[self.account_id][self.region_name]
    return [
        balancer.arn
        for balancer in backend.load_balancers.values()
        if self.arn in set(_forwarded(backend, balancer))
    ]


def _forwarded(backend: Any, balancer: Any) -> Iterator[str]:
    """The target groups that a load balancer's rules forward to."""
    for listener in balancer.listeners.values():
        for rule in listener.rules.values():
            yield from _groups_of(backend, rule.actions)


def _groups_of(backend: Any, actions: Sequence[Any]) -> Iterator[str]:
    for action in actions:
        data = getattr(action, "data", action)
        yield from backend._get_target_group_arns_from(action_data=data)


def _refuse_shared(backend: Any, load_balancer_arn: str, actions: Sequence[Any]) -> None:
    for arn in _groups_of(backend, actions):
        group = backend.target_groups.get(arn)
        others = set(group.load_balancer_arns) - {load_balancer_arn} if group else ()
        if others:
            raise ELBClientError(
                "TargetGroupAssociationLimit",
                "The following target groups cannot be associated with more than one load "
                f"balancer: {arn}",
            )


def refuse_shared_in_listener(
    moto: Moto, self: Any, load_balancer_arn: str, *args: Any, **kw: Any
) -> Any:
    """CreateListener: a target group serves one load balancer; TargetGroupAssociationLimit."""
    _refuse_shared(self, load_balancer_arn, kw.get("actions") or [])
    return moto(self, load_balancer_arn, *args, **kw)


def refuse_shared_in_changed_listener(moto: Moto, self: Any, arn: str, *args: Any) -> Any:
    """ModifyListener: a target group serves one load balancer; TargetGroupAssociationLimit."""
    listener = self.describe_listeners(None, [arn])[0]
    _refuse_shared(self, listener.load_balancer_arn, args[-1] or [])
    return moto(self, arn, *args)


def refuse_shared_in_rule(moto: Moto, self: Any, listener_arn: str, *args: Any, **kw: Any) -> Any:
    """CreateRule: a target group serves one load balancer; TargetGroupAssociationLimit."""
    listener = self.describe_listeners(None, [listener_arn])[0]
    _refuse_shared(self, listener.load_balancer_arn, kw.get("actions") or [])
    return moto(self, listener_arn, *args, **kw)


def refuse_shared_in_changed_rule(moto: Moto, self: Any, rule_arn: str, **kw: Any) -> Any:
    """ModifyRule: a target group serves one load balancer; TargetGroupAssociationLimit."""
    rule = self.describe_rules(None, [rule_arn])[0]
    listener = self.describe_listeners(None, [rule.listener_arn])[0]
    _refuse_shared(self, listener.load_balancer_arn, kw.get("actions") or [])
    return moto(self, rule_arn, **kw)


def change_matcher(moto: Moto, self: Any) -> Any:
    """ModifyTargetGroup: the matcher is taken for gRPC codes, and for HTTP health checks of any
    protocol.
    """
    answer = moto(self)
    group = self.elbv2_backend.target_groups.get(self._get_param("TargetGroupArn"))
    matcher = self._get_params().get("Matcher") or {}
    if group is None:
        raise TargetGroupNotFoundError
    if matcher and group.health_check_protocol in ("HTTP", "HTTPS"):
        group.matcher = dict(matcher)
    return answer


def take_longest_deregistration_delay(
    moto: Moto, self: Any, target_group_arn: str, attributes: dict[str, Any]
) -> None:
    """ModifyTargetGroupAttributes: a deregistration delay may be as long as 3600 seconds."""
    key, longest = "deregistration_delay.timeout_seconds", "3600"
    if str(attributes.get(key)) != longest:
        moto(self, target_group_arn, attributes)
        return
    moto(self, target_group_arn, {**attributes, key: "3599"})
    self.target_groups[target_group_arn].attributes[key] = longest


_ONE = "Quotas for your Application Load Balancers"
PATCHES = (
    Patch(Backend, "create_target_group", leave_no_group_behind, "CreateTargetGroup"),
    Patch(Backend, "create_target_group", hand_back_or_refuse_taken_group, "CreateTargetGroup"),
    Patch(Backend, "delete_target_group", delete_what_is_gone, "DeleteTargetGroup"),
    Patch(Backend, "create_listener", refuse_shared_in_listener, _ONE),
    Patch(Backend, "modify_listener", refuse_shared_in_changed_listener, _ONE),
    Patch(Backend, "create_rule", refuse_shared_in_rule, _ONE),
    Patch(Backend, "modify_rule", refuse_shared_in_changed_rule, _ONE),
    Patch(Response, "modify_target_group", change_matcher, "ModifyTargetGroup"),
    Patch(
        Backend,
        "modify_target_group_attributes",
        take_longest_deregistration_delay,
        "ModifyTargetGroupAttributes",
    ),
    Patch(TargetGroup, "load_balancer_arns", load_balancers_of_rules, "TargetGroup", computed=True),
)
