"""What is asked: load balancers with all that decides about a request, as AWS has them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from alb_controller.model.elbv2 import Attributes, Listener, ListenerRule, TargetGroup, TargetHealth
from alb_controller.model.stack import Found, FoundLoadBalancer, Observed


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A server certificate, as far as it decides which one is presented."""

    name: str
    domains: tuple[str, ...]
    algorithm: str = "RSA"
    """`RSA` or `EC`."""
    bits: int = 2048
    digest_bits: int = 256
    """Of the hash in its signature."""


class TrustStore(msgspec.Struct, frozen=True, kw_only=True):
    """The authorities whose client certificates are accepted, by their common names."""

    name: str
    authorities: tuple[str, ...]


class ClientCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that a client can present; only documents made for tests have such."""

    name: str
    subject: str
    """A distinguished name."""
    issuer: str
    """The common name of the authority."""
    is_expired: bool = False


class ServedTarget(TargetHealth, frozen=True, kw_only=True):
    """A registered target with its state; `endpoint` is where a data plane finds it."""

    endpoint: str | None = None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything below is found under its identity: an ARN, or the name where there is no ARN.

    Listeners name their load balancer and rules their listener by identity; forward actions name
    target groups so. Attributes of load balancers, listeners and target groups are all read.
    """

    observed: Observed
    targets: Mapping[str, tuple[ServedTarget, ...]] = {}
    """By the identity of their target group."""
    certificates: Mapping[str, Certificate] = {}
    """Not all that listeners name need be here: what is missing fits no name."""
    trust_stores: Mapping[str, TrustStore] = {}
    client_certificates: Mapping[str, ClientCertificate] = {}

    def listeners_of(self, balancer: FoundLoadBalancer) -> tuple[Found[Listener], ...]:
        """Its listeners by port."""
        own = [one for one in self.observed.listeners if _load_balancer(one) == balancer.identity]
        return tuple(sorted(own, key=lambda one: one.resource.port))

    def rules_of(self, listener: Found[Listener]) -> tuple[Found[ListenerRule], ...]:
        """Its rules in the order in which they are tried, without the default rule."""
        own = [one for one in self.observed.rules if one.resource.listener == listener.identity]
        return tuple(sorted(own, key=lambda one: one.resource.priority))

    def target_group(self, identity: str) -> Found[TargetGroup]:
        """The group of that identity. Raises KeyError: a reader has checked that it is there."""
        for one in self.observed.target_groups:
            if one.identity == identity:
                return one
        raise KeyError(identity)


def _load_balancer(listener: Found[Listener]) -> object:
    return listener.resource.load_balancer


def attributes_of(found: Found[Listener] | Found[TargetGroup] | FoundLoadBalancer) -> Attributes:
    """What is set; AWS's defaults are where each attribute is used."""
    return found.resource.attributes or {}
