"""What a builder knows beside the intent: settings of the process, and what is kept from AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, assert_never

import msgspec

from alb_controller.intent import (
    GivenSecurityGroups,
    ManagedSecurityGroup,
    SameSecurityGroups,
    StackIntent,
)
from alb_controller.model.elbv2 import IpAddressType, Scheme
from alb_controller.model.queries import Answer, Query
from alb_controller.settings import Settings

Facts: TypeAlias = Mapping[Query, Answer]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Of the live load balancer: what stays as it is unless the user names something else."""

    scheme: Scheme
    ip_address_type: IpAddressType
    subnets: tuple[str, ...]
    certificates: Mapping[int, tuple[str, ...]] = {}
    """Of each secure listener by its port, the default one first."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one build takes beside intent and facts."""

    settings: Settings
    vpc_id: str
    kept: Kept | None = None
    kept_front: Kept | None = None
    """The same of the network load balancer in front."""
    certificates: Mapping[str, str] = {}
    """The ARNs of the stack's own certificates by their ids."""
    backend_security_group: str | None = None
    """The id of the shared backend security group, where `needs_backend_group`."""

    @property
    def for_front(self) -> Context:
        """The same for building the balancer in front, which has no backends of its own."""
        return msgspec.structs.replace(self, kept=self.kept_front, backend_security_group=None)


def needs_backend_group(intent: StackIntent, settings: Settings) -> bool:
    """Whether traffic to the targets comes from the shared backend security group (spec 6.4)."""
    if intent.balancer is None or not settings.enable_backend_security_group:
        return False
    match intent.balancer.security:
        case ManagedSecurityGroup():
            return True
        case GivenSecurityGroups(manage_backend_rules=manage):
            return manage
        case SameSecurityGroups():
            return False
        case _:
            assert_never(intent.balancer.security)
