"""A name that is wanted is looked up before AWS hands back somebody else's resource."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace as changed

from alb_controller.aws.inventory import Inventory
from alb_controller.aws.tagging import TaggedListing
from alb_controller.errors import ForeignOwner, NotReady
from alb_controller.model.ownership import CLUSTER_TAG, stack_tags
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import Found, FoundLoadBalancer
from alb_controller.plan.changes import NameToClaim
from alb_controller.reconcile.owners import Owners
from alb_controller.values import StackKey
from tests.clocks import FakeClock
from tests.resources import load_balancer, security_group, target_group
from tests.world_reads import Account

STACK = StackKey("ingress", "shop", "web")
OURS = stack_tags("prod", STACK)
BALANCER = NameToClaim("LoadBalancer", "k8s-web")
GROUP = NameToClaim("TargetGroup", "k8s-app")
FIREWALL = NameToClaim("SecurityGroup", "k8s-sg")


class Rig:
    """The owners over an account, of which the inventory has listed what there was at first."""

    def __init__(self, **there: Any) -> None:
        self.aws, self.clock = Account(), FakeClock()
        self.aws.things |= there
        self.inventory = Inventory(self.aws, self.aws, "prod", self.clock)
        self.inventory.refresh()
        self.aws.reads.clear()
        self.clock.advance(100.0)
        self.owners = Owners(self.aws, self.aws, self.inventory, "prod")

    def known(self) -> list[str]:
        """The identities in the inventory."""
        return [one for one in self.aws.things if self.inventory.by_identity(one) is not None]


@pytest.fixture
def rig() -> Rig:
    """Nothing has a name yet."""
    return Rig()


def test_free_names_are_asked_for_one_by_one(rig: Rig) -> None:
    """But not those of security groups: AWS refuses one that exists."""
    rig.owners.check([BALANCER, GROUP, FIREWALL], STACK)
    assert rig.aws.reads == ["DescribeLoadBalancers", "DescribeTargetGroups"]


def test_a_fresh_listing_answers_for_aws(rig: Rig) -> None:
    """A listing of a moment ago costs no call."""
    rig.aws.things["arn"] = load_balancer(name=BALANCER.name, tags={"owner": "them"})
    rig.inventory.refresh()
    rig.clock.advance(5.0)
    rig.aws.reads.clear()
    rig.owners.check([GROUP], STACK)
    with pytest.raises(ForeignOwner, match="owner=them"):
        rig.owners.check([BALANCER], STACK)
    assert rig.aws.reads == []


class OwnListing(TaggedListing):
    """Lists what carries the tag of the cluster prod."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def load_balancers(self) -> tuple[FoundLoadBalancer, ...]:
        found = self._account.load_balancers()
        return tuple(one for one in found if one.resource.tags.get(CLUSTER_TAG) == "prod")

    def target_groups(self) -> tuple[Found[Any], ...]:
        found = self._account.target_groups()
        return tuple(one for one in found if one.resource.tags.get(CLUSTER_TAG) == "prod")


def test_a_listing_of_our_own_knows_no_other_holder(rig: Rig) -> None:
    """Found by tags, others' resources are not listed: AWS is asked for each name."""
    rig.aws.things["arn"] = load_balancer(name=BALANCER.name, tags={"owner": "them"})
    inventory = Inventory(OwnListing(rig.aws), rig.aws, "prod", rig.clock)
    inventory.refresh()
    rig.aws.reads.clear()
    owners = Owners(rig.aws, rig.aws, inventory, "prod")
    owners.check([GROUP], STACK)
    with pytest.raises(ForeignOwner, match="owner=them"):
        owners.check([BALANCER], STACK)
    assert rig.aws.reads == ["DescribeTargetGroups", "DescribeLoadBalancers"]


@pytest.mark.parametrize(
    "name, resource, texts",
    [
        (BALANCER, load_balancer(tags={"a": "b", "c": "d"}), "load balancer.*a=b, c=d"),
        (GROUP, target_group(tags={}), "target group.*no tags"),
        (GROUP, target_group(tags=stack_tags("other", STACK)), "elbv2.k8s.aws/cluster=other"),
        (
            BALANCER,
            load_balancer(tags=stack_tags("prod", StackKey("ingress", "shop", "app"))),
            "stack=shop/app",
        ),
        (
            GROUP,
            changed(target_group(tags=OURS), id=ResourceId("TargetGroup", "")),
            "no tag ingress.k8s.aws/resource, its tags are",
        ),
    ],
)
def test_a_holder_that_is_not_ours_is_refused(
    rig: Rig, name: NameToClaim, resource: Any, texts: str
) -> None:
    """Of no stack, another cluster or stack, or of no place in ours: the error says whose it is."""
    rig.aws.things["arn"] = changed(resource, name=name.name)
    with pytest.raises(ForeignOwner, match=texts):
        rig.owners.check([name], STACK)
    assert rig.known() == []


def test_a_holder_that_is_ours_is_remembered_and_looked_at_next(rig: Rig) -> None:
    """It was made and its answer was lost: the next pass finds it."""
    rig.aws.things["arn"] = target_group(name=GROUP.name, tags=OURS)
    with pytest.raises(NotReady):
        rig.owners.check([GROUP], STACK)
    assert rig.known() == ["arn"]


def test_a_refusal_of_aws_is_explained_by_asking_anew(rig: Rig) -> None:
    """Security groups too, and never from a listing."""
    rig.inventory.refresh()
    rig.aws.reads.clear()
    rig.aws.things["sg"] = security_group(name=FIREWALL.name, tags={"owner": "x"})
    with pytest.raises(ForeignOwner, match=r"security group 'k8s-sg'.*owner=x"):
        rig.owners.explain([FIREWALL], STACK)
    rig.owners.explain([GROUP], STACK)
    assert rig.aws.reads == ["DescribeSecurityGroups", "DescribeTargetGroups"]
