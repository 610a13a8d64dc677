"""The leader is killed at random moments of its work: nothing is lost, nothing done twice."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import ExitStack
from functools import partial

import pytest

from tests.apiserver.leadership import LEASE, LED, holder
from tests.conformance.controller import Controller
from tests.controller.aws_front import Call
from tests.controller.manifests import ingress
from tests.controller.rig import Mark, Rig

MOMENTS = 20
WRITES = {"create": 8, "delete": 4}
"""At least so many writes to AWS are needed, so that the leader does not live to the last."""
WHAT = ("Name", "GroupName", "Port", "Conditions.member.1.PathPatternConfig.Values.member.1")
"""Parameters that tell one create of an operation from another."""


class Succession:
    """A leader, and a standby with warm caches that has the Lease as soon as it is free."""

    def __init__(self, rig: Rig, stack: ExitStack) -> None:
        self._rig, self._stack = rig, stack
        self.leader = self._start()
        rig.until(lambda: holder(rig))
        self._standby = self._start()

    def kill_at(self, number: int) -> None:
        """Kill the leader when AWS has done so many more writes, before it hears of the last."""
        leader, seen = self.leader, list[Call]()

        def count(call: Call) -> None:
            seen.append(call)
            if len(seen) == number:
                leader.process.kill()
                leader.process.wait(30)

        self._rig.aws.front.on_write = count

    def succeed(self) -> None:
        """Once the leader is dead: its Lease is over at once (its duration is another test's)."""
        self._rig.until(lambda: self.leader.process.returncode is not None)
        self._rig.aws.front.on_write = None
        self.leader = self._standby
        self.leader.await_ready()
        url = self._rig.cluster.path(*LEASE)
        self._rig.cluster.merge(url, {"spec": {"holderIdentity": ""}}).raise_for_status()
        self._rig.until(lambda: holder(self._rig))
        self._standby = self._start()
        self.leader.settle()

    def _start(self) -> Controller:
        return self._stack.enter_context(self._rig.started(*LED))


def _repeated(rig: Rig, mark: Mark) -> dict[str, int]:
    """Creates that took effect more than once."""
    made = Counter(
        f"{call.operation} {[call.params[name] for name in WHAT if name in call.params]}"
        for call in rig.writes(mark)
        if call.operation.startswith("Create")
    )
    return {what: count for what, count in made.items() if count > 1}


def _is_all_there(rig: Rig) -> bool:
    return (
        len(rig.aws.load_balancers()) == 1
        and len(rig.aws.target_groups()) == 1
        and rig.aws.paths() == ["/a", "/b"]
        and len(rig.aws.targets()) == 2
        and bool(rig.hostname())
    )


def _is_all_gone(rig: Rig) -> bool:
    made = (rig.aws.load_balancers(), rig.aws.target_groups(), rig.aws.made_groups())
    return rig.is_gone("Ingress", "web") and not any(made)


@pytest.mark.timeout(600, func_only=True)
def test_a_leader_killed_at_any_moment_is_followed(rig: Rig) -> None:
    """Twenty times, a load balancer in the making or on its way out ends as its Ingress asks."""
    chance = random.Random(20)
    with ExitStack() as stack:
        succession = Succession(rig, stack)
        for number in range(MOMENTS):
            kind = ("create", "delete")[number % 2]
            mark = rig.mark()
            succession.kill_at(chance.randrange(1, WRITES[kind] + 1))
            if kind == "create":
                rig.apply(ingress("web", ["/a", "/b"]))
            else:
                rig.delete("Ingress", "web")
            succession.succeed()
            rig.until(partial(_is_all_there if kind == "create" else _is_all_gone, rig))
            assert _repeated(rig, mark) == {}
