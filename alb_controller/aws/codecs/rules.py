"""Actions, conditions and transforms: the model's values to and from ELBv2's request shapes.

Sources: RuleCondition, Action and RuleTransform in the Elastic Load Balancing v2 API reference.
Law: `decode(encode(x)) == x` for canonical x. What AWS fills in by itself decodes to None.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, assert_never

from alb_controller.aws.codecs.guards import Raw, decode_guard, encode_guard
from alb_controller.model.actions import (
    KEPT_PARTS,
    FixedResponseAction,
    RedirectAction,
    Rewrite,
    Transform,
)
from alb_controller.model.elbv2 import (
    Action,
    Condition,
    ForwardAction,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryString,
    QueryStringPair,
    SourceIp,
    WeightedTargetGroup,
)
from alb_controller.model.refs import Ref, Reference


def identity_of(reference: Reference) -> str:
    """The ARN or id. Raises TypeError for a Ref that is not resolved yet: a bug in the executor."""
    if isinstance(reference, Ref):
        raise TypeError(f"{reference.id} has no identity yet")
    return reference


def without_none(**fields: Any) -> Raw:
    """Request fields, those that are None left out."""
    return {name: value for name, value in fields.items() if value is not None}


# ---- actions


def encode_actions(actions: Sequence[Action], *, is_weighted: bool = True) -> list[Raw]:
    """Actions in the order in which they run; AWS wants that as numbers.

    Not weighted (the gate WeightedTargetGroups, off): a forward names its one target group in
    TargetGroupArn, for regions that know no ForwardConfig.
    """
    encoded = [_encode_action(action) for action in actions]
    if not is_weighted:
        encoded = [_without_forward_config(one) for one in encoded]
    return [{**one, "Order": n} for n, one in enumerate(encoded, start=1)]


def _without_forward_config(action: Raw) -> Raw:
    if action["Type"] != "forward":
        return action
    (group,) = action["ForwardConfig"]["TargetGroups"]
    return {"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}


def decode_actions(raw: Sequence[Raw]) -> tuple[Action, ...]:
    """Actions in their order; empty if one is of a kind that we do not model.

    So a list with an authenticate action of somebody else equals none of ours.
    """
    ordered = sorted(raw, key=lambda action: action.get("Order", 0))
    decoded = [_decode_action(action) for action in ordered]
    return () if None in decoded else tuple(action for action in decoded if action is not None)


def _encode_action(action: Action) -> Raw:
    match action:
        case ForwardAction():
            return {"Type": "forward", "ForwardConfig": _encode_forward(action)}
        case FixedResponseAction():
            config = without_none(
                StatusCode=action.status_code,
                ContentType=action.content_type,
                MessageBody=action.message_body,
            )
            return {"Type": "fixed-response", "FixedResponseConfig": config}
        case RedirectAction():
            config = without_none(
                StatusCode=action.status_code,
                Host=action.host,
                Path=action.path,
                Port=action.port,
                Protocol=action.protocol,
                Query=action.query,
            )
            return {"Type": "redirect", "RedirectConfig": config}
        case _:
            return encode_guard(action)


def _encode_forward(action: ForwardAction) -> Raw:
    groups = [
        without_none(TargetGroupArn=identity_of(group.target_group), Weight=group.weight)
        for group in action.target_groups
    ]
    config: Raw = {"TargetGroups": groups}
    if action.stickiness_enabled is not None:
        config["TargetGroupStickinessConfig"] = without_none(
            Enabled=action.stickiness_enabled, DurationSeconds=action.stickiness_seconds
        )
    return config


def _decode_action(raw: Raw) -> Action | None:
    match raw.get("Type"):
        case "forward":
            return _decode_forward(raw)
        case "fixed-response":
            config = raw.get("FixedResponseConfig", {})
            return FixedResponseAction(
                status_code=config.get("StatusCode", ""),
                content_type=config.get("ContentType"),
                message_body=config.get("MessageBody"),
            ).canonical
        case "redirect":
            return _decode_redirect(raw.get("RedirectConfig", {}))
        case _:
            return decode_guard(raw)


def _decode_forward(raw: Raw) -> ForwardAction:
    config = raw.get("ForwardConfig", {})
    groups = config.get("TargetGroups") or [{"TargetGroupArn": raw.get("TargetGroupArn", "")}]
    alone = len(groups) == 1
    stickiness = config.get("TargetGroupStickinessConfig") or {}
    sticky = bool(stickiness.get("Enabled"))
    return ForwardAction(
        tuple(
            WeightedTargetGroup(group["TargetGroupArn"], None if alone else group.get("Weight"))
            for group in groups
        ),
        stickiness_enabled=True if sticky else None,
        stickiness_seconds=stickiness.get("DurationSeconds") if sticky else None,
    )


def _decode_redirect(config: Raw) -> RedirectAction:
    parts = {name: config.get(name.capitalize()) for name in KEPT_PARTS}
    return RedirectAction(status_code=config.get("StatusCode", ""), **parts).canonical


# ---- conditions


def encode_conditions(conditions: Sequence[Condition]) -> list[Raw]:
    """Conditions in the order given."""
    return [_encode_condition(condition) for condition in conditions]


def decode_conditions(raw: Sequence[Raw]) -> tuple[Condition, ...]:
    """Conditions sorted by field; empty if one is of a kind that we do not model."""
    ordered = sorted(raw, key=lambda condition: str(condition.get("Field", "")))
    decoded = [_decode_condition(condition) for condition in ordered]
    return () if None in decoded else tuple(made for made in decoded if made is not None)


def _encode_condition(condition: Condition) -> Raw:
    match condition:
        case HostHeader():
            return {"Field": "host-header", "HostHeaderConfig": _values_or_regex(condition)}
        case PathPattern():
            return {"Field": "path-pattern", "PathPatternConfig": _values_or_regex(condition)}
        case HttpHeader():
            header = {"HttpHeaderName": condition.name, **_values_or_regex(condition)}
            return {"Field": "http-header", "HttpHeaderConfig": header}
        case HttpRequestMethod():
            methods = {"Values": list(condition.values)}
            return {"Field": "http-request-method", "HttpRequestMethodConfig": methods}
        case QueryString():
            pairs = [without_none(Key=p.key, Value=p.value) for p in condition.values]
            return {"Field": "query-string", "QueryStringConfig": {"Values": pairs}}
        case SourceIp():
            return {"Field": "source-ip", "SourceIpConfig": {"Values": list(condition.values)}}
        case _:
            assert_never(condition)


def _values_or_regex(condition: HostHeader | PathPattern | HttpHeader) -> Raw:
    return without_none(
        Values=list(condition.values) or None, RegexValues=list(condition.regex_values) or None
    )


def _decode_condition(raw: Raw) -> Condition | None:
    decode = _DECODERS.get(raw.get("Field", ""))
    return decode(raw) if decode else None


def _decode_http_header(raw: Raw) -> HttpHeader:
    name = raw.get("HttpHeaderConfig", {}).get("HttpHeaderName", "")
    return HttpHeader(name, *_read_values(raw, "HttpHeaderConfig"))


def _decode_query_string(raw: Raw) -> QueryString:
    pairs = raw.get("QueryStringConfig", {}).get("Values") or ()
    return QueryString(
        tuple(QueryStringPair(pair.get("Value", ""), pair.get("Key") or None) for pair in pairs)
    )


def _read_values(raw: Raw, config_name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Values and regex values; rules made long ago have them at the top level only."""
    config = raw.get(config_name) or raw
    return tuple(config.get("Values") or ()), tuple(config.get("RegexValues") or ())


_DECODERS: dict[str, Callable[[Raw], Condition]] = {
    "host-header": lambda raw: HostHeader(*_read_values(raw, "HostHeaderConfig")),
    "path-pattern": lambda raw: PathPattern(*_read_values(raw, "PathPatternConfig")),
    "http-header": _decode_http_header,
    "http-request-method": lambda raw: HttpRequestMethod(
        _read_values(raw, "HttpRequestMethodConfig")[0]
    ),
    "query-string": _decode_query_string,
    "source-ip": lambda raw: SourceIp(_read_values(raw, "SourceIpConfig")[0]),
}


# ---- transforms

_REWRITE_CONFIGS = {
    "url-rewrite": "UrlRewriteConfig",
    "host-header-rewrite": "HostHeaderRewriteConfig",
}


def encode_transforms(transforms: Sequence[Transform]) -> list[Raw]:
    """Transforms in the order given."""
    return [
        {
            "Type": transform.type,
            _REWRITE_CONFIGS[transform.type]: {
                "Rewrites": [{"Regex": r.regex, "Replace": r.replace} for r in transform.rewrites]
            },
        }
        for transform in transforms
    ]


def decode_transforms(raw: Sequence[Raw]) -> tuple[Transform, ...]:
    """Transforms sorted by type."""
    return tuple(
        Transform(
            transform["Type"],
            tuple(
                Rewrite(rewrite.get("Regex", ""), rewrite.get("Replace", ""))
                for rewrite in transform.get(_REWRITE_CONFIGS[transform["Type"]], {}).get(
                    "Rewrites", ()
                )
            ),
        )
        for transform in sorted(raw, key=lambda transform: str(transform.get("Type")))
        if transform.get("Type") in _REWRITE_CONFIGS
    )
