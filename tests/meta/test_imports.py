"""The import contracts of pyproject.toml hold, and cover every package."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from tests.meta.sources import ROOT

PURE = {"frontends", "build", "plan", "targets", "intent", "model", "objects", "routing", "state"}
PURE_PARTS = {"webhooks.binding_rules", "webhooks.pods"}
OUTSIDE = {"__init__", "__main__", "crds"}


def _contract(contract_id: str) -> dict[str, Any]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = config["tool"]["importlinter"]["contracts"]
    return next(contract for contract in contracts if contract["id"] == contract_id)


def _modules() -> set[str]:
    found = (ROOT / "alb_controller").iterdir()
    return {path.stem for path in found if path.suffix == ".py" or (path / "__init__.py").exists()}


def test_the_contracts_hold() -> None:
    """Imports point down, clients stay at the edges, the core is pure."""
    linter = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run(
        [linter, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_module_has_a_layer() -> None:
    """A new package is placed before it is used."""
    layers = " ".join(_contract("layers")["layers"])
    unplaced = {name for name in _modules() - OUTSIDE if f"alb_controller.{name}" not in layers}
    assert not unplaced


def test_every_pure_package_is_held_to_purity() -> None:
    """A package of the core that exists is in the contract of the core."""
    modules = _contract("pure")["source_modules"]
    held = {name.removeprefix("alb_controller.") for name in modules}
    assert held == (PURE & _modules()) | PURE_PARTS
