"""Brings a target group's targets to a binding's endpoints, as far as that is safe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
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
from alb_controller.reconcile.targets.room import Crowded, TargetRoom, room_by_default
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
    crowded: Crowded | None = None
    """Endpoints that AWS has no room for."""
    beyond: str = ""
    """Endpoints that are more than operators let the group have, in one sentence."""


class _Sending(Value, frozen=True, kw_only=True):
    """What is to be registered, and where."""

    binding: TargetGroupBinding
    registration: Registration
    new: tuple[Endpoint, ...]
    guards: Guards


class BindingTargets:
    """One pass over a binding's targets: new ones come before old ones go."""

    def __init__(
        self, edges: BindingEdges, options: BindingOptions, notes: BindingNotes, resolve: Resolve
    ) -> None:
        self._edges, self._notes = edges, notes
        limits = (
            (options.max_targets, "--max-targets-per-target-group"),
            (options.targets_quota, "--aws-quotas, targets-per-target-group"),
        )
        self._most = min((one for one in limits if one[0]), default=(0, ""))
        self._room = TargetRoom(edges.clock)
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
        new = tuple(e for e in endpoints.members if e.key in missing)
        self._report_unknown(binding, registration.unknown(changes.deregister))
        sending = _Sending(binding=binding, registration=registration, new=new, guards=guards)
        sent = self._exchange(sending, changes.deregister)
        registration.record()
        return Registered(
            is_changed=bool(changes),
            refused=sent if isinstance(sent, Rejected) else None,
            is_held=bool(decision.held),
            why_held=decision.held if decision.is_reported else "",
            crowded=sent if isinstance(sent, Crowded) else None,
            beyond=self._beyond(registration, decision.changes),
        )

    def forget(self, key: BindingKey) -> None:
        """The binding is gone."""
        self._purges.forget(key)
        self._room.forget(key)
        self._zones.forget(key)

    def _exchange(
        self, sending: _Sending, surplus: tuple[Target, ...]
    ) -> Rejected | Crowded | None:
        """New ones for those that are too much: what could not be registered."""
        key, registration = key_of(sending.binding), sending.registration
        crowded = self._room.lacking(key, (e.key for e in sending.new))
        if crowded is None:
            try:
                refused = self._register(sending, sending.new)
            except QuotaExceeded as error:
                crowded = self._fill(sending, error) if not surplus else None
            else:
                registration.deregister(surplus)
                self._room.forget(key)
                return refused
        if surplus:
            registration.deregister(surplus)
            try:
                refused = self._register(sending, sending.new)
            except QuotaExceeded as error:
                crowded = self._fill(sending, error, freed=len(surplus))
            else:
                self._room.forget(key)
                return refused
        if crowded is not None:
            self._edges.enqueue_later(key, self._room.seconds_left(crowded))
        return crowded

    def _fill(self, sending: _Sending, error: QuotaExceeded, *, freed: int = 0) -> Crowded:
        """Register as many as have room, as far as that can be said; some may be there already."""
        registration, count = sending.registration, len(sending.new)
        left = _left(sending)
        rooms = (freed - (count - len(left)), room_by_default(error, registration.count))
        room = max((one for one in rooms if 0 < one < len(left)), default=0)
        if room:
            with suppress(QuotaExceeded):
                self._register(sending, left[:room])
            left = _left(sending)
        missing = [e.key for e in left]
        return self._room.refuse(key_of(sending.binding), error, missing, registration.count)

    def _register(self, sending: _Sending, endpoints: Sequence[Endpoint]) -> Rejected | None:
        binding, guards = sending.binding, sending.guards
        registration = sending.registration
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
        """As many as the group may have, as operators say.

        Room that old targets leave is filled in another pass.
        """
        most, _ = self._most
        room = max(0, most - registration.count)
        if not most or len(changes.register) <= room:
            return changes
        if changes.deregister:
            self._edges.enqueue_later(key_of(binding), 0.0)
        return TargetChanges(register=changes.register[:room], deregister=changes.deregister)

    def _beyond(self, registration: Registration, wanted: TargetChanges) -> str:
        """What `_cut` has left out, where no other pass will have room for it."""
        left_out = [t for t in wanted.register if not registration.holds(t.key)]
        most, flag = self._most
        if not most or registration.count < most or wanted.deregister or not left_out:
            return ""
        return (
            f"{len(left_out)} endpoints are not registered, because the target group has its "
            f"{most} targets ({flag}): {named(left_out)}"
        )

    def _report_unknown(self, binding: TargetGroupBinding, targets: Sequence[Target]) -> None:
        if targets:
            message = (
                f"deregisters targets that this controller did not register: {named(targets)}; a "
                "binding owns all targets of its group, unless spec.multiClusterTargetGroup is set"
            )
            self._notes.warn(binding, "UnknownTargets", message)


def _left(sending: _Sending) -> list[Endpoint]:
    """What AWS shows not to be registered. Raises AwsError."""
    sending.registration.read_again()
    return [e for e in sending.new if not sending.registration.holds(e.key)]
