"""elbv2.k8s.aws/v1beta1: TargetGroupBinding (spec 8.1) and IngressClassParams (spec 2.2)."""

from __future__ import annotations

from typing import Any

import msgspec

from alb_controller.objects.annotations.rows import without_line_end
from alb_controller.objects.core import Condition, KubeObject, KubeStruct, LabelSelector
from alb_controller.values import PortRef


class ServiceReference(KubeStruct, frozen=True):
    name: str = ""
    port: PortRef = 0


class IpBlock(KubeStruct, frozen=True, omit_defaults=True):
    cidr: str = ""


class SecurityGroupPeer(KubeStruct, frozen=True, omit_defaults=True):
    group_id: str = msgspec.field(default="", name="groupID")


class NetworkingPeer(KubeStruct, frozen=True, omit_defaults=True):
    ip_block: IpBlock | None = None
    security_group: SecurityGroupPeer | None = None


class NetworkingPort(KubeStruct, frozen=True, omit_defaults=True):
    protocol: str | None = None
    port: PortRef | None = None


class NetworkingIngressRule(KubeStruct, frozen=True):
    from_: list[NetworkingPeer] = msgspec.field(default_factory=list, name="from")
    ports: list[NetworkingPort] = []


class TargetGroupBindingNetworking(KubeStruct, frozen=True, omit_defaults=True):
    ingress: list[NetworkingIngressRule] = []


def group_name_in(arn: str) -> str:
    """The name in a target group's ARN: `…:targetgroup/NAME/ID` (ELBv2 API reference)."""
    return arn.rpartition("targetgroup/")[2].partition("/")[0]


class TargetGroupBindingSpec(KubeStruct, frozen=True, omit_defaults=True):
    """Encodes to what the API keeps: fields at their defaults are left out."""

    target_group_arn: str = msgspec.field(default="", name="targetGroupARN")
    target_group_name: str = ""
    multi_cluster_target_group: bool = False
    target_type: str | None = None
    target_group_protocol: str | None = None
    service_ref: ServiceReference = ServiceReference()
    networking: TargetGroupBindingNetworking | None = None
    node_selector: LabelSelector | None = None
    ip_address_type: str | None = None
    vpc_id: str = msgspec.field(default="", name="vpcID")
    iam_role_arn_to_assume: str = ""
    assume_role_external_id: str = ""

    @property
    def group_name(self) -> str:
        """The target group's name, whichever way the spec names it."""
        return group_name_in(self.target_group_arn) or self.target_group_name


class TargetGroupBindingStatus(KubeStruct, frozen=True):
    observed_generation: int = 0
    conditions: list[Condition] = []


class TargetGroupBinding(KubeObject, frozen=True):
    spec: TargetGroupBindingSpec = TargetGroupBindingSpec()
    status: TargetGroupBindingStatus = TargetGroupBindingStatus()


class IngressGroup(KubeStruct, frozen=True):
    name: str = ""


class SubnetSelector(KubeStruct, frozen=True):
    ids: list[str] | None = None
    tags: dict[str, list[str]] | None = None


class KeyValue(KubeStruct, frozen=True):
    key: str = ""
    value: str = ""


class ListenerParams(KubeStruct, frozen=True):
    protocol: str = ""
    port: int = 0
    listener_attributes: list[KeyValue] = []


class CapacityParams(KubeStruct, frozen=True):
    capacity_units: int = 0


class IpamConfiguration(KubeStruct, frozen=True):
    ipv4_ipam_pool_id: str | None = msgspec.field(default=None, name="ipv4IPAMPoolId")


def _without_line_ends(value: Any) -> Any:
    match value:
        case str():
            return without_line_end(value)
        case list():
            return [_without_line_ends(one) for one in value]
        case dict():
            return {key: _without_line_ends(one) for key, one in value.items()}
        case msgspec.Struct():
            fields = {name: getattr(value, name) for name in value.__struct_fields__}
            return type(value)(**_without_line_ends(fields))
        case _:
            return value


class IngressClassParamsSpec(KubeStruct, frozen=True):
    certificate_arn: list[str] | None = None
    namespace_selector: LabelSelector | None = None
    group: IngressGroup | None = None
    scheme: str | None = None
    inbound_cidrs: list[str] | None = msgspec.field(default=None, name="inboundCIDRs")
    ssl_policy: str | None = None
    ssl_redirect_port: str | None = None
    subnets: SubnetSelector | None = None
    ip_address_type: str | None = None
    load_balancer_name: str | None = None
    tags: list[KeyValue] = []
    target_type: str | None = None
    load_balancer_attributes: list[KeyValue] = []
    listeners: list[ListenerParams] = []
    minimum_load_balancer_capacity: CapacityParams | None = None
    ipam_configuration: IpamConfiguration | None = None
    prefix_lists_ids: list[str] | None = msgspec.field(default=None, name="prefixListsIDs")
    prefix_lists_ids_legacy: list[str] | None = msgspec.field(default=None, name="PrefixListsIDs")
    wafv2_acl_arn: str | None = None
    wafv2_acl_name: str | None = None

    def __post_init__(self) -> None:
        """A line end behind a text (a YAML block scalar) is no part of it, as of annotations."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value:
                msgspec.structs.force_setattr(self, name, _without_line_ends(value))


class IngressClassParams(KubeObject, frozen=True):
    spec: IngressClassParamsSpec = IngressClassParamsSpec()
