"""Garbage in the parts of a restriction: whatever is served has all of it (ADR 28)."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.factories import ingress
from tests.properties.test_fuzzed_annotations import NUMBER, RESTRICTIONS, reviewed

ALIKE = str.maketrans("aeosip.1", "\u0430\u0435\u03bf\u0455\u0456\u0440\u3002\uff11")
"""Of other alphabets."""
WRONG: tuple[Any, ...] = (
    None,
    [],
    {},
    "",
    0,
    1,
    -1,
    True,
    1.5,
    "null",
    [None],
    [[]],
    {"": None},
    "\uff11\uff10",
)
KEYS = (
    "x",
    "Field",
    "FIELD",
    "values ",
    " values",
    "Values",
    "vaIues",
    "",
    "issuer\n",
    "userPoolArn",
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Of every part of JSON, the whole among them."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from places(inner, (*path, at))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """The part there."""
    for key in path:
        value = value[key]
    return value


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The same with another part there."""
    if not path:
        return new
    at(value, path[:-1])[path[-1]] = new
    return value


def wrong(part: Any, by: random.Random) -> Any:
    """A part of another type, or none."""
    return by.choice(WRONG) if by.random() < 0.5 or part is None else json.dumps(part)


def unknown(part: dict[str, Any], by: random.Random) -> Any:
    """With a key more."""
    return part | {by.choice(KEYS): by.choice(WRONG)}


def renamed(part: dict[str, Any], by: random.Random) -> Any:
    """With a key that looks as it did."""
    key = by.choice(sorted(part))
    names = (key.upper(), key.lower(), f"{key} ", key.translate(ALIKE))
    return {by.choice(names) if one == key else one: value for one, value in part.items()}


def respelled(part: str, by: random.Random) -> Any:
    """With letters that look alike, or signs around it."""
    return by.choice([part.translate(ALIKE), f"{part}\n", f" {part}", f"{part}\0", f"{part}/", "*"])


def doubled(whole: Any, part: dict[str, Any], by: random.Random) -> str:
    """The text with a key that stands twice, the wrong one first or last."""
    one, item = (
        json.dumps(part),
        f"{json.dumps(by.choice(sorted(part)))}: {json.dumps(by.choice(WRONG))}",
    )
    twice = by.choice([f"{{{item}, {one[1:]}", f"{one[:-1]}, {item}}}"])
    return json.dumps(whole).replace(one, twice, 1)


def respaced(whole: Any, by: random.Random) -> str:
    """The text as templates leave it."""
    ends = ("", "\n", " ", "\t", "...", " # office", "\ufeff", ",")
    return json.dumps(whole, indent=2) + by.choice(ends)


def garbled(text: str, by: random.Random) -> str:
    """One mistake of a person or a template, somewhere in JSON."""
    whole = json.loads(text)
    path = by.choice(list(places(whole)))
    part, kind = at(whole, path), by.randrange(5)
    changes: list[Callable[[Any, random.Random], Any]] = [wrong]
    if isinstance(part, dict) and part:
        if kind == 1:
            return doubled(whole, part, by)
        changes += [unknown, renamed]
    if isinstance(part, str):
        changes.append(respelled)
    if kind == 0:
        return respaced(whole, by)
    made = put(whole, path, by.choice(changes)(part, by))
    return json.dumps(made, ensure_ascii=by.random() < 0.5)


def read_by_go(raw: str) -> str:
    """The last of equal keys counts, of those that differ in case as well (encoding/json)."""

    def last(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = {key.casefold(): (key, value) for key, value in pairs if value is not None}
        return dict(found.values())

    return json.dumps(json.loads(raw, object_pairs_hook=last))


@pytest.mark.parametrize("key", [key for key in RESTRICTIONS if key != "inbound-cidrs"])
def test_a_garbled_restriction_is_served_whole_or_not_at_all(key: str) -> None:
    """And never with less than what was there before the mistake."""
    by, (value, base, holds) = random.Random(key), RESTRICTIONS[key]
    served = 0
    for _ in range(NUMBER // 3):
        raw = garbled(value, by)
        found: list[Any] = reviewed(ingress(alb=base | {key: raw}))
        if found:
            served += 1
            assert holds(read_by_go(raw), found), raw
    assert 0 < served < NUMBER // 3
