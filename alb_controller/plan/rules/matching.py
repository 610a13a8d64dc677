"""Which found rule becomes which desired one.

Rules are matched by content, never by their tag `port:priority`: matched by it, one insertion
would rewrite every later rule and send requests to wrong backends meanwhile (spec 12.2 #35). What
is left is modified in place only where no request can get an answer that is neither the old nor
the new one (`rules` says why that holds); else it is made anew and the old one deleted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

import msgspec

from alb_controller.model.elbv2 import ListenerRule
from alb_controller.model.ownership import ownership_of
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import Found
from alb_controller.plan.changes import PlanPolicy
from alb_controller.plan.equality import same_content
from alb_controller.plan.guard import is_our_rule, may_adopt_rule
from alb_controller.plan.rules.handover import Handover
from alb_controller.plan.rules.overlap import may_overlap
from alb_controller.plan.rules.pairs import Conditions, Left, RulePair, Schedule
from alb_controller.plan.rules.room import schedule_without_room
from alb_controller.values import StackKey, Value


class RuleDiff(Value, frozen=True):
    """All rules of one listener, each tuple by ascending number."""

    kept: tuple[RulePair, ...]
    modified: tuple[RulePair, ...]
    """To be modified before the final order is set."""
    modified_late: tuple[RulePair, ...]
    """To be modified after it."""
    created: tuple[ListenerRule, ...]
    deleted: tuple[Found[ListenerRule], ...]
    foreign: tuple[Found[ListenerRule], ...]
    """Somebody else's rules: never touched, but their numbers are taken."""
    lacks_room: bool = False
    """Whether the load balancer holds no more rules: what goes, goes before something comes."""

    @property
    def survivors(self) -> tuple[RulePair, ...]:
        """Every pair, in the final order."""
        pairs = (*self.kept, *self.modified, *self.modified_late)
        return tuple(sorted(pairs, key=lambda pair: pair.desired.priority))


def match_rules(
    desired: Sequence[ListenerRule],
    found: Iterable[Found[ListenerRule]],
    *,
    key: StackKey,
    policy: PlanPolicy,
    default_differs: bool = False,
    handover: Handover | None = None,
) -> RuleDiff:
    """Sort out the rules of one listener; `default_differs`: its default actions change too.

    With a `handover` there is no room: what comes is made when what goes has gone.
    """
    present = sorted(found, key=lambda rule: rule.resource.priority)
    ours = _ours(desired, present, key, policy)
    claimed = {rule.identity for rule in ours}
    foreign = tuple(rule for rule in present if rule.identity not in claimed)
    wanted = _numbered(desired, foreign, key)
    same = _pair_off(wanted, ours, same_content)
    changed = _pair_off(same.desired, same.found, _any)
    if handover is not None:
        schedule = handover.split(schedule_without_room(same.pairs, changed, foreign))
    else:
        edited = () if default_differs else _edited(same.pairs, changed, foreign)
        timed = _timed(changed.pairs, _places(ours, foreign), _places_of(wanted, foreign))
        schedule = Schedule(early=(*edited, *timed.early), late=timed.late)
    paired = [*same.pairs, *schedule.early, *schedule.late]
    kept_rules = {pair.desired.priority for pair in paired}
    kept_identities = {pair.found.identity for pair in paired}
    return RuleDiff(
        kept=same.pairs,
        modified=_ascending(schedule.early),
        modified_late=_ascending(schedule.late),
        created=tuple(rule for rule in wanted if rule.priority not in kept_rules),
        deleted=tuple(rule for rule in ours if rule.identity not in kept_identities),
        foreign=foreign,
        lacks_room=handover is not None,
    )


def _ours(
    desired: Sequence[ListenerRule],
    present: Sequence[Found[ListenerRule]],
    key: StackKey,
    policy: PlanPolicy,
) -> list[Found[ListenerRule]]:
    """Rules with our tags, and untagged ones that say just what we still lack."""
    tagged = [rule for rule in present if is_our_rule(rule, key, policy)]
    if len(tagged) == len(present):
        return tagged
    lacking = _pair_off(desired, tagged, same_content).desired
    free = [rule for rule in present if not is_our_rule(rule, key, policy) and may_adopt_rule(rule)]
    adopted = [pair.found for pair in _pair_off(lacking, free, same_content).pairs]
    return sorted([*tagged, *adopted], key=lambda rule: rule.resource.priority)


def _numbered(
    desired: Iterable[ListenerRule], foreign: Iterable[Found[ListenerRule]], key: StackKey
) -> tuple[ListenerRule, ...]:
    """Desired rules by priority; those that a foreign rule's number is in the way of move on."""
    taken = {rule.resource.priority for rule in foreign}
    numbered: list[ListenerRule] = []
    last = 0
    for rule in sorted(desired, key=lambda rule: rule.priority):
        last = max(last + 1, rule.priority)
        while last in taken:
            last += 1
        numbered.append(rule if last == rule.priority else _renumbered(rule, last, key))
    return tuple(numbered)


def _renumbered(rule: ListenerRule, number: int, key: StackKey) -> ListenerRule:
    """The resource id and its tag are `port:priority`, so they follow (spec 4.5)."""
    name = f"{rule.id.name.rpartition(':')[0]}:{number}"
    tag = ownership_of(key).resource_tag
    tags = {**rule.tags, tag: name} if tag in rule.tags else rule.tags
    identity = ResourceId(rule.id.kind, name)
    return msgspec.structs.replace(rule, priority=number, id=identity, tags=tags)


def _pair_off(
    desired: Iterable[ListenerRule],
    found: Iterable[Found[ListenerRule]],
    same: Callable[[ListenerRule, ListenerRule], bool],
) -> Left:
    """Pair rules of equal conditions that are the same; of duplicates, the nearest by number."""
    left: dict[Conditions, list[Found[ListenerRule]]] = {}
    for rule in found:
        left.setdefault(rule.resource.conditions, []).append(rule)
    pairs, unpaired = [], []
    for wanted in desired:
        candidates = left.get(wanted.conditions, [])
        fitting = [rule for rule in candidates if same(wanted, rule.resource)]
        if not fitting:
            unpaired.append(wanted)
            continue
        nearest = min(fitting, key=lambda rule: abs(rule.resource.priority - wanted.priority))
        candidates.remove(nearest)
        pairs.append(RulePair(desired=wanted, found=nearest))
    rest = sorted(
        (rule for some in left.values() for rule in some), key=lambda rule: rule.resource.priority
    )
    return Left(pairs=tuple(pairs), desired=tuple(unpaired), found=tuple(rest))


def _any(_desired: ListenerRule, _found: ListenerRule) -> bool:
    return True


# ---- rules whose actions change: when to modify them


def _places(
    ours: Iterable[Found[ListenerRule]], foreign: Iterable[Found[ListenerRule]]
) -> list[tuple[int, Conditions]]:
    return [(rule.resource.priority, rule.resource.conditions) for rule in (*ours, *foreign)]


def _places_of(
    desired: Iterable[ListenerRule], foreign: Iterable[Found[ListenerRule]]
) -> list[tuple[int, Conditions]]:
    return [(rule.priority, rule.conditions) for rule in desired] + _places((), foreign)


def _timed(
    pairs: Iterable[RulePair],
    before: list[tuple[int, Conditions]],
    after: list[tuple[int, Conditions]],
) -> Schedule:
    """Early where nothing comes ahead of the rule, late where nothing ahead of it goes away."""
    early, late = [], []
    for pair in pairs:
        conditions = pair.desired.conditions
        ahead_before = _ahead(conditions, pair.found.resource.priority, before)
        ahead_after = _ahead(conditions, pair.desired.priority, after)
        if ahead_after <= ahead_before:
            early.append(pair)
        elif ahead_before <= ahead_after:
            late.append(pair)
    return Schedule(early=tuple(early), late=tuple(late))


def _ahead(
    conditions: Conditions, place: int, rules: Iterable[tuple[int, Conditions]]
) -> set[Conditions]:
    """What may answer a request of the rule in its stead."""
    return {other for number, other in rules if number < place and may_overlap(conditions, other)}


# ---- rules whose conditions change: which of them may be modified in place


def _edited(
    kept: Sequence[RulePair], changed: Left, foreign: Sequence[Found[ListenerRule]]
) -> tuple[RulePair, ...]:
    """Pairs at one place between the same neighbours that nothing else that changes overlaps."""
    stable = _stable([*kept, *changed.pairs], foreign)
    candidates = _same_place(changed, stable)
    moved = [pair for pair in kept if pair.found.identity not in stable]
    changing = [
        *(pair.desired.conditions for pair in (*changed.pairs, *moved)),
        *(rule.conditions for rule in changed.desired),
        *(rule.resource.conditions for rule in changed.found),
    ]
    return tuple(pair for pair in candidates if _is_alone(pair, changing))


def _is_alone(pair: RulePair, changing: list[Conditions]) -> bool:
    own = (pair.desired.conditions, pair.found.resource.conditions)
    others = changing.copy()
    for mine in own:
        others.remove(mine)
    return not any(may_overlap(mine, other) for other in others for mine in own)


def _stable(
    pairs: Iterable[RulePair], foreign: Iterable[Found[ListenerRule]]
) -> dict[str, tuple[int, int]]:
    """Identity -> (number now, final number) of a longest run of rules that keep their order."""
    places = [
        *((p.found.resource.priority, p.desired.priority, p.found.identity) for p in pairs),
        *((rule.resource.priority, rule.resource.priority, rule.identity) for rule in foreign),
    ]
    ends: list[int] = []
    runs: list[list[tuple[int, int, str]]] = []
    for place in sorted(places):
        at = bisect_left(ends, place[1])
        ends[at : at + 1] = [place[1]]
        runs[at : at + 1] = [[*(runs[at - 1] if at else []), place]]
    return {identity: (now, final) for now, final, identity in (runs[-1] if runs else [])}


def _same_place(changed: Left, stable: dict[str, tuple[int, int]]) -> list[RulePair]:
    """Left rules between the same stable neighbours, in order."""
    now = sorted(place[0] for place in stable.values())
    final = sorted(place[1] for place in stable.values())
    waiting: dict[int, list[Found[ListenerRule]]] = {}
    for rule in changed.found:
        waiting.setdefault(bisect_left(now, rule.resource.priority), []).append(rule)
    pairs = []
    for wanted in changed.desired:
        candidates = waiting.get(bisect_left(final, wanted.priority))
        if candidates:
            pairs.append(RulePair(desired=wanted, found=candidates.pop(0)))
    return pairs


def _ascending(pairs: Iterable[RulePair]) -> tuple[RulePair, ...]:
    return tuple(sorted(pairs, key=lambda pair: pair.desired.priority))
