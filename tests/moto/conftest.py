"""A moto server, patched where it departs from AWS, over HTTP on loopback; a new VPC each time."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import msgspec
import pytest

from alb_controller.aws.client import SERVICE_IDS, Sender, SenderSettings
from alb_controller.aws.ec2 import Ec2
from alb_controller.aws.elbv2 import Elbv2
from alb_controller.model.elbv2 import LoadBalancer, TargetGroup
from alb_controller.model.stack import Found, FoundLoadBalancer
from tests.unit.aws import samples

REGION = "us-west-2"
ROOT = Path(__file__).parents[2]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account with one VPC of two public subnets."""

    sender: Sender
    elbv2: Elbv2
    ec2: Ec2
    vpc_id: str
    subnets: tuple[str, str]
    security_group: str

    def load_balancer(self, **fields: object) -> LoadBalancer:
        mine = {"subnets": self.subnets, "security_groups": (self.security_group,)}
        return samples.load_balancer(**{**mine, **fields})

    def target_group(self, **fields: object) -> TargetGroup:
        return samples.target_group(**{"vpc_id": self.vpc_id, **fields})

    def has_load_balancer(self, **fields: object) -> FoundLoadBalancer:
        return self.elbv2.create_load_balancer(self.load_balancer(**fields))

    def has_target_group(self, **fields: object) -> Found[TargetGroup]:
        return self.elbv2.create_target_group(self.target_group(**fields))


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Where the server listens."""
    command = [sys.executable, "-m", "tests.moto.server"]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.DEVNULL, text=True, **pipes
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        yield server.stdout.readline().strip()
        server.stdin.close()
        server.wait(60)


@pytest.fixture(scope="session")
def sender(moto_url: str) -> Sender:
    """The real sender, bound to loopback; it makes one attempt."""
    session = botocore.session.get_session()
    session.set_credentials("test", "test")
    endpoints = dict.fromkeys(SERVICE_IDS, moto_url)
    settings = SenderSettings(
        region=REGION, endpoints=endpoints, loopback_only=True, max_attempts=1
    )
    return Sender(settings, session=session)


@pytest.fixture
def account(sender: Sender) -> Iterator[Account]:
    """An account without load balancers, and a VPC that is this test's own."""
    with account_of(sender) as made:
        yield made


@contextlib.contextmanager
def account_of(sender: Sender) -> Iterator[Account]:
    """An account without load balancers and target groups before and after, with its own VPC."""
    vpc_id = sender.call("ec2", "CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = sorted(_subnet(sender, vpc_id, letter, n) for n, letter in enumerate("ab"))
    made = sender.call("ec2", "CreateSecurityGroup", GroupName="g", Description="g", VpcId=vpc_id)
    elbv2 = Elbv2(sender, vpc_id)
    yield Account(
        sender=sender,
        elbv2=elbv2,
        ec2=Ec2(sender, vpc_id),
        vpc_id=vpc_id,
        subnets=(subnets[0], subnets[1]),
        security_group=made["GroupId"],
    )
    for balancer in elbv2.load_balancers():
        elbv2.delete_load_balancer(balancer.identity)
    for group in elbv2.target_groups():
        elbv2.delete_target_group(group.identity)


def _subnet(sender: Sender, vpc_id: str, letter: str, number: int) -> str:
    role = {"Key": "kubernetes.io/role/internal-elb", "Value": "1"}
    name = {"Key": "Name", "Value": f"private-{letter}"}
    answer = sender.call(
        "ec2",
        "CreateSubnet",
        VpcId=vpc_id,
        CidrBlock=f"10.0.{number}.0/24",
        AvailabilityZone=f"{REGION}{letter}",
        TagSpecifications=[{"ResourceType": "subnet", "Tags": [role, name]}],
    )
    return str(answer["Subnet"]["SubnetId"])
