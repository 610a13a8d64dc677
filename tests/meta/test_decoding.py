"""JSON that others wrote is read in one place, which raises one error whatever is in it."""

from __future__ import annotations

from tests.meta.sources import files_of_package, lines_matching

READERS = (
    "alb_controller/objects/reading/",
    "alb_controller/objects/annotations/json.py",  # its own text and error, for what users write
    "alb_controller/sandbox/",
)


def test_nobody_else_decodes_json() -> None:
    """The decoder raises RecursionError at a text that nests deeply: nobody expects that."""
    found = lines_matching(files_of_package(), r"msgspec\.json\.(decode|Decoder)|json\.loads?\(")
    assert [place for place in found if place.startswith(READERS[:2])]
    assert not [place for place in found if not place.startswith(READERS)]
