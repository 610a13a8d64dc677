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
    """Stops the coverage that pytest-cov has begun, but for the tests that count."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self._measured, self._is_on = measured, True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """With the test's fixtures: most of what a process costs is in these."""
        self._turn(is_on=is_measured(item.path))
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """As pytest-cov expects it."""
        self._turn(is_on=True)

    def _turn(self, *, is_on: bool) -> None:
        if is_on != self._is_on:
            self._is_on = is_on
            (self._measured.start if is_on else self._measured.stop)()
