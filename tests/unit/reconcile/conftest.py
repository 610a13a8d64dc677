"""What every test of the reconcilers leaves behind: no series of its objects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alb_controller.telemetry import metrics


@pytest.fixture(autouse=True)
def no_series() -> Iterator[None]:
    """As a process's end does: other tests' keys are other owners."""
    yield
    for gauge in (metrics.OBJECT_STATE, metrics.TARGET_GROUP_INFO, metrics.QUOTA_USED):
        gauge._shown.clear()
