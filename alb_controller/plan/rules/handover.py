"""Where there is no room for more rules or target groups: what goes before its successor comes.

A target group counts while anything uses it, so one that goes makes room when its last user has
let go of it. Whoever only trades one for another that nobody else uses makes no count rise and is
modified in place; every other user goes first and comes anew, at the price of a gap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from alb_controller.model.elbv2 import Action, groups_of
from alb_controller.model.refs import Reference
from alb_controller.model.stack import Observed
from alb_controller.plan.changes import PlanPolicy
from alb_controller.plan.diff import Matches
from alb_controller.plan.rules.pairs import RulePair, Schedule
from alb_controller.values import Value


class Handover(Value, frozen=True):
    """Which target groups are used now, by how many, and which shall be."""

    used: Mapping[Reference, int]
    wanted: frozenset[Reference]
    is_by_group: bool
    """Whether target groups have no room, and not only rules."""
    may_swap: bool
    """Whether one may be made before the other is deleted."""

    def goes_first(self, found: Iterable[Action], desired: Iterable[Action]) -> bool:
        """Whether what has these actions must let go of its target groups before others come."""
        leaving = groups_of(found) - self.wanted
        if not (self.is_by_group and leaving):
            return False
        arriving = [one for one in groups_of(desired) if one not in self.used]
        is_alone = all(self.used[one] == 1 for one in leaving)
        return not (self.may_swap and is_alone and len(arriving) == len(leaving))

    def split(self, schedule: Schedule) -> Schedule:
        """Without the pairs of which the found rule must go first."""
        return Schedule(early=self._staying(schedule.early), late=self._staying(schedule.late))

    def _staying(self, pairs: Iterable[RulePair]) -> tuple[RulePair, ...]:
        return tuple(
            pair
            for pair in pairs
            if not self.goes_first(pair.found.resource.actions, pair.desired.actions)
        )


def handover_of(matches: Matches, observed: Observed, policy: PlanPolicy) -> Handover | None:
    """None where there is room, or nothing that goes would make any."""
    limits = policy.limits_reached & {"rules", "used-target-groups", "target-groups"}
    if not limits:
        return None
    rules, listeners = observed.rules, observed.listeners
    users = [
        *(one.resource.actions for one in rules),
        *(one.resource.default_actions for one in listeners),
    ]
    wanted = [
        *(rule.actions for some in matches.rules.values() for rule in some),
        *(pair.desired.default_actions for pair in matches.listeners.pairs),
    ]
    used = Counter(group for actions in users for group in groups_of(actions))
    kept = frozenset(group for actions in wanted for group in groups_of(actions))
    if "rules" not in limits and used.keys() <= kept:
        return None
    return Handover(
        used=used,
        wanted=kept,
        is_by_group=limits != {"rules"},
        may_swap="target-groups" not in limits,
    )
