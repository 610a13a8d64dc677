"""What a group wants of WAF and Shield, of capacity and of an address pool (spec 1.1, 6.7)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from alb_controller.frontends.ingress.agreement import Agreement, Claim
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.intent import AddonsIntent, BalancerIntent, Origin, WebAclChoice
from alb_controller.objects import annotations as rows
from alb_controller.settings import Settings

_ARN, _NAME, _REGIONAL = "WAFv2 web ACL", "WAFv2 web ACL name", "WAF Classic web ACL"
_SHIELD, _CAPACITY, _POOL = "shield protection", "capacity units", "ipv4 ipam pool"
_NO_NAME = "none"


def addon_claims(
    member: MemberIntent, first: MemberIntent | None, *, named: bool
) -> Iterator[Claim]:
    """What a member says on behalf of the group; `first` is the first in the group's order.

    `named`: somebody names a web ACL, so that nobody's ARN counts.
    """
    addons = member.addons
    for subject, said, binds in (
        (_ARN, addons.web_acl_arn, not named),
        (_NAME, addons.web_acl_name, True),
        (_REGIONAL, addons.regional_web_acl_id, True),
    ):
        if said is not None:
            yield Claim(subject, said.value, said.field, binds=binds)
    if addons.shield is not None:
        yield Claim(_SHIELD, addons.shield, rows.SHIELD.key)
    decided = first.addons if first else None
    if addons.capacity_units is not None:
        binds = decided is None or decided.params_capacity_units is None
        yield Claim(_CAPACITY, addons.capacity_units, rows.MINIMUM_CAPACITY.key, binds=binds)
    if addons.ipam_pool_id is not None:
        binds = decided is None or decided.params_ipam_pool_id is None
        yield Claim(_POOL, addons.ipam_pool_id, rows.IPAM_IPV4_POOL.key, binds=binds)


def with_addons(
    balancer: BalancerIntent, first: MemberIntent, agreed: Agreement, settings: Settings
) -> BalancerIntent:
    """The balancer with what the group wants beside Elastic Load Balancing's own settings."""
    own = first.addons
    capacity = own.params_capacity_units
    if capacity is None:
        capacity = agreed.value(_CAPACITY)
    if capacity is None and settings.feature_gates.lb_capacity_reservation:
        capacity = 0 if settings.feature_gates.enhanced_default_behavior else None
    pool = own.params_ipam_pool_id
    return msgspec.structs.replace(
        balancer,
        addons=AddonsIntent(
            web_acl=_web_acl(agreed),
            regional_web_acl_id=agreed.value(_REGIONAL),
            shield=agreed.value(_SHIELD),
        ),
        capacity_units=capacity,
        ipv4_ipam_pool_id=agreed.value(_POOL) if pool is None else pool or None,
    )


def _web_acl(agreed: Agreement) -> WebAclChoice | None:
    for subject, kind in ((_NAME, "name"), (_ARN, "arn")):
        claim, owner = agreed.claim(subject), agreed.owner(subject)
        if claim is None or owner is None:
            continue
        origin = Origin(owner.ref, claim.field)
        if kind == "name" and claim.value != _NO_NAME:
            return WebAclChoice(kind="name", value=claim.value, origin=origin)
        arn = "" if kind == "name" else claim.value
        return WebAclChoice(kind="arn", value=arn, origin=origin)
    return None
