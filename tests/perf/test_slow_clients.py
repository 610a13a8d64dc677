"""The whole process under 64 slow clients at each port, for a minute."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.controller.conftest import api, aws, rig, seeded
from tests.controller.rig import Rig
from tests.controller.siege import Fort, fort
from tests.slow_clients import attacking

__all__ = ["api", "aws", "rig", "seeded"]
pytestmark = [pytest.mark.perf, pytest.mark.timeout(300)]
PAUSE_SECONDS = 4.0
"""Between two bytes."""


def hold(held: Fort, seconds: float, before: float, figures: list[str]) -> None:
    """All are answered within a second, and memory grows by less than 64 MiB."""
    seen = held.ask(seconds)
    grown = held.grown_mib(before)
    figures.extend(
        f"{one.name}: {len(one.seconds)} asked, {len(one.failures)} failed, "
        f"the slowest took {one.worst_ms:.0f} ms"
        for one in seen
    )
    figures.append(f"memory grew by {grown:.1f} MiB from {before:.0f}")
    assert [failure for one in seen for failure in one.failures] == []
    assert max(one.worst_ms for one in seen) < 1000
    assert grown < 64


def test_slow_clients(rig: Rig, tmp_path: Path, figures: list[str]) -> None:
    """64 at each port that send a byte every 4 s, or nothing, or most of a body, or do not read."""
    with fort(rig, tmp_path) as held:
        before = held.forget_peak()
        with (
            attacking(held.health, PAUSE_SECONDS, silent=32, drip=32),
            attacking(held.metrics, PAUSE_SECONDS, silent=20, drip=20, scraper=24),
            attacking(
                held.webhooks,
                PAUSE_SECONDS,
                silent=12,
                handshake=12,
                drip_tls=14,
                half_tls=14,
                reader_tls=12,
            ),
        ):
            hold(held, 60, before, figures)


@pytest.mark.parametrize("kind", ["half_tls", "reader_tls", "costly_tls"])
def test_bodies(rig: Rig, tmp_path: Path, figures: list[str], kind: str) -> None:
    """64 callers that all send bodies which take much memory."""
    with fort(rig, tmp_path) as held:
        before = held.forget_peak()
        with attacking(held.webhooks, PAUSE_SECONDS, **{kind: 64}):
            figures.append(f"64 {kind}:")
            hold(held, 20, before, figures)
