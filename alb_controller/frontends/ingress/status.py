"""The status of an Ingress: where it is served (spec 9.4)."""

from __future__ import annotations

from typing import Any

from alb_controller.model.stack import Observed
from alb_controller.objects.networking import Ingress

COMPONENT = "ingress"


def status_patch(ingress: Ingress, observed: Observed) -> dict[str, Any] | None:
    """The status to merge, or None where it says so already (spec 9.4).

    The load balancer's name in lower case, with every listener port of the group; then, without
    ports, the name of the network load balancer in front.
    """
    wanted = _entries(observed)
    shown = [
        (entry.hostname, frozenset(p.port for p in entry.ports), entry.ip)
        for entry in ingress.status.load_balancer.ingress
    ]
    if not wanted or shown == [(hostname, frozenset(ports), "") for hostname, ports in wanted]:
        return None
    # the API requires a protocol beside a port
    entries = [
        {"hostname": hostname, "ports": [{"port": p, "protocol": "TCP"} for p in ports]}
        if ports
        else {"hostname": hostname}
        for hostname, ports in wanted
    ]
    return {"loadBalancer": {"ingress": entries}}


def _entries(observed: Observed) -> list[tuple[str, list[int]]]:
    """Host name and ports of each load balancer, that of the backends first; none without it."""
    by_type = {one.resource.type: one for one in observed.load_balancers}
    main, front = by_type.get("application"), by_type.get("network")
    if main is None:
        return []
    ports = sorted(
        {
            listener.resource.port
            for listener in observed.listeners
            if listener.resource.load_balancer == main.identity
        }
    )
    entries = [(main.dns_name.lower(), ports)]
    return entries if front is None else [*entries, (front.dns_name.lower(), [])]
