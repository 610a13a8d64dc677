"""Only what carries our stack's tags is changed; a name that is taken is refused, by its owner."""

from __future__ import annotations

from typing import Any

import pytest

from tests.controller.manifests import ingress
from tests.controller.rig import Aws, Rig

THEIRS = [{"Key": "owner", "Value": "platform"}]
ON_START = pytest.mark.parametrize("is_running", [False, True], ids=["before", "after our start"])


def _first_names(rig: Rig) -> dict[str, str]:
    """The names that the Ingress web gives its resources: made once, and deleted again."""
    rig.apply(ingress("web"))
    with rig.running() as controller:
        controller.settle()
        (name,) = (n for n in rig.aws.made_groups() if n.startswith("k8s-shop-web-"))
        (binding,) = rig.cluster.list("TargetGroupBinding")
        names = {
            "load balancer": rig.aws.load_balancers()[0]["LoadBalancerName"],
            "target group": rig.aws.target_groups()[0]["TargetGroupName"],
            "security group": name,
            "TargetGroupBinding": binding["metadata"]["name"],
        }
        rig.delete("Ingress", "web")
        controller.settle()
    assert rig.aws.load_balancers() == []
    for event in rig.events():
        rig.delete("Event", event["metadata"]["name"])
    return names


def _take(aws: Aws, kind: str, name: str) -> Any:
    """Somebody else's resource of that name; what it looks like, tags included."""
    if kind == "load balancer":
        aws.account.elbv2.create_load_balancer(
            Name=name, Subnets=[aws.ids["private-a"], aws.ids["private-b"]], Tags=THEIRS
        )
    elif kind == "target group":
        aws.account.elbv2.create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId=aws.ids["vpc"], Tags=THEIRS
        )
    else:
        tagged = [{"ResourceType": "security-group", "Tags": THEIRS}]
        aws.account.ec2.create_security_group(
            GroupName=name, Description="theirs", VpcId=aws.ids["vpc"], TagSpecifications=tagged
        )
    return _look(aws, kind, name)


def _look(aws: Aws, kind: str, name: str) -> Any:
    if kind == "load balancer":
        (found,) = (b for b in aws.load_balancers() if b["LoadBalancerName"] == name)
        return found, aws.tags(found["LoadBalancerArn"]), aws.listeners()
    if kind == "target group":
        (found,) = (g for g in aws.target_groups() if g["TargetGroupName"] == name)
        health = aws.account.elbv2.describe_target_health(TargetGroupArn=found["TargetGroupArn"])
        return found, aws.tags(found["TargetGroupArn"]), health["TargetHealthDescriptions"]
    return aws.security_groups()[name]


@ON_START
@pytest.mark.parametrize("kind", ["load balancer", "target group", "security group"])
def test_a_name_that_is_taken_is_refused(rig: Rig, kind: str, *, is_running: bool) -> None:
    """The event names the resource and its owner's tags; nothing of it is changed or adopted."""
    name = _first_names(rig)[kind]
    theirs = None if is_running else _take(rig.aws, kind, name)
    with rig.running() as controller:
        controller.settle()
        if is_running:
            theirs = _take(rig.aws, kind, name)
        rig.apply(ingress("web"))
        rig.until(lambda: rig.warnings("web"))
        controller.settle()
        (message,) = rig.warnings("web")
        assert f"{kind} {name!r}" in message
        assert "owner=platform" in message
        assert _look(rig.aws, kind, name) == theirs
        rig.delete("Ingress", "web")
        controller.settle()
    assert rig.is_gone("Ingress", "web")
    assert _look(rig.aws, kind, name) == theirs
    assert len(rig.aws.load_balancers()) == (kind == "load balancer")


def test_a_binding_of_anothers_is_refused(rig: Rig) -> None:
    """An object with our name and other labels stays as it is; the event says whose it is."""
    name = _first_names(rig)["TargetGroupBinding"]
    theirs = {
        "apiVersion": "elbv2.k8s.aws/v1beta1",
        "kind": "TargetGroupBinding",
        "metadata": {"name": name, "namespace": "shop", "labels": {"owner": "platform"}},
        "spec": {
            "targetGroupARN": rig.aws.ids["tg:legacy"],
            "targetType": "ip",
            "serviceRef": {"name": "app", "port": 80},
        },
    }
    with rig.running() as controller:
        rig.apply(theirs)
        controller.settle()
        before = rig.get("TargetGroupBinding", name)
        rig.apply(ingress("web"))
        rig.until(lambda: rig.warnings("web"))
        controller.settle()
        (message,) = rig.warnings("web")
        assert f"TargetGroupBinding 'shop/{name}'" in message
        assert "owner" in message
        assert rig.get("TargetGroupBinding", name) == before


@pytest.mark.parametrize(
    "operation",
    [
        "CreateSecurityGroup",
        "CreateTargetGroup",
        "CreateLoadBalancer",
        "CreateListener",
        "CreateRule",
    ],
)
def test_a_create_whose_answer_was_lost_is_adopted(rig: Rig, operation: str) -> None:
    """It succeeded and the answer was lost: it is found by our tags, and nothing is made twice."""
    rig.aws.front.lose_answer(operation, times=2)
    rig.apply(ingress("web", ["/a", "/b"]))
    with rig.running() as controller:
        rig.until(rig.hostname)
        controller.settle()
    assert len(rig.aws.load_balancers()) == 1
    assert len(rig.aws.target_groups()) == 1
    assert len(rig.aws.made_groups()) == 2
    assert rig.aws.paths() == ["/a", "/b"]
    assert len(rig.aws.targets()) == 2


def test_a_rule_that_others_put_on_our_listener_stays(rig: Rig) -> None:
    """It carries no tag of ours: neither an edit nor a sweep changes or removes it."""
    rig.apply(ingress("web", ["/a"]))
    with rig.running("--sync-period=1s") as controller:
        controller.settle()
        fixed = {"StatusCode": "418", "ContentType": "text/plain"}
        rig.aws.account.elbv2.create_rule(
            ListenerArn=rig.aws.listeners()[0]["ListenerArn"],
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/teapot"]}}],
            Priority=40,
            Actions=[{"Type": "fixed-response", "FixedResponseConfig": fixed}],
        )
        theirs = rig.aws.rules()[-1]
        mark = rig.mark()
        rig.until(lambda: "DescribeRules" in rig.aws.front.operations(mark.calls))
        rig.apply(ingress("web", ["/b", "/a"]))
        rig.until(lambda: rig.aws.paths() == ["/b", "/a", "/teapot"])
        controller.settle()
        assert rig.aws.rules()[-1] == theirs


def test_a_rule_that_others_put_on_the_nodes_group_stays(rig: Rig) -> None:
    """On a group that is not ours, only rules with our words in them are ours."""
    source = [{"CidrIp": "203.0.113.0/24", "Description": "the office"}]
    theirs = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": source}
    rig.aws.account.ec2.authorize_security_group_ingress(
        GroupId=rig.aws.ids["nodes-sg"], IpPermissions=[theirs]
    )
    before = rig.aws.security_groups()["eks-cluster-sg-prod"]["IpPermissions"]
    rig.apply(ingress("web"))
    with rig.running() as controller:
        controller.settle()
        assert len(rig.aws.security_groups()["eks-cluster-sg-prod"]["IpPermissions"]) == 2
        rig.delete("Ingress", "web")
        controller.settle()
    assert rig.aws.security_groups()["eks-cluster-sg-prod"]["IpPermissions"] == before


def test_the_shared_groups_name_may_be_taken_too(rig: Rig) -> None:
    """Whoever needs the group reads whose it is; it is used by nobody and stays as it is."""
    with rig.running() as controller:
        rig.apply(ingress("web"))
        controller.settle()
        (name,) = (n for n in rig.aws.made_groups() if n.startswith("k8s-traffic-"))
        rig.delete("Ingress", "web")
        controller.settle()
        theirs = _take(rig.aws, "security group", name)
        rig.apply(ingress("other"))
        rig.until(lambda: rig.warnings("other"))
        controller.settle()
        (message,) = rig.warnings("other")
        assert f"security group {name!r}" in message
        assert "owner=platform" in message
        assert _look(rig.aws, "security group", name) == theirs
        assert rig.aws.load_balancers() == []
