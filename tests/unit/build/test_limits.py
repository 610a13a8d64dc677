"""Who is named where what is asked for is beyond AWS's documented limits."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.build.elbv2.limits import out_of_limits
from alb_controller.intent import (
    BackendIntent,
    DefaultIntent,
    ForwardIntent,
    ForwardTarget,
    RouteIntent,
    StackIntent,
)
from alb_controller.model.actions import AuthenticateOidcAction, RedirectAction, Session
from alb_controller.model.origins import WHOLE
from alb_controller.values import ObjectRef, Origin
from tests.unit.build.intents import (
    CHECK,
    KEY,
    WEB,
    backend,
    balancer,
    listener,
    origin,
    route,
    stack_intent,
)

APP, OTHER = ObjectRef("Service", "shop", "app"), ObjectRef("Ingress", "shop", "other")
EVERYBODY = (Origin(WEB), Origin(OTHER))


def problems(intent: StackIntent) -> list[str]:
    """Whose problem it is, and what."""
    asked = msgspec.structs.replace(intent, asked_by=EVERYBODY)
    return [f"{one.origin.name} {one}" for one in out_of_limits(asked)]


def of_backend(asked_by: Any, **fields: Any) -> list[str]:
    """Of a stack of one backend with these fields."""
    made = backend(asked_by={WHOLE: (Origin(WEB),), **asked_by}, **fields)
    return problems(StackIntent(key=KEY, backends=(made,)))


def checked(**fields: Any) -> Any:
    """A health check with these fields."""
    return msgspec.structs.replace(CHECK, **fields)


def test_a_stack_within_the_limits_has_no_problem() -> None:
    """Nor one that asks for nothing."""
    assert problems(stack_intent()) == problems(StackIntent(key=KEY)) == []


def test_a_services_annotation_stops_the_member_that_uses_it() -> None:
    """Its Warning names the Service, which is what a user has to change."""
    asked = {"health_check.path": (Origin(APP, "healthcheck-path"), Origin(WEB))}
    (problem,) = of_backend(asked, health_check=checked(path="up"))
    assert problem.startswith("web Service shop/app: healthcheck-path: 'up' must begin with /")


def test_a_services_annotation_stops_who_asks_for_the_backend() -> None:
    """Where it alone is named."""
    asked = {"tags.a": (Origin(APP, "tags"),)}
    (problem,) = of_backend(asked, tags={"a": "#"})
    assert problem.startswith("web Service shop/app: tags: value of a '#' must be of letters")


def test_everybody_who_asks_for_a_value_is_named() -> None:
    """Two members that agree on a bad tag are both stopped."""
    asked = {"tags.a": (Origin(WEB, "tags"), Origin(OTHER, "tags"))}
    made = balancer(tags={"a": "#"}, asked_by=asked)
    found = problems(StackIntent(key=KEY, balancers=(made,)))
    assert [one.split(" value")[0] for one in found] == ["web tags:", "other tags:"]


def test_what_no_member_asks_for_is_awss_to_refuse() -> None:
    """A tag of a flag, or an attribute that is in no table yet: nobody is blamed for it."""
    made = balancer(tags={"a": "#"}, attributes={"of.tomorrow": "1"}, asked_by={})
    assert problems(StackIntent(key=KEY, balancers=(made,))) == []
    asked = {"attributes.of.tomorrow": EVERYBODY}
    made = balancer(attributes={"of.tomorrow": "1"}, asked_by=asked)
    assert problems(StackIntent(key=KEY, balancers=(made,))) == []


def test_a_member_hears_of_one_problem() -> None:
    """The first: a Warning for each of several would be noise."""
    asked = {
        "health_check.path": (Origin(WEB, "healthcheck-path"),),
        "health_check.port": (Origin(WEB, "healthcheck-port"),),
    }
    (problem,) = of_backend(asked, health_check=checked(path="up", port="70000"))
    assert problem == (
        "web healthcheck-port: '70000' must be 1 to 65535 or traffic-port (AWS, CreateTargetGroup)"
    )


@pytest.mark.parametrize(
    "fields, is_taken",
    [
        ({"interval_seconds": 5, "timeout_seconds": 5}, True),
        ({"interval_seconds": 5, "timeout_seconds": 6}, False),
        ({"matcher": None, "path": None}, True),
        ({"matcher": "599"}, True),
        ({"matcher": "200-300-400"}, False),
    ],
)
def test_checks_of_network_load_balancers_have_limits_of_their_own(
    fields: dict[str, Any], *, is_taken: bool
) -> None:
    """Their timeout may be as long as the interval, and codes go to 599."""
    asked = {f"health_check.{name}": (Origin(WEB, "check"),) for name in fields}
    found = of_backend(asked, protocol="TCP", protocol_version=None, health_check=checked(**fields))
    assert (found == []) is is_taken


def guarded(**fields: Any) -> AuthenticateOidcAction:
    """A login with these fields."""
    session = Session(
        on_unauthenticated_request="deny", scope="openid", cookie="c", timeout_seconds=1
    )
    url = "https://idp.example/x"
    given = {
        "issuer": url,
        "authorization_endpoint": url,
        "token_endpoint": url,
        "user_info_endpoint": url,
        "client_id": "id",
        "session": session,
        **fields,
    }
    return AuthenticateOidcAction(**given)


def of_route(made: RouteIntent) -> list[str]:
    """Of a stack with one rule."""
    front = balancer(listeners=(listener(443, protocol="HTTPS", routes=(made,)),))
    return problems(StackIntent(key=KEY, balancers=(front,)))


@pytest.mark.parametrize(
    "field", ["issuer", "authorization_endpoint", "token_endpoint", "user_info_endpoint"]
)
def test_the_endpoints_of_a_login_are_https_urls(field: str) -> None:
    """The annotation that has them is named."""
    asked = {"action": (origin("auth-idp-oidc"),)}
    assert of_route(route("/a", guard=guarded(), asked_by=asked)) == []
    guard = guarded(**{field: "http://idp.example/x"})
    (problem,) = of_route(route("/a", guard=guard, asked_by=asked))
    assert "auth-idp-oidc: " in problem
    assert "must be an https:// URL (AWS, AuthenticateOidcActionConfig)" in problem


def test_a_rule_without_annotations_names_its_path() -> None:
    """The path asks for all of it."""
    place = Origin(WEB, "spec.rules[0].http.paths[0]")
    (problem,) = of_route(route("/" + 128 * "a", origin=place))
    assert problem.startswith("web spec.rules[0].http.paths[0]: path '/aaa")
    assert problem.endswith("(129 characters) must have 1 to 128 characters (AWS, RuleCondition)")


def test_an_object_without_fields_is_named_alone() -> None:
    """A front end need not say where in an object something is."""
    (problem,) = of_route(route("/a b"))
    assert problem.startswith("web path '/a b' must be of letters, digits")


def test_a_default_action_is_looked_at_as_those_of_rules() -> None:
    """Its guard too; one that forwards has weights."""
    default = DefaultIntent(
        action=ForwardIntent((ForwardTarget("arn", "a", 1000), ForwardTarget("arn", "b", 1))),
        guard=guarded(issuer="idp"),
    )
    asked = {"default": (Origin(WEB, "spec.defaultBackend"),)}
    front = balancer(listeners=(listener(default=default, asked_by=asked),))
    (problem,) = problems(StackIntent(key=KEY, balancers=(front,)))
    assert "spec.defaultBackend: weight '1000' must be 0 to 999" in problem
    default = DefaultIntent(action=RedirectAction("HTTP_302", query="q"), guard=None)
    front = balancer(listeners=(listener(default=default, asked_by=asked),))
    (problem,) = problems(StackIntent(key=KEY, balancers=(front,)))
    assert "redirects requests on port 80 (HTTP) to themselves" in problem


def test_a_backend_of_others_is_no_matter_of_ours() -> None:
    """A stack that names no object that asks for it has nobody to blame."""
    made: BackendIntent = backend(health_check=checked(port="0"))
    assert out_of_limits(StackIntent(key=KEY, backends=(made,))) == ()
