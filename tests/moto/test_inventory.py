"""The inventory, read over HTTP."""

from __future__ import annotations

from typing import Any

from alb_controller.aws.elbv2 import Elbv2
from alb_controller.aws.inventory import Inventory
from alb_controller.aws.tagging import TaggedListing
from alb_controller.clock import SystemClock
from alb_controller.model.ownership import INGRESS, LEGACY_CLUSTER_TAG
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


def _tagged(account: Account, elbv2: Elbv2 | None = None) -> TaggedListing:
    return TaggedListing(account.sender, elbv2 or account.elbv2, samples.CLUSTER)


def test_tags_find_the_cluster_s_own(account: Account) -> None:
    """With the gate EnableRGTAPI: in both forms of the tags, with the tags, and nobody else's."""
    balancer = account.has_load_balancer()
    group = account.has_target_group()
    v1 = {LEGACY_CLUSTER_TAG: samples.CLUSTER, INGRESS.stack_tag: samples.STACK.id}
    old = account.has_target_group(name="v1", tags=v1)
    account.has_target_group(name="another", tags={"team": "data"})
    inventory = Inventory(_tagged(account), account.ec2, samples.CLUSTER, SystemClock())
    found = inventory.of_stack(samples.CLUSTER, samples.STACK)
    assert [one.identity for one in found.load_balancers] == [balancer.identity]
    assert found.target_groups == tuple(sorted((group, old), key=lambda one: one.identity))
    assert not inventory.lists_others
    assert inventory.by_name("TargetGroup", "another") is None


def test_tags_find_nothing_of_another_vpc(account: Account) -> None:
    """Another cluster of the same name is not ours (spec 12 #43)."""
    account.has_load_balancer()
    account.has_target_group()
    listing = _tagged(account, Elbv2(account.sender, "vpc-other"))
    assert (listing.load_balancers(), listing.target_groups()) == ((), ())


def test_what_tags_still_show_and_is_gone_is_left_out(account: Account) -> None:
    """The search lags behind: one that is gone does not hide the others."""
    group = account.has_target_group()
    gone = account.has_target_group(name="gone")
    account.elbv2.delete_target_group(gone.identity)
    tags: Any = {one.identity: one.resource.tags for one in (gone, group)}
    assert account.elbv2.target_groups_of(tags) == (group,)
