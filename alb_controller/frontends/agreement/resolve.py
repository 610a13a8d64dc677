"""Settles conflicts between the members of one stack, with what AWS has of them.

`precedence` says who gives way. A member that is stopped is stopped whole; its last known good
settings stand in for it, as far as they fit. Nothing here knows an API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from alb_controller.errors import Invalid
from alb_controller.frontends.agreement.precedence import Stance, contradictions, stance
from alb_controller.frontends.conflicts import Agreement, Setting, Subject
from alb_controller.values import ObjectRef


class Member(Protocol):
    """A member as its front end has translated it."""

    @property
    def ref(self) -> ObjectRef: ...


M = TypeVar("M", bound=Member)


class Rules(msgspec.Struct, Generic[M], frozen=True, kw_only=True):
    """What a front end knows of its members."""

    settings_of: Callable[[M], Iterable[Setting[object]]]
    """Raises Invalid for what cannot be read."""
    check: Callable[[M, Sequence[Setting[object]], Agreement], str]
    """What a member takes that is not its own, in a sentence; raises Invalid to refuse it."""
    accept: Callable[[M], None]
    """Called for each member that counts, after its check."""
    stands: Callable[[M, Sequence[Setting[object]], Agreement], bool] = lambda *_: True
    """Whether a last known good member may stand in for the stopped one."""


class ConflictResolver(Generic[M]):
    """Takes the members of one stack, the older first."""

    def __init__(self, rules: Rules[M]) -> None:
        self._rules = rules
        self.agreed = Agreement()
        self.accepted: dict[str, M] = {}
        """By uid, the members that count, by what they ask for or by what they asked for last."""
        self.warnings: list[tuple[ObjectRef, str]] = []
        """Members that were taken, with what they should not have asked for."""

    def add(self, uid: str, member: M) -> None:
        """Raises Invalid where it is refused."""
        settings = tuple(self._rules.settings_of(member))
        warning = self._rules.check(member, settings, self.agreed)
        if warning:
            self.warnings.append((member.ref, warning))
        self.agreed.add(member.ref, settings)
        self._accept(uid, member)

    def add_last_known_good(
        self, uid: str, member: M, claimed: Mapping[Subject, Setting[object]]
    ) -> None:
        """What a stopped member had, as far as it fits; `claimed` is what valid members set."""
        settings = tuple(
            one
            for one in self._rules.settings_of(member)
            if one.key not in claimed or one.identity == claimed[one.key].identity
        )
        if self._rules.stands(member, settings, self.agreed):
            self.agreed.add(member.ref, settings, is_last_known_good=True)
            self._accept(uid, member)

    def _accept(self, uid: str, member: M) -> None:
        self.accepted[uid] = member
        self._rules.accept(member)


class Resolution(msgspec.Struct, Generic[M], frozen=True, kw_only=True):
    """What the members agree on, and who was stopped for it."""

    agreed: Agreement
    accepted: Mapping[str, M]
    """By uid, in the order of age."""
    stopped: Mapping[str, Invalid]
    """By uid, those that gave way."""
    warnings: Sequence[tuple[ObjectRef, str]]


def resolve(
    by_age: Sequence[str],
    *,
    current: Mapping[str, M],
    last_known_good: Mapping[str, M],
    rules_for: Callable[[Sequence[M]], Rules[M]],
) -> Resolution[M]:
    """Take the members anew until all who are left agree: who is stopped decides nothing.

    `by_age` are the uids of all members, the oldest first; `current` is what those ask for that
    are valid, `last_known_good` what AWS has of members, valid or not. `rules_for` is given what
    is about to be taken, in the same order.
    """
    refused: dict[str, Invalid] = {}
    while True:
        group = _Group(by_age, current, last_known_good, rules_for, refused)
        conflicts = group.conflicts()
        resolver = ConflictResolver(group.rules())
        newly = group.add_all(resolver)
        if not newly:
            return Resolution(
                agreed=resolver.agreed,
                accepted=resolver.accepted,
                stopped={**refused, **conflicts},
                warnings=resolver.warnings,
            )
        refused |= newly


class _Group(Generic[M]):
    """One attempt: the members without those that are refused, whoever they disagree with."""

    def __init__(
        self,
        by_age: Sequence[str],
        current: Mapping[str, M],
        last_known_good: Mapping[str, M],
        rules_for: Callable[[Sequence[M]], Rules[M]],
        refused: Mapping[str, Invalid],
    ) -> None:
        self._by_age, self._last, self._rules_for = by_age, last_known_good, rules_for
        self._claimed: dict[Subject, Setting[object]] = {}
        self._wanted = {u: current[u] for u in by_age if u in current and u not in refused}

    def rules(self) -> Rules[M]:
        """For what is about to be taken."""
        candidates = {**self._last, **self._wanted}
        return self._rules_for([candidates[uid] for uid in self._by_age if uid in candidates])

    def conflicts(self) -> dict[str, Invalid]:
        """Those that give way, by uid; they are not wanted any more."""
        stopped: dict[str, Invalid] = {}
        while True:
            found = self._disagreeing(self.rules())
            if not found:
                return stopped
            stopped |= found
            for uid in found:
                del self._wanted[uid]

    def _disagreeing(self, rules: Rules[M]) -> Mapping[str, Invalid]:
        self._claimed = {}
        stances: list[Stance] = []
        uids: dict[ObjectRef, str] = {}
        unreadable: dict[str, Invalid] = {}
        for age, uid in enumerate(self._by_age):
            member, then = self._wanted.get(uid), self._last.get(uid)
            known = member or then
            if known is None:
                continue
            uids[known.ref] = uid
            try:
                now = None if member is None else tuple(rules.settings_of(member))
                had = None if then is None else rules.settings_of(then)
                self._claimed |= {one.key: one for one in now or ()}
                stances.append(stance(known.ref, age, now=now, then=had))
            except Invalid as problem:
                unreadable[uid] = problem
        return unreadable or {uids[ref]: one for ref, one in contradictions(stances).items()}

    def add_all(self, resolver: ConflictResolver[M]) -> dict[str, Invalid]:
        """Takes them by age; those that are refused, by uid."""
        refused: dict[str, Invalid] = {}
        for uid in self._by_age:
            if uid in self._wanted:
                try:
                    resolver.add(uid, self._wanted[uid])
                    continue
                except Invalid as problem:
                    refused[uid] = problem
            if uid in self._last:
                resolver.add_last_known_good(uid, self._last[uid], self._claimed)
        return refused
