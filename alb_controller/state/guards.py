"""Actions of a document that ask who the client is."""

from __future__ import annotations

from typing import Any

from alb_controller.aws.codecs.guards import Raw
from alb_controller.state.nodes import Node

_TEXTS = {
    "authenticate-cognito": ("UserPoolArn", "UserPoolClientId", "UserPoolDomain"),
    "authenticate-oidc": (
        "Issuer",
        "AuthorizationEndpoint",
        "TokenEndpoint",
        "UserInfoEndpoint",
        "ClientId",
    ),
    "jwt-validation": ("JwksEndpoint", "Issuer"),
}
_UNAUTHENTICATED = ("authenticate", "allow", "deny", "")
_CLAIM_FORMATS = ("single-string", "string-array", "space-separated-values")


def read_guard(kind: str, config: Node) -> Raw:
    """The structure of a guard, every field of its kind."""
    raw: Raw = {field: config.get(field, "").text() for field in _TEXTS[kind]}
    return raw | (_claims(config) if kind == "jwt-validation" else _session(config))


def _session(config: Node) -> dict[str, Any]:
    params = config.get("AuthenticationRequestExtraParams", {})
    return {
        "OnUnauthenticatedRequest": config.get("OnUnauthenticatedRequest", "").one_of(
            _UNAUTHENTICATED
        ),
        "Scope": config.get("Scope", "").text(),
        "SessionCookieName": config.get("SessionCookieName", "").text(),
        "SessionTimeout": config.get("SessionTimeout", 0).number(),
        "AuthenticationRequestExtraParams": {name: one.text() for name, one in params.items()},
    }


def _claims(config: Node) -> dict[str, Any]:
    return {
        "AdditionalClaims": [
            {
                "Format": one.get("Format", "single-string").one_of(_CLAIM_FORMATS),
                "Name": one["Name"].text(),
                "Values": list(one.get("Values", ()).texts()),
            }
            for one in config.get("AdditionalClaims", ()).entries()
        ]
    }
