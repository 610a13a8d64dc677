"""Security groups and their rules, made and read back over HTTP."""

from __future__ import annotations

import msgspec
import pytest

from alb_controller.errors import AlreadyExists, InUse
from alb_controller.model.ec2 import IngressRule, SecurityGroup
from alb_controller.model.ownership import LEGACY_CLUSTER_TAG
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import Found
from tests.moto.conftest import Account
from tests.unit.aws import samples

WEB = IngressRule("tcp", 80, 80, "cidr", "0.0.0.0/0")
WEB_V6 = IngressRule("tcp", 80, 80, "cidr_v6", "::/0", "the world")


def _read(account: Account, group_id: str) -> Found[SecurityGroup]:
    (found,) = account.ec2.security_groups_by_id([group_id])
    return found


def test_a_group_reads_back_as_it_was_made(account: Account) -> None:
    """What is created is what is listed, and has no rules."""
    made = account.ec2.create_security_group(samples.security_group())
    assert account.ec2.security_groups(samples.CLUSTER) == (made,)
    assert made.resource == samples.security_group(ingress=())
    assert account.ec2.security_group_by_name(made.resource.name) == made


def test_rules_read_back_as_they_were_authorized(account: Account) -> None:
    """Every kind of source, with its description, is one rule each."""
    made = account.ec2.create_security_group(samples.security_group())
    wanted = (
        WEB,
        WEB_V6,
        IngressRule("tcp", 443, 443, "cidr", "10.0.0.0/8", "office"),
        IngressRule("udp", 1, 65535, "security_group", account.security_group),
        IngressRule("-1", -1, -1, "security_group", account.security_group, "all"),
        IngressRule("tcp", 80, 80, "prefix_list", "pl-0123456789abcdef0"),
    )
    account.ec2.authorize_ingress(made.identity, wanted)
    assert _read(account, made.identity).resource.ingress == tuple(sorted(wanted))
    account.ec2.revoke_ingress(made.identity, wanted[1:])
    assert _read(account, made.identity).resource.ingress == (WEB,)


def test_rules_that_are_there_count_as_authorized(account: Account) -> None:
    """One rule that exists does not keep the others out."""
    made = account.ec2.create_security_group(samples.security_group())
    account.ec2.authorize_ingress(made.identity, [WEB])
    account.ec2.authorize_ingress(made.identity, [WEB, WEB_V6])
    assert _read(account, made.identity).resource.ingress == (WEB, WEB_V6)


def test_rules_that_are_gone_count_as_revoked(account: Account) -> None:
    """One rule that does not exist does not keep the others in."""
    made = account.ec2.create_security_group(samples.security_group())
    account.ec2.authorize_ingress(made.identity, [WEB])
    account.ec2.revoke_ingress(made.identity, [WEB, WEB_V6])
    assert _read(account, made.identity).resource.ingress == ()


def test_no_rules_are_no_call(account: Account) -> None:
    """Nothing to authorise or revoke is not sent: not even a group that is not there matters."""
    account.ec2.authorize_ingress("sg-unknown", [])
    account.ec2.revoke_ingress("sg-unknown", [])


def test_one_listing_finds_every_kind_of_our_groups(account: Account) -> None:
    """Managed, shared and v1 groups of our cluster are found; another cluster's are not."""
    shared = {"elbv2.k8s.aws/cluster": "prod", "elbv2.k8s.aws/resource": "backend-sg"}
    made = {
        name: account.ec2.create_security_group(samples.security_group(name=name, tags=tags))
        for name, tags in {
            "managed": samples.tags("ManagedLBSecurityGroup"),
            "shared": shared,
            "v1": {LEGACY_CLUSTER_TAG: "prod"},
            "other": {"elbv2.k8s.aws/cluster": "staging"},
        }.items()
    }
    found = account.ec2.security_groups("prod")
    assert {f.resource.name for f in found} == {"managed", "shared", "v1"}
    ids = {f.resource.name: f.resource.id.name for f in found}
    assert ids["shared"] == "backend-sg"
    assert made["other"].identity not in {f.identity for f in found}


def test_tags_come_and_go(account: Account) -> None:
    """Tags are added and removed, whatever their values are."""
    made = account.ec2.create_security_group(samples.security_group())
    account.ec2.create_tags([made.identity], {"a": "1", "b": "2"})
    account.ec2.delete_tags([made.identity], ["b"])
    assert _read(account, made.identity).resource.tags == {**made.resource.tags, "a": "1"}


def test_groups_are_found_by_name_tag_and_cluster_tag(account: Account) -> None:
    """The Name tag is matched letter by letter, the cluster's tag by owned or shared."""
    tags = {"Name": "nodes", "kubernetes.io/cluster/prod": "owned"}
    nodes = samples.security_group(id=ResourceId("SecurityGroup", ""), tags=tags)
    made = account.ec2.create_security_group(nodes)
    assert account.ec2.security_groups_by_name_tag(["nodes", "no*"]) == (made,)
    assert account.ec2.security_groups_by_name_tag(["n*"]) == ()
    assert account.ec2.cluster_security_groups("prod") == (made,)
    assert account.ec2.cluster_security_groups("staging") == ()


def test_missing_groups_are_absent(account: Account) -> None:
    """An id that does not exist does not spoil the look-up of one that does."""
    found = account.ec2.endpoint_security_groups([account.security_group, "sg-00000000"])
    assert [f.identity for f in found] == [account.security_group]
    assert account.ec2.security_group_by_name("nobody") is None


def test_deleting_is_refused_while_in_use_and_done_when_gone(account: Account) -> None:
    """A used group raises InUse; one that does not exist counts as deleted."""
    made = account.ec2.create_security_group(samples.security_group())
    peer = IngressRule("tcp", 80, 80, "security_group", made.identity)
    account.ec2.authorize_ingress(account.security_group, [peer])
    with pytest.raises(InUse):
        account.ec2.delete_security_group(made.identity)
    account.ec2.revoke_ingress(account.security_group, [peer])
    for _ in range(2):
        account.ec2.delete_security_group(made.identity)
    assert account.ec2.security_groups("prod") == ()


def test_a_taken_name_is_reported(account: Account) -> None:
    """Two groups of one name in the VPC cannot be."""
    account.ec2.create_security_group(samples.security_group())
    again = msgspec.structs.replace(samples.security_group(), tags={})
    with pytest.raises(AlreadyExists):
        account.ec2.create_security_group(again)
