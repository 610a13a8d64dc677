"""What each kind of change costs in AWS calls, reads and writes: nothing known is read again.

The calls are counted exactly: one more is a step back, one fewer a better budget to write down.
"""

from __future__ import annotations

import pytest

from tests.controller import manifests
from tests.controller.manifests import PODS, PREFIX, ingress
from tests.inside.conftest import Bill
from tests.inside.running import running

BALANCER = {
    "DescribeLoadBalancers": 1,  # whether the name is free
    "CreateSecurityGroup": 1,
    "AuthorizeSecurityGroupIngress": 1,
    "CreateLoadBalancer": 1,
    "CreateListener": 1,
}
BACKEND = {
    "DescribeTargetGroups": 1,  # whether the name is free
    "CreateTargetGroup": 1,
    "RegisterTargets": 1,
}
BACKEND_GONE = {"DeregisterTargets": 1, "DeleteTargetGroup": 1}
LABEL = {"metadata": {"labels": {"touched": "yes"}}}


def test_a_new_load_balancer_reads_whether_its_names_are_free(bill: Bill) -> None:
    """Nothing else: subnets, zones, nodes and the shared security group are known."""
    made = bill.of_applying(ingress("new", ["/a", "/b"]))
    assert made == {**BALANCER, **BACKEND, "CreateRule": 2}


def test_nothing_changed_costs_nothing(bill: Bill) -> None:
    """A label that says nothing to us, and an annotation that is the default."""
    bill.has(ingress("same"))
    assert bill.of(lambda: bill.rig.merge("Ingress", "same", LABEL)) == {}
    assert bill.of(lambda: bill.rig.merge("Service", "app", LABEL)) == {}
    assert bill.of_noting("same", scheme="internal") == {}


def test_a_rule_costs_one_call(bill: Bill) -> None:
    """Added behind the others, edited where it is, removed from the end."""
    bill.has(ingress("rules", ["/aaa"]))
    assert bill.of_applying(ingress("rules", ["/aaa", "/b"])) == {"CreateRule": 1}
    assert bill.of_applying(ingress("rules", ["/aaa", "/c"])) == {"ModifyRule": 1}
    assert bill.of_applying(ingress("rules", ["/aaa"])) == {"DeleteRule": 1}


def test_a_rule_before_others_moves_them_in_one_call(bill: Bill) -> None:
    """And each that has moved gets its new number as a tag."""
    moved = {"SetRulePriorities": 1, "AddTags": 2}
    bill.has(ingress("order", ["/a", "/b"]))
    assert bill.of_applying(ingress("order", ["/long", "/a", "/b"])) == {"CreateRule": 1, **moved}
    assert bill.of_applying(ingress("order", ["/a", "/b"])) == {"DeleteRule": 1, **moved}


def test_a_backend_costs_a_target_group_its_targets_and_a_rule(bill: Bill) -> None:
    """The shared security group and the nodes' rules serve it already."""
    bill.has(*manifests.app("other"), ingress("backends", ["/app"]))
    both = ingress("backends", {"/app": "app", "/b": "other"})
    assert bill.of_applying(both) == {**BACKEND, "CreateRule": 1}
    assert bill.of_applying(ingress("backends", ["/app"])) == {"DeleteRule": 1, **BACKEND_GONE}


def test_a_services_annotation_changes_its_target_group_alone(bill: Bill) -> None:
    """One call for a health check, however many paths lead to the Service."""
    bill.has(*manifests.app("checked"), ingress("check", {"/a": "checked", "/b": "checked"}))
    noted = {"metadata": {"annotations": {f"{PREFIX}healthcheck-path": "/up"}}}
    seen = bill.of(lambda: bill.rig.merge("Service", "checked", noted))
    assert seen == {"ModifyTargetGroup": 1}


@pytest.mark.parametrize(
    "resource, suffix, key",
    [
        ("LoadBalancer", "load-balancer-attributes", "idle_timeout.timeout_seconds"),
        ("TargetGroup", "target-group-attributes", "deregistration_delay.timeout_seconds"),
    ],
)
def test_attributes_are_read_once(bill: Bill, resource: str, suffix: str, key: str) -> None:
    """When they are named for the first time; after that a change is one write."""
    name = f"attributes-{resource.lower()}"
    bill.has(ingress(name))
    write = {f"Modify{resource}Attributes": 1}
    first = bill.of_noting(name, **{suffix: f"{key}=70"})
    assert first == {f"Describe{resource}Attributes": 1, **write}
    assert bill.of_noting(name, **{suffix: f"{key}=80"}) == write
    assert bill.of_noting(name, **{suffix: None}) == {}  # it stays as it is


def test_a_tag_costs_one_call_for_each_resource(bill: Bill) -> None:
    """A security group; a load balancer, target group, listener and rule."""
    bill.has(ingress("tagged"))
    assert bill.of_noting("tagged", tags="team=a") == {"CreateTags": 1, "AddTags": 4}
    assert bill.of_noting("tagged", tags="team=b") == {"CreateTags": 1, "AddTags": 4}
    assert bill.of_noting("tagged", tags=None) == {"DeleteTags": 1, "RemoveTags": 4}


def test_a_listener_costs_itself_its_rules_and_a_door(bill: Bill) -> None:
    """Its rules go with it."""
    bill.has(ingress("ports", ["/a", "/b"]))
    more = bill.of_noting("ports", listen_ports='[{"HTTP":80},{"HTTP":81}]')
    assert more == {"AuthorizeSecurityGroupIngress": 1, "CreateListener": 1, "CreateRule": 2}
    fewer = bill.of_noting("ports", listen_ports='[{"HTTP":80}]')
    assert fewer == {"DeleteListener": 1, "RevokeSecurityGroupIngress": 1}


def test_a_member_joins_and_leaves_at_the_price_of_its_parts(bill: Bill) -> None:
    """What is the group's stays untouched and unread."""
    bill.has(ingress("stays", ["/stays"], group="team"))
    joined = bill.of_applying(ingress("visits", ["/v"], group="team"))
    assert joined == {**BACKEND, "CreateRule": 1}
    left = bill.of(lambda: bill.rig.delete("Ingress", "visits"))
    assert left == {"DeleteRule": 1, **BACKEND_GONE}


def test_pods_cost_one_call_for_each_target_group(bill: Bill) -> None:
    """Those that come, and those that go; targets are known from what we registered."""
    bill.has(*manifests.app("pods"), ingress("pods", {"/": "pods"}))
    (first, *_) = PODS.items()
    fewer = bill.of_applying(manifests.endpoints("pods", dict([first])))
    assert fewer == {"DeregisterTargets": 1}
    assert bill.of_applying(manifests.endpoints("pods", PODS)) == {"RegisterTargets": 1}


def test_a_deletion_reads_nothing(bill: Bill) -> None:
    """Listeners and rules go with their load balancer."""
    bill.has(ingress("doomed", ["/a", "/b"]))
    gone = bill.of(lambda: bill.rig.delete("Ingress", "doomed"))
    assert gone == {"DeleteLoadBalancer": 1, **BACKEND_GONE, "DeleteSecurityGroup": 1}


def test_a_restart_reads_each_thing_once(bill: Bill) -> None:
    """The account's lists, then what is below each load balancer; it writes nothing."""
    bill.has(ingress("second", ["/a", "/b"]))

    def restart() -> None:
        with running(bill.around) as another:
            another.settle()

    aws = bill.rig.aws
    balancers, listeners = len(aws.load_balancers()), len(aws.listeners())
    assert bill.of(restart) == {
        "DescribeLoadBalancers": 1,
        "DescribeTargetGroups": 1,
        "DescribeSecurityGroups": 2,  # those of stacks and the shared one; those of the nodes
        "DescribeTags": 2 + balancers,  # of each list, and of listeners with their rules
        "DescribeListeners": balancers,
        "DescribeRules": listeners,
        "DescribeTargetHealth": len(aws.target_groups()),
        "DescribeInstances": 1,
    }
