"""A small cluster that lives quickly: two nodes, five Pod addresses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.simulated_controllers.simulated import SimulatedCluster


@pytest.fixture
def simulated() -> Iterator[SimulatedCluster]:
    """An embedded API and its life, for one test."""
    made = SimulatedCluster()
    made.controllers.start()
    yield made
    made.controllers.stop()
