"""A value at each of AWS's limits and one past it, as a user writes it in an Ingress."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from alb_controller.model.limits import (
    ALB,
    LISTENER_ATTRIBUTES,
    LOAD_BALANCER_ATTRIBUTES,
    TARGET_GROUP_ATTRIBUTES,
    Choice,
    Number,
    Text,
)
from alb_controller.objects.networking import Ingress
from tests.factories import member, path, rule, to

HOST = "bad.example"
_POOL = "arn:aws:cognito-idp:us-west-2:123456789012:userpool/us-west-2_p"
_PAGE = "alb.ingress.kubernetes.io/"
_PATH = "spec.rules[0].http.paths[0]"


class Row(NamedTuple):
    """A limit: how a value of it is asked for, and what a Warning says of one past it."""

    name: str
    make: Callable[[Any], Ingress]
    taken: object
    refused: object
    field: str
    allowed: str


def asking(
    alb: dict[str, str] | None = None, *, host: str = HOST, at: str = "/bad", to_: str = "app"
) -> Ingress:
    """Member `bad` of the group, with one path."""
    backend = to(to_, 80 if to_ == "app" else "use-annotation")
    return member("bad", alb=alb or {}, rules=[rule(host, path(at, "Exact", backend))])


def _alb(key: str, taken: object, refused: object, allowed: str, **beside: str) -> Row:
    """An annotation by itself, or `beside` others."""
    others = {name.replace("_", "-"): value for name, value in beside.items()}

    def make(value: object) -> Ingress:
        return asking({**others, key: str(value)})

    return Row(f"{key} {str(refused)[:60]}", make, taken, refused, _PAGE + key, allowed)


def _json(
    key: str,
    document: Callable[[Any], object],
    taken: object,
    refused: object,
    allowed: str,
    **beside: str,
) -> Row:
    """A value in an annotation's JSON."""
    others = {name.replace("_", "-"): value for name, value in beside.items()}
    name = "act" if key == "actions.act" else "app"

    def make(value: object) -> Ingress:
        return asking({**others, key: json.dumps(document(value))}, to_=name)

    return Row(f"{key} {str(refused)[:30]}", make, taken, refused, _PAGE + key, allowed)


def _redirect(part: str, taken: str, refused: str, allowed: str) -> Row:
    fixed = {"host": "other.example", "statusCode": "HTTP_301"}

    def document(value: str) -> object:
        return {"type": "redirect", "redirectConfig": {**fixed, part: value}}

    return _json("actions.act", document, taken, refused, allowed)


def _answer(part: str, taken: str, refused: str, allowed: str) -> Row:
    fixed = {"statusCode": "200", "contentType": "text/plain"}

    def document(value: str) -> object:
        return {"type": "fixed-response", "fixedResponseConfig": {**fixed, part: value}}

    return _json("actions.act", document, taken, refused, allowed)


def _forward(
    document: Callable[[Any], object], taken: object, refused: object, allowed: str
) -> Row:
    return _json(
        "actions.act",
        lambda value: {"type": "forward", "forwardConfig": document(value)},
        taken,
        refused,
        allowed,
    )


def _groups(weight: int) -> list[dict[str, Any]]:
    app = {"serviceName": "app", "servicePort": 80}
    return [{**app, "weight": weight}, {**app, "serviceName": "api", "weight": 1}]


def _condition(field: str, config: str, taken: Any, refused: Any, allowed: str) -> Row:
    def document(value: Any) -> object:
        return [{"field": field, config: value}]

    return _json("conditions.app", document, taken, refused, allowed)


def _values(field: str, config: str, taken: str, refused: str, allowed: str) -> Row:
    return _condition(field, config, {"values": [taken]}, {"values": [refused]}, allowed)


_TLS = {"listen_ports": '[{"HTTPS": 443}]'}


_USERS = {"userPoolARN": _POOL, "userPoolClientID": "c", "userPoolDomain": "users"}


def _login(part: str, taken: str, refused: str, allowed: str) -> Row:
    return _json(
        "auth-idp-cognito",
        lambda value: {**_USERS, part: value},
        taken,
        refused,
        allowed,
        auth_type="cognito",
        **_TLS,
    )


def _token(part: str, taken: Any, refused: Any, allowed: str) -> Row:
    check = {"jwksEndpoint": "https://id.example/keys", "issuer": "https://id.example"}
    return _json(
        "jwt-validation", lambda value: {**check, part: value}, taken, refused, allowed, **_TLS
    )


def _claims(count: int = 1, name: str = "role", values: int = 1, size: int = 1) -> Any:
    claim = {"format": "string-array", "name": name, "values": values * [size * "v"]}
    return count * [claim]


def _attribute(key: str, attribute: str, taken: str, refused: str, allowed: str) -> Row:
    return _alb(key, f"{attribute}={taken}", f"{attribute}={refused}", allowed)


_BALANCER, _GROUP, _LISTENER = (
    "load-balancer-attributes",
    "target-group-attributes",
    "listener-attributes.HTTP-80",
)


def _tags(count: int) -> str:
    return ",".join(f"key-{number}=v" for number in range(count))


_HTTP_CODES = "200 to 499"
_EXPRESSION = {"regexValues": [128 * "a"]}

HEALTH = (
    _alb("healthcheck-interval-seconds", 300, 301, "5 to 300"),
    _alb("healthcheck-interval-seconds", 5, 4, "5 to 300", healthcheck_timeout_seconds="2"),
    _alb("healthcheck-timeout-seconds", 120, 121, "2 to 120", healthcheck_interval_seconds="300"),
    _alb("healthcheck-timeout-seconds", 2, 1, "2 to 120"),
    _alb("healthcheck-timeout-seconds", 14, 15, "less than the interval, which is 15"),
    _alb("healthy-threshold-count", 10, 11, "2 to 10"),
    _alb("unhealthy-threshold-count", 2, 1, "2 to 10"),
    _alb("healthcheck-path", "/" + 1023 * "a", "/" + 1024 * "a", "1 to 1024 characters"),
    _alb("healthcheck-path", "/a", "a", "begin with /"),
    _alb("healthcheck-path", "/", "", "1 to 1024 characters"),
    _alb("success-codes", "200-499", "200-500", _HTTP_CODES),
    _alb("success-codes", "200, 202", "200,199", _HTTP_CODES),
    _alb("success-codes", "200-200", "300-200", "a range such as 200-299"),
    _alb("success-codes", "200", "", _HTTP_CODES),
    _alb("backend-protocol-version", "HTTP2", "GRPC", "needs HTTPS listeners, and 80 is an HTTP"),
    _alb("success-codes", "0-99", "100", "0 to 99", backend_protocol_version="GRPC", **_TLS),
    _attribute(_GROUP, "deregistration_delay.timeout_seconds", "3600", "3601", "0 to 3600"),
    _attribute(_GROUP, "slow_start.duration_seconds", "30", "29", "30 to 900 or 0"),
    _attribute(_GROUP, "stickiness.type", "lb_cookie", "source_ip", "lb_cookie, app_cookie"),
    _attribute(_GROUP, "stickiness.lb_cookie.duration_seconds", "1", "0", "1 to 604800"),
)
_FRONT = {"enable_frontend_nlb": "true"}
FRONT = (
    _alb("frontend-nlb-healthcheck-interval-seconds", 300, 301, "5 to 300", **_FRONT),
    _alb("frontend-nlb-healthcheck-timeout-seconds", 15, 16, "at most the interval", **_FRONT),
    _alb("frontend-nlb-healthcheck-success-codes", 599, 600, "200 to 599", **_FRONT),
    _alb(
        "frontend-nlb-attributes",
        "load_balancing.cross_zone.enabled=true",
        "load_balancing.cross_zone.enabled=yes",
        "true, false",
        **_FRONT,
    ),
    _alb("frontend-nlb-tags", "a=b", "a=#", "letters, digits, spaces", **_FRONT),
)
BALANCER = (
    _alb("load-balancer-name", 32 * "a", "a_b", "letters, digits and hyphens"),
    _alb("load-balancer-name", "inside", "internal-a", "not begin with internal-"),
    _attribute(_BALANCER, "idle_timeout.timeout_seconds", "4000", "4001", "1 to 4000"),
    _attribute(_BALANCER, "routing.http2.enabled", "false", "no", "true, false"),
    _attribute(_BALANCER, "load_balancing.cross_zone.enabled", "true", "false", "must be true"),
    _alb(
        _BALANCER,
        "",
        "dns_record.client_routing_policy=any_availability_zone",
        "of network load balancers",
    ),
    _attribute(_LISTENER, "routing.http.response.server.enabled", "false", "off", "true, false"),
    _alb("tags", "k" * 128 + "=v", "k" * 129 + "=v", "1 to 128 characters"),
    _alb("tags", "k=" + 256 * "v", "k=" + 257 * "v", "at most 256 characters"),
    _alb("tags", _tags(47), _tags(48), "50 at most, of which 3 are the controller's"),
    _alb("tags", "team=a b/c@d", "team=a#b", "letters, digits, spaces"),
    _alb("tags", "awsome=a", "AWS:a=b", "not begin with aws:"),
    _alb("customer-owned-ipv4-pool", "ipv4pool-coip-1a", "coip-1", "ipv4pool-coip-"),
    _alb("ipam-ipv4-pool-id", "ipam-pool-1a", "pool-1", "ipam-pool-"),
)
ACTIONS = (
    _redirect("statusCode", "HTTP_302", "HTTP_303", "HTTP_301, HTTP_302"),
    _redirect("protocol", "#{protocol}", "https", "HTTP, HTTPS or #{protocol}"),
    _redirect("port", "65535", "65536", "1 to 65535"),
    _redirect("host", 128 * "h", 129 * "h", "1 to 128 characters"),
    _redirect("path", "/" + 127 * "a", "/" + 128 * "a", "1 to 128 characters"),
    _redirect("path", "/#{path}", "#{path}", "begin with /"),
    _redirect("query", 128 * "q", 129 * "q", "at most 128 characters"),
    _json(
        "actions.act",
        lambda value: {
            "type": "redirect",
            "redirectConfig": {"query": "q", "host": value, "statusCode": "HTTP_301"},
        },
        "other.example",
        "#{host}",
        "to themselves",
    ),
    _json(
        "actions.act",
        lambda value: {
            "type": "redirect",
            "redirectConfig": {"protocol": value, "port": "8080", "statusCode": "HTTP_301"},
        },
        "HTTPS",
        "HTTP",
        "HTTPS listener 443 cannot redirect to protocol 'HTTP'",
        **_TLS,
    ),
    _answer("statusCode", "503", "301", "2xx, 4xx or 5xx"),
    _answer("contentType", "text/css", "text/xml", "text/plain, text/css"),
    _answer("messageBody", 1024 * "b", 1025 * "b", "at most 1024 characters"),
    _forward(lambda value: {"targetGroups": _groups(value)}, 999, 1000, "0 to 999"),
    _forward(
        lambda value: {
            "targetGroups": _groups(1),
            "targetGroupStickinessConfig": {"enabled": True, "durationSeconds": value},
        },
        604_800,
        604_801,
        "1 to 604800",
    ),
    _login("userPoolARN", _POOL, "arn:p", "ARN of a user pool"),
    _login("userPoolDomain", "users.example", "https://users.example", "a domain name"),
    _login(
        "authenticationRequestExtraParams",
        {str(n): "" for n in range(10)},  # type: ignore[arg-type]  # of the one that is a map
        {str(n): "" for n in range(11)},  # type: ignore[arg-type]  # as above
        "allowed are 10",
    ),
    _alb(
        "auth-session-timeout",
        1,
        0,
        "1 to 604800",
        auth_type="cognito",
        auth_idp_cognito=json.dumps(_USERS),
        **_TLS,
    ),
    _alb(
        "auth-on-unauthenticated-request",
        "deny",
        "refuse",
        "deny, allow, authenticate",
        auth_type="cognito",
        auth_idp_cognito=json.dumps(_USERS),
        **_TLS,
    ),
    _token("jwksEndpoint", "https://id.example/k", "http://id.example/k", "https:// URL"),
    _token("issuer", 256 * "i", 257 * "i", "1 to 256 characters"),
    _token("additionalClaims", _claims(10), _claims(11), "allowed are 10"),
    _token("additionalClaims", _claims(name="sub"), _claims(name="exp"), "checked anyway"),
    _token("additionalClaims", _claims(values=10), _claims(values=11), "allowed are 10"),
    _token("additionalClaims", _claims(size=256), _claims(size=257), "1 to 256 characters"),
)
CONDITIONS = (
    Row("path", lambda v: asking(at=v), "/" + 127 * "a", "/" + 128 * "a", _PATH, "128 characters"),
    Row("path's characters", lambda v: asking(at=v), "/a~b", "/a%20b", _PATH, "letters, digits"),
    Row("host", lambda v: asking(host=v), "a.example", "localhost", _PATH, "with a dot"),
    _values("host-header", "hostHeaderConfig", "*.example", "a.example.1", "only letters behind"),
    _values("path-pattern", "pathPatternConfig", "/a", "/a b", "letters, digits and _-.$/~"),
    _values(
        "http-request-method", "httpRequestMethodConfig", 40 * "A", 41 * "A", "1 to 40 characters"
    ),
    _values("http-request-method", "httpRequestMethodConfig", "GET", "get", "A to Z"),
    _condition(
        "http-header",
        "httpHeaderConfig",
        {"httpHeaderName": 40 * "h", "values": ["v"]},
        {"httpHeaderName": 41 * "h", "values": ["v"]},
        "1 to 40 characters",
    ),
    _condition(
        "http-header",
        "httpHeaderConfig",
        {"httpHeaderName": "X-Host", "values": ["v"]},
        {"httpHeaderName": "Host", "values": ["v"]},
        "not host",
    ),
    _condition(
        "http-header",
        "httpHeaderConfig",
        {"httpHeaderName": "X-A", "values": [128 * "v"]},
        {"httpHeaderName": "X-A", "values": [129 * "v"]},
        "1 to 128 characters",
    ),
    _condition(
        "http-header",
        "httpHeaderConfig",
        {"httpHeaderName": "X-A", **_EXPRESSION},
        {"httpHeaderName": "X-A", "regexValues": [129 * "a"]},
        "1 to 128 characters",
    ),
    _condition(
        "http-header",
        "httpHeaderConfig",
        {"httpHeaderName": "X-A", "regexValues": ["^(?:a|b)+$"]},
        {"httpHeaderName": "X-A", "regexValues": ["a(?=b)"]},
        "must have no lookaround",
    ),
    _condition(
        "query-string",
        "queryStringConfig",
        {"values": [{"key": 128 * "k", "value": "v"}]},
        {"values": [{"key": 129 * "k", "value": "v"}]},
        "at most 128 characters",
    ),
    _condition(
        "query-string",
        "queryStringConfig",
        {"values": [{"value": "a=b"}]},
        {"values": [{"value": "a b"}]},
        "letters, digits and -._~",
    ),
    _json(
        "conditions.app",
        lambda count: (
            count * [{"field": "source-ip", "sourceIpConfig": {"values": ["10.0.0.0/8"]}}]
        ),
        1,
        2,
        "one source-ip condition at most",
    ),
    _json(
        "transforms.app",
        lambda size: [
            {
                "type": "url-rewrite",
                "urlRewriteConfig": {"rewrites": [{"regex": "^/a", "replace": size * "r"}]},
            }
        ],
        1024,
        1025,
        "at most 1024 characters",
    ),
    _json(
        "transforms.app",
        lambda regex: [
            {
                "type": "url-rewrite",
                "urlRewriteConfig": {"rewrites": [{"regex": regex, "replace": "/"}]},
            }
        ],
        1024 * "a",
        1025 * "a",
        "1 to 1024 characters",
    ),
    _json(
        "transforms.app",
        lambda count: (
            count
            * [
                {
                    "type": "host-header-rewrite",
                    "hostHeaderRewriteConfig": {"rewrites": [{"regex": "a", "replace": "b"}]},
                }
            ]
        ),
        1,
        2,
        "one host-header-rewrite at most",
    ),
)
_KEYS = {
    _BALANCER: LOAD_BALANCER_ATTRIBUTES,
    _GROUP: TARGET_GROUP_ATTRIBUTES,
    _LISTENER: LISTENER_ATTRIBUTES,
}


def _of_table() -> Iterator[Row]:
    """Every attribute of application load balancers that does not take any text."""
    for key, rows in _KEYS.items():
        for row in (one for one in rows if ALB in one.kinds):
            match row.takes:
                case Number(most=most):
                    yield _attribute(key, row.key, str(most), str(most + 1), f"to {most}")
                case Choice(values=values):
                    yield _attribute(key, row.key, values[-1], "?", values[-1])
                case Text(longest=int(longest)):
                    taken, refused = longest * "a", (longest + 1) * "a"
                    yield _attribute(key, row.key, taken, refused, f"at most {longest} characters")


ROWS = (*_of_table(), *HEALTH, *FRONT, *BALANCER, *ACTIONS, *CONDITIONS)
