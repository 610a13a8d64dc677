"""The inventory, read over HTTP."""

from __future__ import annotations

from alb_controller.aws.inventory import Inventory
from alb_controller.clock import SystemClock
from tests.moto.conftest import Account
from tests.unit.aws import samples


def test_a_stack_finds_all_that_carries_its_tags(account: Account) -> None:
    """Its load balancer, target groups and security group, and nobody else's."""
    balancer = account.has_load_balancer()
    group = account.has_target_group()
    account.has_target_group(name="another", tags={"team": "data"})
    managed = account.ec2.create_security_group(samples.security_group())
    inventory = Inventory(account.elbv2, account.ec2, samples.CLUSTER, SystemClock())
    found = inventory.of_stack(samples.CLUSTER, samples.STACK)
    assert [one.identity for one in found.load_balancers] == [balancer.identity]
    assert found.target_groups == (group,)
    assert found.security_groups == (managed,)
    other = inventory.by_name("TargetGroup", "another")
    assert other is not None
    assert other.resource.tags == {"team": "data"}
