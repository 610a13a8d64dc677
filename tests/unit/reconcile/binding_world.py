"""A cluster and an AWS that behave, around the reconciler of bindings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from alb_controller.errors import (
    ControllerError,
    Refused,
)
from alb_controller.objects.core import KubeObject
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.reconcile.targets.edges import BindingEdges, BindingOptions, TargetApi
from alb_controller.reconcile.targets.endpoint_groups import EndpointGroups, InterfaceApi
from alb_controller.reconcile.targets.endpoint_rules import EndpointRules, RuleApi
from alb_controller.reconcile.targets.memory import TargetMemory
from alb_controller.reconcile.targets.reconciler import BindingReconciler
from alb_controller.reconcile.targets.vpc_addresses import VpcAddresses, VpcApi
from alb_controller.targets.watch import WATCHES, affected, key_of
from alb_controller.values import BindingKey
from tests.clocks import FakeClock
from tests.factories import service
from tests.unit.targets.cluster import ARN, endpoint, endpoint_slice, pod
from tests.world_endpoints import NODES_GROUP, VPC, EndpointAccount
from tests.world_kube import Kube

T = TypeVar("T", bound=KubeObject)
CLUSTER = "prod"


class Ec2Api(RuleApi, InterfaceApi, VpcApi, Protocol):
    """All that the loop needs of EC2."""


class World:
    """Everything around the reconciler; `put` and `remove` wake keys as the watches do."""

    def __init__(
        self,
        *objects: KubeObject,
        aws: EndpointAccount | None = None,
        elbv2: TargetApi | None = None,
        ec2: Ec2Api | None = None,
        vpc_id: str = VPC,
        **flags: Any,
    ) -> None:
        """`elbv2` and `ec2` stand in for the fake where a test brings others."""
        self.aws, self.clock = aws or EndpointAccount(), FakeClock()
        self.elbv2, self.ec2, self.vpc_id = elbv2 or self.aws, ec2 or self.aws, vpc_id
        self.kube = Kube()
        self.cluster = self.kube.stores
        for kind in WATCHES:
            self.cluster.on_change(kind, self._handler(kind))
        self.due: dict[BindingKey | str, None] = {}
        self.errors: list[str] = []
        self.retries: list[BindingKey | str] = []
        self.timers: dict[BindingKey, float] = {}
        self.is_synced = True
        self.accounts: dict[str, TargetApi] = {}
        self.assumed: list[tuple[str, str]] = []
        self.start(**flags)
        self.put(*objects)

    def start(self, *, restricted: bool = True, **options: Any) -> None:
        """Begin a process that remembers nothing; every binding is due."""
        self.rules = EndpointRules(
            self.ec2, self.cluster, cluster_name=CLUSTER, restricted=restricted
        )
        self.groups = EndpointGroups(
            self.ec2,
            self.cluster,
            self.clock,
            tags={f"kubernetes.io/cluster/{CLUSTER}": None},
            on_read=self.rules.remember,
        )
        self.memory = TargetMemory()
        self.reconciler = BindingReconciler(
            BindingEdges(
                cluster=self.cluster,
                has_synced=lambda: self.is_synced,
                live=self.kube.live,
                elbv2=self.elbv2,
                assume=self.assume,
                group_tags=lambda _, arn: self.aws.group_tags.get(arn, {}),
                writer=self.kube,
                groups=self.groups,
                rules=self.rules,
                addresses=VpcAddresses(self.ec2, self.clock),
                memory=self.memory,
                clock=self.clock,
                enqueue_later=self._set_timer,
                enqueue_group=self.wake,
            ),
            BindingOptions(vpc_id=self.vpc_id, cluster_name=CLUSTER, **options),
        )
        self.wake(*sorted(map(key_of, self.cluster.list(TargetGroupBinding))))

    def put(self, *objects: KubeObject) -> None:
        """Create or change objects."""
        self.kube.replace(*objects)

    def remove(self, obj: KubeObject) -> None:
        """An object is gone."""
        self.kube.remove(type(obj), obj.metadata.name, obj.metadata.namespace)

    def delete(self, name: str = "mine") -> None:
        """Delete a binding: it stays while it has finalizers."""
        self.kube.remove(TargetGroupBinding, name)

    def binding(self, name: str = "mine") -> TargetGroupBinding | None:
        """The binding as it is now."""
        return self.cluster.get(TargetGroupBinding, "shop", name)

    def events(self) -> list[tuple[str, str]]:
        """Reason and message of each; all but the one of success are Warnings."""
        for one in self.kube.events:
            assert one.component == "targetGroupBinding"
            assert (one.type == "Normal") is (one.reason == "SuccessfullyReconciled")
        return [(one.reason, one.message) for one in self.kube.events]

    def taken(self) -> list[str]:
        """Writes in the cluster and reasons of events since the last look."""
        found = [*self.kube.writes, *(reason for reason, _ in self.events())]
        self.kube.writes.clear()
        self.kube.events.clear()
        return found

    def sweep(self) -> None:
        """Everything is read again, and every binding looked at."""
        self.reconciler.invalidate()
        self.wake(*sorted(map(key_of, self.cluster.list(TargetGroupBinding))))

    def wake(self, *keys: BindingKey | str) -> None:
        """Make keys due."""
        self.due.update(dict.fromkeys(keys))

    def settle(self) -> World:
        """Work until nothing is due; errors and retries are noted, and not repeated."""
        while self.due:
            key = next(iter(self.due))
            del self.due[key]
            try:
                if isinstance(key, str):
                    result = self.reconciler.reconcile_group(key)
                else:
                    result = self.reconciler.reconcile(key)
            except ControllerError as error:
                self.errors.append(f"{type(error).__name__}: {error}")
                self.retries.append(key)
            else:
                if result.backoff:
                    self.retries.append(key)
        return self

    def retry(self) -> World:
        """Let the backoff of all that failed pass."""
        self.wake(*self.retries)
        self.retries.clear()
        self.errors.clear()
        return self.settle()

    def wait(self, seconds: float) -> World:
        """Let time pass, timer by timer."""
        end = self.clock.monotonic() + seconds
        while self.timers and min(self.timers.values()) <= end:
            key = min(self.timers, key=self.timers.__getitem__)
            self.clock.advance(max(0.0, self.timers.pop(key) - self.clock.monotonic()))
            self.wake(key)
            self.settle()
        self.clock.advance(end - self.clock.monotonic())
        return self

    def assume(self, role: str, external_id: str) -> TargetApi:
        """The account of a role, if a test has made one."""
        self.assumed.append((role, external_id))
        if role not in self.accounts:
            raise Refused(f"role {role} may not be assumed")
        return self.accounts[role]

    def _set_timer(self, key: BindingKey, seconds: float) -> None:
        due = self.clock.monotonic() + seconds
        self.timers[key] = min(due, self.timers.get(key, due))

    def targets(self, arn: str = ARN) -> list[str]:
        """`id:port`, and the zone where one was given, of what is registered."""
        found = sorted(self.aws.registered[arn].values())
        return [
            f"{t.id}:{t.port}" + (f" {t.availability_zone}" if t.availability_zone else "")
            for t in found
        ]

    def ingress(self, group_id: str = NODES_GROUP) -> list[str]:
        """The rules of a security group."""
        return sorted(map(str, self.aws.rules(group_id)))

    def _handler(self, kind: type[Any]) -> Callable[[Any, Any], None]:
        def handle(old: Any, new: Any) -> None:
            self.wake(*sorted(affected(kind, old, new, self.cluster)))

        return handle


def web(*pods: tuple[str, str, str], ready: bool = True) -> list[KubeObject]:
    """Service app, and its pods with their slice: (name, address, node)."""
    return [
        service(),
        *(pod(name, address, node) for name, address, node in pods),
        endpoint_slice("x", [endpoint(name, address, ready=ready) for name, address, _ in pods]),
    ]
