"""A small cluster that lives quickly: two nodes, five Pod addresses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.life.town import Town


@pytest.fixture
def town() -> Iterator[Town]:
    """An embedded API and its life, for one test."""
    made = Town()
    made.life.start()
    yield made
    made.life.stop()
