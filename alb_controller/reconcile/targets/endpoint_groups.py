"""Which security group guards each endpoint: its network interface, and the group on that.

Spec 8.6, steps 1 to 3.
"""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from alb_controller.aws.codecs.ec2 import Interface
from alb_controller.clock import Clock
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.stack import Found
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import Node, Pod
from alb_controller.objects.reading import decode
from alb_controller.objects.trimming import POD_ENI_ANNOTATION
from alb_controller.targets.endpoints import COMPUTE_TYPE_LABEL, Endpoint, instance_id
from alb_controller.values import BindingKey, Value

FRESH_SECONDS = 600.0
"""For so long an instance's list of addresses is trusted: the CNI moves addresses about."""
TOGETHER = 100
"""Instances asked for at once: a call for some is filled up with nodes that nobody has asked for
yet, so that the bindings of a start share it."""
HYPERPOD_LABEL = "sagemaker.amazonaws.com/compute-type"


class InterfaceApi(Protocol):
    """What is needed of `aws.ec2.Ec2`."""

    def instances(self, ids: Iterable[str]) -> tuple[Interface, ...]:
        """The interfaces of instances."""

    def interfaces_by_address(self, addresses: Iterable[str]) -> tuple[Interface, ...]:
        """The VPC's interfaces that have one of the addresses."""

    def endpoint_security_groups(self, ids: Iterable[str]) -> tuple[Found[SecurityGroup], ...]:
        """Groups by id, with tags and rules."""


class Guard(Value, frozen=True, kw_only=True):
    """What guards an endpoint: a security group, and the VPC that its interface is in.

    A machine outside AWS has neither: both are empty.
    """

    group: str = ""
    vpc_id: str = ""


class Guards(Value, frozen=True, kw_only=True):
    """Guards by endpoint key; `problems` names the endpoints without, one sentence each."""

    by_endpoint: dict[tuple[str, int], Guard]
    problems: tuple[str, ...] = ()


class _PodEni(msgspec.Struct, frozen=True):
    """An entry of the annotation `vpc.amazonaws.com/pod-eni`."""

    private_ip: str = msgspec.field(default="", name="privateIp")
    ipv6_address: str = msgspec.field(default="", name="ipv6Addr")


class EndpointGroups:
    """Finds guards; asks EC2 only for what is not known, and for many nodes at once."""

    def __init__(
        self,
        ec2: InterfaceApi,
        cluster: Cluster,
        clock: Clock,
        *,
        tags: Mapping[str, str | None],
        on_read: Callable[[Iterable[Found[SecurityGroup]]], None],
    ) -> None:
        """`tags`: what marks the one group to take where an interface has several.

        None as a value stands for any. `on_read` is called with groups that had to be read.
        """
        self._ec2, self._cluster, self._clock = ec2, cluster, clock
        self._tags, self._on_read = tags, on_read
        self._asking = threading.Lock()
        self._known: dict[BindingKey, dict[tuple[str, str], Guard]] = {}
        self._instances: dict[str, _Instance] = {}
        self._chosen: dict[tuple[str, ...], str] = {}

    def guards(self, key: BindingKey, endpoints: Sequence[Endpoint]) -> Guards:
        """The guards of a binding's endpoints. Raises AwsError.

        A pod's interface does not change while the pod lives, so known ones are not looked up
        again until `clear`.
        """
        memory = self._known  # a resync that comes meanwhile begins another one
        known = memory.get(key, {})
        fresh = [e for e in endpoints if _identity(e) not in known]
        found, problems = self._look_up(fresh) if fresh else ({}, [])
        known = known | found
        memory[key] = {i: known[i] for e in endpoints if (i := _identity(e)) in known}
        return Guards(
            by_endpoint={e.key: known[i] for e in endpoints if (i := _identity(e)) in known},
            problems=tuple(sorted(problems)),
        )

    def forget(self, key: BindingKey) -> None:
        """The binding is gone."""
        self._known.pop(key, None)

    def clear(self) -> None:
        """Have everything looked up again: interfaces and their groups may be changed by hand."""
        with self._asking:
            self._known = {}
            self._instances.clear()
            self._chosen.clear()

    # ---- interfaces

    def _look_up(
        self, endpoints: Sequence[Endpoint]
    ) -> tuple[dict[tuple[str, str], Guard], list[str]]:
        with self._asking:  # who waits here mostly finds its answer made: one call for many
            places = [self._place(e) for e in endpoints]
            self._ask_for_addresses(places)
            self._ask_for_instances(places)
            self._ask_for_groups(places)
            return self._evaluate(places)

    def _place(self, endpoint: Endpoint) -> _Place:
        if isinstance(endpoint.backing, Node):
            return _Place(endpoint, instance=endpoint.id, is_primary=True)
        pod = endpoint.backing
        node = self._cluster.get(Node, "", pod.spec.node_name)
        if node is None:
            return _Place(endpoint, problem=f"its node {pod.spec.node_name!r} is not known")
        compute_type = node.metadata.labels.get(COMPUTE_TYPE_LABEL)
        if compute_type == "hybrid":
            return _Place(endpoint, is_outside=True)
        is_hyperpod = node.metadata.labels.get(HYPERPOD_LABEL) == "hyperpod"
        if compute_type == "fargate" or is_hyperpod or _has_own_interface(pod, endpoint.id):
            return _Place(endpoint)
        instance = instance_id(node)
        if not instance:
            return _Place(endpoint, problem=f"its node {pod.spec.node_name!r} is no EC2 instance")
        return _Place(endpoint, instance=instance)

    def _ask_for_addresses(self, places: Sequence[_Place]) -> None:
        wanted = {p.endpoint.id: p for p in places if not (p.instance or p.problem or p.is_outside)}
        found = self._ec2.interfaces_by_address(sorted(wanted)) if wanted else ()
        for place in wanted.values():
            place.interface = next((i for i in found if place.endpoint.id in i.addresses), None)

    def _ask_for_instances(self, places: Sequence[_Place]) -> None:
        on_instances = [p for p in places if p.instance]
        missing = {p.instance for p in on_instances if not self._match(p)}
        if not missing:
            return
        asked = [*sorted(missing), *self._never_asked(missing)][: max(TOGETHER, len(missing))]
        answer: dict[str, list[Interface]] = {name: [] for name in asked}
        for interface in self._ec2.instances(asked):
            answer.setdefault(interface.instance_id, []).append(interface)
        now = self._clock.monotonic()
        for name, interfaces in answer.items():
            self._instances[name] = _Instance(now, tuple(interfaces))
        for place in on_instances:
            self._match(place)

    def _never_asked(self, missing: set[str]) -> Iterable[str]:
        nodes = {instance_id(node) for node in self._cluster.list(Node)}
        return sorted(nodes - missing - self._instances.keys() - {""})

    def _match(self, place: _Place) -> bool:
        """Find the place's interface among those of its instance, if they are fresh."""
        instance = self._instances.get(place.instance)
        if instance is None or self._clock.monotonic() - instance.read_at > FRESH_SECONDS:
            return False
        carries = _is_primary if place.is_primary else _carries
        address = place.endpoint.id
        place.interface = next((i for i in instance.interfaces if carries(i, address)), None)
        return place.interface is not None

    # ---- the one group on an interface

    def _ask_for_groups(self, places: Sequence[_Place]) -> None:
        """Choose for interfaces with several groups, by tags."""
        several = {p.interface.security_groups for p in places if p.interface}
        several = {g for g in several if len(g) > 1 and g not in self._chosen}
        if not several:
            return
        found = self._ec2.endpoint_security_groups(sorted({i for g in several for i in g}))
        self._on_read(found)
        fitting = {f.identity for f in found if self._fits(f.resource)}
        for groups in several:
            if len(fitting.intersection(groups)) == 1:
                self._chosen[groups] = fitting.intersection(groups).pop()

    def _fits(self, group: SecurityGroup) -> bool:
        return all(
            key in group.tags and value in (None, group.tags[key])
            for key, value in self._tags.items()
        )

    def _evaluate(self, places: Iterable[_Place]) -> tuple[dict[tuple[str, str], Guard], list[str]]:
        guards, problems = {}, []
        for place in places:
            guard = self._guard(place)
            if guard is not None:
                guards[_identity(place.endpoint)] = guard
            else:
                problems.append(f"{_name(place.endpoint)}: {self._problem(place)}")
        return guards, problems

    def _guard(self, place: _Place) -> Guard | None:
        if place.is_outside:
            return Guard()
        if place.interface is None:
            return None
        groups = place.interface.security_groups
        group = groups[0] if len(groups) == 1 else self._chosen.get(groups)
        return Guard(group=group, vpc_id=place.interface.vpc_id) if group else None

    def _problem(self, place: _Place) -> str:
        if place.problem:
            return place.problem
        if place.interface is None:
            where = f"of instance {place.instance}" if place.instance else "of the VPC"
            return f"no network interface {where} has address {place.endpoint.id}"
        tags = ", ".join(k if v is None else f"{k}={v}" for k, v in self._tags.items())
        return (
            f"exactly one security group of network interface {place.interface.id} must be tagged "
            f"{tags}; it has {', '.join(place.interface.security_groups) or 'none'}"
        )


class _Instance(msgspec.Struct, frozen=True):
    """An instance's interfaces, and when they were read (monotonic seconds)."""

    read_at: float
    interfaces: tuple[Interface, ...]


class _Place(msgspec.Struct):
    """Where an endpoint's interface is looked for, and what came of it.

    Without instance it is looked for by its address in the VPC.
    """

    endpoint: Endpoint
    instance: str = ""
    is_primary: bool = False
    """A node's own interface, whatever its addresses."""
    is_outside: bool = False
    """On a machine that is not AWS's."""
    problem: str = ""
    interface: Interface | None = None


def _identity(endpoint: Endpoint) -> tuple[str, str]:
    return endpoint.backing.metadata.uid, endpoint.id


def _name(endpoint: Endpoint) -> str:
    meta = endpoint.backing.metadata
    if isinstance(endpoint.backing, Pod):
        return f"Pod {meta.namespace}/{meta.name}"
    return f"Node {meta.name}"


def _has_own_interface(pod: Pod, address: str) -> bool:
    """Whether a branch interface carries the pod's address (security groups for pods)."""
    raw = pod.metadata.annotations.get(POD_ENI_ANNOTATION, "")
    try:
        entries = decode(raw, list[_PodEni]) if raw else []
    except msgspec.DecodeError:
        return False  # as LBC: a malformed annotation is none
    return any(address in (e.private_ip, e.ipv6_address) for e in entries)


def _is_primary(interface: Interface, _: str) -> bool:
    return interface.device_index == 0


def _carries(interface: Interface, address: str) -> bool:
    if address in interface.addresses:
        return True
    ip = ipaddress.ip_address(address)
    return any(ip in ipaddress.ip_network(prefix) for prefix in interface.prefixes)
