"""The ledger's decision: each kind of fault is found, or its silence would mean nothing."""

from __future__ import annotations

import msgspec
import pytest

from alb_controller.aws.iam import FEATURES, actions_of
from tests.conformance.corpus import REPRESENTATIVE, case_names, own_names
from tests.conformance.ledger import GRANTED_BY_USERS, Case, Ledger, faults

ALL = actions_of([feature.name for feature in FEATURES]).union(GRANTED_BY_USERS)
WHOLE = Ledger(
    cases=(
        *(Case(name, calls=55, reference_calls=100) for name in case_names()),
        *(Case(name, calls=500, reference_calls=0) for name in own_names()),
    ),
    actions=ALL,
)


def test_a_whole_ledger_has_no_fault() -> None:
    """Every case ran, every action was called, and the calls are within the budget."""
    assert list(faults(WHOLE)) == []


def test_a_part_needs_the_representative_cases_and_declared_actions() -> None:
    """Actions may stay uncalled; a case that did not run or an undeclared action is a fault."""
    cases = tuple(case for case in WHOLE.cases if case.name in REPRESENTATIVE)
    assert list(faults(Ledger(cases=cases), is_part=True)) == []
    found = list(faults(Ledger(cases[1:], frozenset({"ec2:DeleteVpc"})), is_part=True))
    assert len(found) == 2
    assert cases[0].name in found[0]
    assert "ec2:DeleteVpc is called" in found[1]


@pytest.mark.parametrize(
    "change, texts",
    [
        ({"cases": WHOLE.cases[1:]}, f"did not run: {WHOLE.cases[0].name}"),
        ({"actions": ALL | {"ec2:DeleteVpc"}}, "ec2:DeleteVpc is called"),
        ({"actions": ALL - {"ec2:DescribeVpcs"}}, "ec2:DescribeVpcs is declared"),
        ({"cases": (*WHOLE.cases[1:], Case(WHOLE.cases[0].name, 200, 100))}, "0.57 of"),
    ],
)
def test_each_fault_is_reported(change: dict[str, object], texts: str) -> None:
    """Alone, in a sentence that names it."""
    (reported,) = faults(msgspec.structs.replace(WHOLE, **change))
    assert texts in reported
