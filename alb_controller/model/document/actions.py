"""Actions in LBC's model JSON."""

from __future__ import annotations

from typing import Any, assert_never

from alb_controller.model.actions import (
    AuthenticateCognitoAction,
    AuthenticateOidcAction,
    FixedResponseAction,
    JwtValidationAction,
    RedirectAction,
    Session,
)
from alb_controller.model.document.references import reference, without_empty
from alb_controller.model.elbv2 import Action, ForwardAction

Document = dict[str, Any]
REDACTED = "[REDACTED]"
"""Stands for the id and the secret of an OIDC client, as in LBC."""


def action(made: Action) -> Document:
    """An Action."""
    match made:
        case ForwardAction():
            return {"type": "forward", "forwardConfig": _forward(made)}
        case FixedResponseAction():
            config = without_empty(
                contentType=made.content_type,
                messageBody=made.message_body,
                statusCode=made.status_code,
            )
            return {"type": "fixed-response", "fixedResponseConfig": config}
        case RedirectAction():
            return {"type": "redirect", "redirectConfig": _redirect(made)}
        case AuthenticateCognitoAction():
            return {"type": "authenticate-cognito", "authenticateCognitoConfig": _cognito(made)}
        case AuthenticateOidcAction():
            return {"type": "authenticate-oidc", "authenticateOIDCConfig": _oidc(made)}
        case JwtValidationAction():
            return {"type": "jwt-validation", "jwtValidationConfig": _jwt(made)}
        case _:
            assert_never(made)


def _forward(made: ForwardAction) -> Document:
    groups = [
        without_empty(targetGroupARN=reference(one.target_group), weight=one.weight)
        for one in made.target_groups
    ]
    sticky = without_empty(enabled=made.stickiness_enabled, durationSeconds=made.stickiness_seconds)
    return {"targetGroups": groups, **without_empty(targetGroupStickinessConfig=sticky)}


def _redirect(made: RedirectAction) -> Document:
    return without_empty(
        host=made.host,
        path=made.path,
        port=made.port,
        protocol=made.protocol,
        query=made.query,
        statusCode=made.status_code,
    )


def _session(session: Session) -> Document:
    return without_empty(
        authenticationRequestExtraParams=dict(session.extra_params),
        onUnauthenticatedRequest=session.on_unauthenticated_request,
        scope=session.scope,
        sessionCookieName=session.cookie,
        sessionTimeout=session.timeout_seconds,
    )


def _cognito(made: AuthenticateCognitoAction) -> Document:
    return {
        **_session(made.session),
        "userPoolARN": made.user_pool_arn,
        "userPoolClientID": made.user_pool_client_id,
        "userPoolDomain": made.user_pool_domain,
    }


def _oidc(made: AuthenticateOidcAction) -> Document:
    return {
        **_session(made.session),
        "issuer": made.issuer,
        "authorizationEndpoint": made.authorization_endpoint,
        "tokenEndpoint": made.token_endpoint,
        "userInfoEndpoint": made.user_info_endpoint,
        "clientID": REDACTED,
        "clientSecret": REDACTED,
    }


def _jwt(made: JwtValidationAction) -> Document:
    claims = [
        {"format": claim.format, "name": claim.name, "values": list(claim.values)}
        for claim in made.additional_claims
    ]
    return without_empty(
        jwksEndpoint=made.jwks_endpoint, issuer=made.issuer, additionalClaims=claims
    )
