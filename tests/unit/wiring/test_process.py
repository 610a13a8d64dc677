"""How the parts of the process are put together: without an effect, and each in its place."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, cast

import pytest

from alb_controller.app import App, StopSignal
from alb_controller.aws.client import Sender, SenderSettings
from alb_controller.clock import SystemClock
from alb_controller.errors import NotReady, UnreadableObject
from alb_controller.frontends.frontend import Watch
from alb_controller.kube.client import KubeClient
from alb_controller.kube.events import EventRecorder
from alb_controller.kube.store import Stores
from alb_controller.kube.writer import Writer
from alb_controller.model.ownership import GATEWAY_ALB, GATEWAY_NLB, INGRESS
from alb_controller.objects.core import KubeObject
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.kinds import WATCHED
from alb_controller.reconcile.stack.parts import Edges
from alb_controller.settings import Settings
from alb_controller.values import StackKey
from alb_controller.wiring.aws_clients import make_clients
from alb_controller.wiring.base import Base
from alb_controller.wiring.front_ends import Served, front_ends, held_keys, reviews_of
from alb_controller.wiring.loops import holders_of, make_loops
from alb_controller.wiring.stacks import StackQueues, stack_loop
from tests.factories import changed
from tests.optional_kind import ROUTE, Route
from tests.unit.targets.cluster import binding
from tests.unreadable import turn_unreadable

SETTINGS = Settings(cluster_name="prod")
NONE: Mapping[str, Any] = {}
WEB = StackKey("gateway-alb", "shop", "web")


class Effects(AssertionError):
    """Something was opened, started or asked."""


def refuse(*_: object, **__: object) -> NoReturn:
    """Nobody may call this."""
    raise Effects


class Loaded(Exception):
    """The pass has begun."""


class Gateways:
    """A front end of two APIs, of whose kinds one is optional."""

    name = "gateway"

    def __init__(self) -> None:
        self.watches: Mapping[type[KubeObject], Watch] = {Route: lambda _change, _cluster: [WEB]}
        self.load: Callable[..., NoReturn] = self._load
        self.translate = self.present = refuse

    def keys(self, _cluster: object) -> set[StackKey]:
        return {WEB}

    def _load(self, *_: object) -> NoReturn:
        raise Loaded


GATEWAY = Served(
    front_end=cast("Any", Gateways()),
    carriers={GATEWAY_ALB: Route, GATEWAY_NLB: Route},
    reviews={"/a": cast("Any", 1)},
    workers=2,
)


@pytest.fixture
def base() -> Base:
    """Edges that nobody may use."""
    clock, stores = SystemClock(), Stores((*WATCHED, ROUTE))
    for kind in WATCHED:
        stores.of(kind.struct).synced.set()
    client = KubeClient(cast("Any", None), clock)
    sender = Sender(
        SenderSettings(region="eu-west-1"), may_write=refuse, observe=refuse, clock=clock
    )
    return Base(
        settings=SETTINGS,
        served=(*front_ends(SETTINGS), GATEWAY),
        vpc_id="vpc-1",
        aws=make_clients(sender, SETTINGS, "vpc-1", clock),
        client=client,
        stores=stores,
        writer=Writer(client, stores, refuse, EventRecorder(client, clock, refuse)),
        clock=clock,
    )


def test_putting_the_process_together_has_no_effect(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No socket, no thread, no call: `App.run` opens all that."""
    for owner, name in (
        (socket.socket, "connect"),
        (socket.socket, "bind"),
        (threading.Thread, "start"),
    ):
        monkeypatch.setattr(owner, name, refuse)
    App(SETTINGS, {}, StopSignal())
    make_loops(base)
    holders_of(base)


def test_a_key_goes_into_the_queue_of_its_api(base: Base) -> None:
    """One queue for both APIs of a front end; who is not served has none."""
    queues = StackQueues(base)
    for key in (WEB, StackKey("gateway-nlb", "a", "b"), StackKey("service", "a", "b")):
        queues.add(key)
    assert (len(queues.of(GATEWAY)), len(queues.of(base.served[0]))) == (2, 0)


def test_every_front_end_brings_its_reviews(base: Base) -> None:
    """By their paths, beside those of the others."""
    assert {"/a", "/validate-networking-v1-ingress"} <= reviews_of(base.served).keys()


def test_a_front_end_waits_for_the_kinds_that_it_reads(base: Base) -> None:
    """An empty store says nothing while its kind is not in memory; once it is, passes begin."""
    queues = StackQueues(base)
    edges = _Edges(base)
    loop = stack_loop(GATEWAY, queues.of(GATEWAY), cast("Edges", edges), base)
    with pytest.raises(NotReady, match="Route"):
        loop.controller.reconcile(WEB)
    with pytest.raises(NotReady, match="Route"):
        list(held_keys(base.served, base.stores))
    base.stores.of(Route).synced.set()
    with pytest.raises(Loaded):
        loop.controller.reconcile(WEB)


class _Edges:
    def __init__(self, base: Base) -> None:
        self.cluster, self.writer, self.clock = base.stores, base.writer, base.clock
        self.lookups = self.record = self.owners = self.operations = None
        self.prerequisites = self.secrets = self.quotas = self
        self.known = dict


def test_held_keys_are_those_of_each_api(base: Base) -> None:
    """By the finalizers that the objects of its kind carry."""
    names = [GATEWAY_NLB.finalizer, INGRESS.finalizer]
    base.stores.of(Route).upsert(changed(Route(), name="web", namespace="shop", finalizers=names))
    base.stores.of(Route).synced.set()
    assert list(held_keys(base.served, base.stores)) == [StackKey("gateway-nlb", "shop", "web")]


def test_an_object_that_cannot_be_read_holds_what_its_finalizers_say(base: Base) -> None:
    """Where not even those can be read, nobody knows."""
    made = changed(Route(), name="web", namespace="shop", finalizers=[GATEWAY_NLB.finalizer])
    base.stores.of(Route).synced.set()
    turn_unreadable(base.stores, made, "$.spec")
    assert list(held_keys(base.served, base.stores)) == [StackKey("gateway-nlb", "shop", "web")]
    turn_unreadable(base.stores, made, "$.metadata")
    with pytest.raises(UnreadableObject):
        list(held_keys(base.served, base.stores))


def test_every_stack_of_a_front_end_is_looked_at(base: Base) -> None:
    """What its objects ask for, and what is left of a stack: its bindings, by their labels."""
    for api, name in (("gateway.k8s.aws.nlb", "left"), ("service.k8s.aws", "others")):
        labels = {f"{api}/stack-namespace": "shop", f"{api}/stack-name": name}
        base.stores.of(TargetGroupBinding).upsert(changed(binding(name), labels=labels))
    queues = StackQueues(base)
    loop = stack_loop(GATEWAY, queues.of(GATEWAY), cast("Edges", _Edges(base)), base)
    assert set(loop.all_keys()) == {WEB, StackKey("gateway-nlb", "shop", "left")}
    assert loop.controller.workers == 2
