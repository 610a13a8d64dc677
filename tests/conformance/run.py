"""Runs recorded cases and says which steps equal LBC's.

python -m tests.conformance.run [--show] [CASE …]; all of them without a name
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.apiserver.cluster import Cluster
from tests.apiserver.control_plane import running
from tests.conformance.controller import ControllerError
from tests.conformance.corpus import all_names
from tests.conformance.harness import Outcome, moto_server, run_case

CRDS = sorted(Path("charts/alb-controller/crds").glob("*.yaml"))


def main() -> int:
    """Run the cases; 1 if a step differs or the controller failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="a folder of cases/")
    parser.add_argument("--show", action="store_true", help="print each difference in full")
    arguments = parser.parse_args()
    unknown = set(arguments.cases) - set(all_names())
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    outcomes: list[Outcome] = []
    broken = 0
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as kubeconfig:
        Cluster(kubeconfig).install_crds(CRDS)
        with moto_server(Path(name)) as moto:
            for case in arguments.cases or all_names():
                try:
                    for outcome in run_case(case, kubeconfig, moto, Path(name)):
                        outcomes.append(outcome)
                        report(outcome, show=arguments.show)
                except ControllerError as error:
                    broken += 1
                    print(f"FAIL {case}: {error}", flush=True)
    differing = sum(bool(outcome.difference) for outcome in outcomes)
    ours = sum(outcome.calls for outcome in outcomes)
    theirs = sum(outcome.reference_calls for outcome in outcomes)
    print(f"{len(outcomes) - differing} steps equal, {differing} differ, {broken} cases broke off;")
    print(f"{ours} AWS calls, LBC made {theirs}")
    return 1 if differing or broken else 0


def report(outcome: Outcome, *, show: bool) -> None:
    """One line for a step, and the difference if it is asked for."""
    term = "FAIL" if outcome.difference else "pass"
    step = f"{outcome.step.case}/{outcome.step.name}"
    print(f"{term} {step}: {outcome.calls} AWS calls, LBC {outcome.reference_calls}", flush=True)
    if show and outcome.difference:
        print(outcome.difference)


if __name__ == "__main__":
    sys.exit(main())
