"""Actions that ask who the client is. Nobody is logged in here, and no token can be verified.

Sources: "Authenticate users" and "Verify JWTs" of the Application Load Balancer guide, the OpenID
Connect core specification, "Cognito endpoints". A session cookie is sealed by AWS: one that a
client sends counts as none.
"""

from __future__ import annotations

from typing import NamedTuple, assert_never
from urllib.parse import quote

from alb_controller.model.actions import (
    AuthenticateCognitoAction,
    AuthenticateOidcAction,
    GuardAction,
    JwtValidationAction,
)
from alb_controller.model.elbv2 import Listener
from alb_controller.routing.request import Chance, name_of

_CALLBACK = "/oauth2/idpresponse"


class Stop(NamedTuple):
    """An answer instead of what comes behind the action."""

    action: str
    status: int
    location: str | None
    why: str


def stopped(guard: GuardAction, host: str, listener: Listener, chance: Chance) -> Stop | None:
    """How a client that is not known is answered; None: it passes."""
    match guard:
        case JwtValidationAction():
            return Stop("jwt-validation", 401, None, "no token that can be verified here")
        case AuthenticateOidcAction():
            kind, endpoint, client = "oidc", guard.authorization_endpoint, guard.client_id
        case AuthenticateCognitoAction():
            kind, endpoint, client = "cognito", _cognito(guard), guard.user_pool_client_id
        case _:
            assert_never(guard)
    name, asked = f"authenticate-{kind}", guard.session.on_unauthenticated_request
    if asked == "allow":
        return None
    if asked == "deny":
        return Stop(name, 401, None, "not logged in")
    port = "" if listener.port == 443 else f":{listener.port}"
    fields = {
        "client_id": client,
        "redirect_uri": f"https://{name_of(host)}{port}{_CALLBACK}",
        "response_type": "code",
        "scope": guard.session.scope or "openid",
        "state": chance.digits(32),
        **dict(guard.session.extra_params),
    }
    query = "&".join(
        f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in fields.items()
    )
    separator = "&" if "?" in endpoint else "?"
    return Stop(name, 302, f"{endpoint}{separator}{query}", "not logged in")


def _cognito(guard: AuthenticateCognitoAction) -> str:
    """A domain of one's own has dots; a prefix has none."""
    domain = guard.user_pool_domain
    if "." not in domain:
        region = (guard.user_pool_arn.split(":") + [""] * 4)[3]
        domain = f"{domain}.auth.{region}.amazoncognito.com"
    return f"https://{domain}/oauth2/authorize"
