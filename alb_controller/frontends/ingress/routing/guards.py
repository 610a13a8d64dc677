"""What a request must pass before its action: a login or a token check (spec 1.1, 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from alb_controller.errors import InvalidAnnotation, Missing
from alb_controller.frontends.backends.limits import limited
from alb_controller.frontends.ingress.routing.secrets import MemberSecrets
from alb_controller.intent import Origin
from alb_controller.model.actions import (
    AuthenticateCognitoAction,
    AuthenticateOidcAction,
    GuardAction,
    JwtClaim,
    JwtValidationAction,
    Session,
)
from alb_controller.model.origins import AskedBy
from alb_controller.objects.actions import CognitoConfig, JwtConfig, OidcConfig
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.rows import Annotation, Reader, Source
from alb_controller.objects.core import Service, ref

T = TypeVar("T")
_SESSION_SECONDS = 604800
_SESSION_TIMEOUT = limited(rows.AUTH_SESSION_TIMEOUT, "SessionTimeout")
_SESSION_ROWS: dict[str, Annotation[Any]] = {
    "on_unauthenticated_request": rows.AUTH_ON_UNAUTHENTICATED,
    "scope": rows.AUTH_SCOPE,
    "cookie": rows.AUTH_SESSION_COOKIE,
    "timeout_seconds": _SESSION_TIMEOUT,
}


class Guard(msgspec.Struct, frozen=True):
    """Whether a route may only be served behind a login or a token check, and that action."""

    is_required: bool
    action: GuardAction | None = None
    """None also where the Ingress has no listener that could make it."""
    origin: Origin | None = None
    """Whose annotation asks for the action."""
    session: AskedBy = {}
    """Whose annotations ask for the fields of the login's session."""


class GuardTranslator:
    """Translates the guards of one Ingress.

    All of the annotations are read whatever `auth-type` says, so that a malformed one is reported.
    An Ingress without an HTTPS listener has no guards, and what they would need is not missed.
    """

    def __init__(
        self, source: Source, secrets: MemberSecrets, *, has_https: bool, is_http_open: bool
    ) -> None:
        """`is_http_open`: the Ingress allows plain HTTP to be served without them."""
        self._source, self._secrets, self._has_https = source, secrets, has_https
        self._is_http_open = is_http_open

    def guard(self, service: Service | None) -> Guard:
        """The guard of a route; a Service's annotations count where it gets all the traffic.

        Raises Invalid.
        """
        sources = [self._source]
        if service is not None:
            sources.insert(0, Source(ref("Service", service), service.metadata.annotations))
        reader = Reader(*sources)
        session = self._session(reader)
        cognito, oidc = reader.get(rows.AUTH_IDP_COGNITO), reader.get(rows.AUTH_IDP_OIDC)
        type_, token = reader.get(rows.AUTH_TYPE), self._token_check()
        is_wanted = type_ in ("cognito", "oidc") or token is not None
        is_required = is_wanted and not self._is_http_open
        if not self._has_https:
            return Guard(is_required)
        login: GuardAction | None = None
        row: Annotation[Any] = rows.JWT_VALIDATION
        if type_ == "cognito":
            row = rows.AUTH_IDP_COGNITO
            login = _cognito(self._need(cognito, row.key), session)
        elif type_ == "oidc":
            row = rows.AUTH_IDP_OIDC
            login = self._oidc(self._need(oidc, row.key), session)
        if login is not None and token is not None:
            problem = "cannot be used beside auth-type: a request passes one guard"
            raise InvalidAnnotation(self._source.ref, rows.JWT_VALIDATION.key, problem)
        action, source = login or token, reader.source(row) or self._source
        origin = Origin(source.ref, row.key) if action is not None else None
        return Guard(is_required, action, origin, _session_origins(reader) if login else {})

    def _need(self, provider: T | None, key: str) -> T:
        if provider is None:
            problem = f"needs the annotation {key}, which is missing"
            raise InvalidAnnotation(self._source.ref, rows.AUTH_TYPE.key, problem)
        return provider

    def _oidc(self, config: OidcConfig, session: Session) -> AuthenticateOidcAction:
        key = rows.AUTH_IDP_OIDC.key
        if not config.secret_name:
            raise InvalidAnnotation(self._source.ref, key, "needs secretName")
        try:
            client = self._secrets.client(config.secret_name)
        except ValueError as error:
            raise Missing(self._source.ref, key, str(error)) from None
        return AuthenticateOidcAction(
            issuer=config.issuer,
            authorization_endpoint=config.authorization_endpoint,
            token_endpoint=config.token_endpoint,
            user_info_endpoint=config.user_info_endpoint,
            client_id=client.id,
            session=_with_params(session, _params(config.authentication_request_extra_params)),
            client_secret=client.secret,
            secret_version=client.changed_version,
        )

    def _session(self, reader: Reader) -> Session:
        """An empty text counts as written, as in LBC (spec 0)."""
        return Session(
            on_unauthenticated_request=reader.get_or(rows.AUTH_ON_UNAUTHENTICATED, "authenticate"),
            scope=reader.get_or(rows.AUTH_SCOPE, "openid"),
            cookie=reader.get_or(rows.AUTH_SESSION_COOKIE, "AWSELBAuthSessionCookie"),
            timeout_seconds=reader.get_or(_SESSION_TIMEOUT, _SESSION_SECONDS),
        )

    def _token_check(self) -> JwtValidationAction | None:
        config = Reader(self._source).get(rows.JWT_VALIDATION)
        if config is None:
            return None
        try:
            return _jwt(config)
        except ValueError as error:
            raise InvalidAnnotation(self._source.ref, rows.JWT_VALIDATION.key, str(error)) from None


def _session_origins(reader: Reader) -> AskedBy:
    found = ((name, row, reader.source(row)) for name, row in _SESSION_ROWS.items())
    return {name: (Origin(one.ref, row.key),) for name, row, one in found if one is not None}


def _params(found: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(found.items()))


def _cognito(config: CognitoConfig, session: Session) -> AuthenticateCognitoAction:
    params = _params(config.authentication_request_extra_params)
    return AuthenticateCognitoAction(
        user_pool_arn=config.user_pool_arn,
        user_pool_client_id=config.user_pool_client_id,
        user_pool_domain=config.user_pool_domain,
        session=_with_params(session, params),
    )


def _with_params(session: Session, params: tuple[tuple[str, str], ...]) -> Session:
    return msgspec.structs.replace(session, extra_params=params)


def _jwt(config: JwtConfig) -> JwtValidationAction:
    if not config.jwks_endpoint or not config.issuer:
        raise ValueError("needs jwksEndpoint and issuer")
    for claim in config.additional_claims:
        if not (claim.format and claim.name and claim.values):
            raise ValueError("needs format, name and values in each of additionalClaims")
    claims = (JwtClaim(c.format, c.name, tuple(c.values)) for c in config.additional_claims)
    return JwtValidationAction(
        jwks_endpoint=config.jwks_endpoint,
        issuer=config.issuer,
        additional_claims=tuple(claims),
    )
