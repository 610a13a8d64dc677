"""The local AWS keeps AWS's rules about load balancers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.aws.world import World, refused


def test_hand_back_or_refuse_taken_name(world: World) -> None:
    """A name that is taken gives the same load balancer for the same settings, else an error."""
    first = world.load_balancer(Scheme="internal")
    again = world.load_balancer(Scheme="internal", Subnets=world.public[::-1])
    assert again["LoadBalancerArn"] == first["LoadBalancerArn"]
    with refused("DuplicateLoadBalancerName"):
        world.load_balancer(Scheme="internet-facing")
    assert len(world.account.elbv2.describe_load_balancers()["LoadBalancers"]) == 1


@pytest.mark.parametrize(
    "names, code",
    [
        (["public-a"], "ValidationError"),
        (["public-a", "private-a"], "InvalidConfigurationRequest"),
    ],
)
def test_demand_zones(world: World, names: list[str], code: str) -> None:
    """An ALB in one zone, or with two subnets of a zone, is refused."""
    with refused(code):
        world.load_balancer(Subnets=[world.ids[name] for name in names])


def test_demand_zones_of_network_load_balancers(world: World) -> None:
    """An NLB in one zone is made; an unknown subnet is an error for all."""
    assert world.load_balancer(Type="network", Subnets=world.public[:1])["Type"] == "network"
    with refused("SubnetNotFound"):
        world.load_balancer("other", Subnets=["subnet-00000000000000000", *world.public])


def test_let_network_load_balancers_have_one_zone(world: World, elbv2: Any) -> None:
    """SetSubnets takes one zone for an NLB, and two are the least for an ALB."""
    nlb, alb = world.load_balancer("nlb", Type="network"), world.load_balancer("alb")
    shown = elbv2.set_subnets(LoadBalancerArn=nlb["LoadBalancerArn"], Subnets=world.public[:1])
    assert [zone["SubnetId"] for zone in shown["AvailabilityZones"]] == world.public[:1]
    with refused("InvalidConfigurationRequest"):
        elbv2.set_subnets(LoadBalancerArn=alb["LoadBalancerArn"], Subnets=world.public[:1])


def test_check_security_groups(world: World) -> None:
    """An unknown security group is refused, and so is a sixth."""
    with refused("InvalidSecurityGroup"):
        world.load_balancer(SecurityGroups=["sg-00000000000000000"])
    with refused("InvalidConfigurationRequest"):
        world.load_balancer(SecurityGroups=[world.ids["edge-sg"]] * 6)


def test_take_every_ip_address_type(world: World) -> None:
    """dualstack-without-public-ipv4 is a type, nonsense is not, and the scheme has a default."""
    made = world.load_balancer(IpAddressType="dualstack-without-public-ipv4")
    assert made["IpAddressType"] == "dualstack-without-public-ipv4"
    assert made["Scheme"] == "internet-facing"
    with refused("ValidationError"):
        world.load_balancer("other", IpAddressType="ipv5")


def test_set_every_ip_address_type(world: World, elbv2: Any) -> None:
    """The type can be changed to dualstack-without-public-ipv4, of a load balancer that exists."""
    arn, wanted = world.load_balancer()["LoadBalancerArn"], "dualstack-without-public-ipv4"
    elbv2.set_ip_address_type(LoadBalancerArn=arn, IpAddressType=wanted)
    shown = elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    assert shown["IpAddressType"] == wanted
    with refused("LoadBalancerNotFound"):
        elbv2.set_ip_address_type(LoadBalancerArn=arn + "x", IpAddressType=wanted)


def test_refuse_unknown_names_and_arns(world: World, elbv2: Any) -> None:
    """One unknown among known ones makes the whole answer an error."""
    arn = world.load_balancer()["LoadBalancerArn"]
    with refused("LoadBalancerNotFound"):
        elbv2.describe_load_balancers(LoadBalancerArns=[arn, arn + "x"])
    with refused("LoadBalancerNotFound"):
        elbv2.describe_load_balancers(Names=["web", "other"])


def test_keep_protected(world: World, elbv2: Any) -> None:
    """Deletion protection protects, until it is switched off; deleting twice is no error."""
    arn = world.load_balancer()["LoadBalancerArn"]
    attribute = {"Key": "deletion_protection.enabled", "Value": "true"}
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[attribute])
    with refused("OperationNotPermitted"):
        elbv2.delete_load_balancer(LoadBalancerArn=arn)
    attribute["Value"] = "false"
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[attribute])
    elbv2.delete_load_balancer(LoadBalancerArn=arn)
    elbv2.delete_load_balancer(LoadBalancerArn=arn)
    assert elbv2.describe_load_balancers()["LoadBalancers"] == []


def test_name_network_load_balancers_net(world: World, elbv2: Any) -> None:
    """The ARN tells the type, and tags given at birth stay with it."""
    made = world.load_balancer(Type="network", Tags=[{"Key": "team", "Value": "a"}])
    assert ":loadbalancer/net/web/" in made["LoadBalancerArn"]
    assert ":loadbalancer/app/alb/" in world.load_balancer("alb")["LoadBalancerArn"]
    shown = elbv2.describe_tags(ResourceArns=[made["LoadBalancerArn"]])["TagDescriptions"]
    assert shown[0]["Tags"] == [{"Key": "team", "Value": "a"}]


def test_reserve_capacity(world: World, elbv2: Any) -> None:
    """Reserved units are shown, and given back by a reset."""
    arn = world.load_balancer()["LoadBalancerArn"]
    wanted = {"CapacityUnits": 200}
    elbv2.modify_capacity_reservation(LoadBalancerArn=arn, MinimumLoadBalancerCapacity=wanted)
    shown = elbv2.describe_capacity_reservation(LoadBalancerArn=arn)
    assert shown["MinimumLoadBalancerCapacity"] == wanted
    elbv2.modify_capacity_reservation(LoadBalancerArn=arn, ResetCapacityReservation=True)
    shown = elbv2.describe_capacity_reservation(LoadBalancerArn=arn)
    assert shown["MinimumLoadBalancerCapacity"] == {"CapacityUnits": 0}


def test_describe_capacity(world: World, elbv2: Any) -> None:
    """A load balancer without a reservation has 0 units; one that is gone is an error."""
    arn = world.load_balancer()["LoadBalancerArn"]
    shown = elbv2.describe_capacity_reservation(LoadBalancerArn=arn)
    assert shown["MinimumLoadBalancerCapacity"] == {"CapacityUnits": 0}
    with refused("LoadBalancerNotFound"):
        elbv2.describe_capacity_reservation(LoadBalancerArn=arn + "x")
