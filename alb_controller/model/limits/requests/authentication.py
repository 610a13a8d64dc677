"""Actions that ask who the user is: Cognito, OpenID Connect, tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .asking import ACTION, VALIDATION, Front, Params, Row, actions_of, admits, refuse

_LOGINS = {
    "authenticate-oidc": "AuthenticateOidcConfig",
    "authenticate-cognito": "AuthenticateCognitoConfig",
}
_TYPES = (*_LOGINS, "jwt-validation")
_ENDPOINTS = ("Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint")
_POOL = ("UserPoolArn", "UserPoolDomain")
_MOST_PARAMETERS = 10
_MOST_CLAIMS = 10
_CHECKED_ANYWAY = ("exp", "iss", "nbf", "iat")


def demand_https_for_authentication(params: Params, front: Front) -> None:
    """Action: authenticate-cognito, authenticate-oidc and jwt-validation are actions of HTTPS
    listeners. Words of the refusal are not documented.
    """
    for action in actions_of(params):
        if action["Type"] in _TYPES and front.protocol != "HTTPS":
            refuse(
                ACTION, f"Actions of type '{action['Type']}' are supported on HTTPS listeners only"
            )


def refuse_login_fields(params: Params, _front: Front) -> None:
    """AuthenticateOidcActionConfig, AuthenticateCognitoActionConfig: issuer and endpoints are
    https URLs; the user pool is an ARN of Cognito and its domain a prefix or a domain name; a
    session lasts 1 to 604800 seconds; at most 10 extra parameters. Code and words of the refusal
    are not documented.
    """
    for action in actions_of(params):
        config = action.get(_LOGINS.get(action["Type"], ""), {})
        for name in (*_ENDPOINTS, *_POOL):
            if name in config and not admits(_field(action, name), config[name]):
                refuse(VALIDATION, f"'{config[name]}' is not a valid {name}")
        if not admits("SessionTimeout", config.get("SessionTimeout", 1)):
            refuse(VALIDATION, "Session timeout must be between 1 and 604800 seconds")
        if len(config.get("AuthenticationRequestExtraParams", ())) > _MOST_PARAMETERS:
            refuse(VALIDATION, "At most 10 authentication request extra params can be specified")


def _field(action: Mapping[str, Any], name: str) -> str:
    structure = _LOGINS[action["Type"]].replace("Config", "ActionConfig")
    return f"{structure}.{name}"


def refuse_client_secrets(params: Params, _front: Front) -> None:
    """AuthenticateOidcActionConfig: a new rule needs the client secret; a changed one has it, or
    UseExistingClientSecret, and not both, which is InvalidLoadBalancerAction.
    """
    is_new = "LoadBalancerArn" in params or {"ListenerArn", "Actions"} <= set(params)
    for action in actions_of(params):
        config = action.get("AuthenticateOidcConfig") or {}
        keeps, secret = config.get("UseExistingClientSecret"), config.get("ClientSecret")
        if keeps and secret:
            refuse(
                ACTION,
                "You cannot both specify a client secret and set UseExistingClientSecret to true",
            )
        if config and not secret and (is_new or not keeps):
            refuse(ACTION, "A client secret must be specified")


def refuse_token_fields(params: Params, _front: Front) -> None:
    """JwtValidationActionConfig: the key set is an https URL, it and the issuer have 256 characters
    at most; at most 10 further claims with 10 values of 256 characters each, none of them exp,
    iss, nbf or iat. Code and words of the refusal are not documented.
    """
    for action in actions_of(params):
        config = action.get("JwtValidationConfig") or {}
        for name in ("JwksEndpoint", "Issuer"):
            if name in config and not admits(f"JwtValidationActionConfig.{name}", config[name]):
                refuse(VALIDATION, f"'{config[name]}' is not a valid {name}")
        claims = config.get("AdditionalClaims", ())
        if len(claims) > _MOST_CLAIMS:
            refuse(VALIDATION, "At most 10 additional claims can be specified")
        for claim in claims:
            _check_claim(claim)


def _check_claim(claim: Mapping[str, Any]) -> None:
    if claim["Name"] in _CHECKED_ANYWAY:
        refuse(VALIDATION, f"The claim '{claim['Name']}' is validated by default")
    values = claim["Values"]
    right = all(admits("JwtValidationActionAdditionalClaim.Values", value) for value in values)
    apart = claim["Format"] != "space-separated-values" or not any(" " in one for one in values)
    if len(values) > _MOST_CLAIMS or not right or not apart:
        refuse(VALIDATION, f"The values of claim '{claim['Name']}' are not valid")


CHECKS = (
    Row(demand_https_for_authentication, "Authenticate users using an Application Load Balancer"),
    Row(refuse_login_fields, "AuthenticateOidcActionConfig"),
    Row(refuse_client_secrets, "AuthenticateOidcActionConfig"),
    Row(refuse_token_fields, "JwtValidationActionConfig"),
)
