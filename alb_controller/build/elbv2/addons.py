"""What other services shall do for the load balancer, as far as they are on (spec 6.7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from alb_controller.build.context import Context, Facts
from alb_controller.errors import Missing
from alb_controller.intent import AddonsIntent, WebAclChoice
from alb_controller.model.addons import Addons, Protection
from alb_controller.model.queries import AddonOffered, Query, WebAclByName, WebAclInfo

_SHIELD = AddonOffered("shield")
_WAF_REGIONAL = AddonOffered("waf-regional")


def queries(addons: AddonsIntent, context: Context) -> Iterator[Query]:
    """What must be known of them; nothing of what is not asked for or is off."""
    settings = context.settings
    if settings.enable_wafv2 and addons.web_acl is not None and addons.web_acl.kind == "name":
        yield WebAclByName(addons.web_acl.value)
    if settings.enable_waf and addons.regional_web_acl_id is not None:
        yield _WAF_REGIONAL
    if settings.enable_shield and addons.shield is not None:
        yield _SHIELD


def build_addons(addons: AddonsIntent, context: Context, facts: Facts) -> Addons:
    """The add-ons that are asked for, on, and to be had; raises Missing for an unknown name."""
    settings = context.settings
    web_acl = addons.web_acl if settings.enable_wafv2 else None
    has_regional = settings.enable_waf and bool(facts.get(_WAF_REGIONAL))
    has_shield = settings.enable_shield and bool(facts.get(_SHIELD))
    protection: Protection = "on" if addons.shield else "off"
    return Addons(
        web_acl_arn=None if web_acl is None else _arn(web_acl, facts),
        regional_web_acl_id=addons.regional_web_acl_id if has_regional else None,
        protection=protection if has_shield and addons.shield is not None else None,
    )


def _arn(choice: WebAclChoice, facts: Facts) -> str:
    if choice.kind == "arn":
        return choice.value
    found = cast("tuple[WebAclInfo, ...]", facts.get(WebAclByName(choice.value), ()))
    if not found:
        problem = f"names WAFv2 web ACL {choice.value!r}, which does not exist"
        raise Missing(choice.origin.ref, choice.origin.field, problem)
    return found[0].arn
