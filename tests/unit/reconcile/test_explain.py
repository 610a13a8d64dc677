"""Who is told what by the annotation and the metrics, and when nothing is written."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from prometheus_client import REGISTRY

from alb_controller.errors import (
    ControllerError,
    InvalidAnnotation,
    KubeError,
    Missing,
    ObjectMissing,
    QuotaExceeded,
    Throttled,
)
from alb_controller.frontends.ingress.watch import CONCERNS, Scope
from alb_controller.frontends.status_document import StatusDocument, written
from alb_controller.frontends.watch import Change
from alb_controller.kube.store import Stores
from alb_controller.model.stack import Observed
from alb_controller.objects.core import ref
from alb_controller.objects.kinds import Kind
from alb_controller.objects.networking import Ingress
from alb_controller.objects.notes import STATUS
from alb_controller.reconcile.explain import Explainer
from alb_controller.runtime.workqueue import WorkQueue
from alb_controller.values import StackKey
from tests.clocks import FakeClock
from tests.factories import BORN, changed, cluster, ingress_class, member, service, with_status
from tests.unit.frontends.ingress.test_status import observed
from tests.unit.frontends.ingress.translation import TEAM, snapshot, translated

A, B = member("a"), member("b")
QUOTA = QuotaExceeded("elbv2", "CreateListener", "TooManyListeners", "50 at most", "request-1")


class Rig:
    """A cluster whose annotations change as they are written."""

    def __init__(self, *members: Ingress) -> None:
        self.cluster: Stores = cluster(ingress_class(), service(), *members)
        self.writes: list[str] = []
        self.error: ControllerError | None = None
        self.clock = FakeClock()
        self.explainer = Explainer(self.cluster, self, self.clock)  # type: ignore[arg-type]  # a fake

    def merge_patch(self, _: Kind, _namespace: str, name: str, body: dict[str, Any]) -> None:
        """As kube.writer."""
        if self.error is not None:
            raise self.error
        self.writes.append(name)
        known = self.ingress(name)
        noted = {**known.metadata.annotations, **body["metadata"]["annotations"]}
        kept = {key: value for key, value in noted.items() if value is not None}
        self.cluster.of(Ingress).upsert(changed(known, annotations=kept))

    def ingress(self, name: str) -> Ingress:
        found = self.cluster.get(Ingress, "shop", name)
        assert found is not None
        return found

    def said(self, name: str) -> StatusDocument | None:
        return written(self.ingress(name), TEAM)

    def apply(
        self, late_error: ControllerError | None = None, *, next_in: float | None = None
    ) -> None:
        """A pass that goes well, over what was there before it."""
        self.explainer.applied(snapshot(TEAM, A, B), translated(A, B), observed(80), late_error)
        self.explainer.tell_next(TEAM, next_in)

    def fail(self, error: ControllerError = QUOTA, *, next_in: float | None = 300.0) -> None:
        """A pass that breaks off."""
        self.explainer.failed(snapshot(TEAM, A, B), error)
        self.explainer.tell_next(TEAM, next_in)

    def next_retry(self, name: str = "a") -> float | None:
        """In so many seconds, as the annotation says."""
        said = self.said(name)
        assert said is not None
        assert said.error is not None
        due = said.error.next_retry
        return None if due is None else (due - self.clock.now()).total_seconds()


def states() -> set[tuple[str, str]]:
    """Name and state of each Ingress in the metrics."""
    (family,) = (one for one in REGISTRY.collect() if one.name == "awslbc_object_state")
    labels = [sample.labels for sample in family.samples]
    return {(one["name"], one["state"]) for one in labels if one["kind"] == "Ingress"}


def test_a_served_group_is_told_once() -> None:
    """Every member, and nobody again while nothing changes."""
    rig = Rig(A, B)
    rig.apply()
    rig.apply()
    assert rig.writes == ["a", "b"]
    said = rig.said("a")
    assert said is not None
    assert (said.load_balancer, said.state) == ("arn:lb", "served")
    assert states() == {("a", "served"), ("b", "served")}


def test_a_failure_keeps_what_is_in_aws_and_is_told_once() -> None:
    """Whatever the request id; what comes late and fails reads the same in either place."""
    rig = Rig(A, B)
    rig.apply(QUOTA, next_in=300)
    rig.fail()
    again = QuotaExceeded("elbv2", "CreateListener", "TooManyListeners", "50 at most", "request-2")
    rig.fail(again)
    assert rig.writes == ["a", "b"]
    said = rig.said("a")
    assert said is not None
    assert said.error is not None
    assert (said.load_balancer, said.error.code) == ("arn:lb", "TooManyListeners")
    assert states() == {("a", "quota"), ("b", "quota")}


def test_the_next_try_is_told_where_it_is_some_while_away() -> None:
    """What comes by the second writes nothing, and leaves a time that has passed where it is."""
    rig = Rig(A, B)
    for seconds in (0.3, 1.0, 20.0):
        rig.fail(next_in=seconds)
    assert (rig.writes, rig.next_retry()) == (["a", "b"], None)
    rig.fail(next_in=60)
    assert (rig.writes, rig.next_retry()) == (["a", "b"] * 2, 60)
    rig.clock.advance(60)
    rig.fail(next_in=5)
    assert (rig.writes, rig.next_retry()) == (["a", "b"] * 2, 0)
    rig.clock.advance(5)
    rig.fail(next_in=300)
    assert (rig.writes, rig.next_retry()) == (["a", "b"] * 3, 300)
    rig.apply()
    said = rig.said("a")
    assert said is not None
    assert said.error is None


def test_what_is_written_here_neither_wakes_the_group_nor_changes_its_wait() -> None:
    """The group comes again when that was told, and its backoff goes on."""
    rig = Rig(A, B)
    queue: WorkQueue[StackKey] = WorkQueue("explained", rig.clock)
    scope = Scope(rig.cluster, "alb")

    def wake(old: Ingress | None, new: Ingress | None) -> None:
        for key in CONCERNS[Ingress](Change(old, new), scope):
            queue.add(key)

    rig.cluster.on_change(Ingress, wake)
    queue.add(TEAM)
    assert queue.get(0) == TEAM
    queue.retry(TEAM)
    wait = queue.seconds_until_due(TEAM)
    rig.fail(next_in=40)
    queue.done(TEAM)
    assert rig.writes == ["a", "b"]
    assert (queue.seconds_until_due(TEAM), queue.failures(TEAM)) == (wait, 1)


def test_what_a_pass_made_before_it_broke_off_is_told() -> None:
    """It was to be written with the time of the next try."""
    rig = Rig(A)
    rig.explainer.applied(snapshot(TEAM, A), translated(A), observed(80), QUOTA)
    rig.explainer.failed(snapshot(TEAM, A), Throttled("acm", "DeleteCertificate", "Throttling", ""))
    rig.explainer.tell_next(TEAM, 0.5)
    said = rig.said("a")
    assert said is not None
    assert said.error is not None
    assert (said.load_balancer, said.error.category) == ("arn:lb", "throttled")


def test_what_only_a_user_mends_has_no_next_try() -> None:
    """Though the group is looked at again for another member's sake, whose note says when."""
    bad = member("bad", alb={"scheme": "open"})
    gone = Missing(ref("Ingress", A), "certificate-arn", "is gone")
    rig = Rig(bad, A)
    translation = translated(bad, A, stopped={gone.origin: gone})
    rig.explainer.applied(snapshot(TEAM, bad, A), translation, observed(80), None)
    assert rig.writes == ["bad"]
    rig.explainer.tell_next(TEAM, 290.0)
    assert rig.writes == ["bad", "a"]
    assert (rig.next_retry("bad"), rig.next_retry("a")) == (None, 290)


@pytest.mark.parametrize(
    "error", [KubeError(500, "Down", "no"), ObjectMissing(404, "NotFound", "gone")]
)
def test_a_failure_that_cannot_be_written_hides_nothing(error: ControllerError) -> None:
    """The pass ends with its own error, not with that of the note; the metrics know it."""
    rig = Rig(A)
    rig.error = error
    rig.fail()
    assert states() == {("a", "quota"), ("b", "quota")}


def test_the_member_at_fault_alone_is_failing() -> None:
    """The others are held where nobody knows what it had asked for."""
    bad = with_status(member("bad", alb={"scheme": "open"}), "lb.example", 80)
    rig = Rig(A, bad)
    rig.explainer.unchanged(snapshot(TEAM, A, bad), translated(A, bad))
    assert states() == {("a", "held"), ("bad", "invalid")}
    said = rig.said("bad")
    assert said is not None
    assert said.error is not None
    assert "'open'" in said.error.message


def test_what_leaves_the_group_loses_the_groups_word() -> None:
    """Not that of the group it went to, nor does one that is being deleted need a write."""
    rig = Rig(A, B)
    rig.apply()
    rig.writes.clear()
    rig.explainer.left(A, StackKey("ingress", "shop", "a"))
    rig.explainer.left(changed(B, deletion_timestamp=BORN), TEAM)
    assert rig.writes == []
    rig.explainer.left(A, TEAM)
    assert STATUS not in rig.ingress("a").metadata.annotations


def test_an_ingress_in_no_group_shows_in_metrics_alone() -> None:
    """Nobody would take an annotation away from it."""
    rig = Rig(A)
    rejected = InvalidAnnotation(ref("Ingress", A), "group.name", "is none")
    rig.explainer.rejected(msgspec.structs.replace(snapshot(TEAM), rejected=(rejected,)))
    assert states() == {("a", "invalid")}
    assert rig.writes == []


def test_an_empty_load_balancer_uses_no_quota() -> None:
    """And one that is gone shows none."""
    rig = Rig(A)
    rig.explainer.applied(snapshot(TEAM, A), translated(A), Observed(), None)
    (family,) = (o for o in REGISTRY.collect() if o.name == "awslbc_load_balancer_quota_used")
    assert family.samples == []
