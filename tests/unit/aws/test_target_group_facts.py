"""Target groups that annotations name: one call for each name, and an absence is asked again."""

from __future__ import annotations

from typing import cast

from alb_controller.aws.caches import TARGET_GROUP_NAMES
from alb_controller.aws.elbv2 import Elbv2
from alb_controller.aws.facts import TargetGroupFacts
from alb_controller.model.elbv2 import TargetGroup
from alb_controller.model.queries import TargetGroupByName, TargetGroupInfo
from alb_controller.model.stack import Found
from tests.resources import target_group
from tests.unit.aws.clocks import JumpingClock

BLUE, GREEN = TargetGroupByName("blue"), TargetGroupByName("green")


class Groups:
    """Target groups by name as AWS has them; `asked` are the reads."""

    def __init__(self, **arns: str) -> None:
        self.arns, self.asked = arns, list[str]()

    def target_group_by_name(self, name: str) -> Found[TargetGroup] | None:
        self.asked.append(name)
        arn = self.arns.get(name)
        return None if arn is None else Found(identity=arn, resource=target_group("x"))


def facts(groups: Groups, clock: JumpingClock | None = None) -> TargetGroupFacts:
    """Facts over these groups."""
    return TargetGroupFacts(cast("Elbv2", groups), clock or JumpingClock())


def test_a_name_is_answered_with_the_group() -> None:
    """Once for as long as the answer lasts, whoever asks."""
    groups = Groups(blue="arn:blue", green="arn:green")
    made = facts(groups)
    assert made.answer([BLUE, GREEN]) == {
        BLUE: (TargetGroupInfo(name="blue", arn="arn:blue"),),
        GREEN: (TargetGroupInfo(name="green", arn="arn:green"),),
    }
    made.answer([GREEN, BLUE])
    assert sorted(groups.asked) == ["blue", "green"]


def test_a_group_that_is_not_there_is_asked_for_each_time() -> None:
    """So its creation is noticed by the next look."""
    groups = Groups()
    made = facts(groups)
    assert made.answer([BLUE]) == {BLUE: ()}
    groups.arns["blue"] = "arn:blue"
    assert made.answer([BLUE]) == {BLUE: (TargetGroupInfo(name="blue", arn="arn:blue"),)}


def test_an_answer_is_forgotten_after_its_time() -> None:
    """A group that was made anew has another ARN."""
    groups, clock = Groups(blue="arn:old"), JumpingClock()
    made = facts(groups, clock)
    made.answer([BLUE])
    groups.arns["blue"] = "arn:new"
    clock.seconds += TARGET_GROUP_NAMES.seconds + 1
    assert made.answer([BLUE]) == {BLUE: (TargetGroupInfo(name="blue", arn="arn:new"),)}
