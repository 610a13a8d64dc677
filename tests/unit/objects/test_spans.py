"""The borders of JSON values are found at any depth, and nothing but a DecodeError is raised."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alb_controller.objects.reading.spans import elements, members

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
INDENTS = st.sampled_from([None, 1])


@settings(max_examples=40)
@given(st.dictionaries(st.text(), VALUES), INDENTS)
def test_an_object_is_split_into_its_values(value: dict[str, Any], indent: int | None) -> None:
    """Whatever keys and values are in it, with blanks and without."""
    found = members(json.dumps(value, indent=indent).encode())
    assert {json.loads(key): json.loads(part) for key, part in found.items()} == value


@settings(max_examples=40)
@given(st.lists(VALUES), INDENTS)
def test_an_array_is_split_into_its_values(value: list[Any], indent: int | None) -> None:
    """In their order."""
    text = json.dumps(value, indent=indent).encode()
    assert [json.loads(part) for part in elements(text)] == value


@pytest.mark.parametrize("levels", [1, 2000, 200_000])
def test_depth_does_not_matter(levels: int) -> None:
    """A value ends where its own bracket closes."""
    nested = b'[{"a":' * levels + b'"]}"' + b"}]" * levels
    assert members(b'{"x":%s,"y":1}' % nested) == {b'"x"': nested, b'"y"': b"1"}
    assert elements(b"[%s,%s]" % (nested, nested)) == [nested, nested]


def test_of_two_equal_keys_the_last_counts() -> None:
    """As in every decoder here."""
    assert members(b'{"a":1,"a":2}') == {b'"a"': b"2"}


@pytest.mark.parametrize(
    "text",
    [b"", b" ", b"{", b'{"a"', b'{"a":', b'{"a":1', b'{"a":1,', b'{"a":1,}', b"{a:1}", b'{"a":[}'],
)
def test_half_an_object_is_none(text: bytes) -> None:
    """Nor is one with something behind it."""
    with pytest.raises(msgspec.DecodeError):
        members(text)
    with pytest.raises(msgspec.DecodeError):
        members(b'{"a":1}' + (text.strip() or b"x"))


@given(st.binary() | st.text(alphabet='{}[]",:\\ \n01ae').map(str.encode))
def test_any_bytes_are_split_or_refused(data: bytes) -> None:
    """There is no other error, and no text takes for ever."""
    for split in (members, elements):
        try:
            split(data)
        except msgspec.DecodeError:
            continue
