"""Recorded cases of LBC on the embedded API and the local AWS: no binary but Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import ledger
from tests.conformance.corpus import REPRESENTATIVE, needs
from tests.conformance.harness import Moto, run_case
from tests.conformance.ledger import Case, Ledger
from tests.iam.evaluations import faults_of, features_of


@pytest.mark.parametrize("case", REPRESENTATIVE)
def test_a_case_ends_as_the_reference_left_it(
    case: str, kubeconfig: Path, moto: Moto, tmp_path: Path
) -> None:
    """After every step, and after the delete, AWS and Kubernetes are as recorded.

    And the IAM policy of the features in use allows what was asked for, on our resources alone.
    """
    outcomes = []
    for outcome in run_case(case, kubeconfig, moto, tmp_path):
        assert not outcome.difference, f"{case}/{outcome.step.name}:\n{outcome.difference}"
        outcomes.append(outcome)
    asked = [one for outcome in outcomes for one in outcome.asked]
    assert faults_of(asked, features_of(needs(case).flags)) == []
    calls = sum(outcome.calls for outcome in outcomes)
    theirs = sum(outcome.reference_calls for outcome in outcomes)
    ledger.keep(Ledger(cases=(Case(case, calls, theirs),)))
