"""Recorded cases of the reference on a real API server: the same AWS state from the same input."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.corpus import ci_cases
from tests.conformance.harness import Moto, moto_server, run_case


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    """One moto server for all cases; each begins by emptying it."""
    with moto_server(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.mark.conformance
@pytest.mark.parametrize("case", ci_cases())
def test_a_case_ends_as_the_reference_left_it(
    case: str, kubeconfig: Path, moto: Moto, tmp_path: Path
) -> None:
    """After every step, and after the delete, AWS and Kubernetes are as recorded."""
    for outcome in run_case(case, kubeconfig, moto, tmp_path):
        assert not outcome.difference, f"{case}/{outcome.step.name}:\n{outcome.difference}"
