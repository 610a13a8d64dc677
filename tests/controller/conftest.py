"""One account for the session, a fresh Kubernetes API for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alb_controller.sandbox.kubeapi import ApiServer
from tests.apiserver.cluster import Cluster
from tests.conformance.embedded import embedded
from tests.controller.rig import Aws, Rig, seeded_account


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """An account that is seeded once."""
    with seeded_account(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture
def aws(seeded: Aws) -> Iterator[Aws]:
    """The account as it was seeded."""
    seeded.front.reset()
    yield seeded
    seeded.clear()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[ApiServer, Path]]:
    """An embedded API of the test's own."""
    with embedded(tmp_path) as made:
        yield made


@pytest.fixture
def server(api: tuple[ApiServer, Path]) -> ApiServer:
    """The API server alone, to make it fail."""
    return api[0]


@pytest.fixture
def rig(api: tuple[ApiServer, Path], aws: Aws, tmp_path: Path) -> Rig:
    """A cluster with the Service app in it; no controller runs yet."""
    _, kubeconfig = api
    return Rig(Cluster(kubeconfig), kubeconfig, aws, tmp_path)
