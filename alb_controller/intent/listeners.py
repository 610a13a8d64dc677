"""Ports of a balancer: who may connect, certificates, and what is done with requests."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from alb_controller.intent.routing import DefaultIntent, RouteIntent
from alb_controller.model.origins import AskedBy
from alb_controller.values import MutualTlsMode, Origin, Tags

Transport: TypeAlias = Literal["TCP", "UDP"]


class InboundSources(msgspec.Struct, frozen=True):
    """Who may connect: CIDRs of both families and prefix lists, sorted; and how."""

    cidrs_v4: tuple[str, ...] = ()
    cidrs_v6: tuple[str, ...] = ()
    prefix_lists: tuple[str, ...] = ()
    protocols: tuple[Transport, ...] = ("TCP",)


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
    origin: Origin


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
    """Who gets the Warning where no certificate is left."""
    keeps_certificates: bool = False
    """Some of it is last known good: what AWS has now stands in for what it does not find."""


class ListenerIntent(msgspec.Struct, frozen=True, kw_only=True):
    """One port of the balancer, with its routes in final order."""

    id: str
    """The resource id; that of a rule is `<id>:<priority>`."""
    port: int
    protocol: str
    inbound: InboundSources
    default: DefaultIntent
    routes: tuple[RouteIntent, ...]
    tags: Tags
    attributes: dict[str, str] = {}
    tls: TlsIntent | None = None
    """Set where the protocol is a secure one, and only there."""
    asked_by: AskedBy = {}
    """By field; of `tls` by `policy` and `mutual`. Certificates say it themselves."""
