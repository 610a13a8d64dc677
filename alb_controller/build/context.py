"""What a builder knows beside the intent: settings of the process, and the state of AWS now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, assert_never

import msgspec

from alb_controller.intent import (
    GivenSecurityGroups,
    ManagedSecurityGroup,
    SameSecurityGroups,
    SecurityChoice,
    StackIntent,
)
from alb_controller.model.queries import Answer, Query
from alb_controller.settings import Settings
from alb_controller.values import IpAddressType, Scheme

Facts: TypeAlias = Mapping[Query, Answer]
BalancerId: TypeAlias = str
"""The resource id of a load balancer, which it has in intents, in stacks and in its tag."""


class CurrentState(msgspec.Struct, frozen=True, kw_only=True):
    """Of a live load balancer: what stays as it is unless the user names something else."""

    scheme: Scheme
    ip_address_type: IpAddressType
    subnets: tuple[str, ...]
    certificates: Mapping[int, tuple[str, ...]] = {}
    """Of each secure listener by its port, the default one first."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one build takes beside intent and facts."""

    settings: Settings
    vpc_id: str
    kept: Mapping[BalancerId, CurrentState] = {}
    """Of the load balancers that are there."""
    certificates: Mapping[str, str] = {}
    """The ARNs of the stack's own certificates by their ids."""
    backend_security_group: str | None = None
    """The id of the shared backend security group, where `needs_backend_group`."""
    quotas: Mapping[str, int] = {}
    """What is known of the account's, by AWS's names."""


def needs_backend_group(intent: StackIntent, settings: Settings) -> bool:
    """Whether traffic to the targets comes from the shared backend security group (spec 6.4)."""
    return settings.enable_backend_security_group and any(
        joins_backend_group(balancer.security) for balancer in intent.balancers
    )


def joins_backend_group(choice: SecurityChoice) -> bool:
    """Whether a balancer with this choice gets the shared group beside its own ones."""
    match choice:
        case ManagedSecurityGroup():
            return True
        case GivenSecurityGroups(manage_backend_rules=manage):
            return manage
        case SameSecurityGroups():
            return False
        case _:
            assert_never(choice)
