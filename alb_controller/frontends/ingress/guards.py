"""What a request must pass before its action: a login or a token check (spec 1.1, 4.3)."""

from __future__ import annotations

from collections.abc import Mapping

from alb_controller.errors import Invalid, InvalidAnnotation
from alb_controller.model.elbv2 import (
    AuthenticateCognitoAction,
    GuardAction,
    JwtClaim,
    JwtValidationAction,
    Session,
)
from alb_controller.objects import annotations as rows
from alb_controller.objects.actions import CognitoConfig, JwtConfig
from alb_controller.objects.annotations import Reader, Source
from alb_controller.objects.core import Service, ref

_SESSION_SECONDS = 604800
_NO_LOGIN = "none"


class GuardTranslator:
    """Translates the guards of one Ingress.

    All of the annotations are read whatever `auth-type` says, so that a malformed one is told.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    def guard(self, service: Service | None) -> GuardAction | None:
        """The guard of a route; a Service's annotations count where it gets all the traffic.

        Raises Invalid.
        """
        sources = [self._source]
        if service is not None:
            sources.insert(0, Source(ref("Service", service), service.metadata.annotations))
        login = self._login(Reader(*sources))
        token = self._token_check()
        if login is not None and token is not None:
            problem = "cannot be used beside auth-type: a request passes one guard"
            raise InvalidAnnotation(self._source.ref, rows.JWT_VALIDATION.key, problem)
        return login or token

    def _login(self, reader: Reader) -> AuthenticateCognitoAction | None:
        cognito = reader.get(rows.AUTH_IDP_COGNITO)
        reader.get(rows.AUTH_IDP_OIDC)
        session_of = self._session(reader)
        match reader.get(rows.AUTH_TYPE) or _NO_LOGIN:
            case "cognito":
                if cognito is None:
                    raise self._missing_provider("cognito", rows.AUTH_IDP_COGNITO.key)
                return _cognito(cognito, session_of)
            case "oidc":
                raise self._missing_provider("oidc", rows.AUTH_IDP_OIDC.key)
        return None

    def _missing_provider(self, type_: str, key: str) -> Invalid:
        return InvalidAnnotation(
            self._source.ref, rows.AUTH_TYPE.key, f"{type_!r} needs the annotation {key}"
        )

    def _session(self, reader: Reader) -> Session:
        timeout = reader.get(rows.AUTH_SESSION_TIMEOUT)
        return Session(
            on_unauthenticated_request=reader.get(rows.AUTH_ON_UNAUTHENTICATED) or "authenticate",
            scope=reader.get(rows.AUTH_SCOPE) or "openid",
            cookie=reader.get(rows.AUTH_SESSION_COOKIE) or "AWSELBAuthSessionCookie",
            timeout_seconds=_SESSION_SECONDS if timeout is None else timeout,
        )

    def _token_check(self) -> JwtValidationAction | None:
        config = Reader(self._source).get(rows.JWT_VALIDATION)
        if config is None:
            return None
        try:
            return _jwt(config)
        except ValueError as error:
            raise InvalidAnnotation(self._source.ref, rows.JWT_VALIDATION.key, str(error)) from None


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
    return Session(
        on_unauthenticated_request=session.on_unauthenticated_request,
        scope=session.scope,
        cookie=session.cookie,
        timeout_seconds=session.timeout_seconds,
        extra_params=params,
    )


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
