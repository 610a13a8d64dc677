"""JSON in annotations, read as Go reads it (spec 0)."""

from __future__ import annotations

from typing import Any, get_type_hints

import msgspec
import pytest

from alb_controller.objects.actions import (
    ActionConfig,
    ConditionConfig,
    FixedResponseConfig,
    ForwardConfig,
    QueryStringConfig,
    QueryStringKeyValue,
    StickinessConfig,
    TargetGroupTuple,
)
from alb_controller.objects.annotations import json as module
from alb_controller.objects.annotations.json import JsonParser

ACTION = JsonParser(ActionConfig, "an action")
CONDITIONS = JsonParser(list[ConditionConfig], "a list of conditions")


def fixed(code: str) -> ActionConfig:
    """A fixed response."""
    return ActionConfig(fixed_response_config=FixedResponseConfig(status_code=code))


@pytest.mark.parametrize(
    "raw,made",
    [
        ("{}", ActionConfig()),
        ('{"type": "redirect"}', ActionConfig(type="redirect")),
        ('{"TYPE": "redirect"}', ActionConfig(type="redirect")),
        ('{"type": "a", "Type": "b"}', ActionConfig(type="b")),
        ('{"type": null}', ActionConfig()),
        ('{"targetGroupArn": "x"}', ActionConfig(target_group_arn="x")),
        ('{"FIXEDRESPONSECONFIG": {"StatusCode": "200", "x": 1}}', fixed("200")),
        ('{"fixedResponseConfig": {}, "other": {"a": [1]}}', fixed("")),
    ],
)
def test_keys_match_in_any_case(raw: str, made: ActionConfig) -> None:
    """Unknown ones are dropped, the last of two counts, null is unset."""
    assert ACTION(raw) == made


@pytest.mark.parametrize(
    "parse,raw,made",
    [
        (CONDITIONS, "null", []),
        (CONDITIONS, "[null]", [ConditionConfig()]),
        (ACTION, "null", ActionConfig()),
        (JsonParser(list[str], "texts"), '["a", null]', ["a", ""]),
        (JsonParser(dict[str, str], "texts"), '{"a": null}', {"a": ""}),
    ],
)
def test_null_is_the_zero_of_its_type(parse: JsonParser[Any], raw: str, made: Any) -> None:
    """As Go leaves it."""
    assert parse(raw) == made


def test_lists_and_what_is_in_them_are_read_alike() -> None:
    """At any depth; a port is a number or a text."""
    raw = (
        '{"forwardConfig": {"TargetGroups": [{"servicename": "a", "SERVICEPORT": 80}, '
        '{"serviceName": "b", "servicePort": "http", "weight": 1}], '
        '"targetgroupstickinessconfig": {"durationseconds": 5}}}'
    )
    targets = [
        TargetGroupTuple(service_name="a", service_port=80),
        TargetGroupTuple(service_name="b", service_port="http", weight=1),
    ]
    sticky = StickinessConfig(duration_seconds=5)
    assert ACTION(raw).forward_config == ForwardConfig(targets, sticky)
    query = QueryStringConfig([QueryStringKeyValue(value="v")])
    assert CONDITIONS('[{"QueryStringConfig": {"Values": [{"Value": "v"}]}}]') == [
        ConditionConfig(query_string_config=query)
    ]


@pytest.mark.parametrize(
    "raw",
    [
        "x",
        "[]",
        '{"type": 1}',
        '{"fixedResponseConfig": []}',
        '{"fixedResponseConfig": "x"}',
        '{"fixedResponseConfig": {"statusCode": 200}}',
        '{"forwardConfig": {"targetGroups": {}}}',
        '{"forwardConfig": {"targetGroups": [{"weight": "1"}]}}',
        '{"forwardConfig": {"targetGroups": [{"weight": 1.5}]}}',
        '{"type": "a"} x',
        "[" * 10_000,
        '{"a":' * 10_000,
    ],
)
def test_types_are_strict(raw: str) -> None:
    """A number is no text; what is wrong is reported with what is allowed."""
    with pytest.raises(ValueError, match=r"^must be an action: "):
        ACTION(raw)


@pytest.mark.parametrize("raw", ["", " ", "\n"])
def test_an_empty_text_is_called_empty(raw: str) -> None:
    """ "Input data was truncated" tells nobody that a template left the value out."""
    with pytest.raises(ValueError, match=r"^is empty: it must be an action$"):
        ACTION(raw)


@pytest.mark.parametrize(
    "raw,unknown",
    [
        ("{}", ()),
        ("{", ()),
        ("[" * 10_000, ()),
        ('{"typ": "x", "TYPE": "y"}', ("typ",)),
        (
            '{"b": 1, "a": 2, "fixedResponseConfig": {"status": "200"}}',
            ("a", "b", "fixedResponseConfig.status"),
        ),
        (
            '{"forwardConfig": {"targetGroups": [{}, {"service": "x"}]}}',
            ("forwardConfig.targetGroups[1].service",),
        ),
    ],
)
def test_keys_that_are_ignored_can_be_asked_for(raw: str, unknown: tuple[Any, ...]) -> None:
    """By their path, sorted; none where nothing can be read."""
    assert ACTION.unknown_keys(raw) == unknown


class Fresh(msgspec.Struct):
    """A type that no other test has parsed."""

    a: str = ""


def test_types_are_found_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for each value: an annotation may hold 80,000, and each look takes half a millisecond."""
    seen: list[type] = []

    def note(struct: type) -> dict[str, Any]:
        seen.append(struct)
        return get_type_hints(struct)

    monkeypatch.setattr(module, "get_type_hints", note)
    parse = JsonParser(list[Fresh], "a list")
    assert len(parse(f"[{','.join(['{}'] * 1000)}]")) == 1000
    assert seen == [Fresh]
