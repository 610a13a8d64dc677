"""A control plane for the tests of this folder, one for the session."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.apiserver.cluster import Cluster
from tests.apiserver.control_plane import Unavailable, running
from tests.apiserver.helm import helm
from tests.apiserver.leadership import LEASE
from tests.conformance.conftest import moto
from tests.conformance.harness import wipe
from tests.controller.conftest import aws, seeded
from tests.controller.rig import Aws, Rig

__all__ = ["aws", "moto", "seeded"]  # fixtures that are ours too
CRDS = sorted(Path("charts/alb-controller/crds").glob("*.yaml"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a control plane, and time for it to be built once."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.apiserver)
            item.add_marker(pytest.mark.timeout(180, func_only=True))


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The kubeconfig of a fresh control plane (its user is an admin), our CRDs established."""
    try:
        with running(tmp_path_factory.mktemp("control-plane")) as path:
            Cluster(path).install_crds(CRDS)
            yield path
    except Unavailable as error:
        go_without("control plane", error)


def go_without(what: str, error: object) -> NoReturn:
    """Fail in CI; elsewhere leave the test out and say why."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"no {what}: {error}")
    pytest.skip(f"no {what}: {error}")


@pytest.fixture(scope="session")
def helm_program() -> None:
    """The real helm is there, or the test says why not."""
    try:
        helm()
    except Unavailable as error:
        go_without("helm", error)


@pytest.fixture(scope="session")
def control_plane(kubeconfig: Path) -> Cluster:
    """The same control plane, to read and write objects by plain HTTP."""
    return Cluster(kubeconfig)


@pytest.fixture(scope="session")
def kubectl_program() -> str:
    """Where kubectl is."""
    found = shutil.which("kubectl")
    if found is None:
        go_without("kubectl", "it is not on PATH")
    return found


@pytest.fixture
def rig(kubeconfig: Path, control_plane: Cluster, aws: Aws, tmp_path: Path) -> Iterator[Rig]:
    """A cluster with nothing in it but the Service app."""
    wipe(control_plane)
    yield Rig(control_plane, kubeconfig, aws, tmp_path)
    wipe(control_plane)
    control_plane.delete(*LEASE)
