"""Load balancers, target groups, listeners and rules (Elastic Load Balancing v2 API reference).

Codecs decode to canonical values: what AWS fills in by itself is None here (a redirect's `#{host}`,
the weight of a single target group). What is desired may write it out; `plan.equality` decides.
What is desired has `asked_by`, by its fields; what was found has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from alb_controller.model.actions import FixedResponseAction, GuardAction, RedirectAction, Transform
from alb_controller.model.addons import Addons
from alb_controller.model.health import HealthCheck
from alb_controller.model.origins import AskedBy
from alb_controller.model.refs import Reference, ResourceId
from alb_controller.values import IpAddressType, IpFamily, MutualTlsMode, Scheme, Tags

TargetType: TypeAlias = Literal["instance", "ip", "alb"]
Attributes: TypeAlias = dict[str, str]


class LoadBalancer(msgspec.Struct, frozen=True, kw_only=True):
    """A load balancer; `attributes` are the declared ones (desired) or those read (found).

    Found attributes are None until they are read; undeclared ones are never compared.
    """

    id: ResourceId
    name: str
    type: Literal["application", "network"] = "application"
    scheme: Scheme
    ip_address_type: IpAddressType
    subnets: tuple[str, ...]
    """Subnet ids, sorted as they are sent."""
    security_groups: tuple[Reference, ...]
    attributes: Attributes | None = None
    tags: Tags
    customer_owned_ipv4_pool: str | None = None
    ipv4_ipam_pool_id: str | None = None
    allocation_ids: tuple[str, ...] = ()
    """Elastic IP addresses, one for each of `subnets` in its order; they count at creation only."""
    capacity_units: int | None = None
    """Reserved; 0 for none. None: not declared (desired) or not read (found)."""
    addons: Addons = Addons()
    asked_by: AskedBy = {}


class BalancerTarget(msgspec.Struct, frozen=True):
    """An application load balancer as the target of a network load balancer's target group."""

    load_balancer: Reference
    port: int


class TargetGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A target group; name, port, family and VPC count at creation only (spec 5.3)."""

    id: ResourceId
    name: str
    target_type: TargetType
    port: int | None
    protocol: str
    protocol_version: str | None
    vpc_id: str
    ip_address_type: IpFamily
    health_check: HealthCheck
    attributes: Attributes | None = None
    tags: Tags
    target_control_port: int | None = None
    targets: tuple[BalancerTarget, ...] | None = None
    """Of type alb: what is in it. None where bindings say so, or found and not read."""
    asked_by: AskedBy = {}


class WeightedTargetGroup(msgspec.Struct, frozen=True):
    """One tuple of a forward action; where it is the only one its weight does not matter."""

    target_group: Reference
    weight: int | None = None


class ForwardAction(msgspec.Struct, frozen=True, tag="forward"):
    """Tuples in the order given; stickiness None means that it is not specified."""

    target_groups: tuple[WeightedTargetGroup, ...]
    stickiness_enabled: bool | None = None
    stickiness_seconds: int | None = None


Action: TypeAlias = ForwardAction | FixedResponseAction | RedirectAction | GuardAction


def groups_of(actions: Iterable[Action]) -> set[Reference]:
    """The target groups that actions forward to."""
    forwards = [action for action in actions if isinstance(action, ForwardAction)]
    return {one.target_group for action in forwards for one in action.target_groups}


class HostHeader(msgspec.Struct, frozen=True, tag="host-header"):
    """The request's host; `*` and `?` are wildcards."""

    values: tuple[str, ...] = ()
    regex_values: tuple[str, ...] = ()


class PathPattern(msgspec.Struct, frozen=True, tag="path-pattern"):
    """The request's path; `*` and `?` are wildcards."""

    values: tuple[str, ...] = ()
    regex_values: tuple[str, ...] = ()


class HttpHeader(msgspec.Struct, frozen=True, tag="http-header"):
    """A header of the request."""

    name: str
    values: tuple[str, ...] = ()
    regex_values: tuple[str, ...] = ()


class HttpRequestMethod(msgspec.Struct, frozen=True, tag="http-request-method"):
    """The request's method."""

    values: tuple[str, ...] = ()


class QueryStringPair(msgspec.Struct, frozen=True):
    """A key and value of the query string; without a key any key fits."""

    value: str
    key: str | None = None


class QueryString(msgspec.Struct, frozen=True, tag="query-string"):
    """Pairs of the query string, any of which fits."""

    values: tuple[QueryStringPair, ...] = ()


class SourceIp(msgspec.Struct, frozen=True, tag="source-ip"):
    """CIDRs of the client."""

    values: tuple[str, ...] = ()


Condition: TypeAlias = (
    HostHeader | PathPattern | HttpHeader | HttpRequestMethod | QueryString | SourceIp
)


class MutualAuthentication(msgspec.Struct, frozen=True):
    """How a listener treats client certificates; the options belong to `verify` alone.

    Found is None where it is off; desired is None where it is left as it is.
    """

    mode: MutualTlsMode
    trust_store_arn: str | None = None
    ignore_client_certificate_expiry: bool | None = None
    advertise_trust_store_ca_names: str | None = None


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """A listener; `certificates` are ARNs: the default one, then the certificate list, sorted.

    AWS lets the default one be in the list as well. Then it stays when another becomes the default.
    """

    id: ResourceId
    load_balancer: Reference
    port: int
    protocol: str
    default_actions: tuple[Action, ...]
    certificates: tuple[str, ...] = ()
    ssl_policy: str | None = None
    mutual_authentication: MutualAuthentication | None = None
    attributes: Attributes | None = None
    tags: Tags
    asked_by: AskedBy = {}


class ListenerRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule; conditions are sorted by field as AWS returns them, stable within one field."""

    id: ResourceId
    listener: Reference
    priority: int
    conditions: tuple[Condition, ...]
    actions: tuple[Action, ...]
    transforms: tuple[Transform, ...] = ()
    tags: Tags
    asked_by: AskedBy = {}

    @property
    def content(self) -> tuple[object, ...]:
        """What a request sees of the rule: all but its place and tags."""
        return self.conditions, self.actions, self.transforms


class Target(msgspec.Struct, frozen=True, order=True):
    """A registered target: an instance id or an address, with the port that gets its traffic."""

    id: str
    port: int
    availability_zone: str | None = None
    """`all` for an address outside the VPC; None lets AWS find it."""

    @property
    def key(self) -> tuple[str, int]:
        return self.id, self.port


class TargetHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A target as DescribeTargetHealth shows it."""

    target: Target
    state: str
    reason: str = ""
    description: str = ""
