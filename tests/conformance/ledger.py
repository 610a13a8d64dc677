"""What the tests' controllers asked of AWS, against what is declared and what LBC took.

    python -m tests.conformance.ledger          over all tiers; 1 where something is amiss
    python -m tests.conformance.ledger --part   after `make test`, which runs a part of the corpus

The corpus is shared by several processes, so each keeps what it saw in files of one folder.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from alb_controller.aws.iam import FEATURES, actions_of
from alb_controller.aws.permissions import SERVICE_LINKED_ROLE
from tests.conformance.corpus import REPRESENTATIVE, all_names
from tests.meta.sources import ROOT

FOLDER = ROOT / ".ledger"
MOST_CALLS = 0.55
"""Of those that LBC made, over the recorded cases."""
NOT_CALLED = {
    SERVICE_LINKED_ROLE: "AWS makes the role, and looks whether the caller might",
    "acm:AddTagsToCertificate": "tags in a request for a certificate",
    "waf-regional:GetWebACL": "AWS looks for it when it is asked which one a load balancer has",
    "wafv2:GetWebACL": "likewise",
}
"""Actions that AWS asks for beside the one that is called, and when."""
GRANTED_BY_USERS = {"sts:AssumeRole": "on the roles that their bindings name, and no others"}
"""Actions that are called and are in no policy of ours on purpose, and on what users grant them."""


class Case(msgspec.Struct, frozen=True):
    """AWS calls of a case that ran to its end; LBC's are 0 for cases of our own."""

    name: str
    calls: int
    reference_calls: int


class Ledger(msgspec.Struct, frozen=True):
    """All that was kept."""

    cases: tuple[Case, ...] = ()
    actions: frozenset[str] = frozenset()

    @property
    def ratio(self) -> float:
        """Our calls in those of LBC."""
        recorded = [case for case in self.cases if case.reference_calls]
        theirs = sum(case.reference_calls for case in recorded)
        return sum(case.calls for case in recorded) / theirs if theirs else 1.0


def keep(part: Ledger) -> None:
    """Remember what one process saw."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=FOLDER, suffix=".json", delete=False) as file:
        file.write(msgspec.json.encode(part))


def read(folder: Path = FOLDER) -> Ledger:
    """Everything that was kept since the folder was removed."""
    parts = [msgspec.json.decode(p.read_bytes(), type=Ledger) for p in folder.glob("*.json")]
    cases = {case.name: case for part in parts for case in part.cases}
    actions = frozenset[str]().union(*(part.actions for part in parts))
    return Ledger(tuple(cases.values()), actions)


def faults(kept: Ledger, *, is_part: bool = False) -> Iterator[str]:
    """What is amiss; nothing where the corpus is whole, and each action declared and called.

    Of a part, what must be there is the representative cases, and not every action is called.
    """
    expected = REPRESENTATIVE if is_part else all_names()
    missing = set(expected) - {case.name for case in kept.cases}
    if missing:
        yield f"cases that did not run: {', '.join(sorted(missing))}"
    declared = actions_of([feature.name for feature in FEATURES])
    for action in sorted(kept.actions - declared - set(GRANTED_BY_USERS)):
        yield f"{action} is called, and no module declares it"
    known = kept.actions | set(NOT_CALLED)
    uncalled = set() if is_part else {*declared, *GRANTED_BY_USERS} - known
    for action in sorted(uncalled):
        yield f"{action} is declared, and no test's controller calls it"
    if kept.ratio > MOST_CALLS:
        yield f"{kept.ratio:.2f} of LBC's AWS calls; at most {MOST_CALLS} are allowed"


def main() -> int:
    """Print what is amiss, or the sums."""
    kept = read()
    amiss = list(faults(kept, is_part=sys.argv[1:] == ["--part"]))
    for line in amiss:
        print(line)
    if not amiss:
        calls = f"{kept.ratio:.3f} of LBC's AWS calls"
        print(f"{len(kept.cases)} cases, {calls}, {len(kept.actions)} IAM actions")
    return 1 if amiss else 0


if __name__ == "__main__":
    sys.exit(main())
