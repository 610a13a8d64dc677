"""The annotation `dry-run-plan`: one holder in a group, and on no other member (spec 1.1)."""

from __future__ import annotations

from alb_controller.frontends.ingress.present import present
from alb_controller.frontends.outcomes import Planned
from alb_controller.model.document import stack_json
from alb_controller.model.stack import Observed
from alb_controller.objects.annotations.names import PLAN_ANNOTATION
from alb_controller.objects.networking import Ingress
from tests.factories import ingress
from tests.resources import load_balancer, stack
from tests.unit.frontends.ingress.translation import TEAM, snapshot, translated

STACK = stack(load_balancers=(load_balancer(),))
TEXT = stack_json(STACK)


def _member(name: str, order: int = 0, plan: str | None = None) -> Ingress:
    noted = {} if plan is None else {PLAN_ANNOTATION: plan}
    alb = {"group.name": "team", "group.order": str(order)}
    return ingress(name, alb=alb, annotations=noted, uid=f"uid-{name}")


def _noted(*members: Ingress, has_gate: bool = True) -> dict[str, str | None]:
    """What changes, by name."""
    seen, made = snapshot(TEAM, *members), translated(*members)
    shown = present(seen, made, Planned(stack=STACK, observed=Observed()), with_plan=has_gate)
    assert all(patch.is_optional for patch in shown.patches)
    wanted = [
        (patch.object.metadata, patch.annotations[PLAN_ANNOTATION]) for patch in shown.patches
    ]
    return {
        meta.name: text for meta, text in wanted if text != meta.annotations.get(PLAN_ANNOTATION)
    }


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
