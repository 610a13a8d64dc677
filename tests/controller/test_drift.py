"""What others changed by hand is repaired by the next sweep."""

from __future__ import annotations

from typing import Any

import pytest

from tests.controller.manifests import app, ingress
from tests.controller.rig import Rig

SWEEP = "--sync-period=1s"
Permissions = list[dict[str, Any]]


def test_a_tag_that_was_removed_comes_back(rig: Rig) -> None:
    """On a load balancer: a tag that the user asks for, though not the ones that say it is ours."""
    rig.apply(ingress("web", tags="team=edge"))
    with rig.running(SWEEP) as controller:
        controller.settle()
        arn = rig.aws.load_balancers()[0]["LoadBalancerArn"]
        rig.aws.account.elbv2.remove_tags(ResourceArns=[arn], TagKeys=["team"])
        rig.until(lambda: rig.aws.tags(arn).get("team") == "edge")


def test_a_rule_that_was_deleted_comes_back(rig: Rig) -> None:
    """With the same conditions and priority; the other rule is not touched."""
    rig.apply(ingress("web", ["/a", "/b"]))
    with rig.running(SWEEP) as controller:
        controller.settle()
        first, second = rig.aws.rules()
        rig.aws.account.elbv2.delete_rule(RuleArn=first["RuleArn"])
        rig.until(lambda: rig.aws.paths() == ["/a", "/b"])
        again, kept = rig.aws.rules()
    assert again["Conditions"] == first["Conditions"]
    assert kept == second


def test_rules_of_the_managed_security_group_are_as_the_ingress_says(rig: Rig) -> None:
    """One that was removed comes back, one that was added goes."""
    rig.apply(ingress("web"))
    with rig.running(SWEEP) as controller:
        controller.settle()
        (name,) = (n for n in rig.aws.made_groups() if n.startswith("k8s-shop-web-"))
        wanted = _permissions(rig, name)
        assert wanted
        ec2, group = rig.aws.account.ec2, rig.aws.security_groups()[name]["GroupId"]
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=wanted)
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[_open_port(2222)])
        rig.until(lambda: _permissions(rig, name) == wanted)


def test_a_rule_on_the_nodes_group_comes_back(rig: Rig) -> None:
    """Pods are reachable again after somebody shut the port that the shared group needs."""
    rig.apply(ingress("web"))
    with rig.running(SWEEP) as controller:
        controller.settle()
        wanted = _permissions(rig, "eks-cluster-sg-prod")
        assert wanted
        group = rig.aws.ids["nodes-sg"]
        rig.aws.account.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=wanted)
        rig.until(lambda: _permissions(rig, "eks-cluster-sg-prod") == wanted)


def test_a_target_that_was_deregistered_comes_back(rig: Rig) -> None:
    """And one that somebody registered goes."""
    rig.apply(ingress("web"))
    with rig.running(SWEEP) as controller:
        controller.settle()
        wanted = rig.aws.targets()
        assert len(wanted) == 2
        arn = rig.aws.target_groups()[0]["TargetGroupArn"]
        elbv2 = rig.aws.account.elbv2
        elbv2.deregister_targets(
            TargetGroupArn=arn, Targets=[{"Id": "192.168.100.10", "Port": 8080}]
        )
        elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": "192.168.100.11", "Port": 8080}])
        rig.until(lambda: rig.aws.targets() == wanted)


def test_a_load_balancer_that_was_deleted_is_made_again(rig: Rig) -> None:
    """With its listeners and rules, and the status says its new name."""
    rig.apply(ingress("web", ["/a"]))
    with rig.running(SWEEP) as controller:
        controller.settle()
        arn = rig.aws.load_balancers()[0]["LoadBalancerArn"]
        rig.aws.account.elbv2.delete_load_balancer(LoadBalancerArn=arn)
        rig.until(lambda: rig.aws.paths() == ["/a"])
        controller.settle()
        (balancer,) = rig.aws.load_balancers()
        assert rig.hostname() == balancer["DNSName"].lower()


def _permissions(rig: Rig, name: str) -> Permissions:
    return list(rig.aws.security_groups()[name]["IpPermissions"])


def _open_port(port: int) -> dict[str, Any]:
    sources = [{"CidrIp": "0.0.0.0/0"}]
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": sources}


@pytest.mark.parametrize("lost", ["load balancer", "target group", "listener"])
def test_a_change_that_meets_a_loss_repairs_it_at_once(rig: Rig, lost: str) -> None:
    """Where AWS says that something is gone, everything is read anew: no sweep is waited for."""
    rig.apply(*app("api", {"192.168.165.10": "node-c"}), ingress("web", {"/a": "app"}))
    with rig.running() as controller:
        controller.settle()
        _lose(rig, lost)
        rig.apply(ingress("web", {"/a": "app", "/b": "app"}))
        rig.until(lambda: rig.aws.paths() == ["/a", "/b"])
        controller.settle()
        (balancer,) = rig.aws.load_balancers()
        assert rig.hostname() == balancer["DNSName"].lower()
        assert rig.aws.targets() == {"192.168.100.10", "192.168.130.10"}


def _lose(rig: Rig, what: str) -> None:
    elbv2 = rig.aws.account.elbv2
    balancer = rig.aws.load_balancers()[0]["LoadBalancerArn"]
    if what == "listener":
        elbv2.delete_listener(ListenerArn=rig.aws.listeners()[0]["ListenerArn"])
    else:
        elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    if what == "target group":
        elbv2.delete_target_group(TargetGroupArn=rig.aws.target_groups()[0]["TargetGroupArn"])
