"""Targets, registered and read back over HTTP."""

from __future__ import annotations

import pytest

from alb_controller.model.elbv2 import Target
from tests.moto.conftest import Account


@pytest.fixture
def group_arn(account: Account) -> str:
    """A target group without targets."""
    return account.has_target_group().identity


def test_targets_read_back_as_they_were_registered(account: Account, group_arn: str) -> None:
    """More targets than one call takes are all registered, and can be taken away again."""
    targets = [Target(f"10.0.{n // 250}.{n % 250 + 1}", 8080) for n in range(205)]
    account.elbv2.register_targets(group_arn, targets)
    found = account.elbv2.target_health(group_arn)
    assert {health.target.key for health in found} == {target.key for target in targets}
    assert {health.state for health in found} == {"unused"}  # no load balancer uses the group
    account.elbv2.deregister_targets(group_arn, targets)
    assert account.elbv2.target_health(group_arn) == ()


def test_unregistered_targets_count_as_deregistered(account: Account, group_arn: str) -> None:
    """One target that is not there does not keep the others in."""
    here, gone = Target("10.0.0.1", 8080), Target("10.0.0.2", 8080)
    account.elbv2.register_targets(group_arn, [here])
    account.elbv2.deregister_targets(group_arn, [gone, here])
    assert account.elbv2.target_health(group_arn) == ()


def test_health_can_be_asked_for_by_name(account: Account, group_arn: str) -> None:
    """Of some targets alone; one that is not registered is said to be so, and is no error."""
    there, other, gone = (Target(f"10.0.0.{i}", 80) for i in (1, 2, 3))
    account.elbv2.register_targets(group_arn, [there, other])
    found = account.elbv2.target_health(group_arn, [there, gone])
    assert [(h.target.id, h.reason) for h in found] == [
        ("10.0.0.1", "Target.NotInUse"),
        ("10.0.0.3", "Target.NotRegistered"),
    ]


def test_a_target_group_is_found_by_arn_or_name(account: Account) -> None:
    """As a binding must know it; one that is not there is none."""
    made = account.has_target_group()
    found = account.elbv2.bound_target_group(arn=made.identity)
    assert found is not None
    assert found == account.elbv2.bound_target_group(name=made.resource.name)
    assert (found.arn, found.vpc_id) == (made.identity, account.vpc_id)
    assert (found.target_type, found.protocol) == (made.resource.target_type, "HTTP")
    never_made = made.identity.replace(made.resource.name, "nobody")
    assert account.elbv2.bound_target_group(arn=never_made) is None
    assert account.elbv2.bound_target_group(name="nobody") is None
