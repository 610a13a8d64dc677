"""The package is what its metadata says."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import metadata, resources
from typing import Any

import pytest

from tests.meta.sources import ROOT


def _project() -> dict[str, Any]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text()))


def test_the_crds_travel_with_the_package() -> None:
    """Whoever has the package has the custom resources, from the one copy in the chart."""
    inside = resources.files("alb_controller") / "crds"
    chart = ROOT / "charts" / "alb-controller" / "crds"
    names = {path.name for path in chart.iterdir()}
    assert {path.name for path in inside.iterdir()} == names
    for name in names:
        assert (inside / name).read_text() == (chart / name).read_text()


def test_linters_and_type_checkers_are_pinned() -> None:
    """The same tool gives the same answer on every machine."""
    groups = _project()["dependency-groups"]
    assert all("==" in requirement for requirement in groups["lint"] + groups["types"])


@pytest.mark.parametrize("group", ["test", "lint", "types"])
def test_the_environment_is_the_pinned_one(group: str) -> None:
    """The tools that run here are those that pyproject.toml names."""
    for requirement in _project()["dependency-groups"][group]:
        name, _, version = requirement.partition(";")[0].partition("==")
        if version:
            assert metadata.version(name.partition("[")[0]) == version


def test_runtime_dependencies_are_the_nine_of_the_adr() -> None:
    """Another dependency needs a decision with its weight."""
    adr = (ROOT / "docs" / "adr" / "0005-dependencies.md").read_text()
    names = [requirement.split(">")[0] for requirement in _project()["project"]["dependencies"]]
    assert len(names) == 9
    assert all(f"| {name}" in adr for name in names)


def test_help_and_version_load_no_client() -> None:
    """The command line answers at once: neither AWS nor Kubernetes is loaded for it."""
    code = (
        "import sys; from alb_controller.cli import main; main(['version']);"
        "sys.exit(bool({'boto3', 'kubernetes', 'cryptography'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == _project()["project"]["version"]
