"""Add-ons of a load balancer: only what is asked for, on, and to be had."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.build.context import Facts
from alb_controller.build.elbv2.addons import build_addons, queries
from alb_controller.errors import Missing
from alb_controller.intent import AddonsIntent, WebAclChoice
from alb_controller.model.addons import Addons
from alb_controller.model.queries import AddonOffered, Offer, WebAclByName, WebAclInfo
from tests.unit.build.intents import WEB, context, origin

SHIELD, CLASSIC, EDGE = AddonOffered("shield"), AddonOffered("waf-regional"), WebAclByName("edge")
BY_NAME = WebAclChoice(kind="name", value="edge", origin=origin("wafv2-acl-name"))
BY_ARN = WebAclChoice(kind="arn", value="arn:1", origin=origin("wafv2-acl-arn"))
ALL = AddonsIntent(web_acl=BY_NAME, regional_web_acl_id="acl", shield=True)
FACTS: Facts = {
    SHIELD: (Offer(service="shield"),),
    CLASSIC: (Offer(service="waf-regional"),),
    EDGE: (WebAclInfo(name="edge", arn="arn:edge"),),
}


def test_all_of_them() -> None:
    """Each is asked about, and then declared."""
    assert set(queries(ALL, context())) == {SHIELD, CLASSIC, EDGE}
    declared = Addons(web_acl_arn="arn:edge", regional_web_acl_id="acl", protection="on")
    assert build_addons(ALL, context(), FACTS) == declared


def test_what_is_not_asked_for_costs_nothing() -> None:
    """No question, no declaration."""
    assert list(queries(AddonsIntent(), context())) == []
    assert build_addons(AddonsIntent(), context(), FACTS) == Addons()
    assert list(queries(AddonsIntent(web_acl=BY_ARN), context())) == []


@pytest.mark.parametrize(
    "flag, left",
    [
        ("enable_wafv2", Addons(regional_web_acl_id="acl", protection="on")),
        ("enable_waf", Addons(web_acl_arn="arn:edge", protection="on")),
        ("enable_shield", Addons(web_acl_arn="arn:edge", regional_web_acl_id="acl")),
    ],
)
def test_a_flag_switches_one_off(flag: str, left: Addons) -> None:
    """It is neither asked about nor touched (spec 6.7)."""
    off = context(settings={flag: False})
    assert build_addons(ALL, off, FACTS) == left
    assert len(set(queries(ALL, off))) == len(FACTS) - 1


@pytest.mark.parametrize("service", [SHIELD, CLASSIC])
def test_a_service_that_is_not_to_be_had_is_left_out(service: AddonOffered) -> None:
    """Without a subscription, or in a region without it (spec 6.7)."""
    made = build_addons(ALL, context(), {**FACTS, service: ()})
    field = "protection" if service == SHIELD else "regional_web_acl_id"
    assert getattr(made, field) is None
    assert made.web_acl_arn == "arn:edge"


def test_none_is_declared_as_none() -> None:
    """Empty or off is not the same as silence."""
    nothing: dict[str, Any] = {"web_acl": WebAclChoice(kind="arn", value="", origin=origin("x"))}
    wanted = AddonsIntent(regional_web_acl_id="", shield=False, **nothing)
    declared = Addons(web_acl_arn="", regional_web_acl_id="", protection="off")
    assert build_addons(wanted, context(), FACTS) == declared


def test_a_name_that_nobody_has_is_missing() -> None:
    """Reported on the Ingress, with the annotation and the name."""
    with pytest.raises(Missing, match="'edge', which does not exist") as error:
        build_addons(ALL, context(), {**FACTS, EDGE: ()})
    assert error.value.origin == WEB
    assert error.value.field.endswith("wafv2-acl-name")
