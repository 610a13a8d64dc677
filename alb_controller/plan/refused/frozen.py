"""A plan without steps that AWS refuses of what it had taken before: what it has there stays.

What a member had may be refused when it is written again. Nothing can stand in for that, so the
step is left out with all that hangs on it, and nothing goes that is in use instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import ListenerRule, LoadBalancer, groups_of
from alb_controller.model.refs import Reference, ResourceId
from alb_controller.model.stack import Found, Observed
from alb_controller.plan import changes
from alb_controller.plan.changes import Plan, Step
from alb_controller.plan.references import unresolved

_ANY_RULE = ResourceId("ListenerRule", "")
_MODIFIES = (changes.ModifyRule, changes.ModifyListener, changes.UpdateBinding)


def can_be_frozen(step: Step) -> bool:
    """Whether a stack can be without it: not where everything of it hangs on the step."""
    match step:
        case changes.Create(resource=LoadBalancer() | SecurityGroup()) | changes.Delete():
            return False
        case _:
            return True


def written(step: Step) -> Step:
    """What a step writes, for comparison: the same rule comes by a creation or instead of another,
    and moves as others come and go."""
    step = msgspec.structs.replace(step, asked_by=(), by_setting={})
    match step:
        case changes.Create(resource=ListenerRule() as rule) | changes.ModifyRule(resource=rule):
            bare = msgspec.structs.replace(rule, id=_ANY_RULE, priority=0, tags={}, asked_by=())
            return changes.ModifyRule(target="", resource=bare)
        case _:
            return step


def without(plan: Plan, observed: Observed, is_frozen: Callable[[Step], bool]) -> Plan:
    """The plan without these steps, what hangs on them, and the end of what they leave in use."""
    missing: set[ResourceId] = set()
    gone: set[Reference] = set()
    used: set[str] = set()
    left: list[Step] = []
    for step in plan.steps:
        found = _without_refs(step, missing, gone)
        if found is not None and not is_frozen(step):
            left.append(found)
        elif isinstance(step, changes.Create):
            missing.add(step.resource.id)
        elif isinstance(step, changes.ModifyRule) and (other := _replaced(step, observed)):
            gone.add(other.identity)
            left.append(changes.Delete(kind="ListenerRule", found=other))
        elif isinstance(step, _MODIFIES):
            used |= _used_by(str(step.target), observed)
    kept = tuple(one for step in left for one in _ends_nothing(step, used, observed))
    return msgspec.structs.replace(plan, steps=kept)


def _replaced(step: changes.ModifyRule, observed: Observed) -> Found[ListenerRule] | None:
    """The rule of something else, wanted no more, that a frozen one was to take the place of."""
    found = next((one for one in observed.rules if one.identity == step.target), None)
    is_same = found is None or found.resource.conditions == step.resource.conditions
    return None if is_same else found


def _without_refs(step: Step, missing: set[ResourceId], gone: set[Reference]) -> Step | None:
    """What is left of a step without what will not be made, or goes."""
    if isinstance(step, changes.SetRulePriorities):
        places = tuple(
            one for one in step.priorities if one[0] not in gone and not _names(one, missing)
        )
        if not places or _names(step.listener, missing):
            return None
        return msgspec.structs.replace(step, priorities=places)
    is_of_gone = getattr(step, "target", None) in gone
    return None if is_of_gone or _names(step, missing) else step


def _names(value: object, missing: set[ResourceId]) -> bool:
    return any(ref.id in missing for ref in unresolved(value))


def _used_by(target: str, observed: Observed) -> set[str]:
    """The target groups that a rule, a listener or a binding stays with."""
    acting = [
        *(one.resource.actions for one in observed.rules if one.identity == target),
        *(one.resource.default_actions for one in observed.listeners if one.identity == target),
    ]
    groups = {str(group) for actions in acting for group in groups_of(actions)}
    bound = {str(b.resource.target_group) for b in observed.bindings if b.identity == target}
    return groups | bound


def _ends_nothing(step: Step, used: set[str], observed: Observed) -> Iterable[Step]:
    """Without the deletion of used target groups, and of their bindings."""
    bindings = {b.identity for b in observed.bindings if str(b.resource.target_group) in used}
    match step:
        case changes.Delete(kind="TargetGroup") if step.found.identity in used:
            return ()
        case changes.Delete(kind="Binding") if step.found.identity in bindings:
            return ()
        case changes.AwaitBindingsGone():
            awaited = tuple(one for one in step.bindings if one not in bindings)
            return (msgspec.structs.replace(step, bindings=awaited),) if awaited else ()
        case _:
            return (step,)
