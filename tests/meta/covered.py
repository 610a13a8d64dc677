"""Whether every part of the package is covered as it must be: `make coverage`, after its tests.

The pure core, by its import contract, in every branch; each other part by nine tenths. Which tests
count is said in `measured`.
"""

from __future__ import annotations

import io
import sys
import tomllib
from collections.abc import Iterator

import coverage
import msgspec

from tests.meta.sources import ROOT

PACKAGE = ROOT / "alb_controller"
PURE_PERCENT, EDGE_PERCENT = 100.0, 90.0


class Part(msgspec.Struct, frozen=True):
    """A package or module right below the root, and what it is held to."""

    name: str
    least_percent: float

    @property
    def files(self) -> list[str]:
        return [str(PACKAGE / self.name / "*"), str(PACKAGE / f"{self.name}.py")]


def pure_names() -> set[str]:
    """What the import contract of the core holds to purity."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (pure,) = (one for one in contracts["contracts"] if one["id"] == "pure")
    return {module.removeprefix("alb_controller.") for module in pure["source_modules"]}


def parts() -> Iterator[Part]:
    """Every part with code in it, but for the sandbox (`omit` in pyproject.toml)."""
    pure = pure_names()
    names = {
        path.stem
        for path in PACKAGE.iterdir()
        if (path.suffix == ".py" and path.name != "__init__.py") or (path / "__init__.py").exists()
    }
    for name in sorted(names - {"sandbox"}):
        yield Part(name, PURE_PERCENT if name in pure else EDGE_PERCENT)


def main() -> int:
    """Print each part's share; what is missing, and 1, where it is too small."""
    measured = coverage.Coverage()
    measured.load()
    code = 0
    for part in parts():
        missing = io.StringIO()
        percent = measured.report(
            include=part.files, file=missing, show_missing=True, skip_covered=True
        )
        is_enough = percent >= part.least_percent
        decision = "" if is_enough else f"must be {part.least_percent:.0f}\n{missing.getvalue()}"
        sys.stdout.write(f"{part.name:<12}{percent:6.1f} % {decision}\n")
        code = code if is_enough else 1
    return code


if __name__ == "__main__":
    sys.exit(main())
