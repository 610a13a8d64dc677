"""Security groups and their ingress rules (EC2 API reference: IpPermission)."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Literal

import msgspec

from alb_controller.model.origins import AskedBy
from alb_controller.model.refs import ResourceId
from alb_controller.values import Tags

_FAMILIES = {"cidr": ("IPv4",), "cidr_v6": ("IPv6",)}


class IngressRule(msgspec.Struct, frozen=True, order=True):
    """One source on one port range; AWS's key of a rule is all of it but the description."""

    protocol: str
    """`tcp`, `udp`, or `-1` for all."""
    from_port: int
    to_port: int
    source_kind: Literal["cidr", "cidr_v6", "security_group", "prefix_list"]
    source: str
    description: str = ""

    @property
    def key(self) -> tuple[str, int, int, str, str]:
        """What two rules cannot have in common: AWS drops the host bits of a CIDR."""
        source = _canonical(self.source) if "cidr" in self.source_kind else self.source
        return self.protocol, self.from_port, self.to_port, self.source_kind, source

    @property
    def families(self) -> tuple[str, ...]:
        """Of which a security group holds so many: one that names a group or a prefix list counts
        for both (Amazon VPC quotas).
        """
        return _FAMILIES.get(self.source_kind, ("IPv4", "IPv6"))

    def __str__(self) -> str:
        return f"{self.protocol} {self.from_port}-{self.to_port} from {self.source}"


@lru_cache(maxsize=4096)
def _canonical(cidr: str) -> str:
    try:
        return str(ipaddress.ip_network(cidr, strict=False))
    except ValueError:
        return cidr


class SecurityGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A security group with its ingress; egress is left as AWS makes it (spec 6.4).

    `ingress` None means that the rules are kept by somebody else (the shared backend group's).
    """

    id: ResourceId
    name: str
    description: str
    ingress: tuple[IngressRule, ...] | None
    tags: Tags
    asked_by: AskedBy = {}
    """By field; of `ingress` by port."""
