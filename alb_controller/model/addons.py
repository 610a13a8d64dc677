"""What other AWS services do for a load balancer: web ACLs and protection against floods.

Sources: the WAFV2, WAF Regional and Shield API references.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Protection: TypeAlias = Literal["off", "on", "foreign"]
"""`foreign` is a protection that others have made: it protects, and is not ours to delete."""


class Addons(msgspec.Struct, frozen=True, kw_only=True):
    """Each is None where it is not declared (desired: it stays as it is) or not read (found)."""

    web_acl_arn: str | None = None
    """Of WAFv2; empty for none."""
    regional_web_acl_id: str | None = None
    """Of WAF Classic; empty for none."""
    protection: Protection | None = None
    """Of Shield Advanced."""

    def to_read(self, found: Addons) -> tuple[str, ...]:
        """Names of the fields that are declared here and not read in `found`."""
        return tuple(
            name
            for name in self.__struct_fields__
            if getattr(self, name) is not None and getattr(found, name) is None
        )
