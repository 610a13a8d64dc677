"""What a group wants of WAF and Shield, of capacity and of an address pool (spec 1.1, 6.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alb_controller.frontends.conflicts import Agreement, Key, Setting
from alb_controller.frontends.ingress.addons.member import PARAMS
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.intent import AddonsIntent, ApplicationOptions, Origin, WebAclChoice
from alb_controller.model.origins import Origins
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.settings import Settings

_ARN = Key[str]("WAFv2 web ACL")
_NAME = Key[str]("WAFv2 web ACL name")
_REGIONAL = Key[str]("WAF Classic web ACL")
_SHIELD = Key[bool]("shield protection")
_CAPACITY = Key[int]("capacity units")
_POOL = Key[str]("ipv4 ipam pool")
_NO_NAME = "none"


def addon_settings(
    member: MemberIntent, first: MemberIntent | None, *, named: bool
) -> Iterator[Setting[object]]:
    """What a member sets for the group; `first` is the first in the group's order.

    `named`: some member names a web ACL, so that no ARN counts.
    """
    addons = member.addons
    for key, given, is_exclusive in (
        (_ARN, addons.web_acl_arn, not named),
        (_NAME, addons.web_acl_name, True),
        (_REGIONAL, addons.regional_web_acl_id, True),
    ):
        if given is not None:
            yield key.setting(given.value, given.field, is_exclusive=is_exclusive)
    if addons.shield is not None:
        yield _SHIELD.setting(addons.shield, rows.SHIELD.key)
    of_class = first.addons if first else None
    if addons.capacity_units is not None:
        is_exclusive = of_class is None or of_class.params_capacity_units is None
        yield _CAPACITY.setting(
            addons.capacity_units, rows.MINIMUM_CAPACITY.key, is_exclusive=is_exclusive
        )
    if addons.ipam_pool_id is not None:
        is_exclusive = of_class is None or of_class.params_ipam_pool_id is None
        yield _POOL.setting(addons.ipam_pool_id, rows.IPAM_IPV4_POOL.key, is_exclusive=is_exclusive)


def capacity_units(first: MemberIntent, agreed: Agreement, settings: Settings) -> int | None:
    """What is to be reserved; `first` is the first member in the group's order."""
    units = first.addons.params_capacity_units
    if units is None:
        units = agreed.get(_CAPACITY)
    if units is None and settings.feature_gates.lb_capacity_reservation:
        return 0 if settings.feature_gates.enhanced_default_behavior else None
    return units


def application_options(
    first: MemberIntent, agreed: Agreement, customer_owned_pool: str | None
) -> ApplicationOptions:
    """Address pools and add-ons of the balancer; `first` as above."""
    pool = first.addons.params_ipam_pool_id
    return ApplicationOptions(
        customer_owned_ipv4_pool=customer_owned_pool,
        ipv4_ipam_pool_id=agreed.get(_POOL) if pool is None else pool or None,
        addons=AddonsIntent(
            web_acl=_web_acl(agreed),
            regional_web_acl_id=agreed.get(_REGIONAL),
            shield=agreed.get(_SHIELD),
        ),
    )


def addon_origins(members: Sequence[MemberIntent], agreed: Agreement) -> dict[str, Origins]:
    """Who asked for what is beside Elastic Load Balancing's own settings.

    `members` are in group order; what the class of the first sets, all ask for whose class sets it.
    """
    own = members[0].addons
    capacity, pool = agreed.asked(_CAPACITY), agreed.asked(_POOL)
    if own.params_capacity_units is not None:
        units, field = own.params_capacity_units, f"{PARAMS}minimumLoadBalancerCapacity"
        users = (m.ref for m in members if m.addons.params_capacity_units == units)
        capacity = tuple(Origin(one, field) for one in users)
    if own.params_ipam_pool_id is not None:
        id_, field = own.params_ipam_pool_id, f"{PARAMS}ipamConfiguration"
        users = (m.ref for m in members if m.addons.params_ipam_pool_id == id_)
        pool = tuple(Origin(one, field) for one in users)
    return {
        "capacity_units": capacity,
        "ipv4_ipam_pool_id": pool,
        "web_acl": agreed.asked(_NAME) or agreed.asked(_ARN),
        "regional_web_acl_id": agreed.asked(_REGIONAL),
        "shield": agreed.asked(_SHIELD),
    }


def _web_acl(agreed: Agreement) -> WebAclChoice | None:
    """By name where some member names one; the name `none` is no web ACL."""
    found = agreed.find(_NAME) or agreed.find(_ARN)
    if found is None:
        return None
    value, origin = found.setting.value, Origin(found.set_by, found.setting.field)
    if found.setting.key == _ARN:
        return WebAclChoice(kind="arn", value=value, origin=origin)
    if value == _NO_NAME:
        return WebAclChoice(kind="arn", value="", origin=origin)
    return WebAclChoice(kind="name", value=value, origin=origin)
