"""What is done with a request but forwarding it: the words that intents and ELBv2 share.

Source: the Elastic Load Balancing v2 API reference, whose options Ingresses and Gateways offer.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from alb_controller.values import Secret


class FixedResponseAction(msgspec.Struct, frozen=True, tag="fixed-response"):
    """An answer that the load balancer gives itself; an empty text is none."""

    status_code: str
    content_type: str | None = None
    message_body: str | None = None

    @property
    def canonical(self) -> FixedResponseAction:
        """The same answer in the form in which equal ones are equal."""
        return FixedResponseAction(
            self.status_code, self.content_type or None, self.message_body or None
        )


KEPT_PARTS = {
    "host": "#{host}",
    "path": "/#{path}",
    "port": "#{port}",
    "protocol": "#{protocol}",
    "query": "#{query}",
}
"""AWS's words for the parts of a URL that a redirect keeps (ELBv2 API, RedirectActionConfig)."""


class RedirectAction(msgspec.Struct, frozen=True, tag="redirect"):
    """None, or AWS's word for it (KEPT_PARTS), keeps that part of the request's URL."""

    status_code: str
    host: str | None = None
    path: str | None = None
    port: str | None = None
    protocol: str | None = None
    query: str | None = None

    @property
    def canonical(self) -> RedirectAction:
        """The same redirect in the form in which equal ones are equal: None for what it keeps."""
        parts = {name: getattr(self, name) for name in KEPT_PARTS}
        return RedirectAction(
            self.status_code,
            **{name: None if value == KEPT_PARTS[name] else value for name, value in parts.items()},
        )


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What Cognito and OIDC authentication have in common (ELBv2 API, AuthenticateOidcConfig)."""

    on_unauthenticated_request: str
    scope: str
    cookie: str
    timeout_seconds: int
    extra_params: tuple[tuple[str, str], ...] = ()
    """Sorted by key."""


class AuthenticateCognitoAction(msgspec.Struct, frozen=True, kw_only=True, tag="cognito"):
    """Log in at an Amazon Cognito user pool first."""

    user_pool_arn: str
    user_pool_client_id: str
    user_pool_domain: str
    session: Session


class AuthenticateOidcAction(msgspec.Struct, frozen=True, kw_only=True, tag="oidc"):
    """Log in at an OpenID Connect provider first.

    AWS never shows the client secret: a found action has one only if this process has sent it, and
    `secret_version` is set on a desired one only where the Secret has changed since it was last
    applied (plan/equality.py). Without a secret, a modification lets AWS keep the one it has.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    user_info_endpoint: str
    client_id: str
    session: Session
    client_secret: Secret | None = None
    secret_version: str = ""


class JwtClaim(msgspec.Struct, frozen=True):
    """A claim that a token must hold."""

    format: str
    name: str
    values: tuple[str, ...]


class JwtValidationAction(msgspec.Struct, frozen=True, kw_only=True, tag="jwt-validation"):
    """Let only requests with a valid token pass."""

    jwks_endpoint: str
    issuer: str
    additional_claims: tuple[JwtClaim, ...] = ()


GuardAction: TypeAlias = AuthenticateCognitoAction | AuthenticateOidcAction | JwtValidationAction
"""An action before the last one; HTTPS listeners alone take it."""


class Rewrite(msgspec.Struct, frozen=True):
    """A regular expression and what takes the place of its match."""

    regex: str
    replace: str


class Transform(msgspec.Struct, frozen=True):
    """A rewrite of the request before it is forwarded."""

    type: Literal["url-rewrite", "host-header-rewrite"]
    rewrites: tuple[Rewrite, ...]
