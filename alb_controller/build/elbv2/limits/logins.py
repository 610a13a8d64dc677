"""Logins and token checks before an action."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from alb_controller.build.elbv2.limits.violations import Violation, check
from alb_controller.model.actions import (
    AuthenticateCognitoAction,
    AuthenticateOidcAction,
    GuardAction,
    JwtClaim,
    JwtValidationAction,
    Session,
)

_MOST_PARAMETERS = 10
_MOST_CLAIMS = 10
_CHECKED_ANYWAY = ("exp", "iss", "nbf", "iat")


def guard_violations(guard: GuardAction, setting: str) -> Iterator[Violation]:
    """Of a login or a token check."""
    match guard:
        case AuthenticateOidcAction():
            page = "AuthenticateOidcActionConfig"
            for field, value, what in (
                ("Issuer", guard.issuer, "issuer"),
                ("AuthorizationEndpoint", guard.authorization_endpoint, "authorizationEndpoint"),
                ("TokenEndpoint", guard.token_endpoint, "tokenEndpoint"),
                ("UserInfoEndpoint", guard.user_info_endpoint, "userInfoEndpoint"),
            ):
                yield from check(f"{page}.{field}", value, what, setting, "")
            yield from _session(guard.session, setting)
        case AuthenticateCognitoAction():
            page = "AuthenticateCognitoActionConfig"
            arn, domain = guard.user_pool_arn, guard.user_pool_domain
            yield from check(f"{page}.UserPoolArn", arn, "userPoolARN", setting, "")
            yield from check(f"{page}.UserPoolDomain", domain, "userPoolDomain", setting, "")
            yield from _session(guard.session, setting)
        case JwtValidationAction():
            yield from _token(guard, setting)
        case _:
            assert_never(guard)


def _session(session: Session, setting: str) -> Iterator[Violation]:
    for field, value, name in (
        ("SessionTimeout", session.timeout_seconds, "timeout_seconds"),
        (
            "OnUnauthenticatedRequest",
            session.on_unauthenticated_request,
            "on_unauthenticated_request",
        ),
    ):
        yield from check(field, value, "", f"{setting}.{name}", setting, "")
    if len(session.extra_params) > _MOST_PARAMETERS:
        problem = f"has {len(session.extra_params)} authenticationRequestExtraParams"
        page = "(AWS, AuthenticateOidcActionConfig)"
        yield Violation(f"{problem}: allowed are {_MOST_PARAMETERS} {page}", (setting, ""))


def _token(guard: JwtValidationAction, setting: str) -> Iterator[Violation]:
    page = "JwtValidationActionConfig"
    yield from check(f"{page}.JwksEndpoint", guard.jwks_endpoint, "jwksEndpoint", setting, "")
    yield from check(f"{page}.Issuer", guard.issuer, "issuer", setting, "")
    if len(guard.additional_claims) > _MOST_CLAIMS:
        problem = f"has {len(guard.additional_claims)} additionalClaims"
        yield Violation(f"{problem}: allowed are {_MOST_CLAIMS} (AWS, {page})", (setting, ""))
    for claim in guard.additional_claims:
        yield from _claim(claim, setting)


def _claim(claim: JwtClaim, setting: str) -> Iterator[Violation]:
    page = "JwtValidationActionAdditionalClaim"
    if claim.name in _CHECKED_ANYWAY:
        problem = f"claim {claim.name!r} is checked anyway: allowed are others (AWS, {page})"
        yield Violation(problem, (setting, ""))
    if len(claim.values) > _MOST_CLAIMS:
        problem = f"claim {claim.name!r} has {len(claim.values)} values"
        yield Violation(f"{problem}: allowed are {_MOST_CLAIMS} (AWS, {page})", (setting, ""))
    for value in claim.values:
        yield from check(f"{page}.Values", value, f"value of claim {claim.name!r}", setting, "")
