"""Logins and token checks to and from ELBv2's request shapes.

Sources: AuthenticateCognitoActionConfig, AuthenticateOidcActionConfig, JwtValidationActionConfig
in the Elastic Load Balancing v2 API reference. AWS never shows a client secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, assert_never

from alb_controller.model.actions import (
    AuthenticateCognitoAction,
    AuthenticateOidcAction,
    GuardAction,
    JwtClaim,
    JwtValidationAction,
    Session,
)

Raw: TypeAlias = dict[str, Any]
"""A boto3 dictionary."""


def encode_guard(action: GuardAction) -> Raw:
    """The request's form of a guard."""
    match action:
        case AuthenticateCognitoAction():
            config: Raw = {
                "UserPoolArn": action.user_pool_arn,
                "UserPoolClientId": action.user_pool_client_id,
                "UserPoolDomain": action.user_pool_domain,
            }
            return {
                "Type": "authenticate-cognito",
                "AuthenticateCognitoConfig": config | _encode_session(action.session),
            }
        case AuthenticateOidcAction():
            return {"Type": "authenticate-oidc", "AuthenticateOidcConfig": _encode_oidc(action)}
        case JwtValidationAction():
            return {"Type": "jwt-validation", "JwtValidationConfig": _encode_jwt(action)}
        case _:
            assert_never(action)


def decode_guard(raw: Raw) -> GuardAction | None:
    """A guard as AWS shows it; None for a type that we do not model."""
    match raw.get("Type"):
        case "authenticate-cognito":
            config = raw.get("AuthenticateCognitoConfig", {})
            return AuthenticateCognitoAction(
                user_pool_arn=config.get("UserPoolArn", ""),
                user_pool_client_id=config.get("UserPoolClientId", ""),
                user_pool_domain=config.get("UserPoolDomain", ""),
                session=_decode_session(config),
            )
        case "authenticate-oidc":
            return _decode_oidc(raw.get("AuthenticateOidcConfig", {}))
        case "jwt-validation":
            return _decode_jwt(raw.get("JwtValidationConfig", {}))
        case _:
            return None


def _encode_session(session: Session) -> Raw:
    raw: Raw = {
        "OnUnauthenticatedRequest": session.on_unauthenticated_request,
        "Scope": session.scope,
        "SessionCookieName": session.cookie,
        "SessionTimeout": session.timeout_seconds,
    }
    if session.extra_params:
        raw["AuthenticationRequestExtraParams"] = dict(session.extra_params)
    return raw


def _decode_session(config: Mapping[str, Any]) -> Session:
    params: Mapping[str, str] = config.get("AuthenticationRequestExtraParams") or {}
    return Session(
        on_unauthenticated_request=config.get("OnUnauthenticatedRequest", ""),
        scope=config.get("Scope", ""),
        cookie=config.get("SessionCookieName", ""),
        timeout_seconds=int(config.get("SessionTimeout", 0)),
        extra_params=tuple(sorted(params.items())),
    )


def _encode_oidc(action: AuthenticateOidcAction) -> Raw:
    """With the secret where it is known; without it AWS keeps the one it has."""
    raw: Raw = {
        "Issuer": action.issuer,
        "AuthorizationEndpoint": action.authorization_endpoint,
        "TokenEndpoint": action.token_endpoint,
        "UserInfoEndpoint": action.user_info_endpoint,
        "ClientId": action.client_id,
    }
    if action.client_secret is None:
        raw["UseExistingClientSecret"] = True
    else:
        raw["ClientSecret"] = action.client_secret.reveal()
    return raw | _encode_session(action.session)


def _decode_oidc(config: Mapping[str, Any]) -> AuthenticateOidcAction:
    return AuthenticateOidcAction(
        issuer=config.get("Issuer", ""),
        authorization_endpoint=config.get("AuthorizationEndpoint", ""),
        token_endpoint=config.get("TokenEndpoint", ""),
        user_info_endpoint=config.get("UserInfoEndpoint", ""),
        client_id=config.get("ClientId", ""),
        session=_decode_session(config),
    )


def _encode_jwt(action: JwtValidationAction) -> Raw:
    raw: Raw = {"JwksEndpoint": action.jwks_endpoint, "Issuer": action.issuer}
    if action.additional_claims:
        raw["AdditionalClaims"] = [
            {"Format": c.format, "Name": c.name, "Values": list(c.values)}
            for c in action.additional_claims
        ]
    return raw


def _decode_jwt(config: Mapping[str, Any]) -> JwtValidationAction:
    return JwtValidationAction(
        jwks_endpoint=config.get("JwksEndpoint", ""),
        issuer=config.get("Issuer", ""),
        additional_claims=tuple(
            JwtClaim(c.get("Format", ""), c.get("Name", ""), tuple(c.get("Values") or ()))
            for c in config.get("AdditionalClaims") or ()
        ),
    )
