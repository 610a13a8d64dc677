"""Target groups as clusters of Envoy, and the targets that may get requests as their endpoints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alb_controller.model.elbv2 import TargetGroup
from alb_controller.sandbox.dataplane.compiler.actions import cluster_name

Json = dict[str, Any]
_TYPES = "type.googleapis.com/"
_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_POLICIES = {"least_outstanding_requests": "LEAST_REQUEST", "weighted_random": "RANDOM"}
CONNECT_SECONDS = 10
"""ELBv2 User Guide, "Target connection error": the load balancer gives up after 10 seconds."""


def file_source(path: str) -> Json:
    """A file that Envoy watches: replaced by rename, it is read again."""
    return {"path_config_source": {"path": path}, "resource_api_version": "V3"}


def cluster(identity: str, group: TargetGroup, endpoints_file: str, *, takes_2: bool) -> Json:
    """A cluster whose endpoints stand in a file of their own; `takes_2`: targets take HTTP/2."""
    attributes = group.attributes or {}
    made: Json = {
        "@type": f"{_TYPES}envoy.config.cluster.v3.Cluster",
        "name": cluster_name(identity),
        "type": "EDS",
        "eds_cluster_config": {"eds_config": file_source(endpoints_file)},
        "connect_timeout": f"{CONNECT_SECONDS}s",
        "lb_policy": _POLICIES.get(
            attributes.get("load_balancing.algorithm.type", ""), "ROUND_ROBIN"
        ),
        # whether to fail open is decided before: what is here may get requests
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "circuit_breakers": {"thresholds": [_limits()]},
    }
    if takes_2 and group.protocol_version in ("HTTP2", "GRPC"):
        options: Json = {"@type": f"{_TYPES}{_OPTIONS}"}
        options["explicit_http_config"] = {"http2_protocol_options": {}}
        made["typed_extension_protocol_options"] = {_OPTIONS: options}
    return made


def _limits() -> Json:
    names = ("max_connections", "max_pending_requests", "max_requests")
    return dict.fromkeys(names, 100_000)


def endpoints(identity: str, addresses: Iterable[str]) -> Json:
    """The endpoints of a cluster, each `address:port`."""
    found = [{"endpoint": {"address": socket_address(one)}} for one in addresses]
    return {
        "@type": f"{_TYPES}envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": cluster_name(identity),
        "endpoints": [{"lb_endpoints": found}] if found else [],
    }


def socket_address(text: str) -> Json:
    """`address:port`, IPv6 in brackets, in Envoy's form."""
    address, _, port = text.rpartition(":")
    return {"socket_address": {"address": address.strip("[]"), "port_value": int(port)}}
