"""Conditions and transforms of rules in LBC's model JSON."""

from __future__ import annotations

from typing import Any, assert_never

from alb_controller.model.actions import Transform
from alb_controller.model.document.references import without_empty
from alb_controller.model.elbv2 import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryString,
    SourceIp,
)

Document = dict[str, Any]


def condition(made: Condition) -> Document:
    """A RuleCondition."""
    match made:
        case HostHeader():
            return {"field": "host-header", "hostHeaderConfig": _values(made)}
        case PathPattern():
            return {"field": "path-pattern", "pathPatternConfig": _values(made)}
        case HttpHeader():
            config = {"httpHeaderName": made.name, **_values(made)}
            return {"field": "http-header", "httpHeaderConfig": config}
        case HttpRequestMethod():
            config = {"values": list(made.values)}
            return {"field": "http-request-method", "httpRequestMethodConfig": config}
        case QueryString():
            asked = [without_empty(key=one.key, value=one.value) for one in made.values]
            return {"field": "query-string", "queryStringConfig": {"values": asked}}
        case SourceIp():
            return {"field": "source-ip", "sourceIPConfig": {"values": list(made.values)}}
        case _:
            assert_never(made)


def _values(made: HostHeader | PathPattern | HttpHeader) -> Document:
    return without_empty(regexValues=list(made.regex_values), values=list(made.values))


def transform(made: Transform) -> Document:
    """A Transform."""
    name = "urlRewriteConfig" if made.type == "url-rewrite" else "hostHeaderRewriteConfig"
    rewrites = [{"regex": one.regex, "replace": one.replace} for one in made.rewrites]
    return {"type": made.type, name: {"rewrites": rewrites}}
