"""Generated names, byte for byte LBC's (spec 5.1, 6.1)."""

from __future__ import annotations

import hashlib
import re

from alb_controller.intent import BalancerIntent, NameSeed

_HASH_DIGITS = 10
_MOST_NAME_BYTES = 32
"""Of a load balancer (CreateLoadBalancer, Name)."""
_NOT_ALPHANUMERIC = re.compile(r"[^0-9A-Za-z]")


def generated_name(seed: NameSeed) -> str:
    """`k8s-<parts cut to their lengths>-<hash>`; at most 32 bytes, as AWS allows."""
    parts = (alphanumeric(text)[:length] for text, length in seed.parts)
    return "-".join(("k8s", *parts, _digest(*seed.hashed)))


def balancer_name(balancer: BalancerIntent) -> str:
    """The name that is given or generated; a suffix takes the place of what is too long with it."""
    name, suffix = balancer.explicit_name or generated_name(balancer.name), balancer.name_suffix
    return name[: _MOST_NAME_BYTES - len(suffix)] + suffix


def backend_security_group_name(cluster: str) -> str:
    """The name of the cluster's shared backend security group."""
    return f"k8s-traffic-{alphanumeric(cluster)[:232]}-{_digest(cluster)}"


def alphanumeric(text: str) -> str:
    """Without every character outside `[0-9A-Za-z]`; nothing takes its place."""
    return _NOT_ALPHANUMERIC.sub("", text)


def _digest(*values: str) -> str:
    """SHA-256 over the plain concatenation, no separator (spec, conventions)."""
    return hashlib.sha256("".join(values).encode()).hexdigest()[:_HASH_DIGITS]
