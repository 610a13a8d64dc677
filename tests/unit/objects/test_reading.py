"""Any text becomes a value, a part of one with its problems, or a DecodeError: nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alb_controller.objects.core import Service
from alb_controller.objects.kinds import INGRESS, SECRET, SERVICE, WATCHED, Kind
from alb_controller.objects.networking import Ingress
from alb_controller.objects.reading import Reading, Unreadable, decode, read, read_object, reader
from tests.odd_json import ODD, Text, deep, dumps, managed_fields, places, put, sample

KINDS = [*WATCHED, SECRET]


def read_text(text: str, kind: Kind = INGRESS) -> Reading[Any] | Unreadable[Any]:
    """An object of a kind."""
    return read_object(text.encode(), kind.struct)


def good(kind: Kind = INGRESS) -> Any:
    """The same object as `sample`'s, as the decoder alone reads it."""
    found = read_text(dumps(sample(kind, "web")), kind)
    assert isinstance(found, Reading)
    assert not found.is_cut
    return found.value


@pytest.mark.parametrize("levels", [100, 1200, 9990])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_managed_fields_of_any_depth_are_dropped(kind: Kind, levels: int) -> None:
    """Of every kind, to the 10,000 levels that kube-apiserver takes."""
    text = dumps(sample(kind, "web", managedFields=managed_fields(levels)))
    found = read_text(text, kind)
    assert isinstance(found, Reading)
    assert found.value == good(kind)


@pytest.mark.parametrize("value", ODD, ids=lambda text: text[:20])
@pytest.mark.parametrize("place", ["$", "metadata", "spec"])
def test_fields_that_nobody_reads_do_not_matter(place: str, value: str) -> None:
    """Whatever is in them, wherever they are."""
    made = sample(INGRESS, "web")
    (made if place == "$" else made[place])["unknown"] = value
    found = read_text(dumps(made))
    assert isinstance(found, Reading)
    assert found.value == good()


def test_what_cannot_be_read_is_left_out_and_named_with_its_place() -> None:
    """The rest is there."""
    made = sample(INGRESS, "web")
    made["spec"]["rules"] = [{"host": "a"}, {"host": 5}, 7]
    made["metadata"]["labels"] = {"x": deep(2000)}
    found = read_text(dumps(made))
    assert isinstance(found, Unreadable)
    assert found.key == ("ns", "web")
    assert [rule.host for rule in found.obj.spec.rules] == ["a", ""]
    assert found.obj.spec.tls == good().spec.tls
    assert found.problem == (
        "Expected `str`, got `object` - at `$.metadata.labels[...]`; "
        "Expected `str`, got `int` - at `$.spec.rules[1].host`; "
        "Expected `object`, got `int` - at `$.spec.rules[2]`"
    )
    assert [found.lacks(f"$.{part}") for part in ("metadata", "spec.rules", "spec.tls")] == [
        *(True, True, False)
    ]


def test_metadata_is_whole_while_only_the_rest_is_not() -> None:
    """Then it says who it is and whether it is being deleted."""
    found = read_text(dumps(sample(SERVICE, "web") | {"spec": []}), SERVICE)
    assert isinstance(found, Unreadable)
    assert not found.lacks("$.metadata")
    assert found.obj.metadata == good(SERVICE).metadata


@pytest.mark.parametrize(
    "text", ["", "[]", "7", "null", '"x"', "{", '{"a":}', "[" * 5000, "\ufeff{}"]
)
def test_what_is_no_object_has_no_name(text: str) -> None:
    """And a problem."""
    found = read_text(text)
    assert isinstance(found, Unreadable)
    assert (found.key, found.obj) == (("", ""), Ingress())
    assert found.problem


def test_what_lacks_a_place_lacks_what_is_in_it() -> None:
    """And what is around it; not what has a longer name."""
    found = Unreadable(Service(), "", ("$.spec.ports[1].port", "$.metadata.labels[...]"))
    lacking = ["$", "$.spec", "$.spec.ports", "$.spec.ports[1]", "$.metadata.labels"]
    there = ["$.spec.port", "$.spec.ports[2]", "$.metadata.name", "$.status", "$.spec.portsx"]
    assert [place for place in (*lacking, *there) if found.lacks(place)] == lacking
    assert Unreadable(Service(), "").lacks("$.spec.ports")
    assert Unreadable(Service(), "", ("$.spec",)).lacks("$.spec.ports[1]")
    assert not Unreadable(Service(), "", ("$.spec",)).lacks("$.special")


def test_problems_are_short() -> None:
    """They go to the log, from an object of 3 MiB."""
    found = read_text(dumps(sample(SERVICE, "web") | {"spec": {"ports": [1] * 5000}}), SERVICE)
    assert isinstance(found, Unreadable)
    assert len(found.problem) < 320


def test_a_time_without_a_zone_is_none() -> None:
    """It cannot be compared with others."""
    found = read_text(dumps(sample(SERVICE, "web", creationTimestamp="2026-01-01T00:00:00")))
    assert isinstance(found, Unreadable)


def test_escapes_in_keys_count() -> None:
    """A field that is spelled with them is not lost when the text is cut."""
    text = dumps(sample(SERVICE, "web", managedFields=managed_fields(1200)))
    assert read_text(text.replace('"spec"', r'"sp\u0065c"'), SERVICE) == read_text(text, SERVICE)


@pytest.mark.parametrize("place", ["$", "metadata", "spec"])
def test_a_key_that_is_no_text_is_nobodys_field(place: str) -> None:
    """The fields beside it are read."""
    made = sample(INGRESS, "web")
    (made if place == "$" else made[place])[Text(r'"\ud800"')] = 1
    found = read_text(dumps(made))
    assert isinstance(found, Reading)
    assert found.value == good()


class Wanted(msgspec.Struct):
    """A struct with a field that must be there."""

    name: str
    parts: dict[str, msgspec.Raw] = {}
    more: list[Service] | None = None


def test_parts_are_passed_on_as_they_stand() -> None:
    """Also those that no decoder would take."""
    part = deep(5000)
    found = decode(f'{{"name": "a", "parts": {{"x": {part}}}}}', Wanted)
    assert bytes(found.parts["x"]) == part.encode()


@pytest.mark.parametrize(
    "text, problem",
    [
        (f'{{"parts": {{"x": {deep(5000)}}}}}', "lacks a field of Wanted"),
        (f'{{"name": "a", "more": [{{"spec": {deep(5000)}, "metadata": 3}}]}}', r"\$.more\[0\]"),
        ('{"name": "a", "parts": {"\\ud800": 1}}', r"\$.parts"),
        (f'{{"name": "a", "parts": {deep(9)}, "x": {deep(5000)}', "nested too deeply"),
    ],
)
def test_half_a_value_is_an_error_of_the_decoder(text: str, problem: str) -> None:
    """Nothing is left out in silence."""
    with pytest.raises(msgspec.DecodeError, match=problem):
        decode(text, Wanted)


def test_a_text_with_too_many_brackets_is_not_cut() -> None:
    """Where somebody waits for the answer."""
    text = f'{{"name": "a", "x": {deep(3000)}}}'
    assert decode(text, Wanted, most_brackets=4000).name == "a"
    with pytest.raises(msgspec.DecodeError, match="nested too deeply"):
        decode(text, Wanted, most_brackets=2000)


@given(st.data())
def test_anything_anywhere_is_read_or_named(data: st.DataObject) -> None:
    """A value that JSON allows, in any place of an object of any kind: no other error."""
    kind = data.draw(st.sampled_from(KINDS))
    made = sample(kind, "web")
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(made)))
        made = put(made, place, data.draw(st.sampled_from(ODD)))
    found = read_object(dumps(made).encode(), kind.struct)
    assert isinstance(found, Reading) or found.problem


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """There is no other error."""
    try:
        read(data, Service)
    except msgspec.DecodeError:
        return


def test_a_text_that_is_no_unicode_is_a_decode_error() -> None:
    """A lone surrogate cannot be encoded; the decoder's own error for it is of another kind."""
    with pytest.raises(msgspec.DecodeError, match="UnicodeEncodeError"):
        reader._decode('"\ud800"', str)
