"""Restrictions that a listener cannot have fail closed (ADR 28)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alb_controller.frontends.ingress.admission import validate_ingress
from alb_controller.frontends.restrictions import REFUSAL
from alb_controller.intent import ForwardIntent, StackIntent
from alb_controller.model.actions import RedirectAction
from alb_controller.objects.annotations.ingress_table import OWN_PREFIX, PREFIX
from alb_controller.objects.core import KubeObject
from alb_controller.objects.networking import Ingress
from tests.factories import cluster, ingress, ingress_class, member, path, rule, service, to
from tests.unit.frontends.ingress.test_notices import warned
from tests.unit.frontends.ingress.translation import WEB, alone, on, settings, translated

POOL = {"userPoolARN": "arn:pool", "userPoolClientID": "client", "userPoolDomain": "domain"}
COGNITO = {"auth-type": "cognito", "auth-idp-cognito": json.dumps(POOL)}
OIDC = {"auth-type": "oidc", "auth-idp-oidc": '{"secretName": "login"}'}
JWT = {"jwt-validation": '{"jwksEndpoint": "https://jwks", "issuer": "https://issuer"}'}
BOTH = {
    "listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
    "certificate-arn": "arn:certificate",
}
OPEN = {OWN_PREFIX + "allow-unauthenticated-http": "true"}
TO_APP = ForwardIntent.to_backend("shop/web-app:80")
SENTENCE = (
    "requests on port 80 get 403: auth-type or jwt-validation is set, and HTTP listeners make no "
    f"such check. Serve HTTPS alone ({PREFIX}listen-ports), redirect to it ({PREFIX}ssl-redirect), "
    f"or leave HTTP open to everybody ({OWN_PREFIX}allow-unauthenticated-http: 'true')"
)


def actions(intent: StackIntent, port: int = 80) -> list[Any]:
    """What the routes of a port do, then what its default does."""
    listener = on(port, intent)
    return [*(route.action for route in listener.routes), listener.default.action]


def refusals(*objects: KubeObject, **fields: Any) -> list[tuple[str, str, str]]:
    """The Warnings of Ingress shop/web that are about plain HTTP."""
    made = translated(ingress(**fields), *objects, key=WEB)
    return [one for one in warned(made) if one[1] == "HttpRefused"]


@pytest.mark.parametrize("alb", [COGNITO, OIDC, JWT], ids=["cognito", "oidc", "jwt"])
def test_a_guard_on_http_alone_refuses_every_request(alb: dict[str, str]) -> None:
    """The rule keeps its place, so that no later one answers; nothing is behind it."""
    fields: dict[str, Any] = {"default_backend": to(), "alb": alb}
    intent = alone(**fields)
    assert actions(intent) == [REFUSAL, REFUSAL]
    assert on(80, intent).routes[0].transforms == ()
    assert intent.backends == ()
    assert refusals(**fields) == [("Ingress shop/web", "HttpRefused", SENTENCE)]


def test_rewrites_of_what_is_refused_go_with_it() -> None:
    """AWS would take them, and they would do nothing."""
    rewrites = '[{"type": "url-rewrite", "urlRewriteConfig": {"rewrites": [{"regex": "^/a"}]}}]'
    intent = alone(alb=COGNITO | {"transforms.app": rewrites} | BOTH)
    assert on(80, intent).routes[0].transforms == ()
    assert len(on(443, intent).routes[0].transforms) == 1


def test_beside_https_plain_http_alone_is_refused() -> None:
    """HTTPS has the login before the backend."""
    intent = alone(alb=COGNITO | BOTH)
    assert actions(intent, 80)[0] == REFUSAL
    (guarded,) = on(443, intent).routes
    assert guarded.guard is not None
    assert guarded.action == TO_APP
    assert [backend.id for backend in intent.backends] == ["shop/web-app:80"]
    assert refusals(alb=COGNITO | BOTH) == [("Ingress shop/web", "HttpRefused", SENTENCE)]


def test_a_redirect_of_all_plain_http_needs_no_refusal() -> None:
    """Whoever of the group asks for it: those listeners have no routes."""
    alb = COGNITO | BOTH | {"ssl-redirect": "443"}
    assert actions(alone(alb=alb)) == [RedirectAction("HTTP_301", port="443", protocol="HTTPS")]
    assert refusals(alb=alb) == []
    asks = member("asks", alb=BOTH | {"ssl-redirect": "443"}, rules=[rule("a", path("/a"))])
    made = translated(asks, member("web", alb=COGNITO | BOTH))
    assert on(80, made.intent).routes == ()
    assert warned(made) == []


@pytest.mark.parametrize("first", [True, False])
def test_a_redirect_to_https_of_one_path_stays(first: bool) -> None:
    """What it hides needs no refusal either; one to another place over HTTP is refused."""
    config = {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}
    action = {"type": "redirect", "redirectConfig": config}
    up = path("/*" if first else "/up", "ImplementationSpecific", to("up", "use-annotation"))
    alb = COGNITO | BOTH | {"actions.up": json.dumps(action)}
    fields: dict[str, Any] = {"alb": alb, "rules": [rule("", up, path("/app", "Prefix"))]}
    redirect = RedirectAction("HTTP_301", port="443", protocol="HTTPS")
    made = actions(alone(rules=[rule("", up), rule("", path("/app"))], alb=alb))
    assert made[:-1] == ([redirect] if first else [redirect, REFUSAL])
    fields["rules"] = [rule("", up), rule("", path("/app"))]
    assert len(refusals(**fields)) == (0 if first else 1)
    away = {**action, "redirectConfig": {"host": "b.example", "statusCode": "HTTP_301"}}
    alb |= {"actions.up": json.dumps(away)}
    assert actions(alone(rules=[rule("", up)], alb=alb))[0] == REFUSAL


def test_plain_http_is_open_where_the_ingress_says_so() -> None:
    """By an annotation of ours: HTTPS keeps its login."""
    fields: dict[str, Any] = {"alb": COGNITO | BOTH, "annotations": OPEN}
    intent = alone(**fields)
    assert actions(intent, 80)[0] == TO_APP
    assert on(80, intent).routes[0].guard is None
    assert on(443, intent).routes[0].guard is not None
    assert refusals(**fields) == []
    closed = {OWN_PREFIX + "allow-unauthenticated-http": "false"}
    assert actions(alone(alb=COGNITO, annotations=closed))[0] == REFUSAL
    bad = {OWN_PREFIX + "allow-unauthenticated-http": "yes"}
    (problem,) = translated(ingress(alb=COGNITO, annotations=bad), key=WEB).problems
    assert str(problem) == f"{OWN_PREFIX}allow-unauthenticated-http: 'yes' must be true or false"


def test_a_route_without_a_guard_is_served_beside_one_with() -> None:
    """A Service may say whether its requests need a login."""
    rules = [rule("", path("/in", "Prefix", to("app")), path("/out", "Prefix", to("blog")))]
    made = actions(alone(service(alb=COGNITO), service("blog"), rules=rules))
    assert made[:-1] == [ForwardIntent.to_backend("shop/web-blog:80"), REFUSAL]


def test_a_refused_ingress_is_none_of_its_groups_business() -> None:
    """Others are served; no later rule answers what is refused."""
    login = member("a", alb=COGNITO, rules=[rule("a.example", path("/"))])
    other = member("b", rules=[rule("", path("/"))])
    made = translated(login, other)
    assert actions(made.intent)[:-1] == [REFUSAL, ForwardIntent.to_backend("shop/b-app:80")]
    assert [who for who, *_ in warned(made)] == ["Ingress shop/a"]


def test_a_port_that_turned_secure_is_not_served_without_the_guard() -> None:
    """What was good on HTTP had none: on the HTTPS listener of an older member it is refused."""
    was = member("b", alb=COGNITO, rules=[rule("b.example", path("/"))])
    good = translated(was).good
    secure = BOTH | {"listen-ports": '[{"HTTPS": 80}]'}
    older = member("a", alb=secure, age_minutes=5)
    known = {**translated(older).good, **good}
    made = translated(older, was, remembered=known)
    assert [str(problem.origin) for problem in made.problems] == ["Ingress shop/b"]
    assert on(80, made.intent).protocol == "HTTPS"
    assert [action for action in actions(made.intent)[:-1] if action == REFUSAL] == [REFUSAL]


@pytest.mark.parametrize("suffix", ["inbound-cidrs", "security-group-prefix-lists"])
@pytest.mark.parametrize("raw", ["", " , "])
def test_a_list_of_sources_that_names_nobody_does_not_let_all_in(suffix: str, raw: str) -> None:
    """LBC takes it for no list, which is everybody."""
    made = translated(ingress(alb={suffix: raw}), key=WEB)
    assert made.intent.is_empty
    (problem,) = made.problems
    assert str(problem) == (
        f"{PREFIX}{suffix}: {raw!r} names nobody: it must have an entry, and without the key all "
        "may connect"
    )


def notes(made: Ingress) -> tuple[str, ...]:
    """The warnings of an Ingress at admission, where nothing of it is refused."""
    response = validate_ingress(
        made, None, cluster(ingress_class(), service()), settings(strict_admission=True)
    )
    assert response.is_allowed
    return response.warnings


def test_admission_reports_of_plain_http_and_of_what_has_no_effect() -> None:
    """Of the Ingress alone, as its group may redirect: never refused."""
    assert notes(ingress(alb=COGNITO)) == (SENTENCE,)
    assert notes(ingress(alb=COGNITO | BOTH | {"ssl-redirect": "443"})) == ()
    (note,) = notes(ingress(alb={"ssl-policy": "p"}))
    assert note.startswith(f"{PREFIX}ssl-policy has no effect without an HTTPS listener: ")
