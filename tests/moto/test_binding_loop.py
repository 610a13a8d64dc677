"""The loop of bindings over real HTTP: targets, interfaces and rules as AWS's codecs carry them."""

from __future__ import annotations

from typing import Any

from alb_controller.model.ec2 import IngressRule
from alb_controller.targets.networking import SHARED_DESCRIPTION
from tests.moto.conftest import Account
from tests.unit.reconcile.binding_world import CLUSTER, World, web
from tests.unit.targets.cluster import binding, node

A, B = ("a", "10.0.0.30", "node-a"), ("b", "10.0.0.31", "node-a")
OWN_ADDRESS = "10.0.0.20"


def make_instance(account: Account, group_id: str) -> str:
    """An instance whose interface carries the pods' addresses, as the VPC CNI would have it."""
    call = account.sender.call
    image = call("ec2", "DescribeImages", Owners=["amazon"])["Images"][0]["ImageId"]
    interface = call(
        "ec2",
        "CreateNetworkInterface",
        SubnetId=account.subnets[0],
        Groups=[group_id],
        PrivateIpAddress=OWN_ADDRESS,
    )["NetworkInterface"]["NetworkInterfaceId"]
    call(
        "ec2",
        "AssignPrivateIpAddresses",
        NetworkInterfaceId=interface,
        PrivateIpAddresses=[A[1], B[1]],
    )
    made = call(
        "ec2",
        "RunInstances",
        ImageId=image,
        MinCount=1,
        MaxCount=1,
        InstanceType="m5.large",
        NetworkInterfaces=[{"NetworkInterfaceId": interface, "DeviceIndex": 0}],
    )
    return str(made["Instances"][0]["InstanceId"])


def make_world(account: Account) -> World:
    """A node of the account, a Service with one pod on it, and a binding with networking."""
    group_id = account.security_group
    account.ec2.create_tags([group_id], {f"kubernetes.io/cluster/{CLUSTER}": "owned"})
    instance = make_instance(account, group_id)
    rules = [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 8080}]}]
    spec: dict[str, Any] = {
        "targetGroupARN": account.has_target_group(target_type="ip").identity,
        "networking": {"ingress": rules},
    }
    return World(
        binding(**spec),
        node("node-a", provider_id=f"aws:///us-west-2a/{instance}"),
        *web(A),
        elbv2=account.elbv2,
        ec2=account.ec2,
        vpc_id=account.vpc_id,
    )


def targets(account: Account, world: World) -> list[str]:
    """The addresses that are registered."""
    arn = world.cluster.of(type(binding())).list()[0].spec.target_group_arn
    return sorted(health.target.id for health in account.elbv2.target_health(arn))


def test_a_binding_follows_its_pods_and_leaves_nothing_behind(account: Account) -> None:
    """Registered and let in; replaced; gone with the binding."""
    world = make_world(account).settle()
    assert (world.errors, world.retries) == ([], [])
    assert targets(account, world) == [A[1]]
    (group,) = account.ec2.security_groups_by_id([account.security_group])
    expected = IngressRule("tcp", 8080, 8080, "cidr", "10.0.0.0/8", SHARED_DESCRIPTION)
    assert group.resource.ingress == (expected,)
    world.put(*web(B))
    world.settle()
    assert targets(account, world) == [B[1]]
    arn = world.cluster.of(type(binding())).list()[0].spec.target_group_arn
    world.delete()
    world.settle()
    assert (world.errors, world.binding()) == ([], None)
    assert account.elbv2.target_health(arn) == ()
    (group,) = account.ec2.security_groups_by_id([account.security_group])
    assert group.resource.ingress == ()
