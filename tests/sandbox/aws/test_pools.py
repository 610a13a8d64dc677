"""The local AWS keeps address pools and control ports, and shows them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.aws.world import World


def test_keep_pools(world: World, elbv2: Any) -> None:
    """Both kinds, where they are given, and neither where not."""
    pool = {"Ipv4IpamPoolId": "ipam-pool-0a1b2c3d4e5f60718"}
    made = world.load_balancer(IpamPools=pool, CustomerOwnedIpv4Pool="ipv4pool-coip-0a1b")
    assert (made["IpamPools"], made["CustomerOwnedIpv4Pool"]) == (pool, "ipv4pool-coip-0a1b")
    (shown,) = elbv2.describe_load_balancers(LoadBalancerArns=[made["LoadBalancerArn"]])[
        "LoadBalancers"
    ]
    assert (shown["IpamPools"], shown["CustomerOwnedIpv4Pool"]) == (pool, "ipv4pool-coip-0a1b")
    assert "IpamPools" not in world.load_balancer("plain")


def test_modify_ip_pools(world: World, elbv2: Any) -> None:
    """Set, changed and taken away; an unknown load balancer is an error."""
    arn = world.load_balancer()["LoadBalancerArn"]
    for pool in ("ipam-pool-1", "ipam-pool-2"):
        wanted = {"Ipv4IpamPoolId": pool}
        assert elbv2.modify_ip_pools(LoadBalancerArn=arn, IpamPools=wanted)["IpamPools"] == wanted
    gone = elbv2.modify_ip_pools(LoadBalancerArn=arn, RemoveIpamPools=["ipv4"])
    assert not gone.get("IpamPools")
    with pytest.raises(ClientError, match="LoadBalancerNotFound"):
        elbv2.modify_ip_pools(LoadBalancerArn=arn.replace("web", "nobody"), IpamPools={})


def test_keep_control_port(world: World, elbv2: Any) -> None:
    """Where it is given."""
    for name, given in (("with", {"TargetControlPort": 9000}), ("without", {})):
        arn = world.target_group(name, **given)
        (shown,) = elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
        assert shown.get("TargetControlPort") == given.get("TargetControlPort")
