"""What one Ingress wants of WAF and Shield, of capacity and of an address pool."""

from __future__ import annotations

import msgspec

from alb_controller.errors import Invalid
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.rows import CollectingReader
from alb_controller.objects.elbv2 import IngressClassParamsSpec
from alb_controller.settings import FeatureGates
from alb_controller.values import ObjectRef

PARAMS = "IngressClassParams spec."


class FieldValue(msgspec.Struct, frozen=True):
    """A value that one Ingress asks for, and the field it stands in."""

    value: str
    field: str


class MemberAddons(msgspec.Struct, frozen=True, kw_only=True):
    """None where the Ingress does not set it; an empty value is none."""

    web_acl_arn: FieldValue | None = None
    web_acl_name: FieldValue | None = None
    regional_web_acl_id: FieldValue | None = None
    shield: bool | None = None
    capacity_units: int | None = None
    params_capacity_units: int | None = None
    """Of the class's parameters: only the first member's count (spec 2.2)."""
    ipam_pool_id: str | None = None
    params_ipam_pool_id: str | None = None


class AddonTranslator:
    """Reads one Ingress; what is wrong is added to the reader's problems."""

    def __init__(
        self,
        origin: ObjectRef,
        reader: CollectingReader,
        params: IngressClassParamsSpec,
        gates: FeatureGates,
    ) -> None:
        self._origin, self._reader, self._params, self._gates = origin, reader, params, gates

    def addons(self) -> MemberAddons:
        """All that the Ingress and its class set."""
        params = self._params
        capacity, pool = params.minimum_load_balancer_capacity, params.ipam_configuration
        has_capacity = self._gates.lb_capacity_reservation
        return MemberAddons(
            web_acl_arn=self._web_acl_arn(),
            web_acl_name=self._web_acl_name(),
            regional_web_acl_id=self._regional_web_acl(),
            shield=self._reader.get(rows.SHIELD),
            capacity_units=self._reader.get(rows.MINIMUM_CAPACITY) if has_capacity else None,
            params_capacity_units=(
                self._units(capacity.capacity_units) if capacity and has_capacity else None
            ),
            ipam_pool_id=self._reader.get(rows.IPAM_IPV4_POOL) or None,
            params_ipam_pool_id=pool.ipv4_ipam_pool_id if pool else None,
        )

    def _units(self, units: int) -> int:
        if units < 0:
            field = f"{PARAMS}minimumLoadBalancerCapacity.capacityUnits"
            problem = Invalid(self._origin, field, f"{units} must be 0 or more")
            self._reader.problems.append(problem)
        return units

    def _web_acl_arn(self) -> FieldValue | None:
        if self._params.wafv2_acl_arn:
            arn = rows.WAFV2_ACL_ARN.parse(self._params.wafv2_acl_arn)
            return FieldValue(arn, f"{PARAMS}wafv2AclArn")
        return _given(self._reader.get(rows.WAFV2_ACL_ARN), rows.WAFV2_ACL_ARN.key)

    def _web_acl_name(self) -> FieldValue | None:
        """An empty name sets nothing; `none` is a name like any other until it is looked up."""
        if self._params.wafv2_acl_name:
            return FieldValue(self._params.wafv2_acl_name, f"{PARAMS}wafv2AclName")
        return _given(self._reader.get(rows.WAFV2_ACL_NAME) or None, rows.WAFV2_ACL_NAME.key)

    def _regional_web_acl(self) -> FieldValue | None:
        """The older key counts only where the newer is absent; an empty id sets nothing."""
        has_newer = self._reader.source(rows.WAF_ACL_ID) is not None
        row = rows.WAF_ACL_ID if has_newer else rows.WEB_ACL_ID
        raw = self._reader.get(row)
        return FieldValue("" if raw == "none" else raw, row.key) if raw else None


def _given(value: str | None, field: str) -> FieldValue | None:
    return None if value is None else FieldValue(value, field)
