"""Actions of rules as Envoy's: weighted clusters, direct answers, and what filters must know.

What Envoy has no word for is in the filters' context, which `after.lua` reads: logins, redirects
made of keywords, the version that a target group speaks, and stickiness.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from alb_controller.model.actions import (
    AuthenticateCognitoAction,
    AuthenticateOidcAction,
    FixedResponseAction,
    GuardAction,
    JwtValidationAction,
    RedirectAction,
    Transform,
)
from alb_controller.model.elbv2 import Action, ForwardAction, TargetGroup, WeightedTargetGroup
from alb_controller.sandbox.dataplane.compiler.matching import HOST, MARK, header_is

Json = dict[str, Any]
Groups = Mapping[str, TargetGroup]

AFTER, REWRITES = "after", "rewrites"
"""Names of filters, by which routes give them their context."""
GROUP_COOKIE = "AWSALBTG"
UPSTREAM = f"{MARK}upstream"
_TYPES = "type.googleapis.com/"
_ROUTE = f"{_TYPES}envoy.config.route.v3.Route"
_CONTEXT = f"{_TYPES}envoy.extensions.filters.http.lua.v3.LuaPerRoute"
_HEADER_TO_METADATA = f"{_TYPES}envoy.extensions.filters.http.header_to_metadata.v3.Config"
_OVERWRITE = "OVERWRITE_IF_EXISTS_OR_ADD"
_KEPT = {"protocol": "#{protocol}", "host": "#{host}", "port": "#{port}", "path": "/#{path}"}


def cluster_name(group: str) -> str:
    """The name of a target group's cluster, which is also its value in cookies."""
    return hashlib.sha256(group.encode()).hexdigest()[:16]


def on_match(actions: Sequence[Action], transforms: Sequence[Transform], groups: Groups) -> Json:
    """What Envoy does with a request that a rule takes."""
    *guards, last = actions
    context = _guards([one for one in guards if not isinstance(one, _ENDS)])
    match last:
        case ForwardAction():
            return _Forward(context, _rewrites(transforms), groups).on_match(last)
        case RedirectAction():
            return _route({"direct_response": {"status": 500}}, context | _redirect(last))
        case FixedResponseAction():
            return _fixed(last, context)
        case _:  # a rule whose actions this program does not know
            return _route({"direct_response": {"status": 500}}, context)


_ENDS = (ForwardAction, RedirectAction, FixedResponseAction)


def _route(action: Json, context: Json, rewrites: Json | None = None) -> Json:
    filters: Json = {AFTER: _context(context)}
    if rewrites:
        filters[REWRITES] = rewrites
    route = {"@type": _ROUTE, "match": {"prefix": ""}, "typed_per_filter_config": filters}
    return {"action": {"name": "route", "typed_config": route | action}}


def _context(context: Json) -> Json:
    return {"@type": _CONTEXT, "filter_context": context}


# ---------------------------------------------------------------- forward


@dataclass(frozen=True, slots=True)
class _Forward:
    """Forwards by weight; with the cookie of a target group, there."""

    context: Json
    rewrites: Json | None
    groups: Groups

    def on_match(self, action: ForwardAction) -> Json:
        chosen = [(str(one.target_group), _weight(one)) for one in action.target_groups]
        shares = [(group, weight) for group, weight in chosen if weight]
        if not shares:
            return _route({"direct_response": {"status": 503}}, self.context)
        if not action.stickiness_enabled:
            return self._to(shares, self.context)
        context = self.context | {"group_cookie_seconds": action.stickiness_seconds or 0}
        stay = [
            {
                "predicate": header_is("cookie", _cookie(GROUP_COOKIE, cluster_name(group))),
                "on_match": self._to([(group, 1)], context),
            }
            for group, _ in shares
        ]
        fresh = self._to(shares, context)
        return {"matcher": {"matcher_list": {"matchers": stay}, "on_no_match": fresh}}

    def _to(self, shares: Sequence[tuple[str, int]], context: Json) -> Json:
        clusters = []
        for group, weight in shares:
            name = cluster_name(group)
            own = context | {"forward": forward_context(name, self.groups[group])}
            filters = {AFTER: _context(own)}
            clusters.append({"name": name, "weight": weight, "typed_per_filter_config": filters})
        upstream = {"key": UPSTREAM, "value": "%UPSTREAM_REMOTE_ADDRESS%"}
        action = {
            "route": {"timeout": "0s", "weighted_clusters": {"clusters": clusters}},
            "response_headers_to_add": [{"header": upstream, "append_action": _OVERWRITE}],
        }
        return _route(action, context, self.rewrites)


def _weight(one: WeightedTargetGroup) -> int:
    return 1 if one.weight is None else one.weight


def _cookie(name: str, value: str) -> str:
    return rf"(?:\C*;)? *{name}={value}(?:;\C*)?"


def forward_context(name: str, group: TargetGroup) -> Json:
    """What the filters must know of a target group."""
    attributes = group.attributes or {}
    context: Json = {"group": name, "version": group.protocol_version or "HTTP1"}
    if attributes.get("stickiness.enabled") == "true":
        kind = attributes.get("stickiness.type", "lb_cookie")
        seconds = attributes.get(f"stickiness.{kind}.duration_seconds", "86400")
        context |= {
            "sticky": kind,
            "sticky_seconds": int(seconds),
            "app_cookie": attributes.get("stickiness.app_cookie.cookie_name", ""),
        }
    return context


def _rewrites(transforms: Sequence[Transform]) -> Json | None:
    """Rewritten values as metadata: the filter is the one that substitutes by RE2."""
    rules = []
    for transform in transforms:
        is_url = transform.type == "url-rewrite"
        for rewrite in transform.rewrites[:1]:
            value = {
                "metadata_namespace": "dataplane",
                "key": "url" if is_url else "host",
                "regex_value_rewrite": {
                    "pattern": {"regex": rf"^(\C*?)(?:{rewrite.regex})(\C*)$"},
                    "substitution": substitution(rewrite.regex, rewrite.replace),
                },
            }
            header = ":path" if is_url else HOST
            rules.append({"header": header, "on_header_present": value})
    return {"@type": _HEADER_TO_METADATA, "request_rules": rules} if rules else None


def substitution(expression: str, replacement: str) -> str:
    """A replacement with `$1` as RE2 has it, one group further: what is before is the first."""
    made, at = "\\1", 0
    while at < len(replacement):
        part = replacement[at]
        if part == "$" and replacement[at + 1 : at + 2].isdigit():
            at += 1
            made += f"\\{int(replacement[at]) + 1}"
        else:
            made += "\\\\" if part == "\\" else part
        at += 1
    return f"{made}\\{groups_in(expression) + 2}"


def groups_in(expression: str) -> int:
    """How many groups of an expression are numbered."""
    count, at, in_class = 0, 0, False
    while at < len(expression):
        part = expression[at]
        if part == "\\":
            at += 1
        elif in_class:
            in_class = part != "]"
        elif part == "[":
            in_class = True
            at += expression[at + 1 : at + 2] == "]" or 2 * (expression[at + 1 : at + 3] == "^]")
        elif part == "(":
            count += expression[at + 1 : at + 2] != "?" or expression[at + 1 : at + 3] in _NAMED
            count += expression.startswith("(?<", at) and expression[at + 3 : at + 4] not in "=!"
        at += 1
    return count


_NAMED = ("?P",)


# ---------------------------------------------------------------- answers


def _redirect(action: RedirectAction) -> Json:
    parts = {name: getattr(action, name) or kept for name, kept in _KEPT.items()}
    query = "#{query}" if action.query is None else action.query
    status = action.status_code.removeprefix("HTTP_")
    return {"redirect": parts | {"query": query, "status": status}}


def _fixed(action: FixedResponseAction, context: Json) -> Json:
    answer: Json = {"direct_response": {"status": int(action.status_code)}}
    if action.message_body:
        answer["direct_response"]["body"] = {"inline_string": action.message_body}
        kind = {"key": "content-type", "value": action.content_type or "text/plain"}
        answer["response_headers_to_add"] = [{"header": kind, "append_action": _OVERWRITE}]
    return _route(answer, context)


def _guards(guards: Sequence[Action]) -> Json:
    """The first login or token check; no rule has two."""
    for guard in guards:
        return {"guard": guard_settings(guard)}  # type: ignore[arg-type]  # the ends were taken out
    return {}


def guard_settings(guard: GuardAction) -> Json:
    """How a client that is not known is answered: sent to an endpoint, refused, or let in."""
    if isinstance(guard, JwtValidationAction):
        return {"on_unauthenticated": "deny"}  # no endpoint can be asked whether a token is good
    if isinstance(guard, AuthenticateOidcAction):
        endpoint, client = guard.authorization_endpoint, guard.client_id
    else:
        endpoint, client = _cognito(guard), guard.user_pool_client_id
    scope = guard.session.scope or "openid"  # AWS's default
    asked = {"client_id": client, "response_type": "code", "scope": scope}
    query = urlencode(asked | dict(guard.session.extra_params))
    joint = "&" if "?" in endpoint else "?"
    return {
        "on_unauthenticated": guard.session.on_unauthenticated_request,
        "endpoint": f"{endpoint}{joint}{query}",
    }


def _cognito(guard: AuthenticateCognitoAction) -> str:
    domain = guard.user_pool_domain
    if "." not in domain:
        region = guard.user_pool_arn.split(":")[3]
        domain = f"{domain}.auth.{region}.amazoncognito.com"
    return f"https://{domain}/oauth2/authorize"
