"""What makes a loop look at a key: a change, the start, the sweep."""

from __future__ import annotations

import pytest

from alb_controller.kube.store import Stores
from alb_controller.objects.core import Namespace, Service
from alb_controller.objects.kinds import NAMESPACE, SERVICE
from alb_controller.runtime.workers import DONE, Controller, Result, work_on_next
from alb_controller.runtime.workqueue import WorkQueue
from alb_controller.wiring.loop import Loop, Loops
from tests.clocks import FakeClock
from tests.factories import service


class Rig:
    """Two loops, the workers by whom they are started, and what happened in what order."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.stores = Stores([SERVICE, NAMESPACE])
        self.done: list[str] = []
        self.problem: Exception | None = None
        self.queue = WorkQueue[str]("services", self.clock)
        self.other = WorkQueue[str]("other", self.clock)
        self.loops = Loops(
            (
                Loop(
                    controller=Controller("services", self.queue, self._reconcile),
                    wakes={Service: lambda old, new: [(new or old).metadata.name]},
                    all_keys=lambda: ["a", "b"],
                    invalidate=lambda: self.done.append("services void"),
                ),
                Loop(
                    controller=Controller("other", self.other, self._reconcile),
                    invalidate=lambda: self.done.append("other void"),
                ),
            ),
            self.stores,
            self.clock,
            refresh=self._refresh,
        )

    def _refresh(self) -> None:
        if self.problem is not None:
            raise self.problem
        self.done.append("refreshed")

    def _reconcile(self, key: str) -> Result:
        self.done.append(key)
        return DONE

    def works(self) -> list[str]:
        """All that is due; what was done."""
        for controller in self.loops._controllers():
            while work_on_next(controller, self.clock, timeout=0):
                pass
        done, self.done = self.done, []
        return done


@pytest.fixture
def rig() -> Rig:
    """Nothing has happened yet."""
    return Rig()


def test_a_change_wakes_its_loop_alone(rig: Rig) -> None:
    """New, changed or gone: the keys that the loop names for the kind, and none of another kind."""
    web = service("web")
    rig.stores.of(Service).upsert(web)
    rig.stores.of(Namespace).upsert(Namespace())
    assert rig.works() == ["web"]
    rig.stores.of(Service).delete(web)
    assert rig.works() == ["web"]


def test_at_the_start_every_key_is_looked_at(rig: Rig) -> None:
    """Nothing is read anew for that."""
    rig.loops.enqueue_all()
    assert rig.works() == ["a", "b"]


def test_a_sweep_reads_all_anew_before_it_looks_at_it(rig: Rig) -> None:
    """First what all share, then what each loop remembers; then every key is due."""
    rig.loops._sweep.queue.add("all")
    rig.works()
    assert rig.works() == ["a", "b"]
    rig.loops._sweep.queue.add("all")
    work_on_next(rig.loops._sweep, rig.clock, timeout=0)
    assert rig.done == ["refreshed", "services void", "other void"]


def test_a_sweep_that_fails_comes_again_soon(rig: Rig) -> None:
    """Not a period later."""
    rig.problem = RuntimeError("a bug")
    rig.loops._sweep.queue.add("all")
    assert rig.works() == []
    rig.problem = None
    rig.clock.advance(60)
    assert rig.works() == ["refreshed", "services void", "other void"]


def test_it_is_idle_when_no_loop_and_no_sweep_is_due(rig: Rig) -> None:
    """A timer within the horizon counts, of any of them."""
    assert rig.loops.is_idle(30)
    for queue in (rig.queue, rig.other, rig.loops._sweep.queue):
        queue.add_after("x", 20)
        assert not rig.loops.is_idle(30)
        assert rig.loops.is_idle(10)
        queue.shut_down()
