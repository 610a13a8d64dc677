"""The loops over bindings, and over the security groups that their endpoints have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alb_controller.kube.live import LiveReads
from alb_controller.kube.store import Stores
from alb_controller.model.ownership import stack_of_labels
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.reconcile.targets.edges import BindingEdges, BindingOptions
from alb_controller.reconcile.targets.endpoint_groups import EndpointGroups
from alb_controller.reconcile.targets.endpoint_rules import EndpointRules
from alb_controller.reconcile.targets.memory import TargetMemory
from alb_controller.reconcile.targets.reconciler import BindingReconciler
from alb_controller.reconcile.targets.vpc_addresses import VpcAddresses
from alb_controller.runtime.workers import Controller
from alb_controller.runtime.workqueue import WorkQueue
from alb_controller.targets import watch
from alb_controller.values import BindingKey, Tags
from alb_controller.wiring.aws_clients import AwsClients
from alb_controller.wiring.base import Base
from alb_controller.wiring.loop import Loop, Wake


def endpoint_rules(base: Base) -> EndpointRules:
    """The rules on the security groups of endpoints; one for the process."""
    return EndpointRules(
        base.aws.ec2,
        base.stores,
        cluster_name=base.settings.cluster_name,
        restricted=not base.settings.disable_restricted_sg_rules,
    )


def binding_loops(
    base: Base, rules: EndpointRules, targets: TargetMemory
) -> tuple[Loop[BindingKey], Loop[str]]:
    """The loop over bindings, and the one over security groups."""
    settings, stores = base.settings, base.stores
    cap = settings.targetgroupbinding_max_exponential_backoff_delay.total_seconds()
    bindings = WorkQueue[BindingKey]("targetGroupBinding", base.clock, backoff_cap_seconds=cap)
    groups = WorkQueue[str]("endpointRules", base.clock)
    reconciler = BindingReconciler(_edges(base, rules, targets, bindings, groups), _options(base))
    return (
        Loop(
            controller=Controller(
                bindings.name,
                bindings,
                reconciler.reconcile,
                settings.targetgroupbinding_max_concurrent_reconciles,
            ),
            wakes={kind: _wake(kind, stores) for kind in watch.WATCHES},
            all_keys=lambda: map(watch.key_of, stores.list(TargetGroupBinding)),
            invalidate=reconciler.invalidate,
        ),
        Loop(controller=Controller(groups.name, groups, reconciler.reconcile_group)),
    )


def _wake(kind: type[Any], stores: Stores) -> Wake[BindingKey]:
    def wake(old: Any, new: Any) -> Iterable[BindingKey]:
        return watch.affected(kind, old, new, stores)

    return wake


def _edges(
    base: Base,
    rules: EndpointRules,
    targets: TargetMemory,
    bindings: WorkQueue[BindingKey],
    groups: WorkQueue[str],
) -> BindingEdges:
    aws, settings = base.aws, base.settings
    marks = {f"kubernetes.io/cluster/{settings.cluster_name}": None}
    return BindingEdges(
        cluster=base.stores,
        has_synced=base.stores.has_synced,
        live=LiveReads(base.client),
        elbv2=aws.elbv2,
        assume=aws.roles.elbv2,
        group_tags=lambda binding, arn: _group_tags(aws, binding, arn),
        writer=base.writer,
        groups=EndpointGroups(
            aws.ec2,
            base.stores,
            base.clock,
            tags=marks | dict(settings.service_target_eni_security_group_tags),
            on_read=rules.remember,
        ),
        rules=rules,
        addresses=VpcAddresses(aws.ec2, base.clock),
        memory=targets,
        clock=base.clock,
        enqueue_later=bindings.add_after,
        enqueue_group=groups.add,
    )


def _group_tags(aws: AwsClients, binding: TargetGroupBinding, arn: str) -> Tags:
    """A stack's groups are listed for its own sake; the others are asked for."""
    if stack_of_labels(binding.metadata.labels) is not None:
        found = aws.inventory.by_identity(arn)
        if found is not None:
            return found.resource.tags
    return aws.elbv2.tags_of(arn)


def _options(base: Base) -> BindingOptions:
    settings = base.settings
    return BindingOptions(
        vpc_id=base.vpc_id,
        cluster_name=settings.cluster_name,
        max_targets=settings.max_targets_per_target_group,
        targets_quota=settings.aws_quotas.get("targets-per-target-group", 0),
        fail_open=settings.feature_gates.endpoints_fail_open,
        drains_pods=settings.drain_pods_of_leaving_nodes,
        purge_percent=settings.target_purge_percent,
        purge_hold_seconds=settings.target_purge_hold.total_seconds(),
        look_seconds=settings.targetgroupbinding_requeue_duration.total_seconds(),
    )
