"""The tables of AWS's documented limits, and the forms that their rows have."""

from __future__ import annotations

import re

import pytest

from alb_controller.model.limits import (
    ALB,
    FIELDS,
    LISTENER_ATTRIBUTES,
    LOAD_BALANCER_ATTRIBUTES,
    QUOTAS,
    TARGET_GROUP_ATTRIBUTES,
    Attribute,
    Choice,
    Limit,
    Number,
    Text,
    attribute_problem,
    tag_problem,
)
from alb_controller.model.limits.forms import problem_of

_ATTRIBUTES = (*LOAD_BALANCER_ATTRIBUTES, *TARGET_GROUP_ATTRIBUTES, *LISTENER_ATTRIBUTES)


@pytest.mark.parametrize(
    "value, admitted",
    [(1, True), ("4000", True), ("off", True), (0, False), (4001, False), ("-1", False)]
    + [(text, False) for text in ("", "1.0", " 1", "1\n", "٣", "on", 5000 * "9")],
)
def test_a_number_is_in_its_range_or_a_name(value: int | str, admitted: bool) -> None:
    """Both ends are included; digits of ASCII alone are digits."""
    assert Number(1, 4000, ("off",)).admits(value) is admitted


def test_a_text_has_a_length_and_a_form() -> None:
    """All of the text has the form, a trailing newline included."""
    name = FIELDS["LoadBalancer.Name"].limit
    assert isinstance(name, Text)
    assert all(map(name.admits, ("a", 32 * "a", "a-b", "internal")))
    assert not any(map(name.admits, ("", 33 * "a", "-a", "a-", "a_b", "internal-a", "a\n")))
    assert Text().admits(10_000 * "a")


@pytest.mark.parametrize(
    "limit, value, problem",
    [
        (Number(5, 300), 4, "'4' must be 5 to 300"),
        (Number(5, 300, ("off", "0")), "", "'' must be 5 to 300 or off or 0"),
        (Choice(("true",)), "no", "'no' must be true"),
        (Choice(("a", "b")), "c", "'c' must be one of a, b"),
        (Text(3), "abcd", "'abcd' must have at most 3 characters"),
        (Text(3, 1), "", "'' must have 1 to 3 characters"),
        (Text(shortest=2), "a", "'a' must have 2 characters or more"),
        (Text(9, 0, re.compile("a*"), "be of a"), "b", "'b' must be of a"),
        (Text(3), 61 * "x", f"'{60 * 'x'}'… (61 characters) must have at most 3 characters"),
        (Text(3), "abc", None),
    ],
)
def test_a_problem_has_the_value_and_what_is_allowed(
    limit: Limit, value: int | str, problem: str | None
) -> None:
    """The real range, and a long value by its beginning."""
    assert problem_of(limit, value) == problem


def test_every_form_has_a_text() -> None:
    """A user cannot be shown a regular expression."""
    limits = [*(one.limit for one in FIELDS.values()), *(row.takes for row in _ATTRIBUTES)]
    assert all(one.texts for one in limits if isinstance(one, Text) and one.form is not None)


@pytest.mark.parametrize(
    "key, value, problem",
    [
        ("team", "a b/c", None),
        ("aws:team", "a", "key 'aws:team' must be of letters"),
        ("team", "a#b", "value of team 'a#b' must be of letters"),
    ],
)
def test_a_tag_has_a_key_and_a_value(key: str, value: str, problem: str | None) -> None:
    """The problem says which of them is wrong."""
    found = tag_problem(key, value)
    assert found is None if problem is None else (found or "").startswith(problem)


@pytest.mark.parametrize(
    "key, value, problem",
    [
        ("idle_timeout.timeout_seconds", "4000", None),
        ("of.tomorrow", "1", None),
        (
            "idle_timeout.timeout_seconds",
            "0",
            "idle_timeout.timeout_seconds '0' must be 1 to 4000",
        ),
        (
            "tcp.idle_timeout.seconds",
            "60",
            "tcp.idle_timeout.seconds is an attribute of network load balancers alone",
        ),
    ],
)
def test_an_attribute_is_known_or_awss_to_refuse(key: str, value: str, problem: str | None) -> None:
    """AWS adds attributes: one that is in no table may be one of them."""
    assert attribute_problem(_ATTRIBUTES, key, value, ALB) == problem


def test_a_choice_is_one_of_its_values() -> None:
    """Letter case counts."""
    assert Choice(("true", "false")).admits("true")
    assert not Choice(("true", "false")).admits("True")


@pytest.mark.parametrize("row", _ATTRIBUTES, ids=lambda row: f"{row.key}-{row.kinds[0]}")
def test_a_default_is_a_value_that_aws_takes(row: Attribute) -> None:
    """Or a table would refuse what nobody has changed."""
    assert row.default is None or row.takes.admits(row.default)


def test_every_row_names_its_source() -> None:
    """A limit without a page of AWS's would be a guess."""
    assert all(field.source for field in FIELDS.values())
    assert all(quota.source and quota.code and quota.most > 0 for quota in QUOTAS.values())
