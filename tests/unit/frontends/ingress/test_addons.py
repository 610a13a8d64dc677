"""Web ACLs, Shield, capacity and address pools: who may say what, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.intent import AddonsIntent
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.core import KubeObject
from tests.factories import ingress, ingress_class, params
from tests.unit.frontends.ingress.translation import (
    alone,
    application,
    balancer,
    of_class,
    reached,
    refused,
    reported,
    settings,
    translated,
    wanted,
)

ACL, CAPACITY, POOL = "wafv2-acl-arn", "minimum-load-balancer-capacity", "ipam-ipv4-pool-id"


def member(name: str, order: int = 0, **alb: str) -> KubeObject:
    """An Ingress of group team; `_` in a key stands for `-`."""
    stated = {key.replace("_", "-"): value for key, value in alb.items()}
    return ingress(name, alb={"group.name": "team", "group.order": str(order), **stated})


def web_acl(intent: Any) -> tuple[str, str] | None:
    """Kind and value of the choice."""
    choice = application(intent).addons.web_acl
    return None if choice is None else (choice.kind, choice.value)


@pytest.mark.parametrize(
    "alb, expected",
    [
        ({}, None),
        ({ACL: "arn:1"}, ("arn", "arn:1")),
        ({ACL: "none"}, ("arn", "")),
        ({ACL: ""}, ("arn", "")),
        ({"wafv2-acl-name": "edge"}, ("name", "edge")),
        ({"wafv2-acl-name": "none"}, ("arn", "")),
        ({"wafv2-acl-name": ""}, None),
        ({"wafv2-acl-name": "edge", ACL: "arn:1"}, ("name", "edge")),
        ({"wafv2-acl-name": "", ACL: "arn:1"}, ("arn", "arn:1")),
    ],
)
def test_a_wafv2_web_acl(alb: dict[str, str], expected: tuple[str, str] | None) -> None:
    """By ARN or by name; `none` and an empty ARN take it away, an empty name says nothing."""
    assert web_acl(alone(alb=alb)) == expected


def test_the_class_says_which_wafv2_web_acl() -> None:
    """Field by field over the annotations (spec 2.2)."""
    by_arn = of_class(alb={ACL: "arn:mine"}, spec={"wafv2AclArn": "arn:class"})
    assert web_acl(by_arn) == ("arn", "arn:class")
    by_name = of_class(alb={"wafv2-acl-name": "mine"}, spec={"wafv2AclName": "class"})
    assert web_acl(by_name) == ("name", "class")
    assert web_acl(of_class(alb={}, spec={"wafv2AclArn": "none"})) == ("arn", "")


def test_a_name_of_anybody_makes_every_arn_of_no_account() -> None:
    """ARNs of others may even differ (spec 1.1)."""
    group = [member("a", wafv2_acl_arn="arn:1"), member("b", wafv2_acl_arn="arn:2")]
    assert web_acl(wanted(*group, member("c", wafv2_acl_name="edge"))) == ("name", "edge")
    sentence = (
        f"{PREFIX}{ACL}: 'arn:2' disagrees on WAFv2 web ACL with Ingress shop/a of the same "
        "group, which is older and says 'arn:1'"
    )
    assert reported(translated(*group)) == {"Ingress shop/b": [sentence]}


@pytest.mark.parametrize(
    "alb, expected",
    [
        ({"waf-acl-id": "acl-1"}, "acl-1"),
        ({"waf-acl-id": "none"}, ""),
        ({"waf-acl-id": ""}, None),
        ({"web-acl-id": "acl-2"}, "acl-2"),
        ({"waf-acl-id": "acl-1", "web-acl-id": "acl-2"}, "acl-1"),
        ({"waf-acl-id": "", "web-acl-id": "acl-2"}, None),
    ],
)
def test_a_classic_web_acl(alb: dict[str, str], expected: str | None) -> None:
    """The older key is read only where the newer is absent (spec 1.1)."""
    assert application(alone(alb=alb)).addons.regional_web_acl_id == expected


def test_shield_is_true_false_or_left_alone() -> None:
    """A value that is neither is reported."""
    assert application(alone()).addons == AddonsIntent()
    for raw, expected in (("true", True), ("false", False)):
        made = application(alone(alb={"shield-advanced-protection": raw}))
        assert made.addons.shield is expected
    (problem,) = refused(alb={"shield-advanced-protection": "yes"})
    assert "must be true or false" in problem


def units(*objects: KubeObject, **fields: Any) -> int | None:
    """What a group or an Ingress reserves."""
    intent = wanted(*objects, **fields) if objects else alone(**fields)
    return balancer(intent).capacity_units


def test_capacity_is_reserved_given_back_or_left() -> None:
    """0 gives back; without a word nothing is done (spec 6.2)."""
    assert units() is None
    assert units(alb={CAPACITY: "CapacityUnits=3000"}) == 3000
    assert units(alb={CAPACITY: "CapacityUnits=0"}) == 0
    assert units(alb={CAPACITY: ""}) is None


def test_removing_the_annotation_gives_capacity_back_by_a_gate() -> None:
    """EnhancedDefaultBehavior, off by default (spec 10.3)."""
    assert units(by=settings(gates={"enhanced_default_behavior": True})) == 0


def test_capacity_is_not_even_read_with_its_gate_off() -> None:
    """Neither annotation nor class (spec 1.1)."""
    off = settings(gates={"lb_capacity_reservation": False, "enhanced_default_behavior": True})
    assert units(alb={CAPACITY: "nonsense"}, by=off) is None


@pytest.mark.parametrize("raw", ["Units=1", "CapacityUnits=many", "CapacityUnits=-1", "3000"])
def test_capacity_that_cannot_be_read_is_reported(raw: str) -> None:
    """With the key, the value and what is allowed."""
    (problem,) = refused(alb={CAPACITY: raw})
    assert problem.startswith(f"{PREFIX}{CAPACITY}: {raw!r} must be ")


def of_params(name: str, order: int, spec: dict[str, Any], **alb: str) -> list[KubeObject]:
    """A member of group team whose own class has parameters."""
    stated = {key.replace("_", "-"): value for key, value in alb.items()}
    return [
        ingress_class(name, params=name),
        params(name, **spec),
        ingress(
            name,
            class_name=name,
            alb={"group.name": "team", "group.order": str(order), **stated},
        ),
    ]


def setting(field: str, *objects: KubeObject) -> object:
    """A field of the balancer, or of its options, of a group without problems."""
    intent = wanted(*objects)
    of = balancer(intent) if hasattr(balancer(intent), field) else application(intent)
    return getattr(of, field)


@pytest.mark.parametrize(
    "spec, field, expected, stated",
    [
        (
            {"minimumLoadBalancerCapacity": {"capacityUnits": 7}},
            "capacity_units",
            7,
            {"minimum_load_balancer_capacity": "CapacityUnits=9"},
        ),
        (
            {"ipamConfiguration": {"ipv4IPAMPoolId": "ipam-pool-class"}},
            "ipv4_ipam_pool_id",
            "ipam-pool-class",
            {"ipam_ipv4_pool_id": "ipam-mine"},
        ),
    ],
)
def test_the_first_members_class_decides_for_all(
    spec: dict[str, Any], field: str, expected: object, stated: dict[str, str]
) -> None:
    """It replaces every annotation, and those who disagree are not at fault (spec 2.2)."""
    others = [member("m", 5, **stated), member("n", 6)]
    first = of_params("first", -1, spec)
    assert setting(field, *others, *first) == expected
    late = of_params("late", 9, spec)
    assert setting(field, *others, *late) != expected


def test_members_agree_on_capacity_and_pool() -> None:
    """The older wins (spec 1.1)."""
    group = translated(
        member("a", minimum_load_balancer_capacity="CapacityUnits=1", ipam_ipv4_pool_id="one"),
        member("b", minimum_load_balancer_capacity="CapacityUnits=2"),
        member("c", ipam_ipv4_pool_id="two"),
        member("d", ipam_ipv4_pool_id=""),
    )
    assert sorted(reported(group)) == ["Ingress shop/b", "Ingress shop/c"]
    assert balancer(group.intent).capacity_units == 1
    assert application(group.intent).ipv4_ipam_pool_id == "one"


def test_an_address_pool_without_a_name_is_none() -> None:
    """An empty value says nothing (spec 1.1)."""
    assert application(alone(alb={POOL: "ipam-1"})).ipv4_ipam_pool_id == "ipam-1"
    assert application(alone(alb={POOL: ""})).ipv4_ipam_pool_id is None


def test_a_control_port_is_for_pods() -> None:
    """Of Service and port as written; the load balancer must reach it (spec 1.1, 5.4)."""
    key = "target-control-port.app.80"
    (backend,) = alone(alb={"target-type": "ip", key: "9000"}).backends
    assert backend.target_control_port == 9000
    assert reached(backend)[-1] == 9000
    (plain,) = alone(alb={"target-type": "ip", "target-control-port.app.http": "9000"}).backends
    assert plain.target_control_port is None
    assert plain.name != backend.name
    problem = " ".join(refused(alb={"target-type": "instance", key: "9000"}))
    assert "needs target-type ip" in problem
