"""Rules with more condition values than one rule may have: as many as it takes, exactly the same.

A rule is an AND of conditions, each an OR of its values. Values are dealt out in parts, and each
combination of parts is a rule with the same actions at the next place: together they take the same
requests, and nothing comes between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import ceil, prod

import msgspec

from alb_controller.model.elbv2 import Condition

Conditions = tuple[Condition, ...]
VALUES = "condition-values-per-alb-rule"
WILDCARDS = "condition-wildcards-per-alb-rule"


def split_conditions(conditions: Conditions, quotas: Mapping[str, int]) -> Iterator[Conditions]:
    """The conditions of the rules that take the place of one, most often itself alone.

    `quotas` are those that are known. What no splitting makes fit is left to AWS's answer.
    """
    most = quotas.get(VALUES, _count(conditions))
    if len(conditions) > most or not all(_count([one]) for one in conditions):
        yield conditions
        return
    for dealt in _dealt(conditions, most):
        yield from _with_fewer_wildcards(dealt, quotas.get(WILDCARDS))


def _dealt(conditions: Conditions, most: int) -> Iterator[Conditions]:
    """In parts of the sizes that make the fewest rules."""
    numbers = [_count([one]) for one in conditions]
    sizes = min(
        _sizes(numbers, most),
        key=lambda sizes: prod(ceil(n / size) for n, size in zip(numbers, sizes, strict=True)),
    )
    parts = [_parts(one, size) for one, size in zip(conditions, sizes, strict=True)]
    yield from product(*parts)


def _sizes(numbers: Sequence[int], most: int) -> Iterator[tuple[int, ...]]:
    """How many values of each condition a rule has, as many as may be."""
    if not numbers:
        yield ()
        return
    rest = len(numbers) - 1
    for size in range(min(numbers[0], most - rest), 0, -1):
        for more in _sizes(numbers[1:], most - size):
            yield (size, *more)


def _with_fewer_wildcards(conditions: Conditions, most: int | None) -> Iterator[Conditions]:
    """Halves the condition with the most wildcards that has several values."""
    several = [one for one in conditions if _count([one]) > 1]
    if most is None or sum(map(_wildcards, conditions)) <= most or not several:
        yield conditions
        return
    chosen = max(several, key=_wildcards)
    for part in _parts(chosen, ceil(_count([chosen]) / 2)):
        halved = tuple(part if one is chosen else one for one in conditions)
        yield from _with_fewer_wildcards(halved, most)


def _parts(condition: Condition, size: int) -> list[Condition]:
    """The same with `size` values at most, in the order given; regular expressions come last."""
    values, regexes = condition.values, getattr(condition, "regex_values", ())
    tagged = [*((one, False) for one in values), *((one, True) for one in regexes)]
    parts = [tagged[start : start + size] for start in range(0, len(tagged), size)]
    return [_with(condition, part, has_regexes=bool(regexes)) for part in parts]


def _with(
    condition: Condition, part: Iterable[tuple[object, bool]], *, has_regexes: bool
) -> Condition:
    part = list(part)
    fields = {"values": tuple(value for value, is_regex in part if not is_regex)}
    if has_regexes:
        fields["regex_values"] = tuple(value for value, is_regex in part if is_regex)
    return msgspec.structs.replace(condition, **fields)


def _count(conditions: Iterable[Condition]) -> int:
    return sum(len(one.values) + len(getattr(one, "regex_values", ())) for one in conditions)


def _wildcards(condition: Condition) -> int:
    texts = (getattr(one, "value", one) for one in condition.values)
    keys = (getattr(one, "key", None) or "" for one in condition.values)
    return sum(text.count("*") + text.count("?") for text in map(str, (*texts, *keys)))
