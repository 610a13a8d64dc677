"""Login and token checks before the action of a route (spec 1.1, 4.3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alb_controller.model.actions import (
    AuthenticateCognitoAction,
    GuardAction,
    JwtClaim,
    JwtValidationAction,
    Session,
)
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.core import Service
from tests.factories import path, rule, service, to
from tests.unit.frontends.ingress.translation import alone, only_listener, refused

HTTPS = {"listen-ports": '[{"HTTPS": 443}]', "certificate-arn": "arn:certificate"}
POOL = {"userPoolARN": "arn:pool", "userPoolClientID": "client", "userPoolDomain": "domain"}
COGNITO = {"auth-type": "cognito", "auth-idp-cognito": json.dumps(POOL)}
CLAIM = {"format": "single-string", "name": "scope", "values": ["a", "b"]}
JWT = {"jwksEndpoint": "https://jwks", "issuer": "https://issuer"}


def guard(alb: dict[str, str], of: Service | None = None, name: str = "app") -> GuardAction | None:
    """The guard of the one route, to a Service."""
    rules = [rule("", path("/", "Prefix", to(name)))]
    (route,) = only_listener(alone(of or service(), rules=rules, alb=HTTPS | alb)).routes
    return route.guard


def cognito(**session: Any) -> AuthenticateCognitoAction:
    """The login of POOL."""
    base: dict[str, Any] = {
        "on_unauthenticated_request": "authenticate",
        "scope": "openid",
        "cookie": "AWSELBAuthSessionCookie",
        "timeout_seconds": 604800,
    }
    return AuthenticateCognitoAction(
        user_pool_arn="arn:pool",
        user_pool_client_id="client",
        user_pool_domain="domain",
        session=Session(**{**base, **session}),
    )


def test_without_annotations_there_is_no_guard() -> None:
    """Nor with auth-type none."""
    assert guard({}) is None
    assert guard({**COGNITO, "auth-type": "none"}) is None


def test_a_login_at_cognito_has_the_defaults_of_the_reference() -> None:
    """Also before a default backend."""
    assert guard(COGNITO) == cognito()
    made = only_listener(alone(default_backend=to(), alb=HTTPS | COGNITO)).default
    assert made.guard == cognito()


def test_an_empty_text_of_the_session_is_sent_as_it_is() -> None:
    """As LBC does: a key that is there counts (spec 0)."""
    alb = COGNITO | {"auth-scope": "", "auth-session-cookie": ""}
    assert guard(alb) == cognito(scope="", cookie="")


def test_the_session_is_what_the_annotations_say() -> None:
    """Extra parameters are sorted."""
    extra = {**POOL, "authenticationRequestExtraParams": {"z": "1", "a": "2"}}
    alb = {
        "auth-type": "cognito",
        "auth-idp-cognito": json.dumps(extra),
        "auth-on-unauthenticated-request": "deny",
        "auth-scope": "email openid",
        "auth-session-cookie": "mine",
        "auth-session-timeout": "1",
    }
    assert guard(alb) == cognito(
        on_unauthenticated_request="deny",
        scope="email openid",
        cookie="mine",
        timeout_seconds=1,
        extra_params=(("a", "2"), ("z", "1")),
    )


def test_the_service_may_say_it_where_it_gets_all_the_traffic() -> None:
    """Annotation by annotation over the Ingress (spec 1.1)."""
    assert guard({}, service(alb=COGNITO)) == cognito()
    assert guard(COGNITO, service(alb={"auth-scope": "email"})) == cognito(scope="email")
    assert guard(COGNITO, service(alb={"auth-type": "none"})) is None


def test_a_service_that_gets_a_share_does_not_say_it() -> None:
    """Of several targets none speaks for the route."""
    targets = [{"serviceName": name, "servicePort": 80, "weight": 1} for name in ("app", "blog")]
    action = {"type": "forward", "forwardConfig": {"targetGroups": targets}}
    rules = [rule("", path("/", "Prefix", to("it", "use-annotation")))]
    of = (service(alb=COGNITO), service("blog", alb=COGNITO))
    intent = alone(*of, rules=rules, alb=HTTPS | {"actions.it": json.dumps(action)})
    assert [r.guard for r in only_listener(intent).routes] == [None]


def test_a_missing_service_has_no_annotations() -> None:
    """The 503 is behind the login of the Ingress, if it has one."""
    assert guard(COGNITO, name="absent") == cognito()
    assert guard({}, name="absent") is None


def test_a_token_check_needs_endpoint_and_issuer() -> None:
    """Claims are optional."""
    assert guard({"jwt-validation": json.dumps(JWT)}) == JwtValidationAction(
        jwks_endpoint="https://jwks", issuer="https://issuer"
    )
    made = guard({"jwt-validation": json.dumps({**JWT, "additionalClaims": [CLAIM]})})
    assert isinstance(made, JwtValidationAction)
    assert made.additional_claims == (JwtClaim("single-string", "scope", ("a", "b")),)


@pytest.mark.parametrize(
    "config,problem",
    [
        ({"issuer": "i"}, "needs jwksEndpoint and issuer"),
        ({"jwksEndpoint": "j", "issuer": ""}, "needs jwksEndpoint and issuer"),
        *(
            (
                {**JWT, "additionalClaims": [{**CLAIM, key: empty}]},
                "needs format, name and values in each of additionalClaims",
            )
            for key, empty in (("format", ""), ("name", ""), ("values", []))
        ),
    ],
)
def test_what_a_token_check_lacks_is_reported(config: Any, problem: str) -> None:
    """With the annotation's key."""
    alb = {"jwt-validation": json.dumps(config)}
    assert refused(alb=alb) == [f"{PREFIX}jwt-validation: {problem}"]


def test_a_request_passes_one_guard() -> None:
    """Login and token check exclude each other."""
    alb = HTTPS | COGNITO | {"jwt-validation": json.dumps(JWT)}
    assert refused(alb=alb) == [
        f"{PREFIX}jwt-validation: cannot be used beside auth-type: a request passes one guard"
    ]


def test_a_login_needs_its_provider() -> None:
    """The missing annotation is named."""
    (problem,) = refused(alb=HTTPS | {"auth-type": "cognito"})
    assert problem.startswith(f"{PREFIX}auth-type: ")
    assert f"needs the annotation {PREFIX}auth-idp-cognito" in problem


@pytest.mark.parametrize(
    "alb",
    [
        {"auth-type": "saml"},
        {"auth-idp-cognito": "{"},
        {"auth-session-timeout": "1d"},
        {"jwt-validation": "[]"},
    ],
)
def test_a_bad_value_is_reported_whatever_the_auth_type(alb: dict[str, str]) -> None:
    """All of them are read, so that a mistake does not wait for the day it matters."""
    ((suffix, raw),) = alb.items()
    (problem,) = refused(alb=alb)
    assert problem.startswith(f"{PREFIX}{suffix}: {raw!r} must be")


def test_a_bad_value_on_the_service_is_reported_to_the_service() -> None:
    """Its guard is the Service's own; the Ingress that it stops reports it as well."""
    problem, seen = refused(service(alb={"auth-type": "saml"}))
    assert problem.startswith(f"{PREFIX}auth-type: 'saml' must be one of")
    assert seen == f"Service shop/app: {problem}"
