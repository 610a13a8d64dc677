"""Matches and transforms from annotations (spec 1.3, 4.2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alb_controller.intent import (
    Exact,
    HeaderMatch,
    HostMatch,
    Match,
    MethodMatch,
    PathMatch,
    Pattern,
    Prefix,
    QueryMatch,
    QueryParam,
    Regex,
    RouteIntent,
    SourceMatch,
)
from alb_controller.model.actions import Rewrite, Transform
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.networking import HttpIngressPath
from tests.factories import path, rule
from tests.unit.frontends.ingress.translation import alone, only_listener, refused

ANY = path("", "ImplementationSpecific")
EXACT = path("/a", "Exact")
REWRITES = {"rewrites": [{"regex": "^/a", "replace": "/b"}, {"regex": "x", "replace": ""}]}


def route(alb: dict[str, str], of: HttpIngressPath = ANY, host: str = "") -> RouteIntent:
    """The one route, to Service app."""
    (made,) = only_listener(alone(rules=[rule(host, of)], alb=alb)).routes
    return made


def matches(*configs: Any, of: HttpIngressPath = ANY, host: str = "") -> tuple[Match, ...]:
    """The matches of a route to Service app with an annotation."""
    return route({"conditions.app": json.dumps(configs)}, of, host).matches


def hosts(*names: str) -> HostMatch:
    """Of names without wildcards."""
    return HostMatch(tuple(map(Exact, names)))


def paths(*texts: str) -> PathMatch:
    """Of paths without wildcards."""
    return PathMatch(tuple(map(Exact, texts)))


def config(field: str, name: str, **content: Any) -> dict[str, Any]:
    """One condition."""
    return {"field": field, name: content}


HOSTS = config("host-header", "hostHeaderConfig", values=["b", "c"])
PATHS = config("path-pattern", "pathPatternConfig", values=["/b", "/c"])
HOST_REGEX = config("host-header", "hostHeaderConfig", regexValues=["^b"])
PATH_REGEX = config("path-pattern", "pathPatternConfig", regexValues=["^/b"])


@pytest.mark.parametrize(
    "of,made",
    [
        (
            config("http-header", "httpHeaderConfig", httpHeaderName="X", values=["a", "b"]),
            HeaderMatch("X", (Exact("a"), Exact("b"))),
        ),
        (
            config("http-header", "httpHeaderConfig", httpHeaderName="X", regexValues=["^a"]),
            HeaderMatch("X", (Regex("^a"),)),
        ),
        (
            config("http-request-method", "httpRequestMethodConfig", Values=["GET", "HEAD"]),
            MethodMatch(("GET", "HEAD")),
        ),
        (
            config(
                "query-string",
                "queryStringConfig",
                values=[{"key": "k", "value": "v"}, {"value": "w*"}, {"key": "", "value": "x"}],
            ),
            QueryMatch(
                (QueryParam(Exact("v"), "k"), QueryParam(Pattern("w*")), QueryParam(Exact("x")))
            ),
        ),
        (
            config("source-ip", "sourceIpConfig", values=["10.0.0.0/8"]),
            SourceMatch(("10.0.0.0/8",)),
        ),
        (HOSTS, hosts("b", "c")),
        (config("host-header", "hostHeaderConfig", values=["*.b"]), HostMatch((Pattern("*.b"),))),
        (HOST_REGEX, HostMatch((Regex("^b"),))),
        (PATHS, paths("/b", "/c")),
        (PATH_REGEX, PathMatch((Regex("^/b"),))),
    ],
)
def test_each_field_has_its_match(of: Any, made: Match) -> None:
    """Keys match in any case."""
    assert matches(of) == (made,)


def test_values_join_those_of_the_rule() -> None:
    """The rule's own first, then the annotation's in their order."""
    assert matches(HOSTS, PATHS, HOSTS, of=EXACT, host="a") == (
        hosts("a", "b", "c", "b", "c"),
        paths("/a", "/b", "/c"),
    )


def test_other_matches_come_first_in_their_order() -> None:
    """Then host, then path."""
    method = config("http-request-method", "httpRequestMethodConfig", values=["GET"])
    source = config("source-ip", "sourceIPConfig", values=["10.0.0.0/8"])
    assert matches(source, PATHS, method, source, host="a") == (
        SourceMatch(("10.0.0.0/8",)),
        MethodMatch(("GET",)),
        SourceMatch(("10.0.0.0/8",)),
        hosts("a"),
        paths("/b", "/c"),
    )


FIELDS = (
    "must be one of host-header, path-pattern, http-header, http-request-method, query-string, "
    "source-ip"
)
OFFICE = {"values": ["10.0.0.0/8"]}


@pytest.mark.parametrize(
    "of,problem",
    [
        (
            config("sourceIp", "sourceIpConfig", **OFFICE),
            f"field 'sourceIp' {FIELDS}",
        ),
        (
            config("Source-IP", "sourceIpConfig", **OFFICE),
            f"field 'Source-IP' {FIELDS}",
        ),
        ({"sourceIpConfig": OFFICE}, f"field '' {FIELDS}"),
        (None, f"field '' {FIELDS}"),
        (
            {**HOSTS, "sourceIpConfig": OFFICE},
            "field 'host-header' has sourceIpConfig: allowed is hostHeaderConfig",
        ),
        (
            config("source-ip", "sourceIpConfig", values=["10.0.0.0/8", "office"]),
            "field 'source-ip': 'office' is not a CIDR such as 10.0.0.0/8 or 2001:db8::/32",
        ),
        (
            config("http-header", "httpHeaderConfig", values=["a"]),
            "field 'http-header' needs httpHeaderName",
        ),
    ],
)
def test_a_condition_that_is_not_understood_stops_the_ingress(of: Any, problem: str) -> None:
    """LBC serves the rule without it, open to everybody (ADR 28)."""
    assert refused(rules=[rule("a", EXACT)], alb={"conditions.app": json.dumps([of])}) == [
        f"{PREFIX}conditions.app: {problem}"
    ]


@pytest.mark.parametrize(
    "of,problem",
    [
        (
            {**config("source-ip", "sourceIpConfig", **OFFICE), "sourceIps": ["10.0.0.0/8"]},
            "has the unknown key [0].sourceIps: allowed are field, hostHeaderConfig, ",
        ),
        (
            config("source-ip", "sourceIpConfig", values=["10.0.0.0/8"], regexValues=["x"]),
            "has the unknown key [0].sourceIpConfig.regexValues: allowed are values",
        ),
    ],
)
def test_an_unknown_key_of_a_condition_stops_the_ingress(of: Any, problem: str) -> None:
    """It may be what was to restrict access."""
    (found,) = refused(alb={"conditions.app": json.dumps([of])})
    assert found.startswith(f"{PREFIX}conditions.app: ")
    assert problem in found


@pytest.mark.parametrize(
    "of,host,term,extra", [(ANY, "a", "host", HOST_REGEX), (EXACT, "", "path", PATH_REGEX)]
)
def test_values_and_regular_expressions_do_not_mix(
    of: HttpIngressPath, host: str, term: str, extra: Any
) -> None:
    """The path of the rule is named."""
    alb = {"conditions.app": json.dumps([extra])}
    (problem,) = refused(rules=[rule(host, of)], alb=alb)
    assert problem == (
        f"spec.rules[0].http.paths[0]: {term} condition must specify either values or regular "
        "expressions"
    )


@pytest.mark.parametrize(
    "of,problem",
    [
        ({"field": "host-header"}, "field 'host-header' needs hostHeaderConfig, which is missing"),
        (
            config("host-header", "hostHeaderConfig"),
            "field 'host-header' needs either values or regexValues",
        ),
        (
            config("path-pattern", "pathPatternConfig", values=["/"], regexValues=["^"]),
            "field 'path-pattern' needs either values or regexValues",
        ),
        (
            config("http-request-method", "httpRequestMethodConfig", values=[]),
            "field 'http-request-method' needs values",
        ),
        (config("source-ip", "sourceIPConfig"), "field 'source-ip' needs values"),
        (
            config("query-string", "queryStringConfig", values=[{"key": "k"}]),
            "field 'query-string' needs a value in each pair",
        ),
    ],
)
def test_what_a_condition_lacks_is_reported(of: Any, problem: str) -> None:
    """With the annotation's key, once for the Ingress."""
    rules = [rule("", path("/a"), path("/b"))]
    assert refused(rules=rules, alb={"conditions.app": json.dumps([of])}) == [
        f"{PREFIX}conditions.app: {problem}"
    ]


def test_conditions_are_by_the_name_of_the_service() -> None:
    """Those of a name that no path has stop the Ingress: what they were for would be open."""
    (unnamed,) = refused(alb={"conditions.blog": json.dumps([HOSTS])})
    assert unnamed == (
        f"{PREFIX}conditions.blog: restricts nothing, as no path of spec.rules has a backend "
        "'blog': allowed are app"
    )
    (problem,) = refused(alb={"conditions.app": "{}"})
    assert problem.startswith(f"{PREFIX}conditions.app: '{{}}' must be a list of conditions: ")


@pytest.mark.parametrize(
    "type_,made",
    [
        ("ImplementationSpecific", PathMatch((Regex("v[0-9]+"),))),
        (None, PathMatch((Regex("v[0-9]+"),))),
        ("Prefix", PathMatch((Prefix("/v[0-9]+"),))),
    ],
)
def test_paths_may_be_regular_expressions(type_: str | None, made: Match) -> None:
    """use-regex-path-match, for the third path type, less the slash at the front (spec 4.2)."""
    alb = {"use-regex-path-match": "true"}
    assert route(alb, path("/v[0-9]+", type_)).matches == (made,)
    off = route({"use-regex-path-match": "false"}, path("/v*", "ImplementationSpecific"))
    assert off.matches == (PathMatch((Pattern("/v*"),)),)


def test_transforms_rewrite_what_goes_to_a_service() -> None:
    """In the order given."""
    of = [
        {"type": "url-rewrite", "urlRewriteConfig": REWRITES},
        {"type": "host-header-rewrite", "hostHeaderRewriteConfig": REWRITES},
    ]
    rewrites = (Rewrite("^/a", "/b"), Rewrite("x", ""))
    assert route({"transforms.app": json.dumps(of)}).transforms == (
        Transform("url-rewrite", rewrites),
        Transform("host-header-rewrite", rewrites),
    )
    assert route({"transforms.blog": "bad"}).transforms == ()


@pytest.mark.parametrize(
    "of,problem",
    [
        ({"type": "x"}, "type 'x' must be one of url-rewrite, host-header-rewrite"),
        ({"type": "url-rewrite"}, "type 'url-rewrite' needs rewrites"),
        (
            {"type": "host-header-rewrite", "hostHeaderRewriteConfig": {"rewrites": []}},
            "type 'host-header-rewrite' needs rewrites",
        ),
    ],
)
def test_what_a_transform_lacks_is_reported(of: Any, problem: str) -> None:
    """With the annotation's key."""
    assert refused(alb={"transforms.app": json.dumps([of])}) == [
        f"{PREFIX}transforms.app: {problem}"
    ]
