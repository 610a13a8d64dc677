"""`route` and the data plane give the same answer to the same request."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dataplane.agreement import disagreements


def test_the_evaluator_and_the_data_plane_agree(tmp_path: Path) -> None:
    """200 random requests over two sets of random rules."""
    assert disagreements(1, tmp_path, documents=2, requests=100) == []


@pytest.mark.perf
@pytest.mark.timeout(900)
def test_they_agree_on_ten_thousand_requests(tmp_path: Path) -> None:
    """Over forty sets of rules; `make bench ARGS=tests/dataplane` runs it."""
    assert disagreements(2, tmp_path, documents=40, requests=250) == []
