"""Random rules and random requests: what `route`'s evaluator says, and what the data plane does.

Both are made from the same document, and neither knows the other: the evaluator reads the rules,
the data plane is a program of Envoy's that was compiled from them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alb_controller.routing.evaluate import LoadBalancerOf
from alb_controller.routing.outcome import Outcome
from alb_controller.routing.request import Request
from alb_controller.state.document import read_document
from tests.dataplane.serving import Answer, Plane, fixed, forward, group, rule, serve

Json = dict[str, Any]
_HOSTS = ("a.example", "b.example", "A.Example", "x.a.example", "b.example:8080", "a.example:80")
_HOST_PATTERNS = ("a.example", "*.example", "?.example", "B.EXAMPLE", "*a*", "x.*.example")
_HOST_EXPRESSIONS = (r"^a\.", r"example$", r"^[ab]\.ex", r":8080$")
_SEGMENTS = ("a", "b", "A", "a.b", "%20", "a*b", "", "c+d", ";v=1")
_PATHS = ("/a/*", "/*", "/a", "*/b", "/?", "/a*b*", "/A/*", "/a.b", "/%20/?", "*.b")
_PATH_EXPRESSIONS = (r"^/a/", r"b$", r"^/[^/]+$", r"/(a|b)/", r"\.")
_KEYS, _VALUES = ("k", "K", "key", "q", ""), ("1", "v", "V1", "", "a*b", "x=y", "?")
_PAIRS = ("1", "v*", "?1", "*", r"a\*b", "x=y", r"\?", "")
_HEADERS = ("X-A", "X-B", "User-Agent")
_HEADER_VALUES = ("gold", "Gold bar", "tin", "1", "a, b", "")
_HEADER_PATTERNS = ("gold*", "?in", "1", "*bar", "a, b", "*")
_METHODS = ("GET", "POST", "DELETE", "PURGE", "GET", "GET")
_SOURCES = ("127.0.0.1", "10.1.2.3", "10.1.3.4", "2001:db8::7", "192.0.2.255")
_BLOCKS = ("10.1.2.0/24", "10.0.0.0/8", "2001:db8::/32", "127.0.0.0/8", "::/0", "192.0.2.255/32")
_PARTS = (None, "x.#{host}", "y.example", "#{host}")
_REWRITES = ((r"^/a/(.*)$", "/n/$1"), (r"b", "B"), (r"^(/[^/]*)/([^/?]*)", "$2$1?r=1"))
_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "routing.http.preserve_host_header.enabled": ("true", "false"),
    "routing.http.xff_header_processing.mode": ("append", "preserve", "remove"),
    "routing.http.drop_invalid_header_fields.enabled": ("true", "false"),
}
_STATES = ("healthy", "healthy", "unhealthy", "draining", "initial")


@dataclass(frozen=True)
class _Chance:
    """The same fraction each time."""

    share: float
    seconds: int = 0

    def fraction(self) -> float:
        return self.share

    def digits(self, count: int) -> str:
        return "0" * count


def disagreements(seed: int, folder: Path, *, documents: int, requests: int) -> list[str]:
    """What the two say differently; each is a line with all that is needed to see it again."""
    folder.mkdir(exist_ok=True)
    found = []
    for number in range(documents):
        dice = random.Random(f"{seed}/{number}")
        document = _document(dice)
        state = read_document(document)
        (balancer,) = state.observed.load_balancers
        evaluator = LoadBalancerOf(balancer, state)
        names = {one.identity: one.resource.name for one in state.observed.target_groups}
        with serve(document, folder) as plane:
            for count in range(requests):
                request = _request(dice)
                problem = _difference(evaluator, names, request, _ask(plane, request))
                if problem:
                    found.append(f"seed {seed}, document {number}, request {count}: {problem}")
    return found


def _difference(
    evaluator: LoadBalancerOf, names: Mapping[str, str], request: Request, answer: Answer
) -> str:
    outcomes = [evaluator.evaluate(request, _Chance(share / 8)) for share in range(8)]
    wanted = [_expected(one, names) for one in outcomes]
    got = _seen(answer, wanted[0])
    return "" if got in wanted else f"{request}: evaluator {wanted[0]}, data plane {got}"


def _expected(outcome: Outcome, names: Mapping[str, str]) -> Json:
    if outcome.action == "forward" and outcome.status is None:
        seen = {name.lower(): value for name, value in outcome.headers_seen or ()}
        return {
            "group": names[outcome.target_group or ""],
            "path": outcome.path_seen,
            "host": outcome.host_seen,
            **{name: seen.get(name) for name in _COMPARED},
        }
    return {"status": outcome.status, "location": outcome.location, "body": outcome.body or ""}


_COMPARED = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-port", "x_odd", "x-a")


def _seen(answer: Answer, wanted: Json) -> Json:
    if answer.seen:
        joined: dict[str, str] = {}
        for name, value in answer.seen["headers"]:
            joined[name.lower()] = value
        return {
            "group": answer.seen["pod"].partition("/")[0],
            "path": answer.seen["path"],
            "host": answer.seen["host"],
            **{name: joined.get(name) for name in _COMPARED},
        }
    body = answer.body if wanted.get("body") else ""
    return {"status": answer.status, "location": answer.headers.get("location"), "body": body}


def _ask(plane: Plane, request: Request) -> Answer:
    headers = [*request.headers, (plane.places["source_header"], request.source)]
    return plane.ask(request.target, port=request.listener, method=request.method, headers=headers)


# ---------------------------------------------------------------- chance


def _request(dice: random.Random) -> Request:
    headers = [("Host", dice.choice(_HOSTS))]
    headers += [
        (dice.choice(_HEADERS[:2]), dice.choice(_HEADER_VALUES)) for _ in range(dice.randrange(3))
    ]
    if dice.random() < 0.2:
        headers.append(("X-Forwarded-For", "198.51.100.1"))
    if dice.random() < 0.2:
        headers.append(("X_Odd", "1"))
    return Request(
        listener=dice.choice((80, 80, 8080)),
        method=dice.choice(_METHODS),
        target=_target(dice),
        headers=tuple(headers),
        source=dice.choice(_SOURCES),
    )


def _target(dice: random.Random) -> str:
    path = "/" + "/".join(dice.choice(_SEGMENTS) for _ in range(dice.randrange(1, 4)))
    if dice.random() < 0.5:
        return path
    pairs = []
    for _ in range(dice.randrange(3)):
        key, value = dice.choice(_KEYS), dice.choice(_VALUES)
        pairs.append(f"{key}={value}" if dice.random() < 0.8 else key)
    return f"{path}?{'&'.join(pairs)}"


def _document(dice: random.Random) -> Json:
    attributes = {name: dice.choice(values) for name, values in _ATTRIBUTES.items()}
    priorities = dice.sample(range(1, 100), 12)
    groups = {
        name: group(*_targets(dice, number)) for number, name in enumerate(("a", "b", "c"), start=1)
    }
    groups["two"] = group("10.0.9.1", ProtocolVersion="HTTP2")
    return {
        "dns_name": "lb.example",
        "attributes": attributes,
        "listeners": [
            {
                "Port": port,
                "Protocol": "HTTP",
                "DefaultActions": [fixed(404, "no rule")],
                "Rules": [_rule(dice, one) for one in priorities],
            }
            for port in (80, 8080)
        ],
        "target_groups": groups,
    }


def _targets(dice: random.Random, number: int) -> Iterator[str]:
    for host in range(dice.randrange(4)):
        yield f"10.0.{number}.{host}={dice.choice(_STATES)}"


def _rule(dice: random.Random, priority: int) -> Json:
    conditions = [dice.choice(_CONDITIONS)(dice) for _ in range(dice.randrange(1, 3))]
    kind = dice.random()
    if kind < 0.15:
        return rule(priority, fixed(200 + dice.randrange(2), f"rule {priority}"), *conditions)
    if kind < 0.35:
        return rule(priority, _redirect(dice), *conditions)
    rest: Json = {}
    if dice.random() < 0.3:
        regex, replace = dice.choice(_REWRITES)
        config = {"Rewrites": [{"Regex": regex, "Replace": replace}]}
        rest = {"Transforms": [{"Type": "url-rewrite", "UrlRewriteConfig": config}]}
    weighted = forward(a=dice.randrange(3), b=dice.randrange(3))
    to = dice.choice((forward("a"), forward("b"), forward("c"), forward("two"), weighted))
    return rule(priority, to, *conditions, **rest)


def _redirect(dice: random.Random) -> Json:
    config: Json = {"StatusCode": dice.choice(("HTTP_301", "HTTP_302")), "Protocol": "HTTPS"}
    host, path = dice.choice(_PARTS), dice.choice((None, "/#{path}", "/n/#{path}", "/#{port}/x"))
    query = dice.choice((None, "#{query}", "a=#{path}&#{query}", ""))
    config |= {"Host": host} if host else {}
    config |= {"Path": path} if path else {}
    config |= {} if query is None else {"Query": query}
    return {"Type": "redirect", "RedirectConfig": config}


def _host(dice: random.Random) -> Json:
    if dice.random() < 0.3:
        config = {"RegexValues": [dice.choice(_HOST_EXPRESSIONS)]}
    else:
        config = {"Values": dice.sample(_HOST_PATTERNS, 2)}
    return {"Field": "host-header", "HostHeaderConfig": config}


def _path(dice: random.Random) -> Json:
    if dice.random() < 0.3:
        config = {"RegexValues": [dice.choice(_PATH_EXPRESSIONS)]}
    else:
        config = {"Values": dice.sample(_PATHS, dice.randrange(1, 3))}
    return {"Field": "path-pattern", "PathPatternConfig": config}


def _query(dice: random.Random) -> Json:
    pair = {"Value": dice.choice(_PAIRS[:-1])}
    if dice.random() < 0.6:
        pair["Key"] = dice.choice(("k", "K*", "?", "*"))
    return {"Field": "query-string", "QueryStringConfig": {"Values": [pair]}}


def _header(dice: random.Random) -> Json:
    config = {
        "HttpHeaderName": dice.choice(_HEADERS[:2]).lower(),
        "Values": [dice.choice(_HEADER_PATTERNS)],
    }
    return {"Field": "http-header", "HttpHeaderConfig": config}


def _method(dice: random.Random) -> Json:
    config = {"Values": dice.sample(("GET", "POST", "PURGE"), 2)}
    return {"Field": "http-request-method", "HttpRequestMethodConfig": config}


def _source(dice: random.Random) -> Json:
    return {"Field": "source-ip", "SourceIpConfig": {"Values": dice.sample(_BLOCKS, 2)}}


_CONDITIONS = (_host, _path, _path, _query, _header, _method, _source)
