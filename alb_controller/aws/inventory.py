"""What is in AWS, kept in memory: one listing for all stacks instead of one for each.

LBC lists every load balancer and target group of the account for each reconcile (spec
12 #40). Here they are read once; our own writes keep the copy true, and the slow sweep reads it
anew for what others have done.
"""

from __future__ import annotations

import threading
from typing import Literal, Protocol, TypeAlias

import msgspec

from alb_controller.aws.caches import INVENTORY, Shared
from alb_controller.aws.tagging import TaggedListing
from alb_controller.clock import Clock
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import LoadBalancer, TargetGroup
from alb_controller.model.ownership import belongs_to, is_shared_group
from alb_controller.model.stack import Found, FoundLoadBalancer
from alb_controller.values import StackKey

Kind: TypeAlias = Literal["LoadBalancer", "TargetGroup", "SecurityGroup"]
Cached: TypeAlias = FoundLoadBalancer | Found[TargetGroup] | Found[SecurityGroup]


class BalancerListing(Protocol):
    """What is needed of `aws.elbv2.Elbv2` or `aws.tagging.TaggedListing`."""

    def load_balancers(self) -> tuple[FoundLoadBalancer, ...]: ...
    def target_groups(self) -> tuple[Found[TargetGroup], ...]: ...


class GroupListing(Protocol):
    """What is needed of `aws.ec2.Ec2`."""

    def security_groups(self, cluster: str, /) -> tuple[Found[SecurityGroup], ...]: ...


class OfStack(msgspec.Struct, frozen=True):
    """What carries one stack's tags, each sorted by identity."""

    load_balancers: tuple[FoundLoadBalancer, ...]
    target_groups: tuple[Found[TargetGroup], ...]
    security_groups: tuple[Found[SecurityGroup], ...]


class Inventory:
    """Load balancers and target groups of the VPC, and the cluster's security groups.

    Others' load balancers and target groups are among them if the listing `lists_others`.
    Thread-safe. The first question reads AWS once, however many threads ask; a failed read raises
    AwsError and never counts as an empty answer.
    """

    def __init__(
        self, listing: BalancerListing, ec2: GroupListing, cluster: str, clock: Clock
    ) -> None:
        self._listing = listing
        self._ec2 = ec2
        self._cluster = cluster
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, Cached] = {}
        self._written: list[tuple[str, Cached | None]] | None = None
        self._reads = Shared(self._read, INVENTORY, clock)

    def refresh(self) -> None:
        """Read everything anew; a read that fails leaves the copy as it was."""
        self._reads.get(not_before=self._clock.monotonic())

    @property
    def lists_others(self) -> bool:
        """Whether a name that `by_name` does not know is free."""
        return not isinstance(self._listing, TaggedListing)

    @property
    def age_seconds(self) -> float:
        """Since the last full read began; infinite before the first."""
        return self._reads.age_seconds

    @property
    def was_read(self) -> bool:
        """Whether anything is known of AWS yet."""
        return self.age_seconds < float("inf")

    def of_stack(self, cluster: str, key: StackKey) -> OfStack:
        """The resources with the stack's tags, in today's form or the v1 controller's."""
        ours = [one for one in self._all() if belongs_to(one.resource.tags, cluster, key)]
        return OfStack(
            tuple(one for one in ours if isinstance(one, FoundLoadBalancer)),
            tuple(one for one in ours if isinstance(one.resource, TargetGroup)),
            tuple(one for one in ours if isinstance(one.resource, SecurityGroup)),
        )

    def shared_security_group(self, cluster: str) -> Found[SecurityGroup] | None:
        """The cluster's shared backend security group (spec 6.5)."""
        return next(
            (
                one
                for one in self._all()
                if isinstance(one.resource, SecurityGroup)
                and is_shared_group(one.resource.tags, cluster)
            ),
            None,
        )

    def by_name(self, kind: Kind, name: str) -> Cached | None:
        """Who holds a name: anybody's load balancer or target group, our own security group."""
        return next(
            (o for o in self._all() if _kind_of(o) == kind and o.resource.name == name), None
        )

    def by_identity(self, identity: str) -> Cached | None:
        """A resource by its ARN or id."""
        self._reads.get()
        with self._lock:
            return self._kept.get(identity)

    def put(self, found: Cached) -> None:
        """After our own create or change."""
        self._write(found.identity, found)

    def drop(self, identity: str) -> None:
        """After our own delete."""
        self._write(identity, None)

    def _write(self, identity: str, found: Cached | None) -> None:
        with self._lock:
            if self._written is not None:
                self._written.append((identity, found))
            _apply(self._kept, identity, found)

    def _all(self) -> list[Cached]:
        self._reads.get()
        with self._lock:
            return [self._kept[identity] for identity in sorted(self._kept)]

    def _read(self) -> None:
        """What is written while AWS is listed is newer than the listing, and written over it."""
        with self._lock:
            self._written = []
        try:
            listed: list[Cached] = [
                *self._listing.load_balancers(),
                *self._listing.target_groups(),
                *self._ec2.security_groups(self._cluster),
            ]
            with self._lock:
                kept = {one.identity: one for one in listed}
                for identity, found in self._written:
                    _apply(kept, identity, found)
                self._kept = kept
        finally:
            with self._lock:
                self._written = None


def _apply(kept: dict[str, Cached], identity: str, found: Cached | None) -> None:
    if found is None:
        kept.pop(identity, None)
    else:
        kept[identity] = found


def _kind_of(found: Cached) -> Kind:
    match found.resource:
        case LoadBalancer():
            return "LoadBalancer"
        case TargetGroup():
            return "TargetGroup"
        case SecurityGroup():
            return "SecurityGroup"
