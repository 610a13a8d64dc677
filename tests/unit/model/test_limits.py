"""The tables of AWS's documented limits, and the forms that their rows have."""

from __future__ import annotations

import pytest

from alb_controller.model.limits import (
    FIELDS,
    LISTENER_ATTRIBUTES,
    LOAD_BALANCER_ATTRIBUTES,
    QUOTAS,
    TARGET_GROUP_ATTRIBUTES,
    Attribute,
    Choice,
    Number,
    Text,
)

_ATTRIBUTES = (*LOAD_BALANCER_ATTRIBUTES, *TARGET_GROUP_ATTRIBUTES, *LISTENER_ATTRIBUTES)


@pytest.mark.parametrize(
    "value, admitted",
    [(1, True), ("4000", True), ("off", True), (0, False), (4001, False), ("-1", False)]
    + [(text, False) for text in ("", "1.0", " 1", "1\n", "٣", "on", 5000 * "9")],
)
def test_a_number_is_in_its_range_or_a_word(value: int | str, admitted: bool) -> None:
    """Both ends are included; digits of ASCII alone are digits."""
    assert Number(1, 4000, ("off",)).admits(value) is admitted


def test_a_text_has_a_length_and_a_form() -> None:
    """All of the text has the form, a trailing newline included."""
    name = FIELDS["LoadBalancer.Name"].limit
    assert isinstance(name, Text)
    assert all(map(name.admits, ("a", 32 * "a", "a-b", "internal")))
    assert not any(map(name.admits, ("", 33 * "a", "-a", "a-", "a_b", "internal-a", "a\n")))
    assert Text().admits(10_000 * "a")


def test_a_choice_is_one_of_its_words() -> None:
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
