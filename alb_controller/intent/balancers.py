"""Load balancers as a whole: what they are called, where they stand, who guards them."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from alb_controller.intent.listeners import ListenerIntent
from alb_controller.intent.names import NameSeed
from alb_controller.model.origins import AskedBy
from alb_controller.values import IpAddressType, Origin, Scheme, Tags

Family: TypeAlias = Literal["application", "network"]
LOAD_BALANCER = "LoadBalancer"
"""The resource id of a stack's first balancer; LBC has this one in every API."""
FRONTEND_NLB = "FrontendNlb"
"""That of the network balancer in front of an Ingress group's."""


class NamedSubnets(msgspec.Struct, frozen=True, tag=True):
    """Subnets by id (`subnet-…`) or Name tag, in the user's order."""

    names: tuple[str, ...]
    origin: Origin


class TaggedSubnets(msgspec.Struct, frozen=True, tag=True):
    """One subnet per zone among those that carry every tag."""

    tags: tuple[tuple[str, tuple[str, ...]], ...]
    origin: Origin


class DiscoveredSubnets(msgspec.Struct, frozen=True, tag=True):
    """One subnet per zone by role tag, or those of the live load balancer (spec 6.3)."""


SubnetChoice: TypeAlias = NamedSubnets | TaggedSubnets | DiscoveredSubnets


class ManagedSecurityGroup(msgspec.Struct, frozen=True, tag=True):
    """A group made for this load balancer, open to each listener's `inbound`."""

    name: NameSeed
    id: str = "ManagedLBSecurityGroup"
    """The resource id; LBC has this one in every API."""


class GivenSecurityGroups(msgspec.Struct, frozen=True, tag=True):
    """The user's groups by id (`sg-…`) or Name tag."""

    names: tuple[str, ...]
    manage_backend_rules: bool
    origin: Origin


class SameSecurityGroups(msgspec.Struct, frozen=True, tag=True):
    """Those of another balancer of the stack, the shared one included (spec 1.1, frontend NLB)."""

    balancer: str


SecurityChoice: TypeAlias = ManagedSecurityGroup | GivenSecurityGroups | SameSecurityGroups


class WebAclChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A WAFv2 web ACL by ARN or name; an empty ARN is none."""

    kind: Literal["arn", "name"]
    value: str
    origin: Origin


class AddonsIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What other services shall do for a balancer; None leaves it as it is (spec 6.7)."""

    web_acl: WebAclChoice | None = None
    regional_web_acl_id: str | None = None
    shield: bool | None = None


class SubnetAddresses(msgspec.Struct, frozen=True):
    """An address for each subnet, in the subnets' order."""

    values: tuple[str, ...]
    origin: Origin


class ApplicationOptions(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What application load balancers alone have."""

    customer_owned_ipv4_pool: str | None = None
    ipv4_ipam_pool_id: str | None = None
    addons: AddonsIntent = AddonsIntent()


class NetworkOptions(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What network load balancers alone have."""

    elastic_ips: SubnetAddresses | None = None
    """Allocation ids; on the internet alone."""


BalancerOptions: TypeAlias = ApplicationOptions | NetworkOptions


class BalancerIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A load balancer with its listeners."""

    id: str
    """The resource id; other parts of the stack name the balancer by it."""
    options: BalancerOptions
    scheme: Scheme
    ip_address_type: IpAddressType
    ip_address_type_origin: Origin
    explicit_name: str | None
    name: NameSeed
    """Of the generated name, which counts where no name is given."""
    name_suffix: str = ""
    """Takes the place of the last characters of a name that would be too long with it."""
    subnets: SubnetChoice
    security: SecurityChoice
    attributes: dict[str, str]
    tags: Tags
    capacity_units: int | None = None
    """Reserved; 0 gives back what is reserved, None leaves it."""
    listeners: tuple[ListenerIntent, ...] = ()
    asked_by: AskedBy = {}
    """By field, of its options and add-ons too."""

    @property
    def family(self) -> Family:
        """Which options a balancer has says which kind it is."""
        return "network" if isinstance(self.options, NetworkOptions) else "application"
