"""Pools of addresses, and the control port of targets: what moto takes and forgets."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.elbv2.exceptions import LoadBalancerNotFoundError

from .patching import Moto, Patch
from .surface import Response

_IPV4 = "Ipv4IpamPoolId"


def keep_pools(moto: Moto, self: Any) -> Any:
    """CreateLoadBalancer: the IPAM pool and the customer-owned pool are kept and shown."""
    params = self._get_params()
    before = set(self.elbv2_backend.load_balancers)
    answer = moto(self)
    for arn, balancer in self.elbv2_backend.load_balancers.items():
        if arn not in before:
            balancer.ipam_pools = params.get("IpamPools")
            balancer.customer_owned_ipv4_pool = params.get("CustomerOwnedIpv4Pool")
    return answer


def modify_ip_pools(_moto: Moto, self: Any) -> ActionResult:
    """ModifyIpPools: sets the IPAM pool of a load balancer, or takes it away (ipv4)."""
    params = self._get_params()
    balancer = self.elbv2_backend.load_balancers.get(params["LoadBalancerArn"])
    if balancer is None:
        raise LoadBalancerNotFoundError
    pools = dict(getattr(balancer, "ipam_pools", None) or {})
    if "ipv4" in (params.get("RemoveIpamPools") or ()):
        pools.pop(_IPV4, None)
    pools.update(params.get("IpamPools") or {})
    balancer.ipam_pools = pools or None
    return ActionResult({"IpamPools": balancer.ipam_pools})


def keep_control_port(moto: Moto, self: Any) -> Any:
    """CreateTargetGroup: the port of the targets' control agent is kept and shown."""
    port = self._get_params().get("TargetControlPort")
    before = set(self.elbv2_backend.target_groups)
    answer = moto(self)
    for arn, group in self.elbv2_backend.target_groups.items():
        if arn not in before:
            group.target_control_port = None if port is None else int(port)
    return answer


PATCHES = (
    Patch(Response, "create_load_balancer", keep_pools, "CreateLoadBalancer"),
    Patch(Response, "modify_ip_pools", modify_ip_pools, "ModifyIpPools"),
    Patch(Response, "create_target_group", keep_control_port, "CreateTargetGroup"),
)
