"""The real helm: from the cache in the home folder, built there once from the Go module proxy."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.apiserver.control_plane import VERSION, find_program, take_step

HELM_VERSION = "v3.22.0"
BINARY = Path("~/.cache/alb-controller/bin/helm").expanduser()
CHART = Path("charts/alb-controller")
RELEASE, NAMESPACE = "alb-controller", "kube-system"

Object = dict[str, Any]


def helm() -> Path:
    """The program, built first where it is missing. Raises Unavailable when that cannot be."""
    if not BINARY.exists():
        BINARY.parent.mkdir(parents=True, exist_ok=True)
        go = find_program("go", "golang-go", "/usr/local/go/bin")
        with tempfile.TemporaryDirectory(dir=BINARY.parent) as folder:
            module = f"helm.sh/helm/v3/cmd/helm@{HELM_VERSION}"
            take_step([go, "install", module], env={"GOBIN": folder, "GOFLAGS": ""})
            (Path(folder) / "helm").rename(BINARY)
    return BINARY


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run helm with nothing of the caller's settings."""
    with tempfile.TemporaryDirectory() as home:
        return subprocess.run(
            [str(helm()), *map(str, arguments)],
            env={"PATH": os.environ["PATH"], "HOME": home},
            capture_output=True,
            text=True,
            check=False,
        )


def template(*values: Path, sets: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """`helm template` of the chart with these value files and `--set`s."""
    given = [term for path in values for term in ("-f", path)]
    given += [term for text in sets for term in ("--set", text)]
    where = ("-n", NAMESPACE, "--kube-version", VERSION)
    return run("template", RELEASE, CHART, *where, *given)


def render(*values: Path, sets: Sequence[str] = ()) -> list[Object]:
    """The objects that the chart makes of these values."""
    made = template(*values, sets=sets)
    assert made.returncode == 0, made.stderr
    return [found for found in yaml.safe_load_all(made.stdout) if found]
