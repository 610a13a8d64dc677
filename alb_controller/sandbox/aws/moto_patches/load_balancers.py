"""Load balancers: names, zones, security groups, protection, capacity."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidSubnetIdError
from moto.elbv2.exceptions import (
    DuplicateLoadBalancerName,
    ELBClientError,
    LoadBalancerNotFoundError,
    SubnetNotFoundError,
)

from .patching import Moto, Patch, is_true
from .surface import Backend, Response

IP_ADDRESS_TYPES = ("ipv4", "dualstack", "dualstack-without-public-ipv4")


def hand_back_or_refuse_taken_name(moto: Moto, self: Any, name: str, *args: Any, **kw: Any) -> Any:
    """A load balancer's name is unique in its account and region. With the same settings the one
    that exists is handed back; with others the answer is DuplicateLoadBalancerName. Tags are no
    settings.
    """
    taken = next((found for found in self.load_balancers.values() if found.name == name), None)
    if taken is None:
        return moto(self, name, *args, **kw)
    wanted = {
        "subnets": sorted(_subnet_ids(kw)),
        "security_groups": sorted(kw.get("security_groups") or ()),
        "scheme": kw.get("scheme") or "internet-facing",
        "type": kw.get("loadbalancer_type") or "application",
        "ip_address_type": kw.get("ip_address_type") or "ipv4",
    }
    found = {
        "subnets": sorted(subnet.id for subnet in taken.subnets),
        "security_groups": sorted(taken.security_groups),
        "scheme": taken.scheme,
        "type": taken.type,
        "ip_address_type": taken.ip_address_type,
    }
    if wanted != found:
        raise DuplicateLoadBalancerName(
            f"A load balancer with the same name '{name}' exists, but with different settings"
        )
    return taken


def demand_zones(moto: Moto, self: Any, *args: Any, **kw: Any) -> Any:
    """An Application Load Balancer needs subnets in two Availability Zones or more, a Network Load
    Balancer in one or more; no zone may have two of its subnets, and all must exist
    (SubnetNotFound).
    """
    _check_zones(self, _subnet_ids(kw), kw.get("loadbalancer_type") or "application")
    return moto(self, *args, **kw)


def let_network_load_balancers_have_one_zone(
    moto: Moto, self: Any, arn: str, subnets: list[str], subnet_mappings: list[dict[str, Any]]
) -> Any:
    """SetSubnets: one Availability Zone is enough for a Network Load Balancer."""
    balancer = self.load_balancers.get(arn)
    if balancer is None or balancer.type != "network":
        return moto(self, arn, subnets, subnet_mappings)
    ids = _subnet_ids({"subnet_ids": subnets, "subnet_mappings": subnet_mappings})
    _check_zones(self, ids, "network")
    balancer.subnets = [self.ec2_backend.get_subnet(subnet_id) for subnet_id in ids]
    return balancer.availability_zones


def _subnet_ids(params: dict[str, Any]) -> list[str]:
    mapped = [mapping["SubnetId"] for mapping in params.get("subnet_mappings") or ()]
    return [*(params.get("subnet_ids") or ()), *mapped]


def _check_zones(self: Any, subnet_ids: list[str], kind: str) -> None:
    try:
        subnets = [self.ec2_backend.get_subnet(subnet_id) for subnet_id in subnet_ids]
    except InvalidSubnetIdError:
        raise SubnetNotFoundError from None
    zones = [subnet.availability_zone for subnet in subnets]
    if len(set(zones)) < len(zones):
        raise ELBClientError(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    if kind == "application" and len(zones) < 2:
        raise ELBClientError(
            "ValidationError",
            "At least two subnets in two different Availability Zones must be specified",
        )


def check_security_groups(moto: Moto, self: Any, *args: Any, **kw: Any) -> Any:
    """CreateLoadBalancer: every security group must exist."""
    groups = kw.get("security_groups") or []
    for group_id in groups:
        if self.ec2_backend.get_security_group_from_id(group_id) is None:
            raise ELBClientError(
                "InvalidSecurityGroup", f"Security group {group_id} does not exist"
            )
    return moto(self, *args, **kw)


def take_every_ip_address_type(moto: Moto, self: Any, *args: Any, **kw: Any) -> Any:
    """CreateLoadBalancer: dualstack-without-public-ipv4 is an address type as well. Without a
    scheme it is internet-facing.
    """
    wanted = kw.get("ip_address_type") or "ipv4"
    if wanted not in IP_ADDRESS_TYPES:
        raise ELBClientError("ValidationError", f"'{wanted}' is not an IP address type")
    kw["ip_address_type"] = "ipv4"
    kw["scheme"] = kw.get("scheme") or "internet-facing"
    made = moto(self, *args, **kw)
    made.ip_address_type = wanted
    return made


def set_every_ip_address_type(_moto: Moto, self: Any, arn: str, ip_type: str) -> None:
    """SetIpAddressType: dualstack-without-public-ipv4 is an address type as well."""
    if ip_type not in IP_ADDRESS_TYPES:
        raise ELBClientError("ValidationError", f"'{ip_type}' is not an IP address type")
    if arn not in self.load_balancers:
        raise LoadBalancerNotFoundError
    self.load_balancers[arn].ip_address_type = ip_type


def refuse_unknown_names_and_arns(
    moto: Moto, self: Any, arns: list[str] | None, names: list[str] | None
) -> Any:
    """DescribeLoadBalancers: one unknown ARN or name makes the whole call fail with
    LoadBalancerNotFound.
    """
    known = {balancer.name for balancer in self.load_balancers.values()}
    if set(arns or ()) - set(self.load_balancers) or set(names or ()) - known:
        raise LoadBalancerNotFoundError
    return moto(self, arns, names)


def keep_protected(moto: Moto, self: Any, arn: str) -> None:
    """DeleteLoadBalancer: refused with OperationNotPermitted under deletion protection."""
    balancer = self.load_balancers.get(arn)
    if balancer is not None and is_true(balancer.attrs.get("deletion_protection.enabled")):
        raise ELBClientError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    moto(self, arn)


def name_network_load_balancers_net(moto: Moto, self: Any, *args: Any, **kw: Any) -> Any:
    """A Network Load Balancer's ARN says `loadbalancer/net/`, so that its type can be read."""
    made = moto(self, *args, **kw)
    if made.type == "network" and "/app/" in made.arn:
        tags = self.tagging_service.get_tag_dict_for_resource(made.arn)
        del self.load_balancers[made.arn]
        made.arn = made.arn.replace("/app/", "/net/")
        self.load_balancers[made.arn] = made
        self.tagging_service.tag_resource(
            made.arn, [{"Key": key, "Value": value} for key, value in tags.items()]
        )
    return made


def describe_capacity(_moto: Moto, self: Any) -> ActionResult:
    """DescribeCapacityReservation: the units that are reserved are shown, 0 without any."""
    balancer = _balancer_of(self)
    units = getattr(balancer, "capacity_units", None) or 0
    return ActionResult(
        {
            "MinimumLoadBalancerCapacity": {"CapacityUnits": units},
            "CapacityReservationState": [{"State": {"Code": "provisioned"}}],
        }
    )


def reserve_capacity(moto: Moto, self: Any) -> ActionResult:
    """ModifyCapacityReservation: sets the units, or gives them back."""
    balancer, params = _balancer_of(self), self._get_params()
    if is_true(params.get("ResetCapacityReservation")):
        balancer.capacity_units = None
    elif params.get("MinimumLoadBalancerCapacity"):
        balancer.capacity_units = int(params["MinimumLoadBalancerCapacity"]["CapacityUnits"])
    return describe_capacity(moto, self)


def _balancer_of(self: Any) -> Any:
    balancer = self.elbv2_backend.load_balancers.get(self._get_param("LoadBalancerArn"))
    if balancer is None:
        raise LoadBalancerNotFoundError
    return balancer


_CREATE = "CreateLoadBalancer"
# of one method, the last patch is the first to be asked
PATCHES = (
    Patch(Backend, "create_load_balancer", name_network_load_balancers_net, _CREATE),
    Patch(Backend, "create_load_balancer", take_every_ip_address_type, _CREATE),
    Patch(Backend, "create_load_balancer", check_security_groups, _CREATE),
    Patch(Backend, "create_load_balancer", demand_zones, _CREATE),
    Patch(Backend, "create_load_balancer", hand_back_or_refuse_taken_name, _CREATE),
    Patch(
        Backend,
        "describe_load_balancers",
        refuse_unknown_names_and_arns,
        "DescribeLoadBalancers",
    ),
    Patch(Backend, "set_subnets", let_network_load_balancers_have_one_zone, "SetSubnets"),
    Patch(Backend, "set_ip_address_type", set_every_ip_address_type, "SetIpAddressType"),
    Patch(Backend, "delete_load_balancer", keep_protected, "DeleteLoadBalancer"),
    Patch(
        Response, "describe_capacity_reservation", describe_capacity, "DescribeCapacityReservation"
    ),
    Patch(Response, "modify_capacity_reservation", reserve_capacity, "ModifyCapacityReservation"),
)
