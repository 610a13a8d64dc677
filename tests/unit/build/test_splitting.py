"""Rules with too many condition values: several that take the same requests."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alb_controller.build.elbv2.splitting import VALUES, WILDCARDS, Conditions, split_conditions
from alb_controller.model.elbv2 import (
    Condition,
    HostHeader,
    HttpHeader,
    PathPattern,
    QueryString,
    QueryStringPair,
    SourceIp,
)


def hosts(*values: str) -> HostHeader:
    """One condition."""
    return HostHeader(values)


def numbered(count: int, letter: str = "h") -> tuple[str, ...]:
    """Different values."""
    return tuple(f"{letter}{number}" for number in range(count))


def split(*conditions: Condition, values: int = 5, wildcards: int = 5) -> list[Conditions]:
    """The conditions of the rules that one rule becomes."""
    return [*split_conditions(conditions, {VALUES: values, WILDCARDS: wildcards})]


def requests(rules: Sequence[Conditions]) -> list[tuple[object, ...]]:
    """Each request as the values that it has, one of each condition."""
    return [
        chosen
        for conditions in rules
        for chosen in product(
            *((*one.values, *getattr(one, "regex_values", ())) for one in conditions)
        )
    ]


@pytest.mark.parametrize(
    "conditions, rules",
    [
        ([hosts(*numbered(5))], 1),
        ([hosts(*numbered(8))], 2),
        ([hosts(*numbered(11))], 3),
        ([hosts(*numbered(4)), PathPattern(("/a",))], 1),
        ([hosts(*numbered(7)), PathPattern(("/a",))], 2),
        ([hosts(*numbered(4)), PathPattern(numbered(4, "/"))], 4),
        ([HostHeader(regex_values=numbered(6))], 2),
        ([HttpHeader("a", numbered(3)), HttpHeader("b", numbered(3))], 2),
        ([SourceIp(numbered(6)), QueryString((QueryStringPair("v", "k"),))], 2),
    ],
)
def test_as_few_rules_as_possible_take_each_request_once(
    conditions: list[Condition], rules: int
) -> None:
    """No rule has more than five values."""
    made = split(*conditions)
    assert len(made) == rules
    assert all(sum(len(r) for r in requests_by_condition(one)) <= 5 for one in made)
    before, after = requests([tuple(conditions)]), requests(made)
    assert sorted(after, key=repr) == sorted(before, key=repr)


def requests_by_condition(conditions: Conditions) -> list[list[object]]:
    """All values of each condition."""
    return [[*one.values, *getattr(one, "regex_values", ())] for one in conditions]


def test_without_a_known_quota_a_rule_stays_as_it_is() -> None:
    """AWS is asked first."""
    many = (hosts(*numbered(40, "*")),)
    assert [*split_conditions(many, {})] == [many]


def test_what_cannot_be_split_is_left_to_awss_answer() -> None:
    """More conditions than values, a condition without one, a value of too many wildcards."""
    several = tuple(HttpHeader(name, ("v",)) for name in "abc")
    assert split(*several, values=2) == [several]
    empty = (hosts(), PathPattern(numbered(9, "/")))
    assert split(*empty) == [empty]
    wild = (PathPattern(("/*/*/*",)),)
    assert split(*wild, wildcards=2) == [wild]


def test_wildcards_count_too() -> None:
    """Those of keys and values of query strings as well."""
    paths = PathPattern(("/a*", "/b*", "/c?*", "/d"))
    made = split(paths, wildcards=2)
    assert [one[0].values for one in made] == [("/a*", "/b*"), ("/c?*", "/d")]
    query = QueryString((QueryStringPair("a*", "k*"), QueryStringPair("b*", None)))
    assert len(split(query, wildcards=2)) == 2


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(4, 6), st.integers(1, 6))
def test_each_request_is_taken_as_before(sizes: list[int], values: int, wildcards: int) -> None:
    """Whatever the numbers, every combination of values is in one rule, and no other is."""
    texts = [
        [f"{'*' * (n % 3)}{letter}{n}" for n in range(size)]
        for letter, size in zip("abcd", sizes, strict=False)
    ]
    conditions = tuple(HttpHeader(f"h{n}", tuple(some)) for n, some in enumerate(texts))
    made = split(*conditions, values=values, wildcards=wildcards)
    before, after = requests([conditions]), requests(made)
    assert sorted(after, key=repr) == sorted(before, key=repr)
