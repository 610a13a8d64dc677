"""All that a stack asks for: what AWS would refuse of it, member by member.

Front ends need no check of AWS's limits: what they ask for is looked at here in AWS's words, and
whoever asked for it is found by its origin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import TypeAlias

from alb_controller.build.elbv2.conditions import build_conditions
from alb_controller.build.elbv2.limits.actions import action_violations
from alb_controller.build.elbv2.limits.conditions import (
    condition_violations,
    transform_violations,
)
from alb_controller.build.elbv2.limits.health_checks import health_check_violations
from alb_controller.build.elbv2.limits.logins import guard_violations
from alb_controller.build.elbv2.limits.violations import Violation, blamed, check
from alb_controller.errors import Invalid
from alb_controller.intent import (
    ApplicationOptions,
    BackendIntent,
    BalancerBackendIntent,
    BalancerIntent,
    ForwardIntent,
    ListenerIntent,
    RouteIntent,
    StackIntent,
)
from alb_controller.model.limits import (
    ALB,
    LISTENER_ATTRIBUTES,
    LOAD_BALANCER_ATTRIBUTES,
    NLB,
    QUOTAS,
    TARGET_GROUP_ATTRIBUTES,
    Attribute,
    attribute_problem,
    tag_problem,
)
from alb_controller.model.origins import WHOLE, AskedBy
from alb_controller.model.ownership import TRACKING_KEYS, tracking_tags
from alb_controller.values import StackKey, Tags

_Found: TypeAlias = tuple[Violation, AskedBy]
_TCP = "TCP"
_ANY = StackKey("ingress", "", "")


def out_of_limits(intent: StackIntent) -> tuple[Invalid, ...]:
    """The first problem of each member that asks for what AWS documents that it refuses."""
    members = {origin.ref for origin in intent.asked_by}
    problems = (
        problem
        for violation, asked in _violations(intent)
        for problem in blamed(violation, asked, members)
    )
    first: dict[object, Invalid] = {}
    for problem in problems:
        first.setdefault(problem.origin, problem)
    return tuple(first.values())


def _violations(intent: StackIntent) -> Iterator[_Found]:
    for backend in intent.backends:
        yield from _with(backend.asked_by, _of_backend(backend))
    for behind in intent.balancer_backends:
        yield from _with(behind.asked_by, _of_balancer_backend(behind))
    for balancer in intent.balancers:
        yield from _with(balancer.asked_by, _of_balancer(balancer))
        for listener in balancer.listeners:
            yield from _with(listener.asked_by, _of_listener(listener, balancer.family))
            yield from _of_protocol(listener, intent)
            for route in listener.routes:
                for violation in _of_route(route, listener):
                    yield violation, {**route.asked_by, WHOLE: (route.origin,)}


def _with(asked: AskedBy, found: Iterable[Violation]) -> Iterator[_Found]:
    for violation in found:
        yield violation, asked


def _of_balancer(balancer: BalancerIntent) -> Iterator[Violation]:
    yield from check("LoadBalancer.Name", balancer.explicit_name, "", "explicit_name")
    yield from _attributes(LOAD_BALANCER_ATTRIBUTES, balancer.attributes, balancer.family)
    yield from _tags(balancer.tags)
    if isinstance(balancer.options, ApplicationOptions):
        pool, ipam = balancer.options.customer_owned_ipv4_pool, balancer.options.ipv4_ipam_pool_id
        setting = "customer_owned_ipv4_pool"
        yield from check("LoadBalancer.CustomerOwnedIpv4Pool", pool, "", setting)
        yield from check("IpamPools.Ipv4IpamPoolId", ipam, "", "ipv4_ipam_pool_id")


def _of_backend(backend: BackendIntent) -> Iterator[Violation]:
    kind = ALB if backend.protocol in ("HTTP", "HTTPS") else NLB
    version = backend.protocol_version
    yield from health_check_violations(backend.health_check, backend.protocol, version)
    yield from _attributes(TARGET_GROUP_ATTRIBUTES, backend.attributes, kind)
    yield from _tags(backend.tags)
    yield from _count(backend.tags)


def _of_balancer_backend(behind: BalancerBackendIntent) -> Iterator[Violation]:
    yield from health_check_violations(behind.health_check, _TCP, None)
    yield from _tags(behind.tags)


def _of_listener(listener: ListenerIntent, family: str) -> Iterator[Violation]:
    default, setting = listener.default, "default"
    yield from action_violations(default.action, listener.port, listener.protocol, setting)
    if default.guard is not None:
        yield from guard_violations(default.guard, setting)
    yield from _attributes(LISTENER_ATTRIBUTES, listener.attributes, family)
    yield from _tags(listener.tags)


def _of_protocol(listener: ListenerIntent, intent: StackIntent) -> Iterator[_Found]:
    """A target group of version gRPC is routed to by HTTPS listeners alone."""
    if listener.protocol != "HTTP":
        return
    actions = (listener.default.action, *(route.action for route in listener.routes))
    forwards = (one for one in actions if isinstance(one, ForwardIntent))
    reached = {target.value for one in forwards for target in one.targets}
    for backend in intent.backends:
        if backend.protocol_version == "GRPC" and backend.id in reached:
            page = "(AWS, Target groups for your Application Load Balancers)"
            problem = f"'GRPC' needs HTTPS listeners, and {listener.port} is an HTTP one {page}"
            yield Violation(problem, ("protocol_version",)), backend.asked_by


def _of_route(route: RouteIntent, listener: ListenerIntent) -> Iterator[Violation]:
    return chain(
        condition_violations(build_conditions(route.matches)),
        transform_violations(route.transforms),
        action_violations(route.action, listener.port, listener.protocol, "action"),
        () if route.guard is None else guard_violations(route.guard, "action"),
        _tags(route.tags),
    )


def _count(tags: Tags) -> Iterator[Violation]:
    """Of a resource that one member asks for; those of a flag may leave less room."""
    quota = QUOTAS["tags-per-resource"]
    own = len(tracking_tags("", _ANY, ""))
    count = len(tags.keys() - TRACKING_KEYS)
    if count > quota.most - own:
        problem = (
            f"{count} tags: a resource has {quota.most} at most, of which {own} are the "
            f"controller's (AWS, {quota.source})"
        )
        yield Violation(problem, tuple(f"tags.{key}" for key in sorted(tags)))


def _attributes(
    rows: Iterable[Attribute], wanted: Mapping[str, str], kind: str
) -> Iterator[Violation]:
    for key, value in wanted.items():
        problem = attribute_problem(rows, key, value, kind)
        if problem is not None:
            yield Violation(problem, (f"attributes.{key}",))


def _tags(tags: Tags) -> Iterator[Violation]:
    """Those that users set; the operator's, and those that say whose it is, nobody asks for."""
    for key, value in tags.items():
        problem = tag_problem(key, value)
        if problem is not None:
            yield Violation(problem, (f"tags.{key}",))
