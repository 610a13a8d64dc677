"""Slow clients at all ports of the process at once; the full time is in tests/perf."""

from __future__ import annotations

from pathlib import Path

from tests.controller.rig import Rig
from tests.controller.siege import fort
from tests.slow_clients import attacking


def test_slow_clients_silence_nobody(rig: Rig, tmp_path: Path) -> None:
    """64 at each port: probes and reviews are answered, scrapes are but for two at the most, and
    bodies take the memory that is set aside.
    """
    with fort(rig, tmp_path) as held:
        before = held.forget_peak()
        with (
            attacking(held.health, 0.5, silent=32, drip=32),
            attacking(held.metrics, 0.5, silent=32, scraper=32),
            attacking(held.webhooks, 0.5, silent=16, handshake=16, drip_tls=16, half_tls=16),
        ):
            seen = held.ask(6)
        failures = {one.name: one.failures for one in seen}
        assert (failures["probe"], failures["review"]) == ([], [])
        # 16 places for 64 attackers: a scrape that comes in a crowd may be dropped, and is repeated
        assert len(failures["scrape"]) <= 2
        assert held.grown_mib(before) < 64
