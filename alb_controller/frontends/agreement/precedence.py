"""Who changes what the members of a stack have agreed on into a contradiction (ADR 35).

What AWS has, as its members asked for it, comes first, whoever is older; then what those change who
had set it; then what nobody had set, of members that AWS has and of those that join. Within each
the older comes first. Nothing here knows an API.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from alb_controller.errors import Conflict
from alb_controller.frontends.conflicts import Setting, Subject, disagreement
from alb_controller.values import ObjectRef

Settings: TypeAlias = tuple[Setting[object], ...]


class Stance(msgspec.Struct, frozen=True, kw_only=True):
    """What a member sets, seen from what it had set when AWS took it."""

    ref: ObjectRef
    age: int
    """Its place among all, the oldest first."""
    is_published: bool
    """AWS has something of it."""
    is_stopped: bool = False
    kept: Settings = ()
    """What it stands by; of one that is stopped all that it had set."""
    changed: Settings = ()
    """What it had set, and sets to something else."""
    added: Settings = ()
    """What it had not set."""
    had: Settings = ()
    """All that it had set."""

    @property
    def rank(self) -> int:
        """Who changes nothing brings no contradiction about; who is stopped has no say in it."""
        is_unchanged = self.is_published and not self.added and len(self.kept) == len(self.had)
        return 1 if self.is_stopped else 0 if is_unchanged else 2


def stance(
    ref: ObjectRef,
    age: int,
    *,
    now: Iterable[Setting[object]] | None,
    then: Iterable[Setting[object]] | None,
) -> Stance:
    """`now` is None where the member is stopped, `then` where AWS has nothing of it."""
    had = {one.key: one for one in then or ()}
    if now is None:
        kept = tuple(had.values())
        return Stance(ref=ref, age=age, is_published=True, is_stopped=True, kept=kept, had=kept)
    now = tuple(now)
    known = [one for one in now if one.key in had]
    return Stance(
        ref=ref,
        age=age,
        is_published=then is not None,
        kept=tuple(one for one in known if one.identity == had[one.key].identity),
        changed=tuple(one for one in known if one.identity != had[one.key].identity),
        added=tuple(one for one in now if one.key not in had),
        had=tuple(had.values()),
    )


class _Counted(msgspec.Struct, frozen=True):
    """A setting that counts, and whose it is."""

    setting: Setting[object]
    set_by: Stance


_Counting: TypeAlias = dict[Subject, _Counted]


def contradictions(by_age: Sequence[Stance]) -> dict[ObjectRef, Conflict]:
    """Members that are to be stopped; empty where all agree.

    Whoever is stopped stands by what it had: ask again without its present settings.
    """
    counting: _Counting = {}
    for find in (_kept, _changed, _at_odds, _added):
        stopped = find(by_age, counting)
        if stopped:
            return stopped
    return {}


def _kept(by_age: Sequence[Stance], counting: _Counting) -> dict[ObjectRef, Conflict]:
    """What AWS has of them.

    They can be at odds on it where it did not matter before (nobody wanted what it is for): who has
    changed something gives way, then the younger.
    """
    stopped: dict[ObjectRef, Conflict] = {}
    for one in sorted(by_age, key=lambda one: one.rank):
        problem = None if one.is_stopped else _conflict(one, one.kept, counting)
        if problem is not None:
            stopped[one.ref] = problem
        else:
            _count(counting, one, one.kept)
    return stopped


def _changed(by_age: Sequence[Stance], counting: _Counting) -> dict[ObjectRef, Conflict]:
    """Who changes what another stands by."""
    found = ((one.ref, _conflict(one, one.changed, counting)) for one in by_age)
    return {ref: problem for ref, problem in found if problem is not None}


def _at_odds(by_age: Sequence[Stance], counting: _Counting) -> dict[ObjectRef, Conflict]:
    """Who changes what others change as well, and not to the same: what AWS has stays."""
    changes: dict[Subject, list[tuple[Stance, Setting[object]]]] = {}
    for one in by_age:
        for setting in one.changed:
            changes.setdefault(setting.key, []).append((one, setting))
    stopped: dict[ObjectRef, Conflict] = {}
    for of_key in changes.values():
        first = of_key[0][1].identity
        if all(setting.identity == first for _, setting in of_key):
            continue
        for one, setting in of_key:
            other = next((o for o in of_key if setting.conflicts_with(o[1])), None)
            if other is not None:
                sentence = _both_change(setting, *other)
                stopped.setdefault(one.ref, Conflict(one.ref, setting.field, sentence))
    if not stopped:
        for one in by_age:
            _count(counting, one, one.changed)
    return stopped


def _added(by_age: Sequence[Stance], counting: _Counting) -> dict[ObjectRef, Conflict]:
    """What nobody had set; before those that join come those of whom AWS has something."""
    stopped: dict[ObjectRef, Conflict] = {}
    for one in sorted(by_age, key=lambda one: not one.is_published):
        problem = _conflict(one, one.added, counting)
        problem = problem or _replacement(one, counting, by_age)
        if problem is not None:
            stopped[one.ref] = problem
        else:
            _count(counting, one, one.added)
    return stopped


def _count(counting: _Counting, one: Stance, settings: Settings) -> None:
    for setting in settings:
        counting.setdefault(setting.key, _Counted(setting, one))


def _conflict(one: Stance, settings: Settings, counting: _Counting) -> Conflict | None:
    for setting in settings:
        rival = counting.get(setting.key)
        if rival is not None and setting.conflicts_with(rival.setting):
            rival_ref, is_older = rival.set_by.ref, rival.set_by.age < one.age
            sentence = disagreement(setting, rival.setting, rival_ref, is_older=is_older)
            return Conflict(one.ref, setting.field, sentence)
    return None


def _replacement(
    one: Stance, counting: Mapping[Subject, _Counted], by_age: Sequence[Stance]
) -> Conflict | None:
    """Who would have the load balancer replaced that is held by another namespace.

    The oldest member that AWS has holds it.
    """
    holder = next((other.ref for other in by_age if other.is_published), None)
    if holder is None or holder.namespace == one.ref.namespace:
        return None
    for setting in one.added:
        is_new = setting.replaces and setting.key not in counting
        if is_new and not any(_asks_for(setting, other, holder) for other in by_age):
            return Conflict(one.ref, setting.field, _would_replace(setting, holder))
    return None


def _asks_for(setting: Setting[object], other: Stance, holder: ObjectRef) -> bool:
    """Whether the load balancer is so already, or somebody who may say so does."""
    reported = other.added if other.ref.namespace == holder.namespace else ()
    same = (one for one in (*other.had, *reported) if one.key == setting.key)
    return any(one.identity == setting.identity for one in same)


def _both_change(setting: Setting[object], other: Stance, others: Setting[object]) -> str:
    return (
        f"{setting.text} disagrees on {setting.key.text} with {other.ref} of the same group, "
        f"which changes it as well, to {others.text}: what AWS has stays until they agree"
    )


def _would_replace(setting: Setting[object], holder: ObjectRef) -> str:
    return (
        f"{setting.text} would replace the load balancer, which is held by {holder} of another "
        f"namespace: an Ingress of {holder.namespace} or the IngressClassParams must say so as well"
    )
