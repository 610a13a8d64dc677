"""What IngressClassParams may not say: refused by admission and by their Ingresses (spec 10.1)."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from alb_controller.objects.elbv2 import IngressClassParamsSpec, SubnetSelector
from alb_controller.values import parse_cidr

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
