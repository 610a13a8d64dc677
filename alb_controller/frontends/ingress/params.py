"""What IngressClassParams may not say: refused by admission and by their Ingresses (spec 10.1)."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from alb_controller.model.limits import (
    ALB,
    FIELDS,
    LISTENER_ATTRIBUTES,
    LOAD_BALANCER_ATTRIBUTES,
    attribute_problem,
    tag_problem,
)
from alb_controller.objects.elbv2 import IngressClassParamsSpec, SubnetSelector
from alb_controller.values import parse_cidr

_LONGEST_NAME = 32
FIELD = "IngressClassParams "
"""Begins the field of a problem that an Ingress has with its class."""


class ParamsProblem(NamedTuple):
    """A field of the parameters, and what is wrong with it."""

    field: str
    problem: str


def check_params(spec: IngressClassParamsSpec) -> Iterator[ParamsProblem]:
    """All that is wrong with the parameters, whatever Ingress uses them."""
    for cidr in spec.inbound_cidrs or ():
        try:
            _check_cidr(cidr)
        except ValueError as error:
            yield ParamsProblem("spec.inboundCIDRs", str(error))
    if spec.subnets is not None:
        yield from _check_subnets(spec.subnets)


def beyond_limits(spec: IngressClassParamsSpec) -> Iterator[ParamsProblem]:
    """What AWS documents that it refuses of the parameters, whatever Ingress uses them."""
    name, pool = spec.load_balancer_name or "", spec.ipam_configuration
    if name and len(name) <= _LONGEST_NAME:  # a longer one cannot be read
        yield from _found("spec.loadBalancerName", FIELDS["LoadBalancer.Name"].problem(name))
    if pool is not None and pool.ipv4_ipam_pool_id:
        problem = FIELDS["IpamPools.Ipv4IpamPoolId"].problem(pool.ipv4_ipam_pool_id)
        yield from _found("spec.ipamConfiguration", problem)
    for tag in spec.tags:
        yield from _found("spec.tags", tag_problem(tag.key, tag.value))
    for one in spec.load_balancer_attributes:
        problem = attribute_problem(LOAD_BALANCER_ATTRIBUTES, one.key, one.value, ALB)
        yield from _found("spec.loadBalancerAttributes", problem)
    for one in (one for entry in spec.listeners for one in entry.listener_attributes):
        problem = attribute_problem(LISTENER_ATTRIBUTES, one.key, one.value, ALB)
        yield from _found("spec.listeners", problem)


def _found(field: str, problem: str | None) -> Iterator[ParamsProblem]:
    if problem is not None:
        yield ParamsProblem(field, problem)


def _check_cidr(cidr: str) -> None:
    parse_cidr(cidr)
    network = ipaddress.ip_network(cidr, strict=False)
    if network.network_address != ipaddress.ip_interface(cidr).ip:
        raise ValueError(f"{cidr!r} has host bits set: allowed is {network}")


def _check_subnets(subnets: SubnetSelector) -> Iterator[ParamsProblem]:
    field = "spec.subnets"
    if (subnets.ids is None) == (subnets.tags is None):
        yield ParamsProblem(field, "needs either ids or tags")
    if subnets.tags is not None and not subnets.tags:
        yield ParamsProblem(f"{field}.tags", "needs at least one key")
    for id_ in _repeated(subnets.ids or ()):
        yield ParamsProblem(f"{field}.ids", f"{id_!r} is there twice")
    for key, values in sorted((subnets.tags or {}).items()):
        for value in _repeated(values):
            yield ParamsProblem(f"{field}.tags.{key}", f"{value!r} is there twice")


def _repeated(values: Sequence[str]) -> list[str]:
    return sorted(value for value, count in Counter(values).items() if count > 1)
