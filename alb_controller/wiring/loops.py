"""THE list of loops that the process runs."""

from __future__ import annotations

from collections.abc import Callable

from alb_controller.kube.holders import Holders
from alb_controller.reconcile.backend_group import BackendGroup, Signals
from alb_controller.reconcile.targets.memory import TargetMemory
from alb_controller.runtime.workers import DONE, Controller, Result
from alb_controller.runtime.workqueue import WorkQueue
from alb_controller.values import StackKey
from alb_controller.wiring.base import Base
from alb_controller.wiring.bindings import binding_loops, endpoint_rules
from alb_controller.wiring.front_ends import apis_of, held_keys
from alb_controller.wiring.loop import Loop, Loops
from alb_controller.wiring.stacks import StackQueues, stack_edges, stack_loop

_BACKEND_GROUP = "backend-sg"


def make_loops(base: Base) -> Loops:
    """All of them; makes no call, and starts nothing."""
    stacks, targets, rules = StackQueues(base), TargetMemory(), endpoint_rules(base)
    shared = WorkQueue[str]("sharedSecurityGroup", base.clock)
    group = _backend_group(
        base,
        wake=stacks.add,
        request=lambda: shared.add(_BACKEND_GROUP),
        is_referenced=rules.references,
    )
    edges = stack_edges(base, group, targets, stacks.add)
    return Loops(
        (
            *(stack_loop(one, stacks.of(one), edges, base) for one in base.served),
            *binding_loops(base, rules, targets),
            _shared_group_loop(group, shared),
        ),
        base.stores,
        base.clock,
        refresh=base.aws.inventory.refresh,
    )


def holders_of(base: Base) -> Holders:
    """Who counts the objects of controllers beside this one."""
    return Holders(base.client, base.stores, served=apis_of(base.served))


def _backend_group(
    base: Base,
    *,
    wake: Callable[[StackKey], None],
    request: Callable[[], None],
    is_referenced: Callable[[str], bool],
) -> BackendGroup:
    signals = Signals(
        held_keys=lambda: held_keys(base.served, base.stores),
        count_holders=holders_of(base).count,
        is_referenced=is_referenced,
        request=request,
        wake=wake,
        apis=apis_of(base.served),
    )
    return BackendGroup(base.aws.ec2, base.aws.inventory, base.stores, base.settings, signals)


def _shared_group_loop(group: BackendGroup, queue: WorkQueue[str]) -> Loop[str]:
    def reconcile(_key: str) -> Result:
        group.reconcile()
        return DONE

    return Loop(controller=Controller(queue.name, queue, reconcile), invalidate=group.invalidate)
