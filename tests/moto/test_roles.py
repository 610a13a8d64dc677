"""Roles of other accounts, over HTTP: moto keeps accounts apart by the role's ARN."""

from __future__ import annotations

import pytest

from alb_controller.aws.roles import AssumedRoles, session_name
from alb_controller.errors import NotFound, Refused
from alb_controller.model.elbv2 import Target
from tests.clocks import FakeClock
from tests.moto.conftest import Account
from tests.unit.aws import samples

ROLE = "arn:aws:iam::222222222222:role/targets"


def roles(account: Account, *allowed: str) -> AssumedRoles:
    """What the composition root makes."""
    return AssumedRoles(
        account.sender, FakeClock(), vpc_id=account.vpc_id, cluster_name="prod", allowed=allowed
    )


def vpc_of_the_role(account: Account) -> str:
    """A VPC in the other account."""
    answer = account.sender.call("sts", "AssumeRole", RoleArn=ROLE, RoleSessionName="test")
    made = answer["Credentials"]
    theirs = account.sender.with_credentials(
        made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]
    )
    return str(theirs.call("ec2", "CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def test_targets_are_registered_in_the_account_of_the_role(account: Account) -> None:
    """The group is there and not in our own account."""
    theirs = roles(account, "*").elbv2(ROLE, "x1")
    group = theirs.create_target_group(
        samples.target_group(name="theirs", vpc_id=vpc_of_the_role(account))
    )
    theirs.register_targets(group.identity, [Target("10.0.0.1", 80)])
    assert [h.target.id for h in theirs.target_health(group.identity)] == ["10.0.0.1"]
    with pytest.raises(NotFound):
        account.elbv2.target_health(group.identity)
    theirs.delete_target_group(group.identity)


def test_a_role_is_assumed_once_as_long_as_its_credentials_hold(account: Account) -> None:
    """Another external id is another session."""
    known = roles(account, "*")
    first = known.elbv2(ROLE, "x1")
    assert known.elbv2(ROLE, "x1") is first
    assert known.elbv2(ROLE, "x2") is not first


@pytest.mark.parametrize("allowed", [(), ("arn:aws:iam::333333333333:role/*",)])
def test_a_role_that_no_pattern_matches_is_refused(
    account: Account, allowed: tuple[str, ...]
) -> None:
    """Before STS is asked; the error names the flag."""
    with pytest.raises(Refused, match="--allowed-assume-role-arns"):
        roles(account, *allowed).elbv2(ROLE, "")


def test_the_session_is_named_after_the_cluster() -> None:
    """In STS's alphabet and length."""
    assert session_name("prod/eu 1") == "AWS-LBC-prodeu1"
    assert len(session_name("c" * 100)) == 64
