"""Rules become routes: their order, their matches, and what happens without a match (spec 4)."""

from __future__ import annotations

import pytest

from alb_controller.intent import (
    Exact,
    ForwardIntent,
    HostMatch,
    Match,
    Origin,
    PathMatch,
    PathText,
    Pattern,
    Prefix,
)
from alb_controller.model.actions import FixedResponseAction
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.networking import HttpIngressPath, IngressBackend, IngressRule
from alb_controller.values import ObjectRef
from tests.factories import path, rule, service, to
from tests.unit.frontends.ingress.translation import (
    alone,
    listeners,
    only_listener,
    paths,
    refused,
)

REF = ObjectRef("Ingress", "shop", "web", "uid-web")


def matches(host: str, of: HttpIngressPath) -> tuple[Match, ...]:
    """What a rule with one path takes."""
    (route,) = only_listener(alone(rules=[rule(host, of)])).routes
    return route.matches


def test_exact_paths_come_first_then_prefixes_by_length_then_the_rest() -> None:
    """Within one rule; equals keep the manifest's order, and length counts in bytes (spec 4.1)."""
    of = rule(
        "",
        path("/any", "ImplementationSpecific"),
        path("/a", "Prefix"),
        path("/z", "Exact"),
        path("/ab", "Prefix"),
        path("/é", "Prefix"),
        path("/none", None),
        path("/y", "Exact"),
    )
    assert paths(alone(rules=[of])) == ["/z", "/y", "/ab", "/é", "/a", "/any", "/none"]


def test_rules_are_never_reordered() -> None:
    """Not by host, not by how much they match; an entry without paths gives nothing."""
    rules = [
        rule("", path("/", "Prefix")),
        rule("empty"),
        rule("exact.example.com", path("/x", "Exact")),
    ]
    assert paths(alone(rules=rules)) == ["/*", "/x"]


@pytest.mark.parametrize(
    "text,type_,made",
    [
        ("/a", "Exact", Exact("/a")),
        ("/a/", "Exact", Exact("/a/")),
        ("/", "Exact", Exact("/")),
        ("/", "Prefix", Prefix("/")),
        ("/a", "Prefix", Prefix("/a")),
        ("/a//", "Prefix", Prefix("/a//")),
        ("/a*", "ImplementationSpecific", Pattern("/a*")),
        ("/", "ImplementationSpecific", Exact("/")),
        ("/a?", None, Pattern("/a?")),
    ],
)
def test_a_path_is_taken_by_its_type(text: str, type_: str | None, made: PathText) -> None:
    """Spec 4.2: wildcards are for the third type."""
    assert matches("", path(text, type_)) == (PathMatch((made,)),)


@pytest.mark.parametrize("type_", ["Exact", "Prefix"])
@pytest.mark.parametrize("text", ["/a*", "/?"])
def test_wildcards_in_exact_and_prefix_paths_are_refused(type_: str, text: str) -> None:
    """The field, the path and the type are named."""
    assert refused(rules=[rule("", path("/fine"), path(text, type_))]) == [
        f"spec.rules[0].http.paths[1].path: {text!r} of pathType {type_} cannot contain '*' or '?'"
    ]


def test_a_host_comes_before_the_path() -> None:
    """Wildcard hosts are passed on; a rule needs only one of the two."""
    assert matches("*.example.com", path("/a", "Exact")) == (
        HostMatch((Pattern("*.example.com"),)),
        PathMatch((Exact("/a"),)),
    )
    assert matches("h", path("", "ImplementationSpecific")) == (HostMatch((Exact("h"),)),)


@pytest.mark.parametrize("type_", ["Prefix", "Exact", None])
def test_without_host_and_path_everything_matches(type_: str | None) -> None:
    """AWS wants at least one condition."""
    assert matches("", path("", type_)) == (PathMatch((Prefix("/"),)),)


def test_a_route_knows_where_it_comes_from() -> None:
    """Object and field, by the manifest's places, and the tags of its Ingress."""
    rules = [rule("a", path("/p"), path("/e", "Exact"))]
    routes = only_listener(alone(rules=rules, alb={"tags": "team=a"})).routes
    assert [r.origin for r in routes] == [
        Origin(REF, f"spec.rules[0].http.paths[{at}]") for at in (1, 0)
    ]
    assert [r.tags for r in routes] == [{"team": "a"}] * 2


def test_without_a_default_backend_the_answer_is_404() -> None:
    """Plain text, no body (spec 3.5)."""
    made = only_listener(alone()).default
    assert made.action == FixedResponseAction("404", "text/plain", None)


def test_the_default_backend_is_resolved_like_any_other() -> None:
    """A Service, the fallback of a missing one, or a problem with its own field."""
    made = only_listener(alone(default_backend=to("app", "http"), rules=[]))
    assert made.default.action == ForwardIntent.to_backend("shop/web-app:http")
    missing = only_listener(alone(default_backend=to("absent"), rules=[]))
    assert missing.default.action == FixedResponseAction(
        "503", "text/plain", "Backend service does not exist"
    )
    (problem,) = refused(default_backend=IngressBackend(), rules=[])
    assert problem == "spec.defaultBackend: names no service: resource backends are not supported"


def test_transforms_of_a_default_backend_are_read_all_the_same() -> None:
    """A malformed one is reported (spec 3.5); a good one has no effect."""
    key = "transforms.app"
    (problem,) = refused(default_backend=to("app"), rules=[], alb={key: "{"})
    assert problem.startswith(PREFIX + key)
    plain = alone(default_backend=to("app"), rules=[])
    assert alone(default_backend=to("app"), rules=[], alb={key: "[]"}) == plain


def test_conditions_of_a_default_backend_alone_stop_the_ingress() -> None:
    """A listener's default action has none, so that everybody would be let in (ADR 28)."""
    source = '[{"field": "source-ip", "sourceIpConfig": {"values": ["10.0.0.0/8"]}}]'
    (problem,) = refused(default_backend=to("app"), rules=[], alb={"conditions.app": source})
    assert problem == (
        f"{PREFIX}conditions.app: restricts nothing, as no path of spec.rules has a backend 'app': "
        "allowed are none"
    )


def test_each_listener_has_all_routes_of_the_ingress() -> None:
    """Every port in ascending order."""
    intent = alone(alb={"listen-ports": '[{"HTTP": 8080}, {"HTTP": 80}]'})
    assert [listener.port for listener in listeners(intent)] == [80, 8080]
    assert paths(intent, 80) == paths(intent, 8080) == ["/*"]


def test_every_bad_path_is_reported() -> None:
    """One problem for each, good ones aside."""
    rules: list[IngressRule] = [
        rule("", path("/*", "Exact"), path("/ok")),
        rule("h", path("/b", backend=to("app", 81))),
    ]
    problems = refused(service(), rules=rules)
    assert [p.partition(":")[0] for p in problems] == [
        "spec.rules[0].http.paths[0].path",
        "spec.rules[1].http.paths[0].backend",
    ]
