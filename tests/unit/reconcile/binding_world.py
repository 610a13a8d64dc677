"""A cluster and an AWS that behave, around the reconciler of bindings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from alb_controller.aws.codecs.ec2 import Interface
from alb_controller.errors import (
    ControllerError,
    NotFound,
    QuotaExceeded,
    Refused,
)
from alb_controller.model.ec2 import IngressRule, SecurityGroup
from alb_controller.model.elbv2 import Target, TargetGroup, TargetHealth
from alb_controller.model.health import HealthCheck
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import Found
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
from tests.world_kube import Kube

T = TypeVar("T", bound=KubeObject)
CLUSTER, VPC, NODES_GROUP = "prod", "vpc-1", "sg-nodes"
_HEALTH_CHECK = HealthCheck(
    port="traffic-port",
    protocol="HTTP",
    path="/",
    interval_seconds=15,
    timeout_seconds=5,
    healthy_threshold=2,
    unhealthy_threshold=2,
    matcher="200",
)


def target_group(name: str) -> TargetGroup:
    """A target group of which only the name matters."""
    return TargetGroup(
        id=ResourceId("TargetGroup", ""),
        name=name,
        target_type="ip",
        port=80,
        protocol="HTTP",
        protocol_version="HTTP1",
        vpc_id=VPC,
        ip_address_type="ipv4",
        health_check=_HEALTH_CHECK,
        tags={},
    )


class FakeAws:
    """Target groups, interfaces and security groups, by EC2's and ELB's rules; counts calls."""

    def __init__(self) -> None:
        self.target_groups: dict[str, dict[tuple[str, int], Target]] = {ARN: {}}
        self.draining: set[tuple[str, int]] = set()
        self.ill: dict[tuple[str, int], str] = {}
        """Targets that are not healthy, and the reason why."""
        self.asked: list[list[str]] = []
        """The targets named in each look at health."""
        self.names: dict[str, str] = {}
        self.group_tags: dict[str, dict[str, str]] = {}
        self.interfaces: list[Interface] = []
        self.rules: dict[str, set[IngressRule]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.cidrs: dict[str, tuple[str, ...]] = {VPC: ("10.0.0.0/16",)}
        self.calls: list[str] = []
        self.failures: dict[str, list[Exception]] = {}
        self.most_targets = self.most_rules = 1000
        """Quotas, of each target group and of each security group."""

    def fail(self, operation: str, *errors: Exception) -> None:
        """Answer the next calls of an operation with these errors."""
        self.failures.setdefault(operation, []).extend(errors)

    def counted(self) -> dict[str, int]:
        """Calls since the last look, by operation."""
        found = dict(Counter(self.calls))
        self.calls.clear()
        return found

    def add_group(self, group_id: str, *rules: IngressRule, **tags: str) -> None:
        """A security group of the VPC."""
        self.rules[group_id] = set(rules)
        self.tags[group_id] = {k.replace("__", "/"): v for k, v in tags.items()}

    def add_node(
        self, name: str, *addresses: str, groups: tuple[str, ...] = (NODES_GROUP,)
    ) -> None:
        """An instance with one interface; its id is `i-` and the name."""
        self.interfaces.append(
            Interface(
                id=f"eni-{name}",
                instance_id=f"i-{name}",
                device_index=0,
                vpc_id=VPC,
                security_groups=groups,
                addresses=addresses,
            )
        )

    # ---- Elastic Load Balancing

    def target_health(self, arn: str, targets: Sequence[Target] = ()) -> tuple[TargetHealth, ...]:
        self._called("DescribeTargetHealth")
        self.asked.append([t.id for t in targets])
        group = self._group(arn)
        return tuple(self._health(t, group) for t in targets or group.values())

    def _health(self, target: Target, group: dict[tuple[str, int], Target]) -> TargetHealth:
        state, reason = "healthy", self.ill.get(target.key, "")
        if target.key not in group:
            state, reason = "unused", "Target.NotRegistered"
        elif target.key in self.draining:
            state = "draining"
        elif reason:
            state = "initial" if reason.startswith("Elb.") else "unhealthy"
        return TargetHealth(target=target, state=state, reason=reason)

    def register_targets(self, arn: str, targets: Iterable[Target]) -> None:
        group = self._group(arn)
        self._called("RegisterTargets")
        targets = tuple(targets)
        _refuse_over(self.most_targets, {*group, *(t.key for t in targets)}, "TooManyTargets")
        group.update({t.key: t for t in targets})
        self.draining -= {t.key for t in targets}

    def deregister_targets(self, arn: str, targets: Iterable[Target]) -> None:
        group = self._group(arn)
        self._called("DeregisterTargets")
        for target in targets:
            group.pop(target.key, None)

    def target_group_by_name(self, name: str) -> Found[TargetGroup] | None:
        self._called("DescribeTargetGroups")
        if name not in self.names:
            return None
        return Found(identity=self.names[name], resource=target_group(name))

    def _group(self, arn: str) -> dict[tuple[str, int], Target]:
        if arn not in self.target_groups:
            raise NotFound("elbv2", "x", "TargetGroupNotFound", "no such target group")
        return self.target_groups[arn]

    # ---- EC2

    def instances(self, ids: Iterable[str]) -> tuple[Interface, ...]:
        self._called("DescribeInstances")
        wanted = set(ids)
        return tuple(i for i in self.interfaces if i.instance_id in wanted)

    def interfaces_by_address(self, addresses: Iterable[str]) -> tuple[Interface, ...]:
        self._called("DescribeNetworkInterfaces")
        wanted = set(addresses)
        return tuple(i for i in self.interfaces if wanted.intersection(i.addresses))

    def endpoint_security_groups(self, ids: Iterable[str]) -> tuple[Found[SecurityGroup], ...]:
        self._called("DescribeSecurityGroups")
        return tuple(self._found(i) for i in sorted(set(ids)) if i in self.rules)

    def cluster_security_groups(self, cluster_name: str) -> tuple[Found[SecurityGroup], ...]:
        self._called("DescribeSecurityGroups")
        tag = f"kubernetes.io/cluster/{cluster_name}"
        found = [i for i in self.rules if self.tags[i].get(tag) in ("owned", "shared")]
        return tuple(self._found(i) for i in found)

    def authorize_ingress(self, group_id: str, rules: Iterable[IngressRule]) -> None:
        self._called("AuthorizeSecurityGroupIngress")
        there, rules = {r.key for r in self.rules[group_id]}, tuple(rules)
        code = "RulesPerSecurityGroupLimitExceeded"
        _refuse_over(self.most_rules, {*there, *(r.key for r in rules)}, code)
        self.rules[group_id] |= {r for r in rules if r.key not in there}

    def revoke_ingress(self, group_id: str, rules: Iterable[IngressRule]) -> None:
        self._called("RevokeSecurityGroupIngress")
        gone = {r.key for r in rules}
        self.rules[group_id] = {r for r in self.rules[group_id] if r.key not in gone}

    def vpc_cidrs(self, vpc_id: str) -> tuple[str, ...]:
        self._called("DescribeVpcs")
        return self.cidrs[vpc_id]

    def _found(self, group_id: str) -> Found[SecurityGroup]:
        return Found(
            identity=group_id,
            resource=SecurityGroup(
                id=ResourceId("SecurityGroup", ""),
                name=group_id,
                description="",
                ingress=tuple(sorted(self.rules[group_id])),
                tags=self.tags[group_id],
            ),
        )

    def _called(self, operation: str) -> None:
        self.calls.append(operation)
        if self.failures.get(operation):
            raise self.failures[operation].pop(0)


def _refuse_over(most: int, wanted: Collection[object], code: str) -> None:
    if len(wanted) > most:
        raise QuotaExceeded("aws", "write", code, f"{most} at most")


class Ec2Api(RuleApi, InterfaceApi, VpcApi, Protocol):
    """All that the loop needs of EC2."""


class World:
    """Everything around the reconciler; `put` and `remove` wake keys as the watches do."""

    def __init__(
        self,
        *objects: KubeObject,
        aws: FakeAws | None = None,
        elbv2: TargetApi | None = None,
        ec2: Ec2Api | None = None,
        vpc_id: str = VPC,
        **flags: Any,
    ) -> None:
        """`elbv2` and `ec2` stand in for the fake where a test brings others."""
        self.aws, self.clock = aws or FakeAws(), FakeClock()
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
        found = sorted(self.aws.target_groups[arn].values())
        return [
            f"{t.id}:{t.port}" + (f" {t.availability_zone}" if t.availability_zone else "")
            for t in found
        ]

    def ingress(self, group_id: str = NODES_GROUP) -> list[str]:
        """The rules of a security group."""
        return sorted(map(str, self.aws.rules[group_id]))

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
