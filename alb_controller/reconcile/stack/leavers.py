"""What cannot go yet, and who waits for it: everybody else is let go.

A deletion waits for a binding that lets go of its targets, or for somebody who uses a target group
or a security group of ours: a rule of another member, a foreign load balancer or group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from alb_controller.clock import Clock
from alb_controller.errors import AwsError, InUse
from alb_controller.frontends.events import Event
from alb_controller.frontends.snapshot import Snapshot
from alb_controller.model.stack import Observed
from alb_controller.objects.core import KubeObject
from alb_controller.objects.events import Reason
from alb_controller.objects.kinds import ref_of
from alb_controller.plan import changes
from alb_controller.reconcile.apply import Failure
from alb_controller.reconcile.stack.edges import NameOwners
from alb_controller.values import ObjectRef

PATIENCE = timedelta(minutes=2)
"""AWS lets go of what a deleted load balancer had within that time; nothing is reported before."""


def waiting(
    snapshot: Snapshot, left: Iterable[Failure], observed: Observed
) -> Mapping[ObjectRef, tuple[Failure, ...]]:
    """The inactive members of which something is left, and what that is.

    What is nobody's own is everybody's once the stack goes, and stays with those who stay.
    """
    found: dict[ObjectRef, list[Failure]] = {}
    for failure in left:
        names = set(_target_groups(failure, observed))
        owners = [one for one in snapshot.inactive if any(_is_of(one, name) for name in names)]
        if not (owners or snapshot.members):
            owners = list(snapshot.inactive)
        for one in owners:
            found.setdefault(ref_of(one), []).append(failure)
    return {ref: tuple(failures) for ref, failures in found.items()}


def _target_groups(failure: Failure, observed: Observed) -> Iterator[str]:
    """The resource ids of the target groups that are left, with their bindings or without."""
    by_arn = {one.identity: one.resource.id.name for one in observed.target_groups}
    match failure.step:
        case changes.Delete(kind="TargetGroup", found=found):
            yield found.resource.id.name
        case changes.Delete(kind="Binding", found=found):
            yield by_arn.get(str(getattr(found.resource, "target_group", "")), "")
        case changes.AwaitBindingsGone(bindings=bindings):
            held = (one for one in observed.bindings if one.identity in bindings)
            yield from (by_arn.get(str(one.resource.target_group), "") for one in held)


def _is_of(obj: KubeObject, name: str) -> bool:
    """A target group is called `namespace/ingress-service:port` (spec 5.1)."""
    return name.startswith(f"{obj.metadata.namespace}/{obj.metadata.name}-")


class Waits:
    """Since when something that is used has been about to go."""

    def __init__(self, clock: Clock, owners: NameOwners) -> None:
        """`owners` ask AWS who uses what cannot be deleted."""
        self._clock, self._owners = clock, owners
        self._since: dict[str, datetime] = {}

    def events(self, held: Mapping[ObjectRef, Iterable[Failure]]) -> Iterator[Event]:
        """What those who wait report: for what, and who uses it where that can be read."""
        for ref, failures in held.items():
            sentences = list(filter(None, map(self._sentence, failures)))
            if sentences:
                message = f"Failed cleanup due to {'; '.join(sentences)}"
                yield Event(ref, "Warning", Reason.FAILED_CLEANUP, message)

    def _sentence(self, failure: Failure) -> str:
        step, error = failure.step, failure.error
        if not (isinstance(step, changes.Delete) and isinstance(error, InUse)):
            return ""
        now, identity = self._clock.now(), step.found.identity
        since = self._since.setdefault(identity, now)
        try:
            users = self._owners.users_of(step)
        except AwsError:
            users = ()
        if not users and now - since < PATIENCE:
            return ""
        by = f"it is used by {', '.join(users)}" if users else f"{error.code}: {error.message}"
        return f"{step.kind} {identity}, which cannot be deleted yet: {by}"
