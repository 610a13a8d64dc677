"""What is there of a stack: from memory where a pass has left it, else from AWS by its tags."""

from __future__ import annotations

from typing import Protocol

import msgspec

from alb_controller.aws.elbv2_reads import ListenersAndRules
from alb_controller.aws.inventory import Cached as Listed
from alb_controller.aws.inventory import Inventory
from alb_controller.build.context import BalancerId, CurrentState
from alb_controller.errors import AwsError, NotFound
from alb_controller.model.elbv2 import (
    Attributes,
    Listener,
    LoadBalancer,
    TargetGroup,
    TargetHealth,
)
from alb_controller.model.protection import DELETION_PROTECTION
from alb_controller.model.stack import (
    BalancerState,
    Found,
    FoundLoadBalancer,
    Observed,
    Resource,
    Stack,
)
from alb_controller.plan.diff import unread
from alb_controller.reconcile.bindings import Bindings
from alb_controller.reconcile.late import AddonReads, LateReader, LateReads
from alb_controller.values import StackKey

DEREGISTRATION_DELAY = "deregistration_delay.timeout_seconds"


class StackReads(LateReads, Protocol):
    """What is needed of `aws.elbv2.Elbv2`; errors are those of `alb_controller.errors`."""

    def listeners_and_rules(self, balancer: FoundLoadBalancer, /) -> ListenersAndRules: ...
    def load_balancer_attributes(self, arn: str, /) -> Attributes: ...
    def load_balancer_state(self, arn: str, /) -> BalancerState: ...
    def target_group_attributes(self, arn: str, /) -> Attributes: ...
    def listener_attributes(self, arn: str, /) -> Attributes: ...


class Observer:
    """Reads a stack; each fact once, as memory and inventory keep what our writes change."""

    def __init__(
        self,
        elbv2: StackReads,
        addons: AddonReads,
        inventory: Inventory,
        bindings: Bindings,
        cluster_name: str,
    ) -> None:
        self._elbv2, self._inventory, self._bindings = elbv2, inventory, bindings
        self._late_reader = LateReader(elbv2, addons)
        self._cluster_name = cluster_name
        self._is_listing_old = False

    def observe(self, key: StackKey, remembered: Observed | None) -> Observed:
        """The stack as it is; bindings always as the cluster shows them now."""
        found = self._read(key) if remembered is None else remembered
        return msgspec.structs.replace(found, bindings=self._bindings.of_stack(key))

    def invalidate(self) -> None:
        """Have the account listed anew before the next stack is read."""
        self._is_listing_old = True

    def _read(self, key: StackKey) -> Observed:
        if self._is_listing_old:
            self._is_listing_old = False  # before the read: it does not know of a later call
            try:
                self._inventory.refresh()
            except AwsError:
                self._is_listing_old = True
                raise
        ours = self._inventory.of_stack(self._cluster_name, key)
        below = [self._elbv2.listeners_and_rules(b) for b in ours.load_balancers]
        return Observed(
            security_groups=ours.security_groups,
            target_groups=ours.target_groups,
            load_balancers=ours.load_balancers,
            listeners=tuple(one for part in below for one in part.listeners),
            rules=tuple(one for part in below for one in part.rules),
        )

    def complete(self, stack: Stack, observed: Observed) -> Observed:
        """Read what the stack declares and nobody has read yet: attributes, and what comes late."""
        observed = self._late_reader.complete(stack, observed)
        read = {f.identity: self._attributes(f) for f in unread(stack, observed)}
        if not read:
            return observed
        return msgspec.structs.replace(
            observed,
            load_balancers=tuple(_with(f, read) for f in observed.load_balancers),
            target_groups=tuple(_with(f, read) for f in observed.target_groups),
            listeners=tuple(_with(f, read) for f in observed.listeners),
        )

    def is_protected(self, arn: str) -> bool:
        """Whether AWS refuses to delete a load balancer, as it is now; one that is gone, never."""
        try:
            attributes = self._elbv2.load_balancer_attributes(arn)
        except NotFound:
            return False
        return attributes.get(DELETION_PROTECTION) == "true"

    def is_active(self, arn: str) -> bool:
        """Whether AWS has provisioned a load balancer; raises AwsError."""
        return self._elbv2.load_balancer_state(arn) in ("active", "active_impaired")

    def is_healthy(self, arn: str) -> bool:
        """Whether a target group has targets, and all of them are healthy. Raises AwsError."""
        states = [one for one in self._elbv2.target_health(arn) if one.state != "draining"]
        return bool(states) and all(_is_fit(one) for one in states)

    def deregistration_seconds(self, arn: str) -> float:
        """How long AWS lets requests end after a target has left the group; raises AwsError."""
        return float(self._elbv2.target_group_attributes(arn).get(DEREGISTRATION_DELAY, 0))

    def record(self, before: Observed, after: Observed) -> None:
        """Give the inventory what a plan has changed of the resources that it lists."""
        kept = {f.identity: f for f in _listed(after)}
        for found in kept.values():
            self._inventory.put(found)
        for found in _listed(before):
            if found.identity not in kept:
                self._inventory.drop(found.identity)

    def _attributes(self, found: Found[Resource]) -> Attributes:
        match found.resource:
            case LoadBalancer():
                return self._elbv2.load_balancer_attributes(found.identity)
            case TargetGroup():
                return self._elbv2.target_group_attributes(found.identity)
            case Listener():
                return self._elbv2.listener_attributes(found.identity)
        raise TypeError(f"{found.resource.id} has no attributes")


def _is_fit(target: TargetHealth) -> bool:
    """It is sent requests; where health checks are off AWS says so, and sends them."""
    return target.state == "healthy" or target.reason == "Target.HealthCheckDisabled"


def _listed(observed: Observed) -> list[Listed]:
    return [*observed.load_balancers, *observed.target_groups, *observed.security_groups]


def _with(found: Found[Resource], read: dict[str, Attributes]) -> Found[Resource]:
    attributes = read.get(found.identity)
    if attributes is None:
        return found
    resource = msgspec.structs.replace(found.resource, attributes=attributes)
    return msgspec.structs.replace(found, resource=resource)


def current_states(observed: Observed) -> dict[BalancerId, CurrentState]:
    """What a build keeps of live load balancers; of two with one id the first counts."""
    return {
        found.resource.id.name: CurrentState(
            scheme=found.resource.scheme,
            ip_address_type=found.resource.ip_address_type,
            subnets=found.resource.subnets,
            certificates={
                one.resource.port: one.resource.certificates
                for one in observed.listeners
                if one.resource.load_balancer == found.identity and one.resource.certificates
            },
        )
        for found in reversed(observed.load_balancers)
    }
