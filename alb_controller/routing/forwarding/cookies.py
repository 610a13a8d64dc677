"""The load balancer's own cookies; AWS encrypts what is in them, here it is only encoded.

Sources: "Sticky sessions for your Application Load Balancer" and "Target group stickiness" of the
Application Load Balancer guide. The second cookie for cross-origin requests is always set, too.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

GROUP, GROUP_CORS = "AWSALBTG", "AWSALBTGCORS"
TARGET, TARGET_CORS = "AWSALB", "AWSALBCORS"
APPLICATION = "AWSALBAPP-0"


def encoded(*parts: str) -> str:
    """A value that names something."""
    return base64.urlsafe_b64encode("\n".join(parts).encode()).decode().rstrip("=")


def decoded(value: str) -> tuple[str, ...] | None:
    """What a value names; None for one that is not ours."""
    padding = "=" * (-len(value) % 4)
    try:
        return tuple(base64.b64decode(value + padding, b"-_", validate=True).decode().split("\n"))
    except (binascii.Error, ValueError):
        return None


def named(cookies: Mapping[str, str], *names: str) -> tuple[str, ...] | None:
    """What the first of these cookies that can be decoded names."""
    values = (cookies[name] for name in names if name in cookies)
    return next((found for value in values if (found := decoded(value))), None)
