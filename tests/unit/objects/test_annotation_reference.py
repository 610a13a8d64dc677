"""The page that tells users what to write."""

from __future__ import annotations

import pytest

from alb_controller.objects.annotations.ingress_table import FAMILIES, PREFIX, TABLE
from alb_controller.objects.annotations.reference import EXAMPLES, FAMILY_EXAMPLES, annotations_page


def test_each_annotation_has_an_example_and_its_place_in_aws() -> None:
    """None is left out, and none is there that does not exist."""
    assert set(EXAMPLES) == {row.suffix for row in TABLE}
    assert set(FAMILY_EXAMPLES) == set(FAMILIES)


@pytest.mark.parametrize("suffix", sorted(EXAMPLES))
def test_each_example_is_a_value_that_can_be_read(suffix: str) -> None:
    """What the page shows works as it stands there."""
    for row in TABLE:
        if row.suffix == suffix:
            row.parse(EXAMPLES[suffix].value)


def test_the_page_has_a_line_for_each() -> None:
    """In the table's order."""
    page = annotations_page()
    assert all(f"| `{row.key.removeprefix(PREFIX)}` |" in page for row in TABLE)
