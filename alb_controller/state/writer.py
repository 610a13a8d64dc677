"""Writes a state as the versioned document; what is read from it again equals it.

Secrets are not in it: AWS shows none, and the codecs' client secrets are taken out.
"""

from __future__ import annotations

import json
from typing import Any

from alb_controller.aws.codecs.elbv2 import (
    encode_attributes,
    encode_health_check,
    encode_listener_settings,
)
from alb_controller.aws.codecs.rules import (
    encode_actions,
    encode_conditions,
    encode_transforms,
    identity_of,
    without_none,
)
from alb_controller.model.elbv2 import Action, Listener, ListenerRule, TargetGroup
from alb_controller.model.stack import Found, FoundLoadBalancer
from alb_controller.routing.state import Certificate, ServedTarget, State, attributes_of
from alb_controller.state.certificates import key_name
from alb_controller.state.document import VERSION


def write_text(state: State) -> str:
    """The document as JSON that people can read, too."""
    return json.dumps(write_document(state), indent=2) + "\n"


def write_document(state: State) -> dict[str, Any]:
    """The versioned document of a state."""
    return {
        "version": VERSION,
        "load_balancers": [_balancer(one, state) for one in state.observed.load_balancers],
        "target_groups": {
            one.resource.name: _group(one, state.targets.get(one.identity, ()))
            for one in state.observed.target_groups
        },
        "certificates": {name: _certificate(one) for name, one in state.certificates.items()},
        "trust_stores": {n: list(one.authorities) for n, one in state.trust_stores.items()},
        "client_certificates": {
            name: {"subject": one.subject, "issuer": one.issuer, "expired": one.is_expired}
            for name, one in state.client_certificates.items()
        },
    }


def _balancer(found: FoundLoadBalancer, state: State) -> dict[str, Any]:
    balancer = found.resource
    return without_none(
        LoadBalancerArn=found.identity,
        LoadBalancerName=balancer.name,
        DNSName=found.dns_name,
        State={"Code": found.state},
        Type=balancer.type,
        Scheme=balancer.scheme,
        IpAddressType=balancer.ip_address_type,
        AvailabilityZones=[{"SubnetId": subnet} for subnet in balancer.subnets],
        SecurityGroups=[identity_of(one) for one in balancer.security_groups],
        CustomerOwnedIpv4Pool=balancer.customer_owned_ipv4_pool,
        IpamPools=balancer.ipv4_ipam_pool_id and {"Ipv4IpamPoolId": balancer.ipv4_ipam_pool_id},
        Attributes=_mapping(attributes_of(found)),
        Tags=_mapping(balancer.tags),
        Listeners=[_listener(one, state) for one in state.listeners_of(found)],
    )


def _listener(found: Found[Listener], state: State) -> dict[str, Any]:
    listener = found.resource
    return {
        "ListenerArn": found.identity,
        **encode_listener_settings(listener),
        "Certificates": list(listener.certificates),
        "Attributes": _mapping(attributes_of(found)),
        "Tags": _mapping(listener.tags),
        "DefaultActions": _actions(listener.default_actions),
        "Rules": [_rule(one) for one in state.rules_of(found)],
    }


def _rule(found: Found[ListenerRule]) -> dict[str, Any]:
    rule = found.resource
    return {
        "RuleArn": found.identity,
        "Priority": str(rule.priority),
        "Conditions": encode_conditions(rule.conditions),
        "Actions": _actions(rule.actions),
        "Transforms": encode_transforms(rule.transforms),
        "Tags": _mapping(rule.tags),
    }


def _actions(actions: tuple[Action, ...]) -> list[dict[str, Any]]:
    """Without what is secret, and without the request's value for a secret that AWS has."""
    encoded = encode_actions(actions)
    for one in encoded:
        for config in ("AuthenticateOidcConfig", "AuthenticateCognitoConfig"):
            for secret in ("ClientSecret", "UseExistingClientSecret"):
                one.get(config, {}).pop(secret, None)
    return encoded


def _group(found: Found[TargetGroup], targets: tuple[ServedTarget, ...]) -> dict[str, Any]:
    group = found.resource
    return without_none(
        TargetGroupArn=found.identity,
        TargetType=group.target_type,
        Protocol=group.protocol,
        Port=group.port,
        ProtocolVersion=group.protocol_version,
        VpcId=group.vpc_id,
        IpAddressType=group.ip_address_type,
        TargetControlPort=group.target_control_port,
        **encode_health_check(group.health_check, group.protocol_version),
        Attributes=_mapping(attributes_of(found)),
        Tags=_mapping(group.tags),
        Targets=[_target(one) for one in targets],
    )


def _target(served: ServedTarget) -> dict[str, Any]:
    return without_none(
        Id=served.target.id,
        Port=served.target.port,
        AvailabilityZone=served.target.availability_zone,
        State=served.state,
        Reason=served.reason or None,
        Description=served.description or None,
        Endpoint=served.endpoint,
    )


def _certificate(certificate: Certificate) -> dict[str, Any]:
    return {
        "name": certificate.name,
        "domains": list(certificate.domains),
        "key": key_name(certificate),
        "digest": certificate.digest_bits,
    }


def _mapping(attributes: Any) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in encode_attributes(attributes)}
