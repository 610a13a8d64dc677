"""Services: addresses and node ports as the real server gives them out, and the rules users meet.

Source: pkg/registry/core/service (allocation), pkg/apis/core/validation.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator
from typing import Any

from alb_controller.sandbox.kubeapi.rules.names import (
    NOT_AN_ADDRESS,
    dns_label,
    dns_subdomain,
    port_name,
)
from alb_controller.sandbox.kubeapi.schemas import Json
from alb_controller.sandbox.kubeapi.statuses import (
    Cause,
    duplicate,
    invalid_value,
    not_allowed,
    required,
    unsupported,
)
from alb_controller.sandbox.kubeapi.store import Store
from alb_controller.sandbox.kubeapi.writes import Write

CLUSTER_CIDR = ipaddress.IPv4Network("10.96.0.0/12")
NODE_PORTS = range(30000, 32768)
_ADDRESS_FIELDS = (
    "clusterIP",
    "clusterIPs",
    "ipFamilies",
    "ipFamilyPolicy",
    "internalTrafficPolicy",
)
_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")
_TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
_EMPTY_PORT = {  # a ServicePort as Go writes it into the message about a pair that stands twice
    "Name": "",
    "Protocol": "TCP",
    "AppProtocol": None,
    "Port": 0,
    "TargetPort": 0,
    "NodePort": 0,
}
_PORT_RANGE = "must be between 1 and 65535, inclusive"


def prepare_service(write: Write) -> None:
    """Fill in the computed fields; keep what was given out before, as a real server does on
    updates.
    """
    spec: Json = write.new.setdefault("spec", {})
    if spec["type"] != "LoadBalancer":
        write.new["status"] = {"loadBalancer": {}}
    old: Json = write.old["spec"] if write.old else {}
    for port in spec.get("ports", ()):
        port.setdefault("targetPort", port.get("port", 0))
    if spec.get("sessionAffinity") == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": 10800}})
    if spec["type"] == "ExternalName":
        for name in _ADDRESS_FIELDS:
            spec.pop(name, None)
        return
    spec.setdefault("internalTrafficPolicy", "Cluster")
    _prepare_address(spec, old, write.store)
    _prepare_exposure(spec, old, write.store)


def _prepare_address(spec: Json, old: Json, store: Store) -> None:
    given = spec.get("clusterIP") or next(iter(spec.get("clusterIPs", ())), "")
    address = given or old.get("clusterIP") or _free_address(store)
    listed = spec.get("clusterIPs", [])
    spec["clusterIP"], spec["clusterIPs"] = address, [address, *listed[1:]]
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")


def _free_address(store: Store) -> str:
    used = {service["spec"].get("clusterIP") for service in store.values("services")}
    while True:  # the range has a million addresses, so this ends at once
        offset = random.randrange(256, CLUSTER_CIDR.num_addresses - 1)
        address = str(CLUSTER_CIDR[offset])
        if address not in used:
            return address


def _prepare_exposure(spec: Json, old: Json, store: Store) -> None:
    """External traffic policy and node ports, given or taken away with the type."""
    if spec["type"] not in _WITH_NODE_PORTS:
        old_ports = {port.get("nodePort") for port in old.get("ports", ())} - {None}
        for port in spec.get("ports", ()):
            if port.get("nodePort") in old_ports:
                del port["nodePort"]
        if not spec.get("externalIPs"):
            spec.pop("externalTrafficPolicy", None)
        spec.pop("allocateLoadBalancerNodePorts", None)
        return
    spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
        if spec["externalTrafficPolicy"] == "Local" and not spec.get("healthCheckNodePort"):
            spec["healthCheckNodePort"] = old.get("healthCheckNodePort") or _free_node_port(
                store, set()
            )
    if spec.get("allocateLoadBalancerNodePorts", True):
        _allocate_node_ports(spec, old, store)


def _allocate_node_ports(spec: Json, old: Json, store: Store) -> None:
    before = {
        (port.get("port"), port.get("protocol")): port.get("nodePort")
        for port in old.get("ports", ())
    }
    taken = {port["nodePort"] for port in spec.get("ports", ()) if port.get("nodePort")}
    for port in spec.get("ports", ()):
        if not port.get("nodePort"):
            kept = before.get((port.get("port"), port.get("protocol")))
            port["nodePort"] = kept if kept and kept not in taken else _free_node_port(store, taken)
        taken.add(port["nodePort"])


def _used_node_ports(store: Store, except_uid: str | None = None) -> set[int]:
    services = (s for s in store.values("services") if s["metadata"]["uid"] != except_uid)
    specs = [service["spec"] for service in services]
    ports = {port.get("nodePort") for spec in specs for port in spec.get("ports", ())}
    return (ports | {spec.get("healthCheckNodePort") for spec in specs}) - {None}


def _free_node_port(store: Store, taken: set[int]) -> int:
    free = sorted(set(NODE_PORTS) - _used_node_ports(store) - taken)
    return random.choice(free)


def check_service_status(write: Write) -> Iterator[Cause]:
    """Only a load balancer has addresses in its status."""
    addresses = write.new.get("status", {}).get("loadBalancer", {}).get("ingress")
    if addresses and write.new["spec"]["type"] != "LoadBalancer":
        why = "may only be used when `spec.type` is 'LoadBalancer'"
        yield not_allowed("status.loadBalancer.ingress", why)


def check_service(write: Write) -> Iterator[Cause]:
    """Causes for type, address and ports."""
    spec, old = write.new["spec"], write.old["spec"] if write.old else {}
    kind = spec["type"]
    if kind not in _TYPES:
        yield unsupported("spec.type", kind, _TYPES)
    headless = spec.get("clusterIP") == "None"
    if not spec.get("ports") and not headless and kind != "ExternalName":
        yield required("spec.ports")
    if kind == "ExternalName":
        if wrong := dns_subdomain(spec.get("externalName", "").rstrip(".").lower()):
            yield invalid_value("spec.externalName", spec.get("externalName", ""), wrong)
    elif headless and kind != "ClusterIP":
        why = f"may not be set to 'None' for {kind} services"
        yield invalid_value("spec.clusterIPs[0]", "None", why)
    else:
        yield from _check_address(write, spec, old)
    yield from _check_ports(spec)
    yield from _check_node_ports(write, spec)


def _check_address(write: Write, spec: Json, old: Json) -> Iterator[Cause]:
    address, before = spec.get("clusterIP", ""), old.get("clusterIP")
    if before and old.get("type") != "ExternalName" and address != before:
        yield invalid_value("spec.clusterIPs[0]", spec["clusterIPs"], "may not change once set")
    elif address not in (before, "None"):
        yield from _check_free(write, address)


def _check_free(write: Write, address: str) -> Iterator[Cause]:
    try:
        in_range = ipaddress.ip_address(address) in CLUSTER_CIDR
    except ValueError:
        yield invalid_value("spec.clusterIPs[0]", address, NOT_AN_ADDRESS)
        return
    uid = write.new["metadata"].get("uid")
    others = (s for s in write.store.values("services") if s["metadata"]["uid"] != uid)
    why = ""
    if not in_range:
        why = "the provided network does not match the current range"
    elif any(service["spec"].get("clusterIP") == address for service in others):
        why = "provided IP is already allocated"
    if why:
        listed = f'["{address}"]'
        message = f"Invalid value: {listed}: failed to allocate IP {address}: {why}"
        yield Cause("FieldValueInvalid", message, "spec.clusterIPs")


def _check_ports(spec: Json) -> Iterator[Cause]:
    ports = spec.get("ports", ())
    names: list[str] = []
    pairs: list[Json] = []
    for index, port in enumerate(ports):
        path = f"spec.ports[{index}]"
        name = port.get("name", "")
        if not name and len(ports) > 1:
            yield required(f"{path}.name")
        elif name and (wrong := dns_label(name)):
            yield invalid_value(f"{path}.name", name, wrong)
        elif name and name in names:
            yield duplicate(f"{path}.name", name)
        names.append(name)
        yield from _check_port_number(port.get("port", 0), f"{path}.port")
        yield from _check_target_port(port.get("targetPort", 0), f"{path}.targetPort")
        pair = {**_EMPTY_PORT, "Protocol": port.get("protocol"), "Port": port.get("port")}
        if pair in pairs:
            yield duplicate(path, pair)
        pairs.append(pair)


def _check_port_number(number: int, path: str) -> Iterator[Cause]:
    if not 0 < number < 65536:
        yield invalid_value(path, number, _PORT_RANGE)


def _check_target_port(target: Any, path: str) -> Iterator[Cause]:
    if isinstance(target, int):
        yield from _check_port_number(target, path)
    else:
        for wrong in port_name(target):
            yield invalid_value(path, target, wrong)


def _check_node_ports(write: Write, spec: Json) -> Iterator[Cause]:
    given = [
        (i, port["nodePort"])
        for i, port in enumerate(spec.get("ports", ()))
        if port.get("nodePort")
    ]
    if not given:
        return
    used = _used_node_ports(write.store, write.new["metadata"].get("uid"))
    for index, number in given:
        path = f"spec.ports[{index}].nodePort"
        if spec["type"] not in _WITH_NODE_PORTS:
            yield Cause(
                "FieldValueForbidden", "Forbidden: may not be used when `type` is 'ClusterIP'", path
            )
        elif number not in NODE_PORTS:
            allowed = f"{NODE_PORTS[0]}-{NODE_PORTS[-1]}"
            head = "provided port is not in the valid range. The range of valid ports is"
            why = f"{head} {allowed}"
            yield invalid_value(path, number, why)
        elif number in used:
            yield invalid_value(path, number, "provided port is already allocated")
