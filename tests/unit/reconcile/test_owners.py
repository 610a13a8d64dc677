"""A name that is wanted is looked up before AWS hands back somebody else's resource."""

from __future__ import annotations

from typing import Any, cast

import pytest
from msgspec.structs import replace as changed

from alb_controller.aws.inventory import Cached
from alb_controller.errors import ForeignOwner, NotReady
from alb_controller.model.ownership import stack_tags
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import Found
from alb_controller.plan.changes import NameToClaim
from alb_controller.reconcile.owners import Owners
from alb_controller.values import StackKey
from tests.resources import load_balancer, security_group, target_group

STACK = StackKey("ingress", "shop", "web")
OURS = stack_tags("prod", STACK)
BALANCER = NameToClaim("LoadBalancer", "k8s-web")
GROUP = NameToClaim("TargetGroup", "k8s-app")
FIREWALL = NameToClaim("SecurityGroup", "k8s-sg")


class FakeAws:
    """Names and their holders, as AWS has them and as the inventory has listed them."""

    def __init__(self) -> None:
        self.there: dict[str, Any] = {}
        self.listed: dict[str, Any] = {}
        self.asked: list[str] = []
        self.age_seconds = 100.0
        self.lists_others = True

    def _ask(self, name: str) -> Any:
        self.asked.append(name)
        return self.there.get(name)

    load_balancers_by_name = target_group_by_name = security_group_by_name = _ask

    def by_name(self, _kind: str, name: str) -> Any:
        return self.listed.get(name)

    def put(self, found: Cached) -> None:
        self.listed[found.resource.name] = found


@pytest.fixture
def aws() -> FakeAws:
    """Nothing has a name yet."""
    return FakeAws()


def _owners(aws: FakeAws) -> Owners:
    fake = cast("Any", aws)
    return Owners(fake, fake, fake, "prod")


def test_free_names_are_asked_for_one_by_one(aws: FakeAws) -> None:
    """But not those of security groups: AWS refuses one that exists."""
    _owners(aws).check([BALANCER, GROUP, FIREWALL], STACK)
    assert aws.asked == ["k8s-web", "k8s-app"]


def test_a_fresh_listing_answers_for_aws(aws: FakeAws) -> None:
    """A listing of a moment ago costs no call."""
    aws.age_seconds = 5.0
    _owners(aws).check([BALANCER, GROUP], STACK)
    assert aws.asked == []
    aws.listed["k8s-web"] = Found(identity="arn", resource=load_balancer(tags={"owner": "them"}))
    with pytest.raises(ForeignOwner, match="owner=them"):
        _owners(aws).check([BALANCER], STACK)


def test_a_listing_of_our_own_knows_no_other_holder(aws: FakeAws) -> None:
    """Found by tags, others' resources are not listed: AWS is asked for each name."""
    aws.age_seconds, aws.lists_others = 0.0, False
    _owners(aws).check([BALANCER, GROUP], STACK)
    assert aws.asked == ["k8s-web", "k8s-app"]


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
    aws: FakeAws, name: NameToClaim, resource: Any, texts: str
) -> None:
    """Of no stack, another cluster or stack, or of no place in ours: the error says whose it is."""
    aws.there[name.name] = Found(identity="arn", resource=resource)
    with pytest.raises(ForeignOwner, match=texts):
        _owners(aws).check([name], STACK)
    assert aws.listed == {}


def test_a_holder_that_is_ours_is_remembered_and_looked_at_next(aws: FakeAws) -> None:
    """It was made and its answer was lost: the next pass finds it."""
    ours = Found(identity="arn", resource=target_group(tags=OURS))
    aws.there[GROUP.name] = ours
    with pytest.raises(NotReady):
        _owners(aws).check([GROUP], STACK)
    assert list(aws.listed.values()) == [ours]


def test_a_refusal_of_aws_is_explained_by_asking_anew(aws: FakeAws) -> None:
    """Security groups too, and never from a listing."""
    aws.age_seconds = 0.0
    aws.there[FIREWALL.name] = Found(identity="sg", resource=security_group(tags={"owner": "x"}))
    with pytest.raises(ForeignOwner, match=r"security group 'k8s-sg'.*owner=x"):
        _owners(aws).explain([FIREWALL], STACK)
    _owners(aws).explain([GROUP], STACK)
    assert aws.asked == ["k8s-sg", "k8s-app"]
