"""The inventory is true to AWS and to our own writes, whatever happens while it is read."""

from __future__ import annotations

import msgspec
import pytest

from alb_controller.aws.inventory import Inventory
from alb_controller.errors import Unavailable
from alb_controller.model.ownership import INGRESS, LEGACY_CLUSTER_TAG
from alb_controller.model.stack import Found, FoundLoadBalancer, Resource
from alb_controller.values import StackKey
from tests.clocks import FakeClock
from tests.unit.aws import samples
from tests.world_reads import Account


def _account(*arns: str, **resources: Resource) -> Account:
    """An account with load balancers of the stack, and other resources by their identities."""
    account = Account()
    account.things |= {arn: samples.load_balancer() for arn in arns} | resources
    return account


def _inventory(account: Account, clock: FakeClock | None = None) -> Inventory:
    return Inventory(account, account, samples.CLUSTER, clock or FakeClock())


def _balancer(arn: str, **fields: object) -> FoundLoadBalancer:
    return FoundLoadBalancer(identity=arn, resource=samples.load_balancer(**fields))


def _identities(inventory: Inventory) -> list[str]:
    of_stack = inventory.of_stack(samples.CLUSTER, samples.STACK)
    return [found.identity for found in of_stack.load_balancers]


def _fail() -> None:
    raise Unavailable("elbv2", "DescribeLoadBalancers", "InternalFailure", "sorry")


def test_aws_is_read_once() -> None:
    """The first question reads; the others are answered from memory."""
    account = _account("b", "a", c=samples.load_balancer(tags={}))
    inventory = _inventory(account)
    assert _identities(inventory) == _identities(inventory) == ["a", "b"]
    assert account.reads.count("DescribeLoadBalancers") == 1


def test_resources_are_distinguished_by_kind_and_owner() -> None:
    """A stack gets what carries its tags, of each kind, in the v1 form too."""
    v1 = {LEGACY_CLUSTER_TAG: samples.CLUSTER, INGRESS.stack_tag: samples.STACK.id}
    account = _account(
        lb=samples.load_balancer(tags=v1), tg=samples.target_group(), sg=samples.security_group()
    )
    found = _inventory(account).of_stack(samples.CLUSTER, samples.STACK)
    assert [one.identity for one in found.load_balancers] == ["lb"]
    assert [one.identity for one in found.target_groups] == ["tg"]
    assert [one.identity for one in found.security_groups] == ["sg"]
    other = _inventory(account).of_stack(samples.CLUSTER, StackKey("ingress", "", "another"))
    assert msgspec.structs.astuple(other) == ((), (), ())


def test_our_writes_show_at_once() -> None:
    """What was put is found, in its newest form; what was dropped is not."""
    account = _account("a")
    inventory = _inventory(account)
    assert _identities(inventory) == ["a"]
    inventory.put(_balancer("b"))
    changed = _balancer("a", scheme="internet-facing")
    inventory.put(changed)
    assert inventory.of_stack(samples.CLUSTER, samples.STACK).load_balancers[0] == changed
    inventory.drop("a")
    inventory.drop("never-there")
    assert _identities(inventory) == ["b"]
    assert account.reads.count("DescribeLoadBalancers") == 1


def test_writes_while_reading_are_kept() -> None:
    """A listing that began before our write does not undo it."""
    account, clock = _account("old"), FakeClock()
    inventory = _inventory(account, clock)
    assert _identities(inventory) == ["old"]

    def write() -> None:
        inventory.put(_balancer("new"))
        inventory.drop("old")

    account.while_reading = write
    clock.advance(1)
    inventory.refresh()
    assert _identities(inventory) == ["new"]


def test_a_refresh_shows_what_others_did() -> None:
    """The sweep reads everything anew, and says how old the copy is."""
    account, clock = _account(), FakeClock()
    inventory = _inventory(account, clock)
    assert inventory.age_seconds == float("inf")
    assert _identities(inventory) == []
    clock.advance(600)
    assert inventory.age_seconds == 600
    account.things["theirs"] = samples.load_balancer()
    inventory.refresh()
    assert _identities(inventory) == ["theirs"]
    assert inventory.age_seconds == 0


def test_a_failed_read_is_not_an_empty_account() -> None:
    """Before the first good read every question fails; after it, a failed sweep changes nothing."""
    account, clock = _account("a"), FakeClock()
    account.while_reading = _fail
    inventory = _inventory(account, clock)
    with pytest.raises(Unavailable):
        _identities(inventory)
    account.while_reading = lambda: None
    assert _identities(inventory) == ["a"]
    account.while_reading = _fail
    clock.advance(1)
    with pytest.raises(Unavailable):
        inventory.refresh()
    inventory.put(_balancer("b"))
    assert _identities(inventory) == ["a", "b"]
    assert inventory.age_seconds == 1


def test_names_are_found_with_their_owners() -> None:
    """Another's load balancer of the wanted name is found, with the tags that say whose it is."""
    theirs = samples.load_balancer(name="web", tags={"team": "data"})
    account = _account(theirs=theirs, tg=samples.target_group(name="web"))
    inventory = _inventory(account)
    (listed,), (group,) = account.load_balancers(), account.target_groups()
    assert (listed.identity, listed.resource.tags) == ("theirs", {"team": "data"})
    assert inventory.by_name("LoadBalancer", "web") == listed
    assert inventory.by_name("TargetGroup", "web") == group
    assert inventory.by_name("SecurityGroup", "web") is None


def test_the_shared_security_group_is_the_clusters() -> None:
    """The backend group is found by its two tags; another cluster's is not."""
    tags = {"elbv2.k8s.aws/cluster": "prod", "elbv2.k8s.aws/resource": "backend-sg"}
    shared = samples.security_group(tags=tags)
    inventory = _inventory(_account(managed=samples.security_group(), sg=shared))
    assert inventory.shared_security_group("prod") == Found(identity="sg", resource=shared)
    assert inventory.shared_security_group("staging") is None


def test_the_inventory_is_sorted() -> None:
    """The order does not depend on AWS's."""
    inventory = _inventory(_account(*"cab"))
    assert _identities(inventory) == ["a", "b", "c"]
    inventory.put(_balancer("aa"))
    assert _identities(inventory) == ["a", "aa", "b", "c"]
