"""Laws of who has no room where a quota is reached."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alb_controller.plan.quotas.counting import Quota, Unit, asked_by, count
from alb_controller.plan.quotas.room import is_crowded, without_room
from alb_controller.values import ObjectRef, Origin

MEMBERS = [ObjectRef("Ingress", "shop", name) for name in "abcd"]
QUOTAS = [Quota("rules", "lb"), Quota("groups", "lb")]
KNOWN = st.fixed_dictionaries({"rules": st.integers(0, 8), "groups": st.integers(0, 8)})
UNITS = st.builds(
    Unit,
    quota=st.sampled_from(QUOTAS),
    what=st.integers(0, 9),
    asked_by=st.lists(st.sampled_from(MEMBERS), max_size=2, unique=True).map(
        lambda members: tuple(Origin(one) for one in members)
    ),
    is_there=st.booleans(),
)
COUNTED = st.lists(UNITS, max_size=25)
BEFORE = st.dictionaries(st.sampled_from(MEMBERS), st.lists(UNITS, max_size=6))


@given(COUNTED, BEFORE, KNOWN)
def test_what_is_there_stays_and_whoever_stays_out_does_not_fit(
    counted: list[Unit], before: dict[ObjectRef, list[Unit]], known: dict[str, int]
) -> None:
    """No count rises above its quota, or above what there was; each that stays out would."""
    found = without_room(MEMBERS, counted, before, known)
    out = {one.asking.ref for one in found}
    asked = {one: asked_by(one, counted) for one in MEMBERS}
    standing = {one for one in MEMBERS if all(unit.is_there for unit in asked[one])}
    assert not out & standing
    assert is_crowded(counted, known) or not out or before
    served = [
        unit
        for one in MEMBERS
        for unit in (asked[one] if one not in out else _as_it_was(one, asked[one], before))
    ]
    served += [unit for unit in counted if not unit.asked_by]
    left = count(served)
    were = count(
        [
            *(u for u in counted if not u.asked_by),
            *(u for o in standing for u in asked[o]),
            *(u for o in MEMBERS if o not in standing for u in _as_it_was(o, asked[o], before)),
        ]
    )
    for quota, number in left.items():
        assert number <= max(known[quota.name], were[quota])
    for one in found:
        assert one.used + one.needs > one.most
        assert one.needs > 0


def _as_it_was(
    member: ObjectRef, asked: list[Unit], before: dict[ObjectRef, list[Unit]]
) -> list[Unit]:
    """What stays of a member that stays out: nothing of a newcomer, of which AWS has nothing."""
    there = [unit for unit in asked if unit.is_there]
    has_own = any({one.ref for one in unit.asked_by} == {member} for unit in there)
    return before.get(member) or (there if member in before or has_own else [])
