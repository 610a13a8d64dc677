"""How many of a thing the local account may have: AWS's defaults, and what is beyond them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from moto.core.responses import ActionResult

from alb_controller.model.limits import QUOTAS
from alb_controller.sandbox.aws.moto_patches.patching import Moto, Patch
from alb_controller.sandbox.aws.moto_patches.surface import Response

from .asking import (
    LISTENERS,
    RULES,
    Params,
    actions_of,
    asked_first,
    balancer_of,
    groups_of,
    listener_of,
    refuse,
)

ACCOUNT: dict[str, int] = {name: quota.most for name, quota in QUOTAS.items()}
"""What this account has: AWS raises some on request, so that they may be set."""


def too_many(name: str, message: str) -> NoReturn:
    """Refuse with the quota's code."""
    refuse(QUOTAS[name].code, message)


def refuse_too_many_load_balancers(params: Params, backend: Any) -> None:
    """CreateLoadBalancer: 50 Application and 50 Network Load Balancers in a Region; then
    TooManyLoadBalancers.
    """
    kind = params.get("Type", "application")
    name = f"{kind}-load-balancers"
    held = [one.name for one in backend.load_balancers.values() if one.type == kind]
    if params["Name"] not in held and name in ACCOUNT and len(held) >= ACCOUNT[name]:
        too_many(name, f"The maximum number of load balancers has been reached: {ACCOUNT[name]}")


def refuse_too_many_target_groups(params: Params, backend: Any) -> None:
    """CreateTargetGroup: 3,000 target groups in a Region; then TooManyTargetGroups."""
    held = [group.name for group in backend.target_groups.values()]
    if params["Name"] not in held and len(held) >= ACCOUNT["target-groups"]:
        too_many("target-groups", "The maximum number of target groups has been reached")


def refuse_too_many_actions(params: Params, _backend: Any) -> None:
    """A rule has two actions, one of which authenticates users; then TooManyActions."""
    if len(actions_of(params)) > ACCOUNT["actions-per-rule"]:
        too_many("actions-per-rule", "The maximum number of actions per rule has been reached")


def refuse_too_many_groups_of_action(params: Params, _backend: Any) -> None:
    """A forward action has 5 target groups at most. The quota is documented; the code of the
    refusal is not, and is a guess here.
    """
    name = "target-groups-per-action-on-application-load-balancer"
    for action in actions_of(params):
        if len([*groups_of(action)]) > ACCOUNT[name]:
            too_many(name, f"An action can have at most {ACCOUNT[name]} target groups")


def refuse_too_many_groups_of_balancer(params: Params, backend: Any) -> None:
    """CreateListener, ModifyListener, CreateRule, ModifyRule: an Application Load Balancer uses 100
    target groups, each counted once; then TooManyUniqueTargetGroupsPerLoadBalancer.
    """
    name, balancer = "target-groups-per-application-load-balancer", balancer_of(params, backend)
    if balancer.type == "application" and len(_used(params, backend)) > ACCOUNT[name]:
        too_many(
            name,
            "You have reached the maximum number of unique target groups that you can associate "
            f"with a load balancer of type 'application': [{ACCOUNT[name]}]",
        )


def _used(params: Params, backend: Any) -> set[str]:
    """The target groups that the load balancer uses when the request is done."""
    listener, asked = listener_of(params, backend), actions_of(params)
    changed = params.get("RuleArn")
    if changed is None and listener is not None and "DefaultActions" in params:
        changed = listener._default_rule[0].arn
    wanted = {arn for action in asked for arn in groups_of(action)}
    for rule in rules_of(balancer_of(params, backend)):
        if not asked or rule.arn != changed:
            wanted |= {arn for action in rule.actions for arn in groups_of(action.data)}
    return wanted


def rules_of(balancer: Any) -> Iterator[Any]:
    """Every rule of a load balancer, the default ones included."""
    for listener in balancer.listeners.values():
        yield from listener.rules.values()


def refuse_too_many_targets_of_group(params: Params, backend: Any) -> None:
    """RegisterTargets: a target group has 1,000 targets, a target being an id and a port; then
    TooManyTargets. Words of the refusal are not documented.
    """
    group = backend.target_groups.get(params["TargetGroupArn"])
    most = ACCOUNT["targets-per-target-group"]
    if group is not None and len(_registered(group, params)) > most:
        too_many(
            "targets-per-target-group",
            f"The maximum number of targets per target group '{most}' has been reached on target "
            f"group '{group.arn}'",
        )


def refuse_too_many_targets_of_balancer(params: Params, backend: Any) -> None:
    """RegisterTargets, CreateListener, ModifyListener, CreateRule, ModifyRule: the target groups
    that an Application Load Balancer uses have 1,000 targets together, a Network Load Balancer's
    3,000; then TooManyTargets. One target is registered with an Application Load Balancer's groups
    100 times at most; then TooManyRegistrationsForTargetId.
    """
    for balancer, keys in _targets_by_balancer(params, backend):
        name = f"targets-per-{balancer.type}-load-balancer"
        if len(keys) > ACCOUNT[name]:
            too_many(
                name,
                f"The maximum number of targets per load balancer '{ACCOUNT[name]}' has been "
                f"reached on load balancer '{balancer.arn}'",
            )
        _check_registrations(balancer, keys)


def _check_registrations(balancer: Any, keys: Iterable[tuple[str, int]]) -> None:
    name = "target-id-registrations-per-application-load-balancer"
    counted = Counter(target for target, _ in keys)
    if balancer.type == "application" and counted and max(counted.values()) > ACCOUNT[name]:
        too_many(
            name,
            f"The maximum number of registrations per target '{ACCOUNT[name]}' has been reached on "
            f"load balancer '{balancer.arn}'",
        )


def _targets_by_balancer(
    params: Params, backend: Any
) -> Iterator[tuple[Any, list[tuple[str, int]]]]:
    """The load balancers that the request is about, with all their targets when it is done."""
    changed = backend.target_groups.get(params.get("TargetGroupArn"))
    if changed is not None:
        for arn in changed.load_balancer_arns:
            balancer = backend.load_balancers[arn]
            groups = {one for rule in rules_of(balancer) for one in _groups_of_rule(rule) if one}
            yield balancer, _all_targets(params, backend, groups)
    elif "TargetGroupArn" not in params:
        groups = _used(params, backend)
        yield balancer_of(params, backend), _all_targets(params, backend, groups)


def _groups_of_rule(rule: Any) -> Iterator[str]:
    for action in rule.actions:
        yield from groups_of(action.data)


def _all_targets(params: Params, backend: Any, groups: Iterable[str]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for arn in groups:
        group = backend.target_groups[arn]
        is_changed = arn == params.get("TargetGroupArn")
        found += _registered(group, params) if is_changed else list(group.targets)
    return found


def _registered(group: Any, params: Params) -> list[tuple[str, int]]:
    asked = [(one["Id"], int(one.get("Port") or group.port or 0)) for one in params["Targets"]]
    return [*dict.fromkeys([*group.targets, *asked])]


def refuse_too_many_security_groups(params: Params, _backend: Any) -> None:
    """CreateLoadBalancer, SetSecurityGroups: a load balancer has five security groups at most. The
    quota is documented; the code of the refusal is not, and is a guess here.
    """
    most = ACCOUNT["security-groups-per-load-balancer"]
    if len(params.get("SecurityGroups", ())) > most:
        too_many(
            "security-groups-per-load-balancer",
            f"A load balancer cannot have more than {most} security groups",
        )


def refuse_too_many_trust_stores(_params: Params, backend: Any) -> None:
    """CreateTrustStore: 20 trust stores in an account; then TooManyTrustStores."""
    if len(backend.__dict__.get("trust_stores", ())) >= ACCOUNT["trust-stores"]:
        too_many("trust-stores", "The maximum number of trust stores has been reached")


def show_account_limits(_moto: Moto, _self: Any) -> ActionResult:
    """DescribeAccountLimits: shows what the account has of the quotas that Limit names."""
    listed = [name for name, quota in QUOTAS.items() if quota.is_listed]
    return ActionResult({"Limits": [{"Name": n, "Max": str(ACCOUNT[n])} for n in listed]})


_QUOTAS = "Quotas for your Application Load Balancers"
_BOTH = (*LISTENERS, *RULES)
PATCHES = (
    Patch(Response, "describe_account_limits", show_account_limits, "DescribeAccountLimits"),
    *asked_first(refuse_too_many_load_balancers, _QUOTAS, "create_load_balancer"),
    *asked_first(refuse_too_many_target_groups, _QUOTAS, "create_target_group"),
    *asked_first(
        refuse_too_many_security_groups, _QUOTAS, "create_load_balancer", "set_security_groups"
    ),
    *asked_first(refuse_too_many_trust_stores, _QUOTAS, "create_trust_store"),
    *asked_first(refuse_too_many_targets_of_balancer, _QUOTAS, "register_targets", *_BOTH),
    *asked_first(refuse_too_many_targets_of_group, _QUOTAS, "register_targets"),
    *asked_first(refuse_too_many_groups_of_balancer, _QUOTAS, *_BOTH),
    *asked_first(refuse_too_many_groups_of_action, _QUOTAS, *_BOTH),
    *asked_first(refuse_too_many_actions, _QUOTAS, *_BOTH),
)
