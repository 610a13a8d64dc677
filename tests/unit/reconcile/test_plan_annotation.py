"""The annotation `dry-run-plan`: one holder in a group, written where it differs (spec 1.1)."""

from __future__ import annotations

from typing import Any, cast

import pytest
import structlog

from alb_controller.errors import KubeError, ObjectMissing
from alb_controller.model.document import stack_json
from alb_controller.objects.annotations.names import PLAN_ANNOTATION
from alb_controller.objects.networking import Ingress
from alb_controller.reconcile.plan_annotation import note_plan
from tests.factories import ingress
from tests.resources import load_balancer, stack
from tests.unit.frontends.ingress.translation import TEAM, settings, snapshot, translated

STACK = stack(load_balancers=(load_balancer(),))
TEXT = stack_json(STACK)


class FakeWriter:
    """Keeps what is written of annotations; `error` is what the API answers."""

    def __init__(self) -> None:
        self.written: dict[str, str | None] = {}
        self.error: KubeError | None = None

    def merge_patch(self, _kind: Any, _namespace: str, name: str, body: dict[str, Any]) -> None:
        self.written[name] = body["metadata"]["annotations"][PLAN_ANNOTATION]
        assert body["metadata"]["uid"]
        if self.error is not None:
            raise self.error


def _member(name: str, order: int = 0, plan: str | None = None) -> Ingress:
    noted = {} if plan is None else {PLAN_ANNOTATION: plan}
    alb = {"group.name": "team", "group.order": str(order)}
    return ingress(name, alb=alb, annotations=noted, uid=f"uid-{name}")


def _noted(*members: Ingress, has_gate: bool = True, writer: FakeWriter | None = None) -> Any:
    writer = writer or FakeWriter()
    seen, made = snapshot(TEAM, *members), translated(*members, by=settings())
    note_plan(cast("Any", writer), seen, made, STACK, has_gate=has_gate)
    return writer.written


def test_the_first_member_has_it() -> None:
    """First in group order, not the oldest."""
    assert _noted(_member("a", 2), _member("b", 1)) == {"b": TEXT}


def test_it_moves_with_the_first_place() -> None:
    """No second member keeps one."""
    assert _noted(_member("a", 2, TEXT), _member("b", 1)) == {"a": None, "b": TEXT}


def test_an_equal_plan_is_not_written() -> None:
    """Nor is the absence of one."""
    assert _noted(_member("a", 1, TEXT), _member("b", 2)) == {}
    assert _noted(_member("a", 1, "{}"), _member("b", 2)) == {"a": TEXT}


def test_with_the_gate_off_nobody_keeps_one() -> None:
    """Whoever wrote it."""
    members = (_member("a", 1, TEXT), _member("b", 2, "{}"), _member("c", 3))
    assert _noted(*members, has_gate=False) == {"a": None, "b": None}


def test_a_member_that_is_not_served_gets_none() -> None:
    """A bad member is no place for the plan of the others."""
    bad = ingress("a", alb={"group.name": "team", "scheme": "wrong"}, uid="uid-a")
    assert _noted(bad, _member("b", 1)) == {"b": TEXT}


@pytest.mark.parametrize(
    "error,told",
    [(KubeError(422, "Invalid", "too long"), 1), (ObjectMissing(404, "NotFound", "gone"), 0)],
)
def test_what_the_api_refuses_stops_nothing(error: KubeError, told: int) -> None:
    """It is said in the log, unless the object is gone."""
    writer = FakeWriter()
    writer.error = error
    with structlog.testing.capture_logs() as logs:
        _noted(_member("a"), writer=writer)
    assert [log["event"] for log in logs] == ["plan_annotation_not_written"] * told
