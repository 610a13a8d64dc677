"""Figures that were measured are printed when all tests have run."""

from __future__ import annotations

import pytest

_FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> list[str]:
    """Sentences with what was measured."""
    return request.config.stash.setdefault(_FIGURES, [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print them."""
    for sentence in config.stash.get(_FIGURES, []):
        terminalreporter.write_line(f"measured: {sentence}")
