"""The one language between front ends and builders: what is wanted, whoever asked for it (ADR 1).

A front end ranks and merges; the builder gets a finished order. Identity is the front end's, as
data: resource ids and name seeds differ per API and must equal the reference's (spec 5.1, 6.1).
Every part carries an `origin`, so that an error lands on the object that caused it.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from alb_controller.model.elbv2 import (
    Condition,
    FixedResponseAction,
    GuardAction,
    HealthCheck,
    IpAddressType,
    MutualTlsMode,
    RedirectAction,
    Scheme,
    TargetType,
    Transform,
)
from alb_controller.objects.elbv2 import ServiceReference
from alb_controller.values import IpFamily, ObjectRef, PortRef, StackKey, Tags


class Origin(msgspec.Struct, frozen=True):
    """The object and the field in it that asked for something."""

    ref: ObjectRef
    field: str = ""


class NameSeed(msgspec.Struct, frozen=True):
    """What a generated name is made of: readable parts, each cut to a length, and a hash.

    The builder turns it into `k8s-<part>-<part>-<first 10 hex digits of SHA-256>` (spec 5.1, 6.1).
    """

    parts: tuple[tuple[str, int], ...]
    hashed: tuple[str, ...]


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


class GivenSecurityGroups(msgspec.Struct, frozen=True, tag=True):
    """The user's groups by id (`sg-…`) or Name tag."""

    names: tuple[str, ...]
    manage_backend_rules: bool
    origin: Origin


class SameSecurityGroups(msgspec.Struct, frozen=True, tag=True):
    """Those of the load balancer behind, the shared one included (spec 1.1, frontend NLB)."""


SecurityChoice: TypeAlias = ManagedSecurityGroup | GivenSecurityGroups | SameSecurityGroups


class ForwardTarget(msgspec.Struct, frozen=True):
    """One target of a forward: a backend by id, or a target group that others own."""

    kind: Literal["backend", "arn", "name"]
    value: str
    weight: int | None = None


class ForwardIntent(msgspec.Struct, frozen=True, tag=True):
    """Traffic to targets, with weights where there are several."""

    targets: tuple[ForwardTarget, ...]
    stickiness_enabled: bool | None = None
    stickiness_seconds: int | None = None

    @classmethod
    def to_backend(cls, id_: str, weight: int | None = None) -> ForwardIntent:
        """All traffic to one backend."""
        return cls((ForwardTarget("backend", id_, weight),))


ActionIntent: TypeAlias = ForwardIntent | FixedResponseAction | RedirectAction


class RouteIntent(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: when all conditions hold, do the actions. Its rank is its place in the listener."""

    conditions: tuple[Condition, ...]
    action: ActionIntent
    guard: GuardAction | None = None
    """Login or token check before the action; on HTTPS listeners alone (spec 4.3)."""
    transforms: tuple[Transform, ...] = ()
    tags: Tags
    origin: Origin


class DefaultIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What a listener does with a request that no route fits."""

    action: ActionIntent
    guard: GuardAction | None = None
    origin: Origin | None = None


class InboundSources(msgspec.Struct, frozen=True):
    """Who may connect: CIDRs of both families and prefix lists, sorted."""

    cidrs_v4: tuple[str, ...] = ()
    cidrs_v6: tuple[str, ...] = ()
    prefix_lists: tuple[str, ...] = ()


class GivenCertificates(msgspec.Struct, frozen=True, tag=True):
    """Certificates by ARN, in the user's order."""

    arns: tuple[str, ...]
    origin: Origin


class DiscoveredCertificates(msgspec.Struct, frozen=True, tag=True):
    """Every issued certificate that covers one of the hosts (spec 3.3)."""

    hosts: tuple[str, ...]
    """Sorted; none of them asks for no certificate."""
    origin: Origin


class RequestedCertificate(msgspec.Struct, frozen=True, tag=True):
    """A certificate that the stack itself has, by the id of its CertificateIntent."""

    id: str


CertificateChoice: TypeAlias = GivenCertificates | DiscoveredCertificates | RequestedCertificate


class CertificateIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate to request and to validate by DNS (spec 3.4)."""

    id: str
    """The resource id: `<type>/<domain>-<hash of the owner>`."""
    hosts: tuple[str, ...]
    """Sorted; the first is its domain name."""
    authority_arn: str = ""
    """The private CA that issues it; empty lets Amazon."""
    tags: Tags
    origin: Origin


class MutualTlsIntent(msgspec.Struct, frozen=True, kw_only=True):
    """How a listener treats client certificates; unset options are AWS's to choose."""

    mode: MutualTlsMode
    trust_store: str | None = None
    """An ARN, or a name to look up."""
    ignore_client_certificate_expiry: bool | None = None
    advertise_trust_store_ca_names: str | None = None
    origin: Origin


class TlsIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The secure part of a listener."""

    policy: str
    certificates: tuple[CertificateChoice, ...]
    """In the members' order: the first certificate of the first choice is the default one."""
    mutual: MutualTlsIntent | None = None
    origin: Origin
    """Whom to tell where no certificate is left."""
    keeps_certificates: bool = False
    """Some of it is a last good word: what AWS has now stands in for what it does not find."""


class ListenerIntent(msgspec.Struct, frozen=True, kw_only=True):
    """One port of the balancer, with its routes in final order."""

    port: int
    protocol: str
    inbound: InboundSources
    default: DefaultIntent
    routes: tuple[RouteIntent, ...]
    tags: Tags
    attributes: dict[str, str] = {}
    tls: TlsIntent | None = None
    """Set where the protocol is a secure one, and only there."""


class BackendIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A Service port as the target of one owner's routes; becomes a target group and its binding.

    `id` is the resource id, `<namespace>/<owner>-<service>:<port as written>` (spec 5.1).
    """

    id: str
    origin: Origin
    namespace: str
    service: ServiceReference
    name: NameSeed
    target_type: TargetType
    port: int
    """The target group's port: nodePort, or the number of the targetPort, or 1 for a named one."""
    protocol: str
    protocol_version: str
    ip_family: IpFamily
    health_check: HealthCheck
    attributes: dict[str, str]
    tags: Tags
    network_ports: tuple[PortRef | None, ...]
    """Ports that the load balancer must reach on the targets; None is every port."""
    node_labels: dict[str, str] | None = None
    multi_cluster: bool = False
    target_control_port: int | None = None


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


class BalancerIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A load balancer as a whole."""

    family: Literal["application", "network"] = "application"
    scheme: Scheme
    ip_address_type: IpAddressType
    explicit_name: str | None
    name: NameSeed
    subnets: SubnetChoice
    security: SecurityChoice
    attributes: dict[str, str]
    tags: Tags
    customer_owned_ipv4_pool: str | None = None
    ipv4_ipam_pool_id: str | None = None
    capacity_units: int | None = None
    """Reserved; 0 gives back what is reserved, None leaves it."""
    elastic_ips: tuple[str, ...] = ()
    """Allocation ids, the first for the first subnet; network balancers alone."""
    elastic_ips_origin: Origin | None = None
    addons: AddonsIntent = AddonsIntent()
    ip_address_type_origin: Origin


class FrontPort(msgspec.Struct, frozen=True, kw_only=True):
    """A port of the balancer in front, and the port of the balancer behind that gets its traffic.

    `name` is the seed of its target group's name.
    """

    port: int
    target_port: int
    health_check: HealthCheck
    name: NameSeed


class FrontIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A network balancer in front of the application balancer; it forwards TCP and no more."""

    balancer: BalancerIntent
    ports: tuple[FrontPort, ...]


class StackIntent(msgspec.Struct, frozen=True, kw_only=True):
    """Everything wanted for one key; without a balancer everything of the stack goes."""

    key: StackKey
    balancer: BalancerIntent | None = None
    listeners: tuple[ListenerIntent, ...] = ()
    backends: tuple[BackendIntent, ...] = ()
    certificates: tuple[CertificateIntent, ...] = ()
    front: FrontIntent | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is wanted: what AWS has of the stack goes."""
        return self.balancer is None
