"""When what was found has the effect that is desired (spec 3.7); Refs are resolved before."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from alb_controller.model.actions import (
    AuthenticateOidcAction,
    FixedResponseAction,
    RedirectAction,
    Transform,
)
from alb_controller.model.elbv2 import Action, ForwardAction, ListenerRule, WeightedTargetGroup


def same_actions(desired: tuple[Action, ...], found: tuple[Action, ...]) -> bool:
    """Equal in order; the tuples of a forward in any order, its stickiness where declared."""
    return len(desired) == len(found) and all(
        _same_action(ours, theirs) for ours, theirs in zip(desired, found, strict=True)
    )


def same_content(desired: ListenerRule, found: ListenerRule) -> bool:
    """Whether a request sees no difference between two rules, but for their place."""
    return (
        desired.conditions == found.conditions
        and same_actions(desired.actions, found.actions)
        and _by_type(desired.transforms) == _by_type(found.transforms)
    )


def _same_action(desired: Action, found: Action) -> bool:
    match desired, found:
        case ForwardAction(), ForwardAction():
            return _canonical(desired, desired) == _canonical(found, desired)
        case AuthenticateOidcAction(), AuthenticateOidcAction():
            return _same_oidc(desired, found)
        case RedirectAction(), RedirectAction():
            return desired.canonical == found.canonical
        case FixedResponseAction(), FixedResponseAction():
            return desired.canonical == found.canonical
        case _:
            return desired == found


def _same_oidc(desired: AuthenticateOidcAction, found: AuthenticateOidcAction) -> bool:
    """AWS never shows the secret: a version is desired only where it has changed since.

    What this process itself has sent is known, though, and may be the same under a new version.
    """
    if desired.secret_version and desired.client_secret != found.client_secret:
        return False
    return _shown(desired) == _shown(found)


def _shown(action: AuthenticateOidcAction) -> AuthenticateOidcAction:
    return msgspec.structs.replace(action, client_secret=None, secret_version="")


def without_known_secrets(desired: Iterable[Action], found: Iterable[Action]) -> tuple[Action, ...]:
    """Actions for a modification: AWS keeps the client secrets that it has and that are right."""
    clients = {_client(one) for one in found if isinstance(one, AuthenticateOidcAction)}
    return tuple(
        msgspec.structs.replace(one, client_secret=None)
        if isinstance(one, AuthenticateOidcAction)
        and not one.secret_version
        and _client(one) in clients
        else one
        for one in desired
    )


def _client(action: AuthenticateOidcAction) -> tuple[str, ...]:
    return action.issuer, action.token_endpoint, action.client_id


def _canonical(action: ForwardAction, declared: ForwardAction) -> ForwardAction:
    """Tuples sorted, one alone without weight; stickiness None where off or not declared."""
    sticky = bool(action.stickiness_enabled) and declared.stickiness_enabled is not None
    groups = sorted(action.target_groups, key=lambda one: str(one.target_group))
    if len(groups) == 1:
        groups = [WeightedTargetGroup(groups[0].target_group)]
    return msgspec.structs.replace(
        action,
        target_groups=tuple(groups),
        stickiness_enabled=sticky,
        stickiness_seconds=action.stickiness_seconds if sticky else None,
    )


def _by_type(transforms: tuple[Transform, ...]) -> list[Transform]:
    return sorted(transforms, key=lambda transform: transform.type)
