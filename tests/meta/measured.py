"""Where coverage is measured: tests that ask one thing of code in their own process.

Tracing costs as much processor again as what it traces. Tests of whole processes prove what the
parts do together, and lines that they alone reach are lines that no test asks anything of.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

from tests.meta.sources import ROOT

FOLDERS = ("tests/unit", "tests/faults", "tests/moto", "tests/inside")


def is_measured(path: Path) -> bool:
    """Whether the tests of a file count."""
    return any(path.is_relative_to(ROOT / folder) for folder in FOLDERS)


class Measuring:
    """Stops the coverage that is being measured, but for the tests that count.

    In a worker of xdist pytest-cov starts two, of which the first goes on when the second stops.
    """

    def __init__(self) -> None:
        self._stopped: list[coverage.Coverage] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """With the test's fixtures: most of what a process costs is in these."""
        if is_measured(item.path):
            self._start()
        else:
            self._stop()
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """As pytest-cov expects it."""
        self._start()

    def _start(self) -> None:
        while self._stopped:
            self._stopped.pop().start()

    def _stop(self) -> None:
        while (measured := coverage.Coverage.current()) is not None:
            measured.stop()
            self._stopped.append(measured)
