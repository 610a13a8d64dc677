"""Generated files equal what the code's tables say today."""

from __future__ import annotations

import pytest

from tests.meta.generated import GENERATED
from tests.meta.sources import ROOT


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_a_generated_file_is_current(name: str) -> None:
    """Nobody reads about a flag, annotation or permission that is no longer so (`make gen`)."""
    assert (ROOT / name).read_text() == GENERATED[name]()
