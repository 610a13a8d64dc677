"""The writer: only as leader, never over somebody else's change, seen by the next read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.clock import SystemClock
from alb_controller.errors import (
    Forbidden,
    KubeError,
    NotLeading,
    ObjectExists,
    ObjectMissing,
    Stale,
    Unreachable,
)
from alb_controller.kube.client import MERGE_PATCH, STRATEGIC_MERGE_PATCH, KubeClient
from alb_controller.kube.events import EventRecorder
from alb_controller.kube.store import Stores
from alb_controller.kube.writer import Writer
from alb_controller.objects.core import Metadata, Service
from alb_controller.objects.kinds import NODE, SERVICE
from tests.faults.kube.server import CUT, Answer, ApiServer, Request, status
from tests.unreadable import turn_unreadable

PATH = "/api/v1/namespaces/ns/services/web"
FINALIZER = "ingress.k8s.aws/resources"


class Rig:
    """A writer, its stores, and whether it leads."""

    def __init__(self, api: ApiServer, client: KubeClient) -> None:
        self.api = api
        self.is_leading = True
        self.stores = Stores([SERVICE])
        events = EventRecorder(client, SystemClock(), self.may_write)
        self.writer = Writer(client, self.stores, self.may_write, events)

    def may_write(self) -> None:
        """The Lease's check."""
        if not self.is_leading:
            raise NotLeading("no Lease")

    def put(self, **metadata: Any) -> Service:
        """Somebody writes the object; what a watch would bring of it, unless it is late."""
        stored = self.api.put(PATH, {"metadata": metadata, "spec": {}})
        return msgspec.convert(stored, Service)

    def known(self) -> Service | None:
        """What the store holds."""
        return self.stores.get(Service, "ns", "web")

    def finalizers(self) -> list[str]:
        """What the server holds."""
        return list(self.api.objects[PATH]["metadata"].get("finalizers", []))


@pytest.fixture
def rig(api: ApiServer, client: KubeClient) -> Rig:
    """A writer that leads."""
    return Rig(api, client)


def test_a_finalizer_is_added_by_a_patch_with_the_version(api: ApiServer, rig: Rig) -> None:
    """One merge patch with the known version; the result is in the store at once."""
    obj = rig.put(finalizers=["other/x"])
    made = rig.writer.add_finalizer(SERVICE, obj, FINALIZER)
    assert rig.finalizers() == made.metadata.finalizers == ["other/x", FINALIZER]
    assert rig.known() is made
    (request,) = api.requests
    assert (request.method, request.path, request.content_type) == ("PATCH", PATH, MERGE_PATCH)
    assert request.body["metadata"]["resourceVersion"] == obj.metadata.resource_version


def test_nothing_to_do_sends_nothing(api: ApiServer, rig: Rig) -> None:
    """A finalizer that is there, or gone already, costs no request."""
    obj = rig.put(finalizers=[FINALIZER])
    assert rig.writer.add_finalizer(SERVICE, obj, FINALIZER) is obj
    rig.writer.remove_finalizer(SERVICE, obj, "never/there")
    assert api.requests == []


def test_our_own_write_counts_even_if_the_caller_holds_an_older_object(rig: Rig) -> None:
    """A snapshot from before the finalizer was added does not hide it from its removal."""
    obj = rig.put()
    rig.writer.add_finalizer(SERVICE, obj, FINALIZER)
    rig.writer.remove_finalizer(SERVICE, obj, FINALIZER)
    assert rig.finalizers() == []


def test_a_change_in_between_is_read_and_kept(rig: Rig) -> None:
    """On 409 the object is read again and patched on top of the other's change."""
    obj = rig.put()
    rig.put(finalizers=["other/x"])
    rig.writer.add_finalizer(SERVICE, obj, FINALIZER)
    assert rig.finalizers() == ["other/x", FINALIZER]


def test_what_another_did_already_is_not_done_twice(api: ApiServer, rig: Rig) -> None:
    """If the new version has the finalizer, the second attempt sends no patch."""
    obj = rig.put()
    rig.put(finalizers=[FINALIZER])
    rig.writer.add_finalizer(SERVICE, obj, FINALIZER)
    assert [r.method for r in api.requests] == ["PATCH", "GET"]


def test_an_object_that_keeps_changing_is_given_up(api: ApiServer, rig: Rig) -> None:
    """Five conflicts in a row are an error that the loop backs off on."""
    obj = rig.put()
    api.fault = lambda r: status(409, "Conflict") if r.method == "PATCH" else None
    with pytest.raises(Stale, match="Service ns/web keeps changing"):
        rig.writer.add_finalizer(SERVICE, obj, FINALIZER)
    assert api.count("PATCH") == 5


def test_a_successor_of_the_same_name_is_not_touched(api: ApiServer, rig: Rig) -> None:
    """An object that was deleted and created again is another: missing to add, fine to remove."""
    obj = rig.put(finalizers=[FINALIZER])
    api.remove(PATH)
    successor = rig.put(finalizers=[FINALIZER])
    with pytest.raises(ObjectMissing):
        rig.writer.add_finalizer(SERVICE, obj, "another/finalizer")
    rig.writer.remove_finalizer(SERVICE, obj, FINALIZER)
    assert rig.finalizers() == [FINALIZER]
    assert rig.known() == successor


def test_a_gone_object_has_no_finalizer_to_remove(api: ApiServer, rig: Rig) -> None:
    """404 on removal is what was wanted; the store forgets the object."""
    obj = rig.put(finalizers=[FINALIZER])
    rig.stores.of(Service).upsert(obj)
    api.remove(PATH)
    rig.writer.remove_finalizer(SERVICE, obj, FINALIZER)
    assert rig.known() is None
    with pytest.raises(ObjectMissing):
        rig.writer.add_finalizer(SERVICE, obj, "x/y")


def test_the_last_finalizer_takes_the_object_with_it(api: ApiServer, rig: Rig) -> None:
    """A deleted object is gone for our reads as soon as its last finalizer is."""
    obj = rig.put(finalizers=[FINALIZER])
    rig.writer.delete(SERVICE, obj)
    known = rig.known()
    assert known is not None
    assert known.is_deleting
    rig.writer.remove_finalizer(SERVICE, known, FINALIZER)
    assert rig.known() is None
    assert PATH not in api.objects


def test_a_status_patch_goes_to_the_status_of_this_object(api: ApiServer, rig: Rig) -> None:
    """The patch is merged under `status` and says which uid it is for."""
    obj = rig.put()
    made = rig.writer.patch_status(SERVICE, obj, {"loadBalancer": {"x": 1}})
    (request,) = api.requests
    assert request.path == f"{PATH}/status"
    assert request.body == {
        "metadata": {"uid": obj.metadata.uid},
        "status": {"loadBalancer": {"x": 1}},
    }
    assert rig.known() is made


def test_a_strategic_status_patch_is_sent_as_such(api: ApiServer, rig: Rig) -> None:
    """Lists of built-in kinds are merged by key, so others' conditions stay."""
    rig.writer.patch_status(SERVICE, rig.put(), {"conditions": []}, is_strategic=True)
    assert api.requests[0].content_type == STRATEGIC_MERGE_PATCH


def test_a_status_never_lands_on_a_successor(api: ApiServer, rig: Rig) -> None:
    """A status for an object that was replaced is an ObjectMissing."""
    obj = rig.put()
    api.remove(PATH)
    rig.put()
    with pytest.raises(ObjectMissing, match="Service ns/web is another one now"):
        rig.writer.patch_status(SERVICE, obj, {})


def test_other_refusals_of_a_status_stay_what_they_are(api: ApiServer, rig: Rig) -> None:
    """A validation error is not taken for a missing object."""
    api.fault = lambda _: status(422, "Invalid", "status.loadBalancer: Invalid value")
    with pytest.raises(KubeError) as raised:
        rig.writer.patch_status(SERVICE, rig.put(), {})
    assert type(raised.value) is KubeError


def test_create_fills_in_the_type_and_stores_the_result(api: ApiServer, rig: Rig) -> None:
    """A created object is read back from the store at once; a taken name is its own error."""
    body = {"metadata": {"name": "web", "namespace": "ns"}, "spec": {}}
    made = rig.writer.create(SERVICE, body)
    assert rig.known() is made
    assert api.requests[0].body == body | {"apiVersion": "v1", "kind": "Service"}
    with pytest.raises(ObjectExists):
        rig.writer.create(SERVICE, body)


def test_a_merge_patch_with_a_version_is_refused_when_stale(rig: Rig) -> None:
    """The version guards against a lost update; without it the patch always applies."""
    obj = rig.put(labels={"a": "1"})
    rig.put(labels={"a": "2"})
    body = {"metadata": {"labels": {"b": "3"}}}
    version = obj.metadata.resource_version
    with pytest.raises(Stale):
        rig.writer.merge_patch(SERVICE, "ns", "web", body, resource_version=version)
    assert rig.writer.merge_patch(SERVICE, "ns", "web", body).metadata.labels == {
        "a": "2",
        "b": "3",
    }


def test_delete_removes_this_object_alone(api: ApiServer, rig: Rig) -> None:
    """The uid is a precondition; an object that is gone, or a successor, is left in peace."""
    obj = rig.put()
    rig.stores.of(Service).upsert(obj)
    rig.writer.delete(SERVICE, obj)
    assert rig.known() is None
    rig.writer.delete(SERVICE, obj)
    rig.put()
    rig.writer.delete(SERVICE, obj)
    assert PATH in api.objects


def test_a_watch_event_from_before_the_write_changes_nothing(rig: Rig) -> None:
    """Read-your-writes: the late event of an older version does not undo what we wrote."""
    obj = rig.put()
    rig.writer.add_finalizer(SERVICE, obj, FINALIZER)
    rig.stores.of(Service).upsert(obj)
    known = rig.known()
    assert known is not None
    assert known.metadata.finalizers == [FINALIZER]


def test_without_the_lease_nothing_is_sent(api: ApiServer, rig: Rig) -> None:
    """Every kind of write is refused before its request, reads are not needed for that."""
    obj = rig.put()
    rig.is_leading = False
    body = {"metadata": {"name": "x", "namespace": "ns"}}
    for write in (
        lambda: rig.writer.add_finalizer(SERVICE, obj, FINALIZER),
        lambda: rig.writer.patch_status(SERVICE, obj, {}),
        lambda: rig.writer.create(SERVICE, body),
        lambda: rig.writer.merge_patch(SERVICE, "ns", "web", {}),
        lambda: rig.writer.delete(SERVICE, obj),
    ):
        with pytest.raises(NotLeading):
            write()
    assert api.requests == []


def test_a_lease_lost_between_two_attempts_stops_the_second(api: ApiServer, rig: Rig) -> None:
    """The check is made right before each request, not once per call."""
    obj = rig.put()

    def lose(request: Request) -> Answer | None:
        rig.is_leading = False
        return status(409, "Conflict") if request.method == "PATCH" else None

    api.fault = lose
    with pytest.raises(NotLeading):
        rig.writer.add_finalizer(SERVICE, obj, FINALIZER)
    assert api.count("PATCH") == 1


@pytest.mark.parametrize(
    "fault, error", [(CUT, Unreachable), (status(403, "Forbidden"), Forbidden)]
)
def test_a_failed_write_leaves_the_store_alone(
    api: ApiServer, rig: Rig, fault: Any, error: type[KubeError]
) -> None:
    """Without an answer nothing is known to have changed."""
    obj = rig.put()
    api.fault = lambda _: fault
    with pytest.raises(error):
        rig.writer.add_finalizer(SERVICE, obj, FINALIZER)
    assert rig.known() is None


def test_a_successor_that_cannot_be_read_does_not_stop_a_write(rig: Rig) -> None:
    """The API says what became of the object."""
    obj = rig.put(finalizers=[FINALIZER])
    turn_unreadable(rig.stores, msgspec.structs.replace(obj, metadata=Metadata("web", "ns", "2")))
    rig.writer.remove_finalizer(SERVICE, obj, FINALIZER)
    assert rig.finalizers() == []


def test_an_answer_of_another_shape_is_an_error(api: ApiServer, rig: Rig) -> None:
    """A write that was answered with garbage is reported, not stored."""
    api.fault = lambda _: Answer(200, b'{"metadata": 3}')
    with pytest.raises(KubeError, match="not a Service"):
        rig.writer.merge_patch(SERVICE, "ns", "web", {})


def test_kinds_without_a_store_are_written_all_the_same(api: ApiServer, rig: Rig) -> None:
    """A kind that is not watched needs no store."""
    stored = msgspec.convert(api.put("/api/v1/nodes/n1", {}), NODE.struct)
    rig.writer.add_finalizer(NODE, stored, FINALIZER)
    rig.writer.delete(NODE, stored)
    assert api.objects["/api/v1/nodes/n1"]["metadata"]["finalizers"] == [FINALIZER]
