"""Reads a state from the text of a file: a versioned document, or one load balancer by itself.

The versioned document is what `alb-controller state` writes:

    {"version": 1, "load_balancers": [{"LoadBalancerArn", "LoadBalancerName", "DNSName", …,
     "Attributes": {}, "Listeners": [{"Port", "Protocol", …, "Attributes": {}, "DefaultActions": [],
     "Rules": []}]}], "target_groups": {NAME: {"TargetGroupArn", …, "Attributes": {},
     "Targets": [{"Id", "Port", "AvailabilityZone", "State"}]}}, "certificates": {ARN: {"domains",
     "key"}}, "trust_stores": {ARN: ["authority"]}}

Names with capitals are the API's. The other form has `listeners`, `attributes` and `dns_name` at
the top instead of `load_balancers`; names stand there for ARNs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from alb_controller.model.elbv2 import LoadBalancer
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import FoundLoadBalancer, Observed
from alb_controller.objects.reading.reader import decode
from alb_controller.routing.state import State
from alb_controller.state.certificates import (
    read_certificate,
    read_client_certificate,
    read_trust_store,
)
from alb_controller.state.groups import Filled, read_target_group
from alb_controller.state.listeners import (
    Below,
    read_attributes,
    read_listeners,
    read_load_balancer,
)
from alb_controller.state.nodes import Node, StateError

VERSION = 1
ALONE = "alb"
"""The identity of a load balancer that stands in a document by itself."""


def read_text(text: str) -> State:
    """The state in a JSON text. Raises StateError."""
    try:
        value = decode(text, dict[str, Any])
    except msgspec.DecodeError as error:
        raise StateError(f"the document is no JSON: {error}") from None
    return read_document(value)


def read_document(value: Any) -> State:
    """The state in a decoded document of either form. Raises StateError."""
    node = Node(value)
    is_versioned = "version" in node
    if is_versioned and (node["version"].value is True or node["version"].value != VERSION):
        raise node["version"].refuse(f"{VERSION}, the one that this program knows")
    if not is_versioned and "listeners" not in node:
        raise StateError(
            "the document has neither `version` (written by `alb-controller state`) nor `listeners`"
        )
    groups = [read_target_group(one, name) for name, one in node.get("target_groups", {}).items()]
    identities = {one.group.identity for one in groups}
    read = _versioned(node, identities) if is_versioned else [_alone(node, identities)]
    below = [one for _, listeners in read for one in listeners]
    return State(
        observed=Observed(
            load_balancers=tuple(balancer for balancer, _ in read),
            listeners=tuple(one.listener for one in below),
            rules=tuple(rule for one in below for rule in one.rules),
            target_groups=tuple(one.group for one in groups),
        ),
        targets=_targets(groups),
        certificates={n: read_certificate(one, n) for n, one in _named(node, "certificates")},
        trust_stores={n: read_trust_store(one, n) for n, one in _named(node, "trust_stores")},
        client_certificates={
            name: read_client_certificate(one, name)
            for name, one in _named(node, "client_certificates")
        },
    )


def _named(node: Node, field: str) -> list[tuple[str, Node]]:
    return list(node.get(field, {}).items())


def _targets(groups: list[Filled]) -> Mapping[str, Any]:
    return {one.group.identity: one.targets for one in groups}


def _versioned(node: Node, groups: set[str]) -> list[tuple[FoundLoadBalancer, list[Below]]]:
    read = []
    for one in node["load_balancers"].entries():
        balancer = read_load_balancer(one)
        listeners = read_listeners(one.get("Listeners", ()), balancer.identity, groups)
        read.append((balancer, listeners))
    return read


def _alone(node: Node, groups: set[str]) -> tuple[FoundLoadBalancer, list[Below]]:
    balancer = FoundLoadBalancer(
        identity=ALONE,
        dns_name=node.get("dns_name", "").text(),
        resource=LoadBalancer(
            id=ResourceId("LoadBalancer", ""),
            name=ALONE,
            scheme="internet-facing",
            ip_address_type="ipv4",
            subnets=(),
            security_groups=(),
            attributes=read_attributes(node.get("attributes", {})),
            tags={},
        ),
    )
    return balancer, read_listeners(node["listeners"], ALONE, groups)
