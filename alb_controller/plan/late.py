"""What follows on a load balancer and what no other step needs: add-ons, capacity, registration.

These steps come last and fail alone, so that a web ACL that is gone, or a load balancer that AWS
takes minutes to provision, holds up no rule, no clean-up and no status (spec 12 #44 is how LBC
waits).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alb_controller.model.addons import Addons
from alb_controller.model.elbv2 import BalancerTarget, LoadBalancer, TargetGroup
from alb_controller.model.refs import Ref, Reference
from alb_controller.model.stack import Found, FoundLoadBalancer, Observed, Stack
from alb_controller.plan.changes import (
    AwaitActive,
    DeregisterBalancers,
    LateStep,
    RegisterBalancers,
    ReserveCapacity,
    SetProtection,
    SetRegionalWebAcl,
    SetWebAcl,
    Step,
)
from alb_controller.plan.diff import Matches, match
from alb_controller.plan.pairs import Matched, Pair
from alb_controller.values import Value


def late_steps(matches: Matches) -> tuple[LateStep, ...]:
    """Web ACLs and protection first; then, once AWS has it, capacity and registration."""
    balancers = matches.load_balancers.pairs
    capacity = tuple(step for pair in balancers for step in _capacity(pair))
    entering = tuple(step for pair in matches.target_groups.pairs for step in _entering(pair))
    needed = {step.target for step in capacity} | {
        one.load_balancer for step in entering for one in step.targets
    }
    return (
        *(step for pair in balancers for step in _addons(pair)),
        *(
            AwaitActive(target=reference)
            for pair in balancers
            if (reference := _reference(pair)) in needed and _is_provisioning(pair.found)
        ),
        *capacity,
        *entering,
    )


def detached(groups: Matched[TargetGroup], replaced: frozenset[str]) -> Iterator[Step]:
    """Load balancers that leave a target group which stays: it holds one at a time.

    `replaced` are those that go before what takes their place is complete.
    """
    for pair in groups.pairs:
        wanted = pair.desired.targets
        if pair.found is not None and wanted is not None:
            yield from _deregister(pair.found, [t for t in _held(pair.found) if t not in wanted])
    for found in groups.surplus:
        gone = [one for one in _held(found) if one.load_balancer in replaced]
        yield from _deregister(found, gone)


def let_go(surplus: Iterable[Found[TargetGroup]], replaced: frozenset[str]) -> Iterator[Step]:
    """Load balancers in target groups that go: AWS deletes none that is a target."""
    for found in surplus:
        gone = [one for one in _held(found) if one.load_balancer not in replaced]
        yield from _deregister(found, gone)


def registered(observed: Observed) -> frozenset[Reference]:
    """The load balancers that are targets of others, as far as that was read."""
    return frozenset(one.load_balancer for group in observed.target_groups for one in _held(group))


def _held(found: Found[TargetGroup]) -> tuple[BalancerTarget, ...]:
    return found.resource.targets or ()


def _deregister(found: Found[TargetGroup], gone: list[BalancerTarget]) -> Iterator[Step]:
    if gone:
        yield DeregisterBalancers(target=found.identity, targets=tuple(gone))


class Unread(Value, frozen=True):
    """What late steps are about and nobody has read, by the identity of what it is on.

    Without it all that is declared is written, which is a write too many, not a wrong one.
    """

    capacity: tuple[str, ...] = ()
    addons: tuple[tuple[str, str], ...] = ()
    """Load balancer and name of the field of `Addons`."""
    targets: tuple[str, ...] = ()
    """Target groups of type alb, those that go as well."""


def unread(stack: Stack, observed: Observed) -> Unread:
    """What to read before `plan`, beside attributes."""
    matches = match(stack, observed)
    balancers = [pair for pair in matches.load_balancers.pairs if pair.found]
    groups = matches.target_groups
    found = [*(pair.found for pair in groups.pairs), *groups.surplus]
    return Unread(
        capacity=tuple(
            pair.found.identity
            for pair in balancers
            if pair.found
            and pair.desired.capacity_units is not None
            and pair.found.resource.capacity_units is None
        ),
        addons=tuple(
            (pair.found.identity, name)
            for pair in balancers
            if pair.found
            for name in pair.desired.addons.to_read(pair.found.resource.addons)
        ),
        targets=tuple(
            one.identity
            for one in found
            if one and one.resource.target_type == "alb" and one.resource.targets is None
        ),
    )


def _reference(pair: Pair[LoadBalancer]) -> Reference:
    return pair.found.identity if pair.found else Ref(pair.desired.id)


def _is_provisioning(found: Found[LoadBalancer] | None) -> bool:
    """Whether AWS has said that it is, or has not been asked for it yet."""
    return not isinstance(found, FoundLoadBalancer) or found.state == "provisioning"


def _capacity(pair: Pair[LoadBalancer]) -> Iterator[ReserveCapacity]:
    wanted = pair.desired.capacity_units
    now = pair.found.resource.capacity_units if pair.found else 0
    if wanted is not None and wanted != now:
        yield ReserveCapacity(target=_reference(pair), capacity_units=wanted)


def _entering(pair: Pair[TargetGroup]) -> Iterator[RegisterBalancers]:
    wanted = pair.desired.targets or ()
    now = (pair.found.resource.targets or ()) if pair.found else ()
    missing = tuple(one for one in wanted if one not in now)
    if missing:
        target: Reference = pair.found.identity if pair.found else Ref(pair.desired.id)
        yield RegisterBalancers(target=target, targets=missing)


_BARE = Addons(web_acl_arn="", regional_web_acl_id="", protection="off")
"""What a new load balancer has."""


def _addons(pair: Pair[LoadBalancer]) -> Iterator[LateStep]:
    wanted, target = pair.desired.addons, _reference(pair)
    now = pair.found.resource.addons if pair.found else _BARE
    if wanted.web_acl_arn is not None and wanted.web_acl_arn != now.web_acl_arn:
        yield SetWebAcl(target=target, web_acl_arn=wanted.web_acl_arn)
    regional = wanted.regional_web_acl_id
    if regional is not None and regional != now.regional_web_acl_id:
        yield SetRegionalWebAcl(target=target, regional_web_acl_id=regional)
    match wanted.protection, now.protection:
        case "on", "off" | None:
            yield SetProtection(target=target, protection="on")
        case "off", "on" | None:
            yield SetProtection(target=target, protection="off")
        case _:
            pass  # not declared, or so already; a foreign protection is left alone
