"""Every test that is written is run."""

from __future__ import annotations

from fnmatch import fnmatch

import pytest

from tests.meta.sources import ROOT, files_of_tests, place


def test_no_folder_of_tests_is_passed_by(pytestconfig: pytest.Config) -> None:
    """Pytest does not look into folders whose names are in its settings (`build` by default)."""
    passed_by = pytestconfig.getini("norecursedirs")
    hidden = [
        place(path)
        for path in files_of_tests()
        if path.name.startswith("test_")
        for folder in path.relative_to(ROOT / "tests").parts[:-1]
        if any(fnmatch(folder, pattern) for pattern in passed_by)
    ]
    assert not hidden
