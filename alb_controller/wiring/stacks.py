"""The loops over stacks: one for each front end, on the same edges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from alb_controller.frontends.frontend import Watch
from alb_controller.frontends.watch import Change
from alb_controller.kube.secrets import SecretWatches
from alb_controller.kube.store import Stores
from alb_controller.model.elbv2 import TargetGroup
from alb_controller.model.ownership import stack_of_labels
from alb_controller.model.stack import Found
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.reconcile.backend_group import BackendGroup
from alb_controller.reconcile.bindings import Bindings
from alb_controller.reconcile.certificates import Certificates
from alb_controller.reconcile.memory import StackMemory
from alb_controller.reconcile.observe import Observer
from alb_controller.reconcile.operations import StackOperations
from alb_controller.reconcile.owners import Owners
from alb_controller.reconcile.quotas import AccountQuotas
from alb_controller.reconcile.stack.parts import Edges, make_parts
from alb_controller.reconcile.stack.prerequisites import Prerequisites
from alb_controller.reconcile.stack.reconciler import StackReconciler
from alb_controller.reconcile.targets.memory import TargetMemory
from alb_controller.runtime.workers import Controller, Result
from alb_controller.runtime.workqueue import WorkQueue
from alb_controller.values import Api, StackKey
from alb_controller.wiring.base import Base
from alb_controller.wiring.front_ends import Served
from alb_controller.wiring.loop import Loop, Wake


class StackQueues:
    """A queue for each front end; a key goes into the one of its API."""

    def __init__(self, base: Base) -> None:
        self._by_api: dict[Api, WorkQueue[StackKey]] = {}
        for one in base.served:
            queue = WorkQueue[StackKey](one.front_end.name, base.clock)
            self._by_api |= dict.fromkeys(one.apis, queue)

    def add(self, key: StackKey) -> None:
        """Look at a stack, if its API is served."""
        if (queue := self._by_api.get(key.api)) is not None:
            queue.add(key)

    def of(self, served: Served) -> WorkQueue[StackKey]:
        """The queue of a front end."""
        return self._by_api[next(iter(served.apis))]


def stack_edges(
    base: Base, group: BackendGroup, targets: TargetMemory, wake: Callable[[StackKey], None]
) -> Edges:
    """What the passes of all front ends touch."""
    settings, aws = base.settings, base.aws
    bindings = Bindings(base.stores, base.writer)
    certificates = Certificates(aws.certificates, aws.certificate_tags, settings, base.clock)
    return Edges(
        cluster=base.stores,
        writer=base.writer,
        lookups=aws.facts,
        record=Observer(aws.elbv2, aws.addons, aws.inventory, bindings, settings.cluster_name),
        operations=_operations(base, bindings, targets),
        owners=Owners(aws.elbv2, aws.ec2, aws.inventory, settings.cluster_name),
        prerequisites=Prerequisites(certificates, group, settings),
        secrets=SecretWatches(
            base.client,
            base.clock,
            wake=wake,
            required_label=settings.required_secrets_label or "",
        ),
        quotas=AccountQuotas(
            base.clock,
            settings.aws_quotas,
            aws.elbv2.account_limits if settings.read_aws_quotas else None,
        ),
        clock=base.clock,
    )


def stack_loop(
    served: Served, queue: WorkQueue[StackKey], edges: Edges, base: Base
) -> Loop[StackKey]:
    """The loop of a front end. Its passes wait while a kind that it reads is not in memory."""
    front_end, stores = served.front_end, base.stores
    memory = StackMemory[Any]()
    parts = make_parts(front_end, edges, memory, settings=base.settings, vpc_id=base.vpc_id)
    reconciler = StackReconciler(parts)

    def reconcile(key: StackKey) -> Result:
        stores.require(front_end.watches)
        return reconciler.reconcile(key)

    return Loop(
        controller=Controller(
            front_end.name, queue, reconcile, served.workers, parts.publisher.publish_retry
        ),
        wakes={kind: _wake(watch, stores) for kind, watch in front_end.watches.items()},
        all_keys=lambda: front_end.keys(stores) | set(_labelled(stores, served)),
        invalidate=memory.invalidate_all,
    )


def _wake(watch: Watch, stores: Stores) -> Wake[StackKey]:
    return lambda old, new: watch(Change(old, new), stores)


def _labelled(stores: Stores, served: Served) -> Iterator[StackKey]:
    """The stacks that bindings are of: their other objects may be gone."""
    for binding in stores.list(TargetGroupBinding):
        key = stack_of_labels(binding.metadata.labels)
        if key is not None and key.api in served.apis:
            yield key


def _operations(base: Base, bindings: Bindings, targets: TargetMemory) -> StackOperations:
    aws = base.aws

    def created(made: Found[TargetGroup]) -> None:
        targets.created(made.identity)  # it holds nothing
        aws.inventory.put(made)  # and is ours

    return StackOperations(
        aws.elbv2,
        aws.ec2,
        aws.addons,
        bindings,
        on_created=created,
        provisioning_seconds=base.settings.lb_stabilization_monitor_interval.total_seconds(),
    )
