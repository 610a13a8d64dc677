"""A controller that starts over what another one left finds it as it should be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apiserver.cluster import Cluster
from tests.conformance import controller
from tests.conformance.additions import add
from tests.conformance.aws_account import Account
from tests.conformance.corpus import DELETE, needs, steps
from tests.conformance.embedded import embedded
from tests.conformance.harness import Moto, add_nodes, moto_server, take, wipe

READS = ("Describe", "Get", "List")
CASES = (
    "capacity-reservation",
    "frontend-nlb",
    "listener-attributes",
    "load-balancer-attributes",
    "target-group-attributes",
    "waf-classic",
)
"""What is read of them only where it was there before; shared `adopt.py` goes over all."""


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One embedded API for all cases."""
    with embedded(tmp_path_factory.mktemp("kube")) as (_, path):
        yield path


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    """One local AWS for all cases."""
    with moto_server(tmp_path_factory.mktemp("aws")) as server:
        yield server


@pytest.mark.parametrize("case", CASES)
def test_a_second_controller_writes_nothing(
    case: str, kubeconfig: Path, moto: Moto, tmp_path: Path
) -> None:
    """Everything was read and nothing of it changed."""
    cluster, account = Cluster(kubeconfig), Account(moto.url)
    wipe(cluster)
    needed = needs(case)
    ids = add(account, needed.account, account.seed())
    add_nodes(cluster, ids)
    log = tmp_path / "controller.log"
    with controller.running(kubeconfig, moto.url, ids["vpc"], log, needed.flags) as running:
        for step in steps(case):
            if step.name != DELETE:
                take(step, cluster, ids)
                running.settle()
    since = moto.count()
    with controller.running(kubeconfig, moto.url, ids["vpc"], log, needed.flags) as running:
        running.settle()
    asked = moto.calls(since)
    assert "DescribeLoadBalancers" in asked
    assert [name for name in asked if not name.startswith(READS)] == []
