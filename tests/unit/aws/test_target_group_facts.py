"""Target groups that annotations name: one call for each name, and an absence is asked again."""

from __future__ import annotations

from typing import cast

from alb_controller.aws.caches import TARGET_GROUP_NAMES
from alb_controller.aws.elbv2 import Elbv2
from alb_controller.aws.facts import OwnedFacts, TargetGroupFacts
from alb_controller.aws.inventory import Inventory
from alb_controller.model.queries import (
    TargetGroupByName,
    TargetGroupInfo,
    TargetGroupOfCluster,
)
from alb_controller.model.stack import Found
from tests.clocks import FakeClock
from tests.resources import security_group, target_group
from tests.world_reads import Account

BLUE, GREEN = TargetGroupByName("blue"), TargetGroupByName("green")


def _account(**arns: str) -> Account:
    """Target groups by name: name=ARN."""
    account = Account()
    account.things |= {arn: target_group(name=name) for name, arn in arns.items()}
    return account


def facts(account: Account, clock: FakeClock | None = None) -> TargetGroupFacts:
    """Facts over these groups."""
    return TargetGroupFacts(cast("Elbv2", account), clock or FakeClock())  # as much as is asked


def test_a_name_is_answered_with_the_group() -> None:
    """Once for as long as the answer lasts, whoever asks."""
    groups = _account(blue="arn:blue", green="arn:green")
    made = facts(groups)
    assert made.answer([BLUE, GREEN]) == {
        BLUE: (TargetGroupInfo(name="blue", arn="arn:blue"),),
        GREEN: (TargetGroupInfo(name="green", arn="arn:green"),),
    }
    made.answer([GREEN, BLUE])
    assert len(groups.reads) == 2


def test_a_group_that_is_not_there_is_asked_for_each_time() -> None:
    """So its creation is noticed by the next look."""
    groups = _account()
    made = facts(groups)
    assert made.answer([BLUE]) == {BLUE: ()}
    groups.things |= _account(blue="arn:blue").things
    assert made.answer([BLUE]) == {BLUE: (TargetGroupInfo(name="blue", arn="arn:blue"),)}


def test_an_answer_is_forgotten_after_its_time() -> None:
    """A group that was made anew has another ARN."""
    groups, clock = _account(blue="arn:old"), FakeClock()
    made = facts(groups, clock)
    made.answer([BLUE])
    groups.things = _account(blue="arn:new").things
    clock.advance(TARGET_GROUP_NAMES.seconds + 1)
    assert made.answer([BLUE]) == {BLUE: (TargetGroupInfo(name="blue", arn="arn:new"),)}


def test_the_clusters_own_groups_are_known_without_a_call() -> None:
    """With their tags; of what is none of them, or no target group, nothing is said."""
    clock = FakeClock()
    group = Found(identity="arn:own", resource=target_group("x", tags={"a": "b"}))
    account = Account()
    inventory = Inventory(account, account, "prod", clock)
    inventory.refresh()
    inventory.put(group)
    inventory.put(Found(identity="sg-1", resource=security_group()))
    asked = [TargetGroupOfCluster(one) for one in ("arn:own", "arn:other", "sg-1")]
    own = TargetGroupInfo(name=group.resource.name, arn="arn:own", tags={"a": "b"})
    answers = OwnedFacts(inventory).answer(asked)
    assert answers == {asked[0]: (own,), asked[1]: (), asked[2]: ()}
