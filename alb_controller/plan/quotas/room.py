"""Who has no room: only those who ask for more than there was, the newest first to stay out.

A member all of which AWS has keeps it, even where AWS has more than the quota. A member that is
edited is served as it was where the edit does not fit. Newcomers come last, the oldest of them
first; whoever fits is taken, so a large one does not keep out a small one behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from alb_controller.plan.quotas.counting import Quota, Unit, asked_by, count
from alb_controller.values import ObjectRef, Origin, Value


class NoRoom(Value, frozen=True):
    """A member that does not fit, with the numbers."""

    asking: Origin
    quota: str
    most: int
    used: int
    """By all others."""
    needs: int


def is_crowded(counted: Iterable[Unit], known: Mapping[str, int]) -> bool:
    """Whether a quota that is known is too small."""
    return any(number > known.get(quota.name, number) for quota, number in count(counted).items())


def without_room(
    members: Sequence[ObjectRef],
    counted: Sequence[Unit],
    before: Mapping[ObjectRef, Sequence[Unit]],
    known: Mapping[str, int],
) -> tuple[NoRoom, ...]:
    """The members that stay out, or as they were; `members` are all, the oldest first.

    `before` is what those ask for that are edited, as they were before.
    """
    asked = {one: asked_by(one, counted) for one in members}
    standing = [one for one in members if all(unit.is_there for unit in asked[one])]
    edited = [
        one
        for one in members
        if one not in standing and (one in before or _has_own(one, asked[one]))
    ]
    taken: dict[ObjectRef | None, Sequence[Unit]] = {
        None: [unit for unit in counted if not any(o.ref in asked for o in unit.asked_by)],
        **{one: asked[one] for one in standing},
        **{one: before.get(one) or _present(asked[one]) for one in edited},
    }
    newcomers = [one for one in members if one not in taken]
    return (*_take(edited, taken, asked, known), *_take(newcomers, taken, asked, known))


def _take(
    members: Sequence[ObjectRef],
    taken: dict[ObjectRef | None, Sequence[Unit]],
    asked: Mapping[ObjectRef, Sequence[Unit]],
    known: Mapping[str, int],
) -> list[NoRoom]:
    """Those that do not fit; whoever is taken may have made room for another."""
    waiting = list(members)
    while True:
        out: list[NoRoom] = []
        for member in waiting:
            problem = _no_room(member, taken, asked[member], known)
            if problem is None:
                taken[member] = asked[member]
            else:
                out.append(problem)
        if len(out) in (0, len(waiting)):
            return out
        waiting = [one.asking.ref for one in out]


def _no_room(
    member: ObjectRef,
    taken: Mapping[ObjectRef | None, Sequence[Unit]],
    wanted: Sequence[Unit],
    known: Mapping[str, int],
) -> NoRoom | None:
    others = [unit for one, some in taken.items() if one != member for unit in some]
    now, used = count([*others, *taken.get(member, ())]), count(others)
    for quota, number in count([*others, *wanted]).items():
        most = known.get(quota.name)
        if most is not None and number > max(most, now[quota]):
            return NoRoom(
                asking=_asking(member, quota, wanted),
                quota=quota.name,
                most=most,
                used=used[quota],
                needs=number - used[quota],
            )
    return None


def _asking(member: ObjectRef, quota: Quota, wanted: Sequence[Unit]) -> Origin:
    """The member, and the field that asks for the last of what counts."""
    asking = (
        origin
        for unit in reversed(wanted)
        if unit.quota == quota
        for origin in unit.asked_by
        if origin.ref == member
    )
    return next(asking, Origin(member))


def _present(counted: Iterable[Unit]) -> list[Unit]:
    return [unit for unit in counted if unit.is_there]


def _has_own(member: ObjectRef, counted: Iterable[Unit]) -> bool:
    """Whether AWS has something that it alone asks for."""
    return any(
        unit.is_there and {origin.ref for origin in unit.asked_by} == {member} for unit in counted
    )
