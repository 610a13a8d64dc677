"""What users see in the annotation and the metrics, and when nothing is written."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
import structlog
from prometheus_client import REGISTRY

from alb_controller.errors import (
    ControllerError,
    InvalidAnnotation,
    KubeError,
    Missing,
    ObjectMissing,
    QuotaExceeded,
    Stale,
    Throttled,
)
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.present import present
from alb_controller.frontends.ingress.watch import watches
from alb_controller.frontends.outcomes import Applied, Failed, Outcome, PartError, Unchanged
from alb_controller.frontends.presentation import Patch, Presentation
from alb_controller.frontends.status_document import StatusDocument, written
from alb_controller.frontends.translation import Translation
from alb_controller.frontends.watch import Change
from alb_controller.model.stack import Stack
from alb_controller.objects.core import ref
from alb_controller.objects.events import Reason
from alb_controller.objects.kinds import Kind, kind_of
from alb_controller.objects.networking import Ingress
from alb_controller.objects.notes import STATUS
from alb_controller.reconcile.stack.publish import Publisher
from alb_controller.runtime.workqueue import WorkQueue
from alb_controller.values import StackKey
from tests.clocks import FakeClock
from tests.factories import (
    BORN,
    changed,
    ingress_class,
    member,
    rule,
    service,
    site,
    with_status,
)
from tests.unit.frontends.ingress.test_status import observed
from tests.unit.frontends.ingress.translation import TEAM, snapshot, translated
from tests.world_kube import Kube

A, B = site("a"), site("b")
NO_HOST = {"loadBalancer": {"ingress": None}}
QUOTA = QuotaExceeded("elbv2", "CreateListener", "TooManyListeners", "50 at most", "request-1")


class Rig(Kube):
    """A cluster with these Ingresses, and the publisher of their group."""

    def __init__(self, *members: Ingress, shows_status: bool = True) -> None:
        super().__init__()
        for one in (ingress_class(), service(), *members):
            self.stores.of(type(one)).upsert(one)
        self.members = members
        self.error: KubeError | None = None
        self.clock = FakeClock()
        self.publisher = Publisher(
            self.stores, self, self.clock, component="ingress", shows_status=shows_status
        )

    def merge_patch(self, kind: Kind, namespace: str, name: str, *rest: Any, **by: Any) -> Any:
        """As a Kubernetes API that may be down."""
        if self.error is not None:
            raise self.error
        return super().merge_patch(kind, namespace, name, *rest, **by)

    def written(self) -> list[str]:
        """Whose annotations were written, in order."""
        return [w.removeprefix("patch ") for w in self.writes if w.startswith("patch ")]

    def ingress(self, name: str) -> Ingress:
        found = self.stores.get(Ingress, "shop", name)
        assert found is not None
        return found

    def shown(self, name: str) -> StatusDocument | None:
        return written(self.ingress(name), TEAM)

    def publish(
        self,
        outcome: Outcome,
        *members: Ingress,
        translation: Translation[MemberIntent] | None = None,
    ) -> None:
        """What a pass ends with."""
        members = members or self.members
        made = translation or translated(*members)
        seen = snapshot(TEAM, *members)
        self.publisher.publish(seen, present(seen, made, outcome, with_plan=False))

    def apply(
        self, late_error: ControllerError | None = None, *, next_in: float | None = None
    ) -> None:
        """A pass that goes well, over what was there before it."""
        refs = [ref("Ingress", one) for one in self.members] if late_error else []
        errors = tuple(PartError(asked_by=one, error=late_error) for one in refs if late_error)
        self.publish(Applied(stack=Stack(key=TEAM), observed=observed(80), part_errors=errors))
        self.publisher.publish_retry(TEAM, next_in)

    def fail(self, error: ControllerError = QUOTA, *, next_in: float | None = 300.0) -> None:
        """A pass that breaks off."""
        self.publish(failed(error))
        self.publisher.publish_retry(TEAM, next_in)

    def next_retry(self, name: str = "a") -> float | None:
        """In so many seconds, as the annotation says."""
        shown = self.shown(name)
        assert shown is not None
        assert shown.error is not None
        due = shown.error.next_retry
        return None if due is None else (due - self.clock.now()).total_seconds()


def failed(error: ControllerError) -> Failed:
    """A pass broke off with it, in bringing it about."""
    return Failed(error=error, reason=Reason.FAILED_DEPLOY_MODEL)


def states() -> set[tuple[str, str]]:
    """Name and state of each Ingress in the metrics."""
    (family,) = (one for one in REGISTRY.collect() if one.name == "awslbc_object_state")
    labels = [sample.labels for sample in family.samples]
    return {(one["name"], one["state"]) for one in labels if one["kind"] == "Ingress"}


def test_a_served_group_is_reported_once() -> None:
    """Every member, and nobody again while nothing changes."""
    rig = Rig(A, B)
    rig.apply()
    rig.apply()
    assert rig.written() == ["a", "b"], "each in one write"
    shown = rig.shown("a")
    assert shown is not None
    assert (shown.load_balancer, shown.state) == ("arn:lb", "served")
    assert states() == {("a", "served"), ("b", "served")}


def test_a_failure_keeps_what_is_in_aws_and_is_reported_once() -> None:
    """Whatever the request id; what comes late and fails reads the same in either place."""
    rig = Rig(A, B)
    rig.apply(QUOTA, next_in=300)
    rig.fail()
    again = QuotaExceeded("elbv2", "CreateListener", "TooManyListeners", "50 at most", "request-2")
    rig.fail(again)
    assert rig.written() == ["a", "b"] * 2, "records, then what users read"
    shown = rig.shown("a")
    assert shown is not None
    assert shown.error is not None
    assert (shown.load_balancer, shown.error.code) == ("arn:lb", "TooManyListeners")
    assert states() == {("a", "quota"), ("b", "quota")}


def test_the_next_try_is_reported_where_it_is_some_while_away() -> None:
    """What comes by the second writes nothing, and leaves a time that has passed where it is."""
    rig = Rig(A, B)
    for seconds in (0.3, 1.0, 20.0):
        rig.fail(next_in=seconds)
    assert (rig.written(), rig.next_retry()) == (["a", "b"], None)
    rig.fail(next_in=60)
    assert (rig.written(), rig.next_retry()) == (["a", "b"] * 2, 60)
    rig.clock.advance(60)
    rig.fail(next_in=5)
    assert (rig.written(), rig.next_retry()) == (["a", "b"] * 2, 0)
    rig.clock.advance(5)
    rig.fail(next_in=300)
    assert (rig.written(), rig.next_retry()) == (["a", "b"] * 3, 300)
    rig.apply()
    shown = rig.shown("a")
    assert shown is not None
    assert shown.error is None


def test_what_is_written_here_neither_wakes_the_group_nor_changes_its_wait() -> None:
    """The group comes again when that was reported, and its backoff continues."""
    rig = Rig(A, B)
    queue: WorkQueue[StackKey] = WorkQueue("published", rig.clock)
    concerned = watches("alb")[Ingress]

    def wake(old: Ingress | None, new: Ingress | None) -> None:
        for key in concerned(Change(old, new), rig.stores):
            queue.add(key)

    rig.stores.on_change(Ingress, wake)
    queue.add(TEAM)
    assert queue.get(0) == TEAM
    queue.retry(TEAM)
    wait = queue.seconds_until_due(TEAM)
    rig.fail(next_in=40)
    queue.done(TEAM)
    assert rig.written() == ["a", "b"]
    assert (queue.seconds_until_due(TEAM), queue.failures(TEAM)) == (wait, 1)


def test_what_a_pass_made_before_it_broke_off_is_reported() -> None:
    """It was to be written with the time of the next try."""
    rig = Rig(A)
    error = PartError(asked_by=ref("Ingress", A), error=QUOTA)
    rig.publish(Applied(stack=Stack(key=TEAM), observed=observed(80), part_errors=(error,)))
    rig.publish(failed(Throttled("acm", "DeleteCertificate", "Throttling", "")))
    rig.publisher.publish_retry(TEAM, 0.5)
    shown = rig.shown("a")
    assert shown is not None
    assert shown.error is not None
    assert (shown.load_balancer, shown.error.category) == ("arn:lb", "throttled")


def test_what_only_a_user_corrects_has_no_next_try() -> None:
    """Though the group is looked at again for another member's sake, whose note says when."""
    bad = member("bad", alb={"scheme": "open"})
    gone = Missing(ref("Ingress", A), "certificate-arn", "is gone")
    rig = Rig(bad, A)
    translation = translated(bad, A, stopped={gone.origin: gone})
    rig.publish(Applied(stack=Stack(key=TEAM), observed=observed(80)), translation=translation)
    assert rig.written() == ["bad"]
    rig.publisher.publish_retry(TEAM, 290.0)
    assert rig.written() == ["bad", "a"]
    assert (rig.next_retry("bad"), rig.next_retry("a")) == (None, 290)


@pytest.mark.parametrize(
    "error", [KubeError(500, "Down", "no"), ObjectMissing(404, "NotFound", "gone")]
)
def test_a_failure_that_cannot_be_written_hides_nothing(error: KubeError) -> None:
    """The pass ends with its own error, not with that of the note; the metrics know it."""
    rig = Rig(A)
    rig.error = error
    rig.fail()
    assert states() == {("a", "quota")}


def test_the_member_at_fault_alone_is_failing() -> None:
    """The others are held where nobody knows what it had asked for."""
    bad = with_status(member("bad", alb={"scheme": "open"}), "lb.example", 80)
    rig = Rig(A, bad)
    rig.publish(Unchanged())
    assert states() == {("a", "held"), ("bad", "invalid")}
    shown = rig.shown("bad")
    assert shown is not None
    assert shown.error is not None
    assert "'open'" in shown.error.message


def test_what_leaves_the_group_loses_the_groups_annotation() -> None:
    """Not that of the group it went to, nor does one that is being deleted need a write."""
    rig = Rig(A, B)
    rig.apply()
    rig.writes.clear()

    def detach(obj: Ingress, key: StackKey) -> None:
        rig.publisher.detach(msgspec.structs.replace(snapshot(key), inactive=(obj,)))

    detach(A, StackKey("ingress", "shop", "a"))
    detach(changed(B, deletion_timestamp=BORN), TEAM)
    assert rig.written() == []
    detach(A, TEAM)
    assert STATUS not in rig.ingress("a").metadata.annotations


def test_an_ingress_in_no_group_shows_in_metrics_alone() -> None:
    """Nobody would take an annotation away from it."""
    rig = Rig(A)
    rejected = InvalidAnnotation(ref("Ingress", A), "group.name", "is none")
    seen = msgspec.structs.replace(snapshot(TEAM), rejected=(rejected,))
    rig.publisher.publish_end(seen)
    assert states() == {("a", "invalid")}
    assert rig.written() == []


@pytest.mark.parametrize(
    "error,logged",
    [(KubeError(422, "Invalid", "too long"), 1), (ObjectMissing(404, "NotFound", "gone"), 0)],
)
def test_an_optional_patch_that_the_api_refuses_stops_nothing(
    error: KubeError, logged: int
) -> None:
    """It is in the log, unless the object is gone; one that is not optional is raised."""
    rig = Rig(A)
    rig.error = error
    patch = Patch(object=A, annotations={"x": "y"}, is_optional=True)
    with structlog.testing.capture_logs() as logs:
        rig.publisher.publish(snapshot(TEAM, A), Presentation(patches=(patch,)))
    assert [log["event"] for log in logs] == ["annotation_not_written"] * logged
    required = Presentation(patches=(msgspec.structs.replace(patch, is_optional=False),))
    raises = pytest.raises(KubeError) if logged else contextlib.nullcontext()
    with raises:
        rig.publisher.publish(snapshot(TEAM, A), required)


def test_a_patch_that_stands_already_is_not_written() -> None:
    """What differs is written in one call, and what is taken away may be away."""
    rig = Rig(changed(A, annotations={"x": "1", "y": "1"}))
    for _ in range(2):
        patch = Patch(object=A, annotations={"x": "1", "y": "2", "z": None})
        rig.publisher.publish(snapshot(TEAM, A), Presentation(patches=(patch,)))
    assert rig.written() == ["a"]
    assert rig.ingress("a").metadata.annotations == {"x": "1", "y": "2"}


def test_a_patch_of_a_version_meets_no_other_version() -> None:
    """Whoever wrote meanwhile keeps what it wrote; the pass comes again and looks at that."""
    rig = Rig(A)
    patch = Patch(object=rig.ingress("a"), status=NO_HOST, is_exact=True, is_optional=True)
    theirs = {"loadBalancer": {"ingress": [{"hostname": "theirs.example"}]}}
    rig.patch_status(kind_of(A), rig.ingress("a"), theirs)
    with pytest.raises(Stale):
        rig.publisher.publish(snapshot(TEAM, A), Presentation(patches=(patch,)))
    (entry,) = rig.ingress("a").status.load_balancer.ingress
    assert entry.hostname == "theirs.example"


def test_an_ingress_that_no_listener_serves_is_distinguished() -> None:
    """By its annotation and in the metrics, without a word of success."""
    rig = Rig(A, member("b", rules=[rule("b.example")]))
    rig.publish(Applied(stack=Stack(key=TEAM), observed=observed(80), has_news=True))
    assert states() == {("a", "served"), ("b", "unserved")}
    shown = rig.shown("b")
    assert shown is not None
    assert shown.state == "unserved"
    assert [one.name for one in rig.events if one.reason == "SuccessfullyReconciled"] == ["a"]


def test_where_no_status_is_to_be_shown_none_is_written() -> None:
    """Neither of what goes well nor of a failure; events tell all the same."""
    rig = Rig(A, B, shows_status=False)
    rig.apply()
    rig.fail()
    assert [STATUS in rig.ingress(name).metadata.annotations for name in "ab"] == [False, False]
    assert rig.warnings("a") != []


def test_one_that_stands_there_from_before_goes_once() -> None:
    """Nobody would keep it true: it is removed, and then nothing is written any more."""
    rig = Rig(changed(A, annotations=A.metadata.annotations | {STATUS: "{}"}), shows_status=False)
    rig.apply()
    assert STATUS not in rig.ingress("a").metadata.annotations
    written = rig.written()
    rig.apply()
    assert rig.written() == written
