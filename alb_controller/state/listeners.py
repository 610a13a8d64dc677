"""Load balancers, listeners and their rules of a document."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from alb_controller.aws.codecs.elbv2 import decode_listener, decode_load_balancer, resource_id
from alb_controller.model.elbv2 import Listener, ListenerRule
from alb_controller.model.stack import Found, FoundLoadBalancer
from alb_controller.state.nodes import Node
from alb_controller.state.rules import read_actions, read_conditions, read_transforms

PROTOCOLS = ("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC")
_MODES = ("off", "passthrough", "verify")


def read_attributes(node: Node) -> dict[str, str]:
    """Attributes as a mapping, or as AWS's list of Key and Value."""
    if isinstance(node.value, list):
        return {one["Key"].text(): _setting(one.get("Value", "")) for one in node.entries()}
    return {name: _setting(one) for name, one in node.items()}


def _setting(node: Node) -> str:
    return str(node.value).lower() if isinstance(node.value, bool) else node.text()


def read_tags(node: Node) -> dict[str, str]:
    """Tags, in either form."""
    return read_attributes(node)


def read_load_balancer(node: Node) -> FoundLoadBalancer:
    """What a state document says of one load balancer, without its listeners."""
    raw = {
        "LoadBalancerArn": node["LoadBalancerArn"].text(),
        "LoadBalancerName": node["LoadBalancerName"].text(),
        "Type": node.get("Type", "application").one_of(("application", "network")),
        "DNSName": node.get("DNSName", "").text(),
        "State": {"Code": node.get("State", {}).get("Code", "active").text()},
        "Scheme": node.get("Scheme", "internet-facing").text(),
        "IpAddressType": node.get("IpAddressType", "ipv4").text(),
        "CustomerOwnedIpv4Pool": node.get("CustomerOwnedIpv4Pool", "").text(),
        "IpamPools": {"Ipv4IpamPoolId": node.get("IpamPools", {}).get("Ipv4IpamPoolId", "").text()},
        "SecurityGroups": node.get("SecurityGroups", ()).texts(),
        "AvailabilityZones": [
            {"SubnetId": one.get("SubnetId", "").text()}
            for one in node.get("AvailabilityZones", ()).entries()
        ],
    }
    found = decode_load_balancer(raw, read_tags(node.get("Tags", {})))
    attributes = read_attributes(node.get("Attributes", {}))
    return msgspec.structs.replace(
        found, resource=msgspec.structs.replace(found.resource, attributes=attributes)
    )


class Below(msgspec.Struct, frozen=True):
    """A listener and its rules."""

    listener: Found[Listener]
    rules: tuple[Found[ListenerRule], ...]


def read_listeners(node: Node, balancer: str, groups: Collection[str]) -> list[Below]:
    """The listeners of a load balancer, no two of them of one port and kind."""
    found = [_listener(one, balancer, groups) for one in node.entries()]
    seen: set[int] = set()
    for one, entry in zip(found, node.entries(), strict=True):
        if one.listener.resource.port in seen:
            raise entry["Port"].refuse("a port that no other listener has")
        seen.add(one.listener.resource.port)
    return found


def _listener(node: Node, balancer: str, groups: Collection[str]) -> Below:
    port = node["Port"].number()
    if not 1 <= port <= 65535:
        raise node["Port"].refuse("a port, 1 to 65535")
    identity = node.get("ListenerArn", f"{balancer}/listener/{port}").text()
    certificates = [_certificate(one) for one in node.get("Certificates", ()).entries()]
    raw: dict[str, Any] = {
        "ListenerArn": identity,
        "LoadBalancerArn": balancer,
        "Port": port,
        "Protocol": node["Protocol"].one_of(PROTOCOLS),
        "Certificates": [{"CertificateArn": name} for name in certificates[:1]],
        "SslPolicy": node.get("SslPolicy", "").text(),
        "MutualAuthentication": _mutual_authentication(node.get("MutualAuthentication", {})),
    }
    found = decode_listener(raw, read_tags(node.get("Tags", {})), certificates[1:])
    listener = msgspec.structs.replace(
        found.resource,
        attributes=read_attributes(node.get("Attributes", {})),
        default_actions=read_actions(node["DefaultActions"], groups),
    )
    rules = _rules(node.get("Rules", ()), identity, groups)
    return Below(msgspec.structs.replace(found, resource=listener), rules)


def _certificate(node: Node) -> str:
    return node.text() if isinstance(node.value, str) else node["CertificateArn"].text()


def _mutual_authentication(node: Node) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    raw["Mode"] = node.get("Mode", "off").one_of(_MODES)
    if raw["Mode"] == "verify":
        raw["TrustStoreArn"] = node["TrustStoreArn"].text()
        raw["IgnoreClientCertificateExpiry"] = node.get(
            "IgnoreClientCertificateExpiry", False
        ).flag()
    return raw


def _rules(node: Node, listener: str, groups: Collection[str]) -> tuple[Found[ListenerRule], ...]:
    """DescribeRules shows the default rule among them: it stands in DefaultActions."""
    found: dict[int, Found[ListenerRule]] = {}
    for one in node.entries():
        if one["Priority"].value == "default":
            continue
        priority = one["Priority"].number()
        if priority in found:
            raise one["Priority"].refuse("a priority that no other rule of the listener has")
        found[priority] = read_rule(one, listener, groups)
    return tuple(rule for _, rule in sorted(found.items()))


def read_rule(
    node: Node, listener: str, groups: Collection[str] | None = None
) -> Found[ListenerRule]:
    """One rule that is not the default rule."""
    priority = node["Priority"].number()
    tags = read_tags(node.get("Tags", {}))
    return Found(
        identity=node.get("RuleArn", f"{listener}/rule/{priority}").text(),
        resource=ListenerRule(
            id=resource_id("ListenerRule", tags),
            listener=listener,
            priority=priority,
            conditions=read_conditions(node.get("Conditions", ())),
            actions=read_actions(node["Actions"], groups),
            transforms=read_transforms(node.get("Transforms", ())),
            tags=tags,
        ),
    )
