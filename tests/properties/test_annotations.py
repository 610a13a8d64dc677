"""Laws of annotations: what a user writes is a value, or one error that says what is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alb_controller.errors import InvalidAnnotation
from alb_controller.frontends.ingress.load import load
from alb_controller.frontends.ingress.select import BadGroup, Member, select
from alb_controller.frontends.ingress.translate import translate
from alb_controller.model.stack import Observed
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations import values as read
from alb_controller.objects.annotations.ingress_table import TABLE
from alb_controller.objects.annotations.rows import Annotation, Reader, Source, without_line_end
from alb_controller.settings import Settings
from alb_controller.values import ObjectRef
from tests.factories import cluster, ingress, ingress_class, service

SETTINGS = Settings(cluster_name="prod")
WEB = ObjectRef("Ingress", "shop", "web")
SERVED: list[Annotation[Any]] = [
    *TABLE,
    rows.action("it"),
    rows.conditions("it"),
    rows.transforms("it"),
]
LIKELY = st.text(alphabet='abz019-+., =\\"[]{}:/HTPStruefalsn\n\té', max_size=40)
"""Strings of what values are made of, so that the parsers get beyond the first character."""
ANY = st.one_of(st.text(), LIKELY, st.text(alphabet="0123456789+-", max_size=60))
RIGHT = st.sampled_from(
    ["true", "ip", "internal", "HTTPS", "GRPC", "oidc", "cognito", "443", "a=b", "subnet-1", "[]"]
)
"""What some annotation takes."""
NAMES = st.text(alphabet="abc", min_size=1, max_size=3)
VALUES = st.text(alphabet="xyz/.=", max_size=5)


def error_of(row: Annotation[Any], raw: str) -> InvalidAnnotation | None:
    """What a user reads about a value; None for one that can be read."""
    try:
        Reader(Source(WEB, {row.key: raw})).get(row)
    except InvalidAnnotation as error:
        return error
    return None


@pytest.mark.parametrize("row", SERVED, ids=[row.suffix for row in SERVED])
@given(raw=ANY)
@example(raw="")
@example(raw="9" * 5000)
@example(raw="[" * 5000)
@example(raw="\\")
@example(raw="\x00")
def test_any_string_is_a_value_or_an_error_that_says_what_is_allowed(
    row: Annotation[Any], raw: str
) -> None:
    """Object, key, value and the allowed form; never another exception."""
    error = error_of(row, raw)
    if error is not None:
        assert (error.origin, error.field) == (WEB, row.key)
        read = without_line_end(raw)
        assert error.problem.startswith(repr(read))
        stated = error.problem.removeprefix(repr(read))
        allowed = ("must", "allowed", "cannot be longer", "is not a")
        assert any(term in stated for term in allowed), stated


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TABLE), ANY | RIGHT, st.sampled_from(["Ingress", "Service"]))
def test_any_annotation_of_any_object_is_served_or_reported(
    row: Annotation[Any], raw: str, kind: str
) -> None:
    """The Ingress has what it asks for, or is stopped by errors that name object and key."""
    noted = {row.suffix: raw}
    web = ingress(alb=noted if kind == "Ingress" else {})
    app = service(alb=noted if kind == "Service" else {})
    objects = cluster(ingress_class(), app, web)
    selected = select(web, objects, "alb")
    if isinstance(selected, BadGroup):
        assert row.key in str(selected.problem)
        return
    assert isinstance(selected, Member)
    made = translate(load(selected.key, objects, "alb"), SETTINGS, {}, {}, Observed())
    for problem in made.problems:
        assert str(problem.origin) in ("Ingress shop/web", "Service shop/app")
        assert row.key in str(problem), problem
    assert made.served == (frozenset() if made.problems else {"uid-web"})


@given(st.dictionaries(NAMES, VALUES, min_size=1))
def test_a_map_reads_back_what_was_written(pairs: dict[str, str]) -> None:
    """Keys and values without blanks, commas and backslashes need no care."""
    assert read.string_map(",".join(f"{k}={v}" for k, v in pairs.items())) == pairs


@given(st.dictionaries(NAMES, st.text(alphabet="x,\\=", max_size=5), min_size=1))
def test_a_backslash_makes_any_value_safe(pairs: dict[str, str]) -> None:
    """Commas and backslashes, each behind a backslash."""
    escaped = {key: value.replace("\\", "\\\\").replace(",", "\\,") for key, value in pairs.items()}
    assert read.string_map(",".join(f"{k}={v}" for k, v in escaped.items())) == pairs


@given(st.lists(st.text(alphabet="ab-/:.", min_size=1, max_size=5)))
def test_a_list_reads_back_what_was_written(parts: list[str]) -> None:
    """Blanks around the commas do not matter."""
    assert read.string_list(" , ".join(parts)) == tuple(parts)


@given(st.integers(min_value=-(2**40), max_value=2**40))
def test_a_number_is_read_or_out_of_range(number: int) -> None:
    """Exactly those of 32 bits are read."""
    fits = -(2**31) <= number < 2**31
    try:
        assert read.int32(str(number)) == number
        assert fits
    except ValueError:
        assert not fits
