"""The host of a request: which one the rules see, and which one the target.

Sources: "Host header preservation" of the Application Load Balancer guide, "HTTP connections" of
the Elastic Load Balancing guide. Not documented, and chosen here: rules see the host that the
target would see without transforms (but for letter case and port).
"""

from __future__ import annotations

from collections.abc import Mapping

from alb_controller.routing.request import Request, name_of, port_of

_PRESERVE = "routing.http.preserve_host_header.enabled"
_DEFAULT_PORTS = (80, 443)


def host_of(request: Request, attributes: Mapping[str, str], dns_name: str) -> str:
    """As sent: of the first Host header, or of a request target that is a whole URL.

    A request of HTTP/1.0 needs no Host header: then it is the load balancer's own name.
    """
    sent = request.first("host")
    if sent is None or not is_preserved(attributes):
        sent = request.authority or sent
    return sent or dns_name


def is_preserved(attributes: Mapping[str, str]) -> bool:
    """Whether the Host header reaches the target as it was sent."""
    return attributes.get(_PRESERVE) == "true"


def host_for_target(host: str, attributes: Mapping[str, str], port: int) -> str:
    """The Host header that the target gets, from the one that counts."""
    if is_preserved(attributes):
        return host
    name = name_of(host).lower()
    if port in _DEFAULT_PORTS:
        return name
    sent = port_of(host)
    return f"{name}:{sent if sent else port}"
