"""Recorded cases of the reference on the embedded API and the local AWS: no binary but Python."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.corpus import own_names, supported_cases
from tests.conformance.embedded import embedded
from tests.conformance.harness import Moto, moto_server, run_case


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One embedded API for all cases; each begins by emptying it."""
    with embedded(tmp_path_factory.mktemp("kube")) as (_, path):
        yield path


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    """One local AWS for all cases; each begins by emptying it."""
    with moto_server(tmp_path_factory.mktemp("aws")) as server:
        yield server


@pytest.mark.parametrize("case", [*supported_cases(), *own_names()])
def test_a_case_ends_as_the_reference_left_it(
    case: str, kubeconfig: Path, moto: Moto, tmp_path: Path
) -> None:
    """After every step, and after the delete, AWS and Kubernetes are as recorded."""
    for outcome in run_case(case, kubeconfig, moto, tmp_path):
        assert not outcome.difference, f"{case}/{outcome.step.name}:\n{outcome.difference}"
