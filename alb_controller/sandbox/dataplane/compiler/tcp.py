"""TCP and TLS listeners of network load balancers: connections are shared by weight."""

from __future__ import annotations

from typing import Any

from alb_controller.model.elbv2 import ForwardAction, Listener
from alb_controller.sandbox.dataplane.compiler.actions import cluster_name
from alb_controller.sandbox.dataplane.compiler.tls import Identities, server_chains

Json = dict[str, Any]
_TYPES = "type.googleapis.com/"
_IDLE_SECONDS = 350


def tcp_listener(
    name: str, address: str, listener: Listener, action: ForwardAction, identities: Identities
) -> Json:
    """A listener that passes bytes on; with TLS, what they say in clear."""
    clusters = [
        {"name": cluster_name(str(one.target_group)), "weight": max(one.weight or 1, 1)}
        for one in action.target_groups
    ]
    proxy = {
        "@type": f"{_TYPES}envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": "tcp",
        "weighted_clusters": {"clusters": clusters},
        "idle_timeout": f"{_IDLE_SECONDS}s",
    }
    filters = [{"name": "tcp", "typed_config": proxy}]
    made: Json = {
        "@type": f"{_TYPES}envoy.config.listener.v3.Listener",
        "name": name,
        "address": {"socket_address": {"address": address, "port_value": 0}},
    }
    if listener.protocol == "TLS":
        return made | server_chains(listener, identities, filters, offers_2=False)
    return made | {"filter_chains": [{"filters": filters}]}
