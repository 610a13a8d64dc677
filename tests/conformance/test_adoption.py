"""A controller that starts over what another one left finds it as it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.apiserver.cluster import Cluster
from tests.conformance import controller
from tests.conformance.aws_account import Account
from tests.conformance.corpus import DELETE, needs, steps
from tests.conformance.harness import Moto, prepare, take
from tests.controller.aws_front import READS

CASES = (
    "capacity-reservation",
    "frontend-nlb",
    "listener-attributes",
    "load-balancer-attributes",
    "target-group-attributes",
    "waf-classic",
)
"""What is read of them only where it was there before; shared `adopt.py` goes over all."""


@pytest.mark.parametrize("case", CASES)
def test_a_second_controller_writes_nothing(
    case: str, kubeconfig: Path, moto: Moto, tmp_path: Path
) -> None:
    """Everything was read and nothing of it changed."""
    cluster, account = Cluster(kubeconfig), Account(moto.url)
    ids, flags = prepare(case, cluster, account), needs(case).flags
    log = tmp_path / "controller.log"
    with controller.running(kubeconfig, moto.url, ids["vpc"], log, flags) as running:
        for step in steps(case):
            if step.name != DELETE:
                take(step, cluster, ids)
                running.settle()
    since = moto.count()
    with controller.running(kubeconfig, moto.url, ids["vpc"], log, flags) as running:
        running.settle()
    asked = moto.calls(since)
    assert "DescribeLoadBalancers" in asked
    assert [name for name in asked if not name.startswith(READS)] == []
