"""Manifests through load, translate, look-ups and build of the controller; then as a state."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import structlog

from alb_controller.clock import SystemClock
from alb_controller.commands.offline.account import VPC, OfflineAccount
from alb_controller.commands.offline.cluster import ManifestCluster
from alb_controller.errors import Invalid
from alb_controller.model.elbv2 import Target
from alb_controller.model.kube import Binding
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import Found, FoundLoadBalancer, Observed, Resource, Stack
from alb_controller.plan.references import resolve
from alb_controller.reconcile.stack.compile import Compiler, Known, Ready
from alb_controller.reconcile.stack.replacing import Replacements
from alb_controller.routing.state import Certificate, ServedTarget, State
from alb_controller.settings import parse_settings
from alb_controller.wiring.front_ends import front_ends

_ARN = "arn:aws:elasticloadbalancing:us-west-2:000000000000"
_CLUSTER = "offline"


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """What manifests come to."""

    state: State
    problems: tuple[Invalid, ...]
    """Members that AWS would have nothing of."""
    backends: Mapping[str, str]
    """`namespace/service:port` by the identity of its target group."""


def compile_manifests(documents: Iterable[Mapping[str, Any]]) -> Compiled:
    """The state that the controller would bring about. Raises Invalid for a stack as a whole."""
    cluster, account = ManifestCluster(documents), OfflineAccount()
    settings = parse_settings({"cluster-name": [_CLUSTER]})
    stacks: list[Stack] = []
    problems: list[Invalid] = []
    for served in front_ends(settings):
        front_end = served.front_end
        known = Known(
            ready=lambda _: Ready(),
            quotas=lambda _: {},
            replacements=Replacements(account, SystemClock(), settings),
        )
        compiler = Compiler(front_end, account, account, known, settings=settings, vpc_id=VPC)
        for key in sorted(front_end.keys(cluster)):
            snapshot = front_end.load(key, cluster, cluster.secrets())
            with _without_logs():
                made = compiler.build(snapshot, {}, Observed(), {})
            stacks.append(made.stack)
            problems += [*made.translation.problems, *snapshot.rejected]
    return _as_state(stacks, problems, account)


@contextmanager
def _without_logs() -> Iterator[None]:
    """What the controller would log of problems is returned; stdout is for answers."""
    before = structlog.get_config()
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    try:
        yield
    finally:
        structlog.configure(**before)


def _as_state(
    stacks: Iterable[Stack], problems: Iterable[Invalid], account: OfflineAccount
) -> Compiled:
    made = [_found(stack) for stack in stacks]
    bindings = [one.resource for observed in made for one in observed.bindings]
    observed = Observed(
        load_balancers=tuple(one for part in made for one in part.load_balancers),
        listeners=tuple(one for part in made for one in part.listeners),
        rules=tuple(one for part in made for one in part.rules),
        target_groups=tuple(one for part in made for one in part.target_groups),
    )
    ports = {one.identity: one.resource.port or 0 for one in observed.target_groups}
    backends = {str(one.target_group): _backend(one) for one in bindings}
    return Compiled(
        state=State(
            observed=observed,
            targets={
                group: (ServedTarget(target=Target(name, ports[group]), state="healthy"),)
                for group, name in backends.items()
            },
            certificates={
                arn: Certificate(name=arn, domains=one.domains)
                for arn, one in account.certificates.items()
            },
        ),
        problems=tuple(problems),
        backends=backends,
    )


def _backend(binding: Binding) -> str:
    service = binding.spec.service_ref
    return f"{binding.namespace}/{service.name}:{service.port}"


def _found(stack: Stack) -> Observed:
    """The stack as if it had been made: identities for Refs."""
    resources: tuple[Resource, ...] = (
        *stack.load_balancers,
        *stack.listeners,
        *stack.rules,
        *stack.target_groups,
        *stack.bindings,
        *stack.security_groups,
    )
    identities = {one.id: _identity(stack, one.id) for one in resources}
    made = resolve(stack, identities)
    return Observed(
        load_balancers=tuple(
            FoundLoadBalancer(
                identity=identities[one.id],
                dns_name=f"{one.name}.us-west-2.elb.amazonaws.com",
                resource=one,
            )
            for one in made.load_balancers
        ),
        listeners=tuple(Found(identity=identities[o.id], resource=o) for o in made.listeners),
        rules=tuple(Found(identity=identities[o.id], resource=o) for o in made.rules),
        target_groups=tuple(
            Found(identity=identities[o.id], resource=o) for o in made.target_groups
        ),
        bindings=tuple(Found(identity=identities[o.id], resource=o) for o in made.bindings),
    )


def _identity(stack: Stack, resource: ResourceId) -> str:
    kind = resource.kind.lower()
    return f"{_ARN}:{kind}/{stack.key.api}/{stack.key.id}/{resource.name}"
