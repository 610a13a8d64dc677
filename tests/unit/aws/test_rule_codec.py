"""Actions, conditions and transforms keep their meaning on the way to AWS and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alb_controller.aws.codecs import rules as codec
from alb_controller.model.actions import FixedResponseAction, RedirectAction, Rewrite, Transform
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
from alb_controller.model.refs import Ref, ResourceId

TEXT = st.text("abc/*", min_size=1, max_size=5)
TEXTS = st.lists(TEXT, min_size=1, max_size=3).map(tuple)
MAYBE = st.none() | TEXT


def _one_or_weighted() -> st.SearchStrategy[ForwardAction]:
    alone = st.builds(WeightedTargetGroup, TEXT).map(lambda group: ForwardAction((group,)))
    weighted = st.builds(WeightedTargetGroup, TEXT, st.integers(0, 999))
    several = st.lists(weighted, min_size=2, max_size=3).map(tuple)
    sticky = st.builds(ForwardAction, several, st.just(True), st.integers(1, 604800))
    return alone | st.builds(ForwardAction, several) | sticky


ACTIONS: st.SearchStrategy[Action] = (
    _one_or_weighted()
    | st.builds(FixedResponseAction, TEXT, MAYBE, MAYBE)
    | st.builds(RedirectAction, TEXT, MAYBE, MAYBE, MAYBE, MAYBE, MAYBE)
)
CONDITIONS: st.SearchStrategy[Condition] = (
    st.builds(HostHeader, TEXTS)
    | st.builds(HostHeader, regex_values=TEXTS)
    | st.builds(PathPattern, TEXTS)
    | st.builds(PathPattern, regex_values=TEXTS)
    | st.builds(HttpHeader, TEXT, TEXTS)
    | st.builds(HttpRequestMethod, TEXTS)
    | st.builds(QueryString, st.lists(st.builds(QueryStringPair, TEXT, MAYBE)).map(tuple))
    | st.builds(SourceIp, TEXTS)
)
REWRITES = st.lists(st.builds(Rewrite, TEXT, TEXT), min_size=1, max_size=2).map(tuple)
TRANSFORMS = st.lists(
    st.builds(Transform, st.sampled_from(["url-rewrite", "host-header-rewrite"]), REWRITES),
    max_size=2,
    unique_by=lambda transform: transform.type,
)


def _field(condition: Condition) -> str:
    return str(type(condition).__struct_config__.tag)


@given(st.lists(ACTIONS, max_size=3))
def test_actions_decode_to_what_was_encoded(actions: list[Action]) -> None:
    """For every canonical list of actions, in its order."""
    assert codec.decode_actions(codec.encode_actions(actions)) == tuple(actions)


@given(st.lists(CONDITIONS, max_size=4))
def test_conditions_decode_to_what_was_encoded(conditions: list[Condition]) -> None:
    """For every list of conditions, sorted by field; within a field their order is kept."""
    decoded = codec.decode_conditions(codec.encode_conditions(conditions))
    assert decoded == tuple(sorted(conditions, key=_field))


@given(TRANSFORMS)
def test_transforms_decode_to_what_was_encoded(transforms: list[Transform]) -> None:
    """For every list of transforms, sorted by type."""
    decoded = codec.decode_transforms(codec.encode_transforms(transforms))
    assert decoded == tuple(sorted(transforms, key=lambda transform: transform.type))


def test_what_aws_fills_into_a_redirect_is_none() -> None:
    """The parts of a URL that AWS shows as kept are those that nobody asked to change."""
    config = {
        "Host": "#{host}",
        "Path": "/#{path}",
        "Port": "443",
        "Protocol": "#{protocol}",
        "Query": "#{query}",
        "StatusCode": "HTTP_301",
    }
    raw = [{"Type": "redirect", "RedirectConfig": config, "Order": 1}]
    assert codec.decode_actions(raw) == (RedirectAction(status_code="HTTP_301", port="443"),)


@pytest.mark.parametrize(
    "raw",
    [
        {"Type": "forward", "TargetGroupArn": "tg"},
        {
            "Type": "forward",
            "TargetGroupArn": "tg",
            "ForwardConfig": {
                "TargetGroups": [{"TargetGroupArn": "tg", "Weight": 1}],
                "TargetGroupStickinessConfig": {"Enabled": False},
            },
        },
        {
            "Type": "forward",
            "ForwardConfig": {
                "TargetGroups": [{"TargetGroupArn": "tg", "Weight": 100}],
                "TargetGroupStickinessConfig": {"Enabled": False, "DurationSeconds": 3600},
            },
        },
    ],
    ids=["short", "filled in", "weighted"],
)
def test_one_target_group_is_one_form(raw: dict[str, Any]) -> None:
    """However AWS writes a forward to one group, it is the same action."""
    assert codec.decode_actions([raw]) == (ForwardAction((WeightedTargetGroup("tg"),)),)


def test_an_empty_body_is_none() -> None:
    """A fixed response without a body is the same whether AWS shows it as empty or not at all."""
    config = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": ""}
    raw = [{"Type": "fixed-response", "FixedResponseConfig": config}]
    assert codec.decode_actions(raw) == (FixedResponseAction("404", "text/plain"),)


def test_actions_of_a_kind_we_do_not_make_equal_none_of_ours() -> None:
    """A forward behind somebody's authentication is not taken for a plain forward."""
    raw = [
        {"Type": "authenticate-by-mail", "Order": 1},
        {"Type": "forward", "TargetGroupArn": "tg", "Order": 2},
    ]
    assert codec.decode_actions(raw) == ()


def test_actions_are_in_their_order() -> None:
    """AWS numbers actions; the list may come in any order."""
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}, "Order": 2}
    forward = {"Type": "forward", "TargetGroupArn": "tg", "Order": 1}
    decoded = codec.decode_actions([fixed, forward])
    assert [type(action) for action in decoded] == [ForwardAction, FixedResponseAction]


def test_conditions_of_old_rules_are_read() -> None:
    """Rules made before the config objects existed have their values at the top level."""
    raw = [
        {"Field": "path-pattern", "Values": ["/a"]},
        {"Field": "host-header", "Values": ["h"], "RegexValues": []},
    ]
    assert codec.decode_conditions(raw) == (HostHeader(("h",)), PathPattern(("/a",)))


def test_conditions_of_a_kind_we_do_not_know_are_not_half_read() -> None:
    """A rule with a condition from the future is not taken for one without it."""
    raw: list[dict[str, Any]] = [
        {"Field": "path-pattern", "Values": ["/a"]},
        {"Field": "moon-phase"},
    ]
    assert codec.decode_conditions(raw) == ()


def test_an_unresolved_reference_is_a_bug() -> None:
    """A Ref never gets into a request."""
    unresolved = ForwardAction((WeightedTargetGroup(Ref(ResourceId("TargetGroup", "tg"))),))
    with pytest.raises(TypeError, match="TargetGroup tg has no identity yet"):
        codec.encode_actions([unresolved])


def test_without_weights_a_forward_names_its_one_group() -> None:
    """The gate WeightedTargetGroups, off: no ForwardConfig, and the same on the way back."""
    forward = ForwardAction((WeightedTargetGroup("arn:a"),))
    encoded = codec.encode_actions((forward,), is_weighted=False)
    assert encoded == [{"Type": "forward", "TargetGroupArn": "arn:a", "Order": 1}]
    assert codec.decode_actions(encoded) == (forward,)
    fixed = (FixedResponseAction("404"),)
    assert codec.encode_actions(fixed, is_weighted=False) == codec.encode_actions(fixed)
