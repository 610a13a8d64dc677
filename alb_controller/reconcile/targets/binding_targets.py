"""Brings a target group's targets to a binding's endpoints, as far as that is safe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from alb_controller.errors import QuotaExceeded, Rejected
from alb_controller.model.elbv2 import Target
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.reconcile.targets.edges import BindingEdges, BindingOptions
from alb_controller.reconcile.targets.endpoint_groups import Guards
from alb_controller.reconcile.targets.notes import BindingNotes
from alb_controller.reconcile.targets.purges import PurgeDecision, PurgeGuard, named
from alb_controller.reconcile.targets.registration import Registration
from alb_controller.reconcile.targets.zones import Zones
from alb_controller.targets.diff import TargetChanges
from alb_controller.targets.endpoints import BackendNotFound, Endpoint, Endpoints
from alb_controller.targets.watch import key_of
from alb_controller.values import BindingKey, Value

Resolve: TypeAlias = Callable[[TargetGroupBinding, Cluster], Endpoints | BackendNotFound]


class Registered(Value, frozen=True, kw_only=True):
    """What came of a binding's targets."""

    is_changed: bool = False
    """Whether there was anything to register or to deregister."""
    refused: Rejected | None = None
    """Targets that AWS refuses by themselves."""
    is_held: bool = False
    """Whether targets that nothing stands behind were not deregistered."""
    why_held: str = ""
    """Why, in one sentence, where users are to hear of it."""


class BindingTargets:
    """One pass over a binding's targets: new ones come before old ones go."""

    def __init__(
        self, edges: BindingEdges, options: BindingOptions, notes: BindingNotes, resolve: Resolve
    ) -> None:
        self._edges, self._notes = edges, notes
        self._most = options.max_targets
        self._purges = PurgeGuard(edges, options, resolve)
        self._zones = Zones(edges.addresses, edges.cluster, edges.clock, vpc_id=options.vpc_id)

    def review(
        self, binding: TargetGroupBinding, registration: Registration, endpoints: Endpoints
    ) -> PurgeDecision:
        """What it takes until the group holds the endpoints, and how much of it may be done now.

        Raises AwsError where AWS does not say what is registered.
        """
        wanted = registration.changes_to(Target(e.id, e.port) for e in endpoints.members)
        decision = self._purges.review(binding, registration.owned, wanted)
        if decision.held:
            self._edges.enqueue_later(key_of(binding), decision.after_seconds)
        return decision

    def bring(
        self,
        binding: TargetGroupBinding,
        registration: Registration,
        endpoints: Endpoints,
        decision: PurgeDecision,
        guards: Guards,
    ) -> Registered:
        """Do it: register what is missing, then deregister what is too much; at a quota what is too
        much makes room first.

        Raises AwsError, KubeError.
        """
        changes = self._cut(binding, registration, decision.changes)
        missing = {t.key for t in changes.register}
        new = [e for e in endpoints.members if e.key in missing]
        surplus = changes.deregister
        self._report_unknown(binding, registration.unknown(surplus))
        try:
            refused = self._register(binding, registration, new, guards)
        except QuotaExceeded:
            if not surplus:
                raise
            registration.deregister(surplus)
            refused, surplus = self._register(binding, registration, new, guards), ()
        registration.deregister(surplus)
        registration.record()
        return Registered(
            is_changed=bool(changes),
            refused=refused,
            is_held=bool(decision.held),
            why_held=decision.held if decision.is_reported else "",
        )

    def forget(self, key: BindingKey) -> None:
        """The binding is gone."""
        self._purges.forget(key)
        self._zones.forget(key)

    def _register(
        self,
        binding: TargetGroupBinding,
        registration: Registration,
        endpoints: Sequence[Endpoint],
        guards: Guards,
    ) -> Rejected | None:
        refused = registration.register(self._placed(binding, endpoints, guards))
        if refused is not None and self._zones.takes_from_nodes(binding, refused):
            return registration.register(self._placed(binding, endpoints, guards))
        return refused

    def _placed(
        self, binding: TargetGroupBinding, endpoints: Sequence[Endpoint], guards: Guards
    ) -> list[Target]:
        return [self._zones.place(binding, e, guards) for e in endpoints]

    def _cut(
        self, binding: TargetGroupBinding, registration: Registration, changes: TargetChanges
    ) -> TargetChanges:
        """As many as the group may have (--max-targets-per-target-group).

        Room that old targets leave is filled in another pass.
        """
        room = max(0, self._most - registration.count)
        if not self._most or len(changes.register) <= room:
            return changes
        left_out = changes.register[room:]
        if changes.deregister:
            self._edges.enqueue_later(key_of(binding), 0.0)
        else:
            message = (
                f"{len(left_out)} endpoints are not registered, because the target group has its "
                f"{self._most} targets (--max-targets-per-target-group): {named(left_out)}"
            )
            self._notes.warn(binding, "TooManyTargets", message)
        return TargetChanges(register=changes.register[:room], deregister=changes.deregister)

    def _report_unknown(self, binding: TargetGroupBinding, targets: Sequence[Target]) -> None:
        if targets:
            message = (
                f"deregisters targets that this controller did not register: {named(targets)}; a "
                "binding owns all targets of its group, unless spec.multiClusterTargetGroup is set"
            )
            self._notes.warn(binding, "UnknownTargets", message)
