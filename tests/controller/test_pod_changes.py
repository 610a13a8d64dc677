"""Pods come and go one by one: what the whole process asks of AWS for each."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from tests.conformance.aws_account import NODES
from tests.controller.manifests import PODS, app, endpoints, ingress
from tests.controller.rig import Rig

ROUNDS = 5
NODE = "node-c"
ADDRESSES = NODES[NODE].pod_addresses
CHANGES = ("RegisterTargets", "DeregisterTargets")


def change_pods(rig: Rig, pods: Mapping[str, str], *changed: str) -> None:
    """Have these pods, and wait until AWS has the addresses that have changed."""
    seen = len(rig.aws.front.calls)
    for obj in app(pods=pods):
        if obj["kind"] == "Pod":
            rig.apply(obj)
    rig.apply(endpoints("app", pods))

    def is_reported(address: str) -> bool:
        return any(address in c.params.values() for c in rig.aws.front.writes(seen))

    rig.until(lambda: all(map(is_reported, changed)))


def calls_each(rig: Rig, since: int, changes: int) -> float:
    """Calls of any kind for each change."""
    made = rig.aws.front.operations(since)
    assert set(CHANGES) & set(made)
    return len(made) / changes


def test_a_pod_costs_one_call_when_it_comes_and_one_when_it_goes(rig: Rig) -> None:
    """Nothing is asked; a pod that takes another's place in the same moment costs two."""
    rig.apply(ingress("web"))
    with rig.running() as controller:
        controller.settle()
        pods = {**PODS, ADDRESSES[0]: NODE}
        change_pods(rig, pods, ADDRESSES[0])  # the first on its node, which is looked up
        since = len(rig.aws.front.calls)
        for address in ADDRESSES[1:ROUNDS]:
            pods[address] = NODE
            change_pods(rig, pods, address)
        for address in ADDRESSES[1:ROUNDS]:
            del pods[address]
            change_pods(rig, pods, address)
        assert calls_each(rig, since, 2 * (ROUNDS - 1)) == 1.0
        since = len(rig.aws.front.calls)
        for address, following in itertools.pairwise(ADDRESSES[:ROUNDS]):
            change_pods(rig, {**PODS, following: NODE}, address, following)
        assert calls_each(rig, since, ROUNDS - 1) == 2.0
