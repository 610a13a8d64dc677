"""Answers that cannot be read, or hardly: an error of the one who asked, and never an empty one."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import pytest

from alb_controller.clock import SystemClock
from alb_controller.errors import KubeError, Stale, UnreadableObject
from alb_controller.kube.client import KubeClient
from alb_controller.kube.events import EventRecorder
from alb_controller.kube.holders import Holders
from alb_controller.kube.lease import Elector, LeaseSettings
from alb_controller.kube.live import LiveReads
from alb_controller.kube.serving import ServingObjects, own_account
from alb_controller.kube.store import Stores
from alb_controller.kube.writer import Writer
from alb_controller.objects.core import Service
from alb_controller.objects.kinds import CONFIG_MAP, SERVICE, WATCHED
from tests.clocks import FakeClock
from tests.faults.kube.server import Answer, ApiServer
from tests.odd_json import ODD, Text, deep, dumps, managed_fields, sample
from tests.waiting import until

LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/alb"
DEEP = managed_fields(9990)


def answer(api: ApiServer, *texts: str) -> None:
    """These bodies to the next requests, the last one to all that follow."""
    left = list(texts)
    api.fault = lambda _: Answer(200, (left.pop(0) if len(left) > 1 else left[0]).encode())


def service(name: str = "web", **more: Any) -> str:
    """A Service as JSON, with deep managedFields."""
    return dumps(sample(SERVICE, name, managedFields=DEEP) | more)


def listed(*items: str) -> str:
    """A list."""
    return f'{{"metadata": {{}}, "items": [{", ".join(items)}]}}'


@pytest.mark.parametrize("other", [service("other", spec=7), service("other")], ids=["bad", "good"])
def test_one_object_is_found_among_others_that_cannot_be_read(
    api: ApiServer, client: KubeClient, other: str
) -> None:
    """Where a server sends more than was asked for."""
    answer(api, listed(other, service()))
    found = LiveReads(client).get(SERVICE, "ns", "web")
    assert isinstance(found, Service)
    assert found.spec.ports


@pytest.mark.parametrize("items", [service(spec=7), "7", f"{service('a')}, {deep(3000)}, []"])
def test_an_object_that_cannot_be_read_is_not_missing(
    api: ApiServer, client: KubeClient, items: str
) -> None:
    """Neither alone nor in a list; the error says which and why."""
    live = LiveReads(client)
    answer(api, listed(items))
    with pytest.raises(UnreadableObject, match=r"not a Service: .* cannot be read: .*\$"):
        live.get(SERVICE, "ns", "web")
    with pytest.raises(UnreadableObject):
        live.list(SERVICE, "ns")
    answer(api, '{"metadata": {"name": "a", "namespace": "ns"}, "data": 7}')
    with pytest.raises(UnreadableObject, match="ConfigMap ns/a cannot be read"):
        live.get(CONFIG_MAP, "ns", "a")


def test_a_list_with_deep_objects_is_whole(api: ApiServer, client: KubeClient) -> None:
    """All of it is there."""
    answer(api, listed(service("a"), service("b")))
    found = LiveReads(client).list(SERVICE, "ns")
    assert [one.metadata.name for one in found] == ["a", "b"]


class Rig:
    """A writer and a store of Services."""

    def __init__(self, client: KubeClient) -> None:
        self.stores = Stores([SERVICE])
        events = EventRecorder(client, SystemClock(), lambda: None)
        self.writer = Writer(client, self.stores, lambda: None, events)
        self.web = Service()


@pytest.fixture
def rig(client: KubeClient) -> Rig:
    """They know nothing."""
    return Rig(client)


def test_the_answer_to_a_write_may_nest_deeply(api: ApiServer, rig: Rig) -> None:
    """The store has it at once."""
    answer(api, service())
    rig.writer.merge_patch(SERVICE, "ns", "web", {})
    assert rig.stores.get(Service, "ns", "web") is not None


def test_what_a_deletion_leaves_may_be_anything(api: ApiServer, rig: Rig) -> None:
    """What can be read is taken over; nothing is an error, as the deletion is done."""
    answer(api, service(metadata=sample(SERVICE, "web", finalizers=[])["metadata"]))
    rig.writer.merge_patch(SERVICE, "ns", "web", {})
    known = rig.stores.get(Service, "ns", "web")
    assert known is not None
    for text in ("7", service(spec=7), "<html>", '{"metadata": 7}'):
        answer(api, text)
        rig.writer.delete(SERVICE, known)
    assert rig.stores.get(Service, "ns", "web") is known
    answer(api, '{"kind": "Status", "status": "Success"}')
    rig.writer.delete(SERVICE, known)
    assert rig.stores.get(Service, "ns", "web") is None


@pytest.mark.parametrize("text", [*ODD, *("<", "{", '{"reason": 7}')], ids=lambda text: text[:20])
def test_the_text_of_an_error_may_be_anything(
    api: ApiServer, client: KubeClient, text: str
) -> None:
    """The status counts."""
    api.fault = lambda _: Answer(409, text.encode())
    with pytest.raises(Stale):
        client.request("GET", "/x")


def lease(**more: str) -> str:
    """A Lease that nobody holds, as JSON."""
    metadata = {"name": "alb", "resourceVersion": "7", "labels": {"a": "b"}}
    made = {"metadata": metadata | {"managedFields": DEEP}, "spec": {"strategy": "x"}}
    return dumps(made | {key: Text(value) for key, value in more.items()})


@pytest.mark.parametrize(
    "bad",
    [
        *({"spec": "7"}, {"metadata": "[]"}, {"spec": deep(1200)}),
        {"spec": '{"leaseDurationSeconds": 1' + "0" * 400 + "}"},
        {"spec": '{"leaseDurationSeconds": "15"}'},
        {"spec": '{"leaseTransitions": "15"}'},
        {"spec": '{"holderIdentity": 7}'},
    ],
    ids=lambda bad: str(bad)[:40],
)
def test_a_lease_that_cannot_be_read_is_tried_again(
    api: ApiServer, client: KubeClient, bad: dict[str, str]
) -> None:
    """The elector lives; a deep one is taken, and what others keep in it stays."""
    clock, reported = FakeClock(), list[str]()
    settings = LeaseSettings(name="alb", namespace="kube-system", identity="one")
    on_started, on_lost = lambda: reported.append("started"), lambda: reported.append("lost")
    elector = Elector(client, settings, clock, on_started=on_started, on_lost=on_lost)
    answer(api, lease(**bad))
    elector.start()
    until(lambda: clock.slept)
    assert reported == []
    answer(api, lease())
    clock.advance(10)
    until(lambda: reported == ["started"])
    written = next(r for r in api.requests if r.method == "PUT").body
    assert written["metadata"] == {"name": "alb", "resourceVersion": "7", "labels": {"a": "b"}}
    assert (written["kind"], written["spec"]["strategy"]) == ("Lease", "x")
    elector.stop(20)


def test_a_deep_gateway_is_counted(api: ApiServer, client: KubeClient) -> None:
    """It holds the shared group like any other."""
    metadata = {"name": "a", "finalizers": ["gateway.k8s.aws/alb"], "managedFields": DEEP}
    answer(api, listed(dumps({"metadata": metadata})))
    assert Holders(client, Stores(WATCHED), served=frozenset()).count() == {"Gateway": 1}


@pytest.fixture
def serving(client: KubeClient) -> ServingObjects:
    """The webhooks' Secret and configurations."""
    secret, name = ("ns", "tls"), "hooks"
    return ServingObjects(client, lambda: None, secret=secret, configuration=name)


def test_the_certificates_objects_may_nest_deeply(api: ApiServer, serving: ServingObjects) -> None:
    """They are read, and written back with what others keep in them."""
    metadata = {"name": "tls", "resourceVersion": "7", "labels": {"a": "b"}, "managedFields": DEEP}
    answer(api, dumps({"metadata": metadata, "data": {"a": "YQ=="}, "immutable": False}))
    found = serving.read_secret()
    assert (dict(found.data), found.version) == ({"a": b"a"}, "7")
    serving.write_secret({"b": b"b"}, "7")
    metadata.pop("managedFields")
    written = {"metadata": metadata, "data": {"b": "Yg=="}, "immutable": False}
    assert api.requests[-1].body == written
    hook = {"name": "a", "clientConfig": {"url": "https://host/x"}, "rules": deep(3000)}
    answer(api, dumps({"metadata": {"managedFields": DEEP}, "webhooks": [hook]}))
    assert {host for one in serving.configurations() for host in one.hosts} == {"host"}


@pytest.mark.parametrize(
    "text",
    ["7", "[]", deep(3000), '{"metadata": 7}', '{"metadata": {}, "data": {"a": "c2VjcmV0', "{"],
)
def test_the_certificates_objects_may_be_unreadable(
    api: ApiServer, serving: ServingObjects, text: str
) -> None:
    """An error like any other, which shows nothing of a Secret."""
    answer(api, text)
    calls: list[Callable[[], Any]] = [serving.read_secret, serving.configurations]
    calls.append(lambda: serving.write_secret({}, "1"))
    for call in calls:
        with pytest.raises(KubeError) as error:
            call()
        assert "c2VjcmV0" not in "".join(traceback.format_exception(error.value))


def test_whoever_we_are_may_be_unreadable(api: ApiServer, client: KubeClient) -> None:
    """Then nobody's writes are taken for ours."""
    answer(api, '{"status": {"userInfo": {"username": 7}}}')
    with pytest.raises(KubeError):
        own_account(client)
