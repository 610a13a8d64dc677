"""The local AWS keeps AWS's rules about targets and their health."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.sandbox.aws.moto_patches import TIMES
from tests.sandbox.aws.world import World, forward, refused
from tests.waiting import until

POD = "192.168.100.10"


def _target(port: int = 8080, address: str = POD) -> dict[str, Any]:
    return {"Id": address, "Port": port}


@pytest.fixture
def group(world: World) -> str:
    """A target group that a load balancer uses."""
    made = world.target_group()
    world.listener(world.load_balancer(), DefaultActions=[forward(made)])
    return made


def test_register_by_id_and_port(world: World, elbv2: Any, group: str) -> None:
    """One address on two ports is two targets; without a port it is the group's."""
    targets = [_target(8080), _target(8081), {"Id": POD}, _target(8080)]
    elbv2.register_targets(TargetGroupArn=group, Targets=targets)
    assert set(world.health(group)) == {(POD, 8080), (POD, 8081), (POD, 80)}


def test_register_by_id_and_port_needs_instances_that_exist(world: World, elbv2: Any) -> None:
    """An unknown instance is refused, and none of the call's targets is registered."""
    group = world.target_group(TargetType="instance")
    with refused("InvalidTarget"):
        elbv2.register_targets(
            TargetGroupArn=group,
            Targets=[{"Id": world.ids["node-a"]}, {"Id": "i-00000000000000000"}],
        )
    assert world.health(group) == {}
    elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": world.ids["node-a"]}])
    assert set(world.health(group)) == {(world.ids["node-a"], 80)}


def test_deregister_what_is_there(world: World, elbv2: Any, group: str) -> None:
    """A port goes alone, an id without a port goes with all, and what is not there is no error."""
    ports = [_target(port) for port in (1, 2, 3)]
    elbv2.register_targets(TargetGroupArn=group, Targets=ports)
    elbv2.deregister_targets(TargetGroupArn=group, Targets=[ports[0], _target(99)])
    assert set(world.health(group)) == {(POD, 2), (POD, 3)}
    elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": POD}])
    assert world.health(group) == {}


def test_let_terminated_instances_go(world: World, elbv2: Any, ec2: Any) -> None:
    """An instance that is terminated is no target any more."""
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]
    group = world.target_group(TargetType="instance")
    elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": made["InstanceId"]}])
    assert world.health(group)
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    assert world.health(group) == {}


def test_report_health(world: World, elbv2: Any) -> None:
    """A target is unused, then initial, then healthy, and unused again when it is gone."""
    TIMES.initial_seconds = 0.2
    group = world.target_group()
    elbv2.register_targets(TargetGroupArn=group, Targets=[_target()])
    assert world.health(group) == {(POD, 8080): "unused"}
    world.listener(world.load_balancer(), DefaultActions=[forward(group)])
    assert world.health(group) == {(POD, 8080): "initial"}
    until(lambda: world.health(group) == {(POD, 8080): "healthy"})
    elbv2.deregister_targets(TargetGroupArn=group, Targets=[_target()])
    shown = elbv2.describe_target_health(TargetGroupArn=group, Targets=[_target()])
    health = shown["TargetHealthDescriptions"][0]["TargetHealth"]
    assert (health["State"], health["Reason"]) == ("unused", "Target.NotRegistered")


def test_show_draining_targets(world: World, elbv2: Any, group: str) -> None:
    """A deregistered target drains for its time; registered again it is healthy at once."""
    TIMES.draining_seconds = 0.3
    elbv2.register_targets(TargetGroupArn=group, Targets=[_target()])
    elbv2.deregister_targets(TargetGroupArn=group, Targets=[_target()])
    assert world.health(group) == {(POD, 8080): "draining"}
    until(lambda: world.health(group) == {})
    elbv2.register_targets(TargetGroupArn=group, Targets=[_target()])
    assert world.health(group) == {(POD, 8080): "healthy"}


def test_show_zone(elbv2: Any, group: str) -> None:
    """A target outside the VPC keeps the zone it was registered with."""
    target = {**_target(address="10.9.0.1"), "AvailabilityZone": "all"}
    elbv2.register_targets(TargetGroupArn=group, Targets=[target, _target()])
    shown = elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    zones = {found["Target"]["Id"]: found["Target"].get("AvailabilityZone") for found in shown}
    assert zones == {"10.9.0.1": "all", POD: None}
