"""A Kubernetes API and an AWS for all cases of a file; each case begins by emptying them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.embedded import embedded
from tests.conformance.harness import Moto, moto_server


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One embedded API."""
    with embedded(tmp_path_factory.mktemp("kube")) as (_, path):
        yield path


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    """One local AWS."""
    with moto_server(tmp_path_factory.mktemp("aws")) as server:
        yield server
