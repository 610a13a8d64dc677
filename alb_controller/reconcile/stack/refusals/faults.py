"""Who is at fault for a refused call, and the Warning of it: his field, and the answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from alb_controller.errors import (
    AwsError,
    ControllerError,
    KubeError,
    OverLimit,
    RefusedByApi,
)
from alb_controller.frontends.outcomes import PartError
from alb_controller.frontends.snapshot import Snapshot
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import LoadBalancer
from alb_controller.model.kube import Binding
from alb_controller.objects.kinds import ref_of
from alb_controller.plan import changes
from alb_controller.plan.changes import Step
from alb_controller.reconcile.apply import Failure, Outcome
from alb_controller.reconcile.refused import is_refusal, may_heal
from alb_controller.reconcile.stack.refusals.search import Problem
from alb_controller.values import ObjectRef, Origin

_OF_THE_WHOLE = frozenset({"TooManyLoadBalancers", "SecurityGroupLimitExceeded"})
"""No room for what the stack cannot be without: whatever a member sets, it is nobody's fault."""
_MOST_FIELDS = 3
_SHORTEST = 3
"""A shorter value may be in any sentence."""


def refusals_of(snapshot: Snapshot, outcome: Outcome) -> tuple[Problem, ...]:
    """The problems of the members whose part of a plan was refused; none where it was not."""
    stop = outcome.stop
    if stop is None or isinstance(stop.step, changes.Delete):
        return ()
    if not is_refusal(stop.error, stop.step, outcome.observed):
        return ()
    return tuple(
        _problem(origin, stop.error, stop.step) for origin in _at_fault(snapshot, stop, outcome)
    )


def waiting_for_room(snapshot: Snapshot, outcome: Outcome) -> tuple[Problem, ...]:
    """The members that made a plan wait until something has gone; a later pass serves them."""
    failure = outcome.without_room
    if failure is None:
        return ()
    asking = _at_fault(snapshot, failure, outcome)
    return tuple(_problem(one, failure.error, failure.step) for one in asking)


def part_errors(snapshot: Snapshot, outcome: Outcome) -> tuple[PartError, ...]:
    """What could not be had and nobody else needs, by those who asked for it."""
    return tuple(
        one for failure in outcome.apart for one in _part_errors(snapshot, failure, outcome)
    )


def _part_errors(snapshot: Snapshot, failure: Failure, outcome: Outcome) -> Iterator[PartError]:
    error, step = failure.error, failure.step
    is_refused = is_refusal(error, step, outcome.observed)
    for origin in _at_fault(snapshot, failure, outcome):
        shown = _problem(origin, error, step) if is_refused else error
        yield PartError(asked_by=origin.ref, error=shown)


def _problem(origin: Origin, error: ControllerError, step: Step) -> Problem:
    kind = OverLimit if may_heal(error) else RefusedByApi
    problem = kind(origin.ref, origin.field, _sentence(error, step))
    problem.cause = error
    return problem


def _at_fault(snapshot: Snapshot, failure: Failure, outcome: Outcome) -> tuple[Origin, ...]:
    """Of the members that asked, those who set something; all of them where none has.

    A Service at fault is named in the field of its member.
    """
    members, step, error = {ref_of(m.object) for m in snapshot.members}, failure.step, failure.error
    asking = [one for one in step.asked_by if one.ref in members]
    if not asking:
        return tuple(Origin(one) for one in sorted(members))
    precise = [one for one in step.asked_by if one.field]
    if len({one.ref for one in asking}) == 1:
        member = asking[0].ref
        first = precise[0] if precise else asking[0]
        if first.ref == member:
            return (Origin(member, _fields(member, step, error) or first.field),)
        return (Origin(member, f"{first.ref}: {first.field}"),)
    named = [one for one in precise if one.ref in members]
    if not named or (error_code(error) in _OF_THE_WHOLE and _is_first(step, outcome)):
        return tuple({one.ref: Origin(one.ref) for one in asking}.values())
    firsts = {one.ref: one for one in reversed(named)}
    return tuple(
        Origin(ref, _fields(ref, step, error) or first.field) for ref, first in firsts.items()
    )


def distinguishes(step: Step, refs: Collection[ObjectRef]) -> bool:
    """Whether one of these members has set what another has not, of what the step writes."""
    if not isinstance(step, changes.Create | changes.ModifyAttributes | changes.AddTags):
        return True  # by setting nothing is known of others
    askers = [{o.ref for o in origins} & set(refs) for origins in step.by_setting.values()]
    return any(0 < len(some) < len(refs) for some in askers)


def error_code(error: ControllerError | None) -> str:
    """What AWS calls it; empty for what others answer."""
    return error.code if isinstance(error, AwsError) else ""


def _fields(ref: ObjectRef, step: Step, error: ControllerError) -> str:
    """Where a member says what may be wrong: what the answer mentions, or what he alone has set."""
    fields = {
        setting: [one.field for one in origins if one.ref == ref and one.field]
        for setting, origins in step.by_setting.items()
    }
    text = error.message if isinstance(error, AwsError | KubeError) else ""
    mentioned = [one for one in fields if fields[one] and _is_in(text, _value(step, one))]
    alone = [one for one in fields if {origin.ref for origin in step.by_setting[one]} == {ref}]
    found = dict.fromkeys(field for one in mentioned or alone for field in fields[one])
    shown = list(found)[:_MOST_FIELDS]
    return ", ".join(shown) + (" or others" if len(found) > len(shown) else "")


def _is_in(text: str, value: object) -> bool:
    return isinstance(value, str) and len(value) >= _SHORTEST and value in text


def _value(step: Step, setting: str) -> object:
    """What a step writes for a setting, where that is one text."""
    field, _, entry = setting.partition(".")
    found = getattr(getattr(step, "resource", step), field, None)
    if isinstance(found, Mapping):
        return found.get(entry)
    return entry if isinstance(found, tuple) and entry in found else found


def _is_first(step: Step, outcome: Outcome) -> bool:
    """Whether it makes what the stack cannot be without: no room for that is nobody's fault."""
    made = step.resource if isinstance(step, changes.Create) else None
    gone = {one.kind for one in outcome.done if isinstance(one, changes.Delete)}
    match made:
        case LoadBalancer():
            return not outcome.observed.load_balancers and "LoadBalancer" not in gone
        case SecurityGroup():
            return not outcome.observed.security_groups and "SecurityGroup" not in gone
        case _:
            return False


def _sentence(error: ControllerError, step: Step) -> str:
    if isinstance(error, AwsError):
        return f"AWS refuses {error.operation}: {error.code}: {error.message}"
    match step:
        case changes.Create(resource=Binding() as made) | changes.UpdateBinding(resource=made):
            return f"TargetGroupBinding {made.namespace}/{made.name}: {error}"
        case _:
            return f"{error}"
