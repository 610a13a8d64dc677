"""A reflector that works, though nobody answers it, is alive; one that hangs or has died is not."""

from __future__ import annotations

from functools import partial

from prometheus_client import REGISTRY

from alb_controller.kube.client import KubeClient
from alb_controller.kube.informer import Informers
from alb_controller.kube.store import Stores
from alb_controller.objects.kinds import SERVICE
from tests.clocks import FakeClock
from tests.faults.kube.server import CUT, ApiServer
from tests.waiting import until


def test_an_outage_of_the_api_is_no_fault_of_ours(api: ApiServer, client: KubeClient) -> None:
    """However long it lasts, a new process would not help; the age in the metrics tells of it."""
    clock = FakeClock()
    informers = Informers(client, Stores([SERVICE]), clock)
    api.fault = lambda _: CUT
    informers.start()
    for number in range(1, 30):
        until(partial(_has_paused, clock, number))
        assert informers.unhealthy_reasons() == []
        clock.advance(clock.slept[-1])
    age = REGISTRY.get_sample_value("awslbc_informer_age_seconds", {"kind": "Service"})
    assert age is not None
    assert age > 300
    assert REGISTRY.get_sample_value("awslbc_informer_synced", {"kind": "Service"}) == 0
    assert informers.stop(20)


def _has_paused(clock: FakeClock, number: int) -> bool:
    return len(clock.slept) == number


def test_a_loop_that_does_not_turn_is_unhealthy(api: ApiServer, client: KubeClient) -> None:
    """It turns every few minutes whatever the server does: longer, and it hangs."""
    clock, stores = FakeClock(), Stores([SERVICE])
    informers = Informers(client, stores, clock)
    assert informers.unhealthy_reasons() == []
    informers.start()
    until(lambda: stores.has_synced() and api.watches)
    clock.advance(200)
    assert informers.unhealthy_reasons() == []
    clock.advance(200)
    assert informers.unhealthy_reasons() == ["watch-services hangs"]
    assert informers.stop(20)
    assert informers.unhealthy_reasons() == []


def test_a_thread_that_ended_by_itself_is_unhealthy(client: KubeClient) -> None:
    """Such as one that Python could not go on with."""
    informers = Informers(client, Stores([SERVICE]), FakeClock())
    (reflector,) = informers._reflectors
    reflector._thread._target = lambda: None  # type: ignore[attr-defined]  # ends at once
    informers.start()
    until(lambda: informers.unhealthy_reasons() == ["thread watch-services has ended"])
