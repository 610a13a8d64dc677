"""The reconcilers, their queues, and which changes of the cluster wake which key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from alb_controller.aws.addons.services import AddonFacts, AddonServices
from alb_controller.aws.certificates.acm import Acm
from alb_controller.aws.certificates.facts import CertificateFacts, TrustStoreFacts, none_managed
from alb_controller.aws.certificates.managed import CertificateManager, CertificateTags
from alb_controller.aws.client import Sender
from alb_controller.aws.ec2 import Ec2
from alb_controller.aws.elbv2 import Elbv2
from alb_controller.aws.facts import Facts, NetworkFacts, TargetGroupFacts
from alb_controller.aws.inventory import Inventory
from alb_controller.aws.roles import AssumedRoles
from alb_controller.aws.tagging import TaggedListing
from alb_controller.clock import Clock
from alb_controller.frontends.ingress.frontend import IngressFrontEnd
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.watch import Change
from alb_controller.kube.holders import Holders
from alb_controller.kube.live import LiveReads
from alb_controller.kube.secrets import SecretWatches
from alb_controller.kube.store import Stores
from alb_controller.kube.writer import Writer
from alb_controller.model.elbv2 import TargetGroup
from alb_controller.model.ownership import INGRESS, stack_of_labels
from alb_controller.model.stack import Found
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.networking import Ingress
from alb_controller.reconcile.backend_group import BackendGroup, Signals
from alb_controller.reconcile.bindings import Bindings
from alb_controller.reconcile.certificates import Certificates
from alb_controller.reconcile.memory import StackMemory
from alb_controller.reconcile.observe import Observer
from alb_controller.reconcile.operations import StackOperations
from alb_controller.reconcile.owners import Owners
from alb_controller.reconcile.stack.parts import Edges, make_parts
from alb_controller.reconcile.stack.prerequisites import Prerequisites
from alb_controller.reconcile.stack.reconciler import StackReconciler
from alb_controller.reconcile.targets.edges import BindingEdges, BindingOptions
from alb_controller.reconcile.targets.endpoint_groups import EndpointGroups
from alb_controller.reconcile.targets.endpoint_rules import EndpointRules
from alb_controller.reconcile.targets.memory import TargetMemory
from alb_controller.reconcile.targets.reconciler import BindingReconciler
from alb_controller.reconcile.targets.vpc_addresses import VpcAddresses
from alb_controller.runtime.workers import DONE, Controller, Result, Workers
from alb_controller.runtime.workqueue import WorkQueue
from alb_controller.settings import Settings
from alb_controller.targets import watch as targets_watch
from alb_controller.values import BindingKey, StackKey, Tags

SERVED = frozenset({INGRESS.api})
"""Whose stacks this process brings about."""
_SWEEP = "all"
_BACKEND_GROUP = "backend-sg"
_MOST_SECONDS = 300.0
"""The longest backoff of a group: what AWS refuses it may take a minute later."""


class Kube(msgspec.Struct, frozen=True, kw_only=True):
    """The Kubernetes edge."""

    stores: Stores
    writer: Writer
    holders: Holders
    live: LiveReads
    secrets: SecretWatches


class Queues(msgspec.Struct, frozen=True, kw_only=True):
    """One for each loop."""

    stacks: WorkQueue[StackKey]
    bindings: WorkQueue[BindingKey]
    rules: WorkQueue[str]
    shared: WorkQueue[str]
    sweep: WorkQueue[str]
    """The slow look at everything: a key, so that a sweep that fails is tried again soon."""


class _Aws(msgspec.Struct, frozen=True):
    """The AWS edge, and what is kept in memory of it."""

    elbv2: Elbv2
    ec2: Ec2
    addons: AddonServices
    inventory: Inventory


def _aws(sender: Sender, settings: Settings, vpc_id: str, clock: Clock) -> _Aws:
    gates, cluster = settings.feature_gates, settings.cluster_name
    elbv2 = Elbv2(sender, vpc_id, is_weighted=gates.weighted_target_groups)
    ec2 = Ec2(sender, vpc_id)
    listing = TaggedListing(sender, elbv2, cluster) if gates.enable_rgt_api else elbv2
    return _Aws(elbv2, ec2, AddonServices.of(sender), Inventory(listing, ec2, cluster, clock))


class _CertificateEdges(msgspec.Struct, frozen=True):
    """Certificates that are found, and those that stacks have requested."""

    facts: CertificateFacts
    requested: Certificates


def _certificates(sender: Sender, settings: Settings, clock: Clock) -> _CertificateEdges:
    manager = CertificateManager(sender)
    tags = CertificateTags(manager, clock)
    has_gate = settings.feature_gates.enable_certificate_management
    managed = tags.managed if has_gate else none_managed
    return _CertificateEdges(
        CertificateFacts(Acm(sender), clock, managed),
        Certificates(manager, tags, settings, clock),
    )


class Reconcilers:
    """Four loops: groups, bindings, endpoint rules, and the shared security group."""

    def __init__(
        self,
        settings: Settings,
        *,
        vpc_id: str,
        sender: Sender,
        roles: AssumedRoles,
        kube: Kube,
        clock: Clock,
    ) -> None:
        stores, writer = kube.stores, kube.writer
        self._settings, self._stores = settings, stores
        self.count_unserved = kube.holders.count
        self._front_end = IngressFrontEnd(settings)
        self._queues = _queues(settings, clock)
        self._memory = StackMemory[MemberIntent]()
        aws = _aws(sender, settings, vpc_id, clock)
        self._inventory = aws.inventory
        rules = _endpoint_rules(aws.ec2, stores, settings)
        self._backend_group = self._make_backend_group(aws.ec2, kube, rules)
        bindings, targets = Bindings(stores, writer), TargetMemory()
        certificates = _certificates(sender, settings, clock)
        edges = Edges(
            cluster=stores,
            writer=writer,
            lookups=_facts(aws, certificates.facts, clock),
            record=Observer(aws.elbv2, aws.addons, aws.inventory, bindings, settings.cluster_name),
            operations=_operations(aws, bindings, targets, settings),
            owners=Owners(aws.elbv2, aws.ec2, aws.inventory, settings.cluster_name),
            prerequisites=Prerequisites(certificates.requested, self._backend_group, settings),
            secrets=kube.secrets,
            clock=clock,
        )
        kube.secrets.wake = self._queues.stacks.add
        self._stack_parts = make_parts(
            self._front_end, edges, self._memory, settings=settings, vpc_id=vpc_id
        )
        self._binding_reconciler = BindingReconciler(
            BindingEdges(
                cluster=stores,
                has_synced=stores.has_synced,
                live=kube.live,
                elbv2=aws.elbv2,
                assume=roles.elbv2,
                group_tags=lambda binding, arn: _group_tags(aws, binding, arn),
                writer=writer,
                groups=_endpoint_groups(aws.ec2, stores, clock, settings, rules),
                rules=rules,
                addresses=VpcAddresses(aws.ec2, clock),
                memory=targets,
                clock=clock,
                enqueue_later=self._queues.bindings.add_after,
                enqueue_group=self._queues.rules.add,
            ),
            _binding_options(settings, vpc_id),
        )
        self._watch()

    def _make_backend_group(self, ec2: Ec2, kube: Kube, rules: EndpointRules) -> BackendGroup:
        signals = Signals(
            held_keys=self._held_keys,
            count_holders=kube.holders.count,
            is_referenced=rules.references,
            request=lambda: self._queues.shared.add(_BACKEND_GROUP),
            wake=self._queues.stacks.add,
            apis=SERVED,
        )
        return BackendGroup(ec2, self._inventory, self._stores, self._settings, signals)

    def _held_keys(self) -> Iterator[StackKey]:
        for ingress in self._stores.list(Ingress):
            yield from INGRESS.held_keys(ingress.metadata)

    def _watch(self) -> None:
        for kind in self._front_end.watches:
            self._stores.on_change(kind, self._stack_handler(kind))
        for kind in targets_watch.WATCHES:
            self._stores.on_change(kind, self._binding_handler(kind))

    def _stack_handler(self, kind: type[Any]) -> Callable[[Any, Any], None]:
        def handle(old: Any, new: Any) -> None:
            for key in self._front_end.watches[kind](Change(old, new), self._stores):
                self._queues.stacks.add(key)

        return handle

    def _binding_handler(self, kind: type[Any]) -> Callable[[Any, Any], None]:
        def handle(old: Any, new: Any) -> None:
            for key in targets_watch.affected(kind, old, new, self._stores):
                self._queues.bindings.add(key)

        return handle

    def enqueue_all(self) -> None:
        """Look at everything: at start, and in every slow sweep."""
        for key in self._front_end.keys(self._stores):
            self._queues.stacks.add(key)
        for binding in self._stores.list(TargetGroupBinding):
            self._queues.bindings.add(targets_watch.key_of(binding))
            stack = stack_of_labels(binding.metadata.labels)
            if stack is not None and stack.api in SERVED:
                self._queues.stacks.add(stack)

    def start(self, workers: Workers) -> None:
        """Start the workers of all loops and the slow sweep."""
        settings = self._settings
        workers.start(
            Controller(
                "ingress",
                self._queues.stacks,
                StackReconciler(self._stack_parts).reconcile,
                settings.ingress_max_concurrent_reconciles,
                self._stack_parts.publisher.publish_retry,
            )
        )
        workers.start(
            Controller(
                "targetGroupBinding",
                self._queues.bindings,
                self._binding_reconciler.reconcile,
                settings.targetgroupbinding_max_concurrent_reconciles,
            )
        )
        workers.start(
            Controller(
                "endpointRules", self._queues.rules, self._binding_reconciler.reconcile_group
            )
        )
        workers.start(
            Controller("sharedSecurityGroup", self._queues.shared, self._reconcile_shared)
        )
        workers.start(Controller("sweep", self._queues.sweep, self._sweep))
        period = settings.sync_period.total_seconds()
        workers.every(period, lambda: self._queues.sweep.add(_SWEEP), name="sweep-timer")

    def _reconcile_shared(self, _key: str) -> Result:
        self._backend_group.reconcile()
        return DONE

    def _sweep(self, _key: str) -> Result:
        """Doubt everything that is known of AWS, so that the next passes find drift."""
        self._inventory.refresh()
        self._memory.invalidate_all()
        self._binding_reconciler.resync()
        self._backend_group.doubt()
        self.enqueue_all()
        return DONE

    def is_idle(self, horizon_seconds: float) -> bool:
        """Whether no key waits or is in work, and no timer is due within the horizon."""
        queues: tuple[WorkQueue[Any], ...] = msgspec.structs.astuple(self._queues)
        return all(queue.is_idle(horizon_seconds) for queue in queues)


def _queues(settings: Settings, clock: Clock) -> Queues:
    cap = settings.targetgroupbinding_max_exponential_backoff_delay.total_seconds()
    return Queues(
        stacks=WorkQueue("ingress", clock, backoff_cap_seconds=_MOST_SECONDS),
        bindings=WorkQueue("targetGroupBinding", clock, backoff_cap_seconds=cap),
        rules=WorkQueue("endpointRules", clock, backoff_cap_seconds=_MOST_SECONDS),
        shared=WorkQueue("sharedSecurityGroup", clock, backoff_cap_seconds=_MOST_SECONDS),
        sweep=WorkQueue("sweep", clock, backoff_cap_seconds=_MOST_SECONDS),
    )


def _binding_options(settings: Settings, vpc_id: str) -> BindingOptions:
    return BindingOptions(
        vpc_id=vpc_id,
        cluster_name=settings.cluster_name,
        max_targets=settings.max_targets_per_target_group,
        fail_open=settings.feature_gates.endpoints_fail_open,
        drains_pods=settings.drain_pods_of_leaving_nodes,
        purge_percent=settings.target_purge_percent,
        purge_hold_seconds=settings.target_purge_hold.total_seconds(),
        look_seconds=settings.targetgroupbinding_requeue_duration.total_seconds(),
    )


def make_roles(sender: Sender, clock: Clock, settings: Settings, vpc_id: str) -> AssumedRoles:
    """One for the process: reconcilers and webhooks share the sessions."""
    return AssumedRoles(
        sender,
        clock,
        vpc_id=vpc_id,
        cluster_name=settings.cluster_name,
        allowed=settings.allowed_assume_role_arns,
    )


def _group_tags(aws: _Aws, binding: TargetGroupBinding, arn: str) -> Tags:
    """A stack's groups are listed for its own sake; the others are asked for."""
    if stack_of_labels(binding.metadata.labels) is not None:
        found = aws.inventory.by_identity(arn)
        if found is not None:
            return found.resource.tags
    return aws.elbv2.tags_of(arn)


def _endpoint_groups(
    ec2: Ec2, stores: Stores, clock: Clock, settings: Settings, rules: EndpointRules
) -> EndpointGroups:
    marks = {f"kubernetes.io/cluster/{settings.cluster_name}": None}
    tags = marks | dict(settings.service_target_eni_security_group_tags)
    return EndpointGroups(ec2, stores, clock, tags=tags, on_read=rules.remember)


def _endpoint_rules(ec2: Ec2, stores: Stores, settings: Settings) -> EndpointRules:
    is_restricted = not settings.disable_restricted_sg_rules
    return EndpointRules(ec2, stores, cluster_name=settings.cluster_name, restricted=is_restricted)


def _facts(aws: _Aws, certificates: CertificateFacts, clock: Clock) -> Facts:
    return Facts(
        NetworkFacts(aws.ec2, clock),
        TargetGroupFacts(aws.elbv2, clock),
        certificates,
        TrustStoreFacts(aws.elbv2, clock),
        AddonFacts(aws.addons, clock),
    )


def _operations(
    aws: _Aws, bindings: Bindings, targets: TargetMemory, settings: Settings
) -> StackOperations:
    def created(made: Found[TargetGroup]) -> None:
        targets.created(made.identity)  # it holds nothing
        aws.inventory.put(made)  # and is ours

    return StackOperations(
        aws.elbv2,
        aws.ec2,
        aws.addons,
        bindings,
        on_created=created,
        provisioning_seconds=settings.lb_stabilization_monitor_interval.total_seconds(),
    )
