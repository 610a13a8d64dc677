"""The one language between front ends and builders: what is wanted, whoever asked for it (ADR 1).

A front end ranks and merges; the builder gets a finished order. Identity is the front end's, as
data: resource ids and name seeds differ per API and must equal the reference's (spec 5.1, 6.1).
Every part carries an `origin`, so that an error lands on the object that caused it.
"""

from alb_controller.intent.backends import (
    Access,
    BackendIntent,
    BalancerBackendIntent,
    BalancerPeer,
    CidrPeer,
    Peer,
)
from alb_controller.intent.balancers import (
    FRONTEND_NLB,
    LOAD_BALANCER,
    AddonsIntent,
    ApplicationOptions,
    BalancerIntent,
    DiscoveredSubnets,
    GivenSecurityGroups,
    ManagedSecurityGroup,
    NamedSubnets,
    NetworkOptions,
    SameSecurityGroups,
    SecurityChoice,
    SubnetAddresses,
    SubnetChoice,
    TaggedSubnets,
    WebAclChoice,
)
from alb_controller.intent.listeners import (
    CertificateChoice,
    CertificateIntent,
    DiscoveredCertificates,
    GivenCertificates,
    InboundSources,
    ListenerIntent,
    MutualTlsIntent,
    RequestedCertificate,
    TlsIntent,
    Transport,
)
from alb_controller.intent.names import NameSeed
from alb_controller.intent.routing import (
    ActionIntent,
    DefaultIntent,
    ForwardIntent,
    ForwardTarget,
    RouteIntent,
)
from alb_controller.intent.stack import StackIntent
from alb_controller.values import Origin

__all__ = [
    "FRONTEND_NLB",
    "LOAD_BALANCER",
    "Access",
    "ActionIntent",
    "AddonsIntent",
    "ApplicationOptions",
    "BackendIntent",
    "BalancerBackendIntent",
    "BalancerIntent",
    "BalancerPeer",
    "CertificateChoice",
    "CertificateIntent",
    "CidrPeer",
    "DefaultIntent",
    "DiscoveredCertificates",
    "DiscoveredSubnets",
    "ForwardIntent",
    "ForwardTarget",
    "GivenCertificates",
    "GivenSecurityGroups",
    "InboundSources",
    "ListenerIntent",
    "ManagedSecurityGroup",
    "MutualTlsIntent",
    "NameSeed",
    "NamedSubnets",
    "NetworkOptions",
    "Origin",
    "Peer",
    "RequestedCertificate",
    "RouteIntent",
    "SameSecurityGroups",
    "SecurityChoice",
    "StackIntent",
    "SubnetAddresses",
    "SubnetChoice",
    "TaggedSubnets",
    "TlsIntent",
    "Transport",
    "WebAclChoice",
]
