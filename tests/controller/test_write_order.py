"""The order of writes: nothing is used before it is there, or removed while it is used."""

from __future__ import annotations

from tests.controller.aws_front import Call
from tests.controller.manifests import app, ingress
from tests.controller.rig import Rig


def _order(calls: list[Call]) -> list[str]:
    return [call.operation for call in calls]


def _last(order: list[str], operation: str) -> int:
    return len(order) - 1 - order[::-1].index(operation)


def test_what_is_referred_to_is_made_first(rig: Rig) -> None:
    """Security groups, target groups, bindings, the load balancer; then what sends traffic."""
    bindings: dict[str, int] = {}

    def look(call: Call) -> None:
        bindings.setdefault(call.operation, len(rig.cluster.list("TargetGroupBinding")))

    rig.apply(*app("api", {"192.168.165.10": "node-c"}), ingress("web", {"/a": "app", "/b": "api"}))
    rig.aws.front.on_write = look
    with rig.running() as controller:
        controller.settle()
    order = _order(rig.aws.front.writes())
    balancer, listener = order.index("CreateLoadBalancer"), order.index("CreateListener")
    assert _last(order, "CreateSecurityGroup") < balancer
    assert _last(order, "CreateTargetGroup") < listener
    assert balancer < listener < order.index("CreateRule")
    assert bindings["CreateTargetGroup"] == 0
    assert bindings["CreateListener"] == 2


def test_deletion_begins_with_the_load_balancer_and_ends_with_security_groups(rig: Rig) -> None:
    """Targets go before their group, rules on nodes before the group that they name."""
    rig.apply(ingress("web"))
    with rig.running() as controller:
        controller.settle()
        mark = rig.mark()
        rig.delete("Ingress", "web")
        controller.settle()
        order = _order(rig.writes(mark))
    assert sorted(order) == [
        "DeleteLoadBalancer",
        *["DeleteSecurityGroup"] * 2,
        "DeleteTargetGroup",
        "DeregisterTargets",
        "RevokeSecurityGroupIngress",
    ]
    assert order[0] == "DeleteLoadBalancer"
    assert order.index("DeregisterTargets") < order.index("DeleteTargetGroup")
    assert order.index("RevokeSecurityGroupIngress") < _last(order, "DeleteSecurityGroup")
    assert order[-1] == "DeleteSecurityGroup"
    assert rig.aws.made_groups() == []


def test_a_service_is_swapped_without_a_gap(rig: Rig) -> None:
    """The new target group is there before a rule names it, the old one until none does."""
    rig.apply(*app("api", {"192.168.165.10": "node-c"}), ingress("web", {"/a": "app"}))
    with rig.running() as controller:
        controller.settle()
        mark = rig.mark()
        rig.apply(ingress("web", {"/a": "api"}))
        controller.settle()
        order = _order(rig.writes(mark))
    assert order.index("CreateTargetGroup") < order.index("ModifyRule")
    assert order.index("ModifyRule") < order.index("DeregisterTargets")
    assert order.index("DeregisterTargets") < order.index("DeleteTargetGroup")
    assert rig.aws.targets() == {"192.168.165.10"}


def test_sources_are_allowed_before_others_are_shut_out(rig: Rig) -> None:
    """An edit of inbound-cidrs authorises first, then revokes."""
    rig.apply(ingress("web", inbound_cidrs="10.0.0.0/8"))
    with rig.running() as controller:
        controller.settle()
        mark = rig.mark()
        rig.annotate("web", inbound_cidrs="192.168.0.0/16")
        controller.settle()
        order = _order(rig.writes(mark))
    assert order == ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"]


def test_a_port_of_the_pods_is_opened_before_the_old_one_is_shut(rig: Rig) -> None:
    """On the nodes' security group too, and targets move before the old port is shut."""
    rig.apply(ingress("web"))
    with rig.running() as controller:
        controller.settle()
        mark = rig.mark()
        service = rig.get("Service", "app")["spec"]["ports"][0]
        rig.merge("Service", "app", {"spec": {"ports": [{**service, "targetPort": 9090}]}})
        moved = {"name": "http", "port": 9090, "protocol": "TCP"}
        rig.merge("EndpointSlice", "app-x", {"ports": [moved]})
        controller.settle()
        order = _order(rig.writes(mark))
    opened, shut = (f"{verb}SecurityGroupIngress" for verb in ("Authorize", "Revoke"))
    assert order.index(opened) < order.index(shut)
    assert order.index("RegisterTargets") < _last(order, "DeregisterTargets")
