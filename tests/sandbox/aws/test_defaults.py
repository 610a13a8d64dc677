"""The local AWS shows the attributes that AWS shows."""

from __future__ import annotations

from typing import Any

from tests.sandbox.aws.world import World


def _load_balancer(elbv2: Any, arn: str) -> dict[str, str]:
    shown = elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    return {pair["Key"]: pair["Value"] for pair in shown}


def _target_group(elbv2: Any, arn: str) -> dict[str, str]:
    shown = elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    return {pair["Key"]: pair["Value"] for pair in shown}


def _listener(elbv2: Any, arn: str) -> dict[str, str]:
    shown = elbv2.describe_listener_attributes(ListenerArn=arn)["Attributes"]
    return {pair["Key"]: pair["Value"] for pair in shown}


def test_show_load_balancer_defaults(world: World, elbv2: Any) -> None:
    """Each type shows its own attributes, an internal one that it is not reached from outside."""
    shown = _load_balancer(elbv2, world.load_balancer()["LoadBalancerArn"])
    assert len(shown) == 24
    assert shown["idle_timeout.timeout_seconds"] == "60"
    assert shown["access_logs.s3.bucket"] == ""
    assert shown["load_balancing.cross_zone.enabled"] == "true"
    assert shown["ipv6.deny_all_igw_traffic"] == "false"
    inside = world.load_balancer("inside", Scheme="internal")["LoadBalancerArn"]
    assert _load_balancer(elbv2, inside)["ipv6.deny_all_igw_traffic"] == "true"
    network = _load_balancer(elbv2, world.load_balancer("nlb", Type="network")["LoadBalancerArn"])
    assert network["load_balancing.cross_zone.enabled"] == "false"
    assert network["secondary_ips.auto_assigned.per_subnet"] == "0"
    assert "idle_timeout.timeout_seconds" not in network


def test_take_load_balancer_attributes(world: World, elbv2: Any) -> None:
    """What is set is shown, the rest stays as it was."""
    arn = world.load_balancer()["LoadBalancerArn"]
    before = _load_balancer(elbv2, arn)
    pair = {"Key": "health_check_logs.s3.prefix", "Value": "a/b"}
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[pair])
    assert _load_balancer(elbv2, arn) == {**before, pair["Key"]: "a/b"}


def test_logs_go_to_a_bucket_that_is_there(world: World, elbv2: Any) -> None:
    """Logs can be enabled with a bucket of the account."""
    s3 = world.account.client("s3")
    s3.create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    arn = world.load_balancer()["LoadBalancerArn"]
    pairs = [("access_logs.s3.enabled", "true"), ("access_logs.s3.bucket", "logs")]
    elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value} for key, value in pairs]
    )
    assert _load_balancer(elbv2, arn)["access_logs.s3.enabled"] == "true"
    s3.delete_bucket(Bucket="logs")


def test_show_target_group_defaults(world: World, elbv2: Any) -> None:
    """Each protocol shows its own attributes; none is shown that belongs to load balancers."""
    http = _target_group(elbv2, world.target_group("http"))
    assert http == {
        "deregistration_delay.timeout_seconds": "300",
        "stickiness.enabled": "false",
        "stickiness.type": "lb_cookie",
        "stickiness.lb_cookie.duration_seconds": "86400",
        "stickiness.app_cookie.cookie_name": "",
        "stickiness.app_cookie.duration_seconds": "86400",
        "load_balancing.algorithm.type": "round_robin",
        "load_balancing.algorithm.anomaly_mitigation": "off",
        "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
        "slow_start.duration_seconds": "0",
        "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
        "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
    }
    tcp = _target_group(elbv2, world.target_group("tcp", Protocol="TCP"))
    assert tcp["stickiness.type"] == "source_ip"
    assert tcp["preserve_client_ip.enabled"] == "false"
    nodes = world.target_group("nodes", Protocol="TCP", TargetType="instance")
    assert _target_group(elbv2, nodes)["preserve_client_ip.enabled"] == "true"
    udp = _target_group(elbv2, world.target_group("udp", Protocol="UDP"))
    assert udp["deregistration_delay.connection_termination.enabled"] == "true"
    grpc = _target_group(elbv2, world.target_group("grpc", ProtocolVersion="GRPC"))
    assert grpc["routing.http2.rst_stream_error_forwarding.enabled"] == "false"


def test_show_listener_defaults(world: World, elbv2: Any) -> None:
    """The idle timeout of TCP is shown where there is TCP."""
    assert _listener(elbv2, world.listener(world.load_balancer())) == {}
    network = world.load_balancer("nlb", Type="network")
    group = world.target_group(Protocol="TCP")
    action = {"Type": "forward", "TargetGroupArn": group}
    listener = world.listener(network, Protocol="TCP", DefaultActions=[action])
    assert _listener(elbv2, listener) == {"tcp.idle_timeout.seconds": "350"}
