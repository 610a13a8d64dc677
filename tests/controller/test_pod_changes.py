"""Pods come and go one by one: what the whole process asks of AWS for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.conformance.aws_account import NODES
from tests.controller.manifests import PODS, app, endpoints, ingress
from tests.controller.rig import Rig

ROUNDS = 5
NODE = "node-c"
ADDRESSES = NODES[NODE].pod_addresses
CHANGES = ("RegisterTargets", "DeregisterTargets")


@pytest.fixture
def served(rig: Rig) -> Iterator[Rig]:
    """A controller that serves one Ingress and has seen a pod on the third node."""
    rig.apply(ingress("web"))
    with rig.running() as controller:
        controller.settle()
        change_pods(rig, {**PODS, ADDRESSES[0]: NODE}, ADDRESSES[0])
        controller.settle()
        yield rig


def change_pods(rig: Rig, pods: Mapping[str, str], *changed: str) -> None:
    """Have these pods, and wait until AWS was told of the addresses that have changed."""
    seen = len(rig.aws.front.calls)
    for obj in app(pods=pods):
        if obj["kind"] == "Pod":
            rig.apply(obj)
    rig.apply(endpoints("app", pods))

    def is_told(address: str) -> bool:
        return any(address in c.params.values() for c in rig.aws.front.writes(seen))

    rig.until(lambda: all(map(is_told, changed)))


def calls_each(rig: Rig, since: int, changes: int) -> float:
    """Calls of any kind for each change."""
    made = rig.aws.front.operations(since)
    assert set(CHANGES) & set(made)
    return len(made) / changes


def test_a_pod_that_comes_or_goes_costs_one_call(served: Rig) -> None:
    """Registered or deregistered, and nothing is asked."""
    pods, since = {**PODS, ADDRESSES[0]: NODE}, len(served.aws.front.calls)
    for address in ADDRESSES[1 : ROUNDS + 1]:
        pods[address] = NODE
        change_pods(served, pods, address)
    for address in ADDRESSES[1 : ROUNDS + 1]:
        del pods[address]
        change_pods(served, pods, address)
    assert calls_each(served, since, 2 * ROUNDS) == 1.0


def test_a_replaced_pod_costs_two_calls(served: Rig) -> None:
    """One for the pod that comes and one for the pod that goes, also in the same moment."""
    since = len(served.aws.front.calls)
    for address, following in zip(ADDRESSES[:ROUNDS], ADDRESSES[1:], strict=False):
        change_pods(served, {**PODS, following: NODE}, address, following)
    assert calls_each(served, since, ROUNDS) == 2.0
