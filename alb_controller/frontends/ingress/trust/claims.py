"""Which member may answer requests that rules of several namespaces match (ADR 34).

The older member is in front, or what it has of the kind came before: that holds of whatever AWS
has. So after a restart the ages alone say the same. A member breaks it if it comes before an older
one, or if it is the older and comes late: with a rule that AWS does not have, to one that it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.intent import HostMatch, Match, PathMatch, PathText, RouteIntent
from alb_controller.intent.covering import Covering, Effort
from alb_controller.intent.overlap import Overlaps, Requests, may_overlap, requests_of
from alb_controller.values import ObjectRef

_Place: TypeAlias = tuple[int, str]
"""Of a member in the group: its `sort_key`."""


class Taken(NamedTuple):
    """Requests of a rule that another one answers, or would when its holder goes."""

    by: RouteIntent
    port: int
    route: RouteIntent
    holder: MemberIntent
    is_late: bool

    def message_to_taker(self) -> str:
        """Of what the member does."""
        how = "comes late" if self.is_late else "comes first"
        return f"{self.by.origin.field} {how}: {self._what()} is held by {self.holder.ref}"

    def message_to_holder(self) -> str:
        """The same, to the other."""
        return (
            f"{self.by.origin.field} of {self.by.origin.ref} comes before "
            f"{self.route.origin.field} and takes requests for {self._what()}"
        )

    def _what(self) -> str:
        hosts = (m.hosts for m in self.route.matches if isinstance(m, HostMatch))
        paths = (m.paths for m in self.route.matches if isinstance(m, PathMatch))
        host, path = _first(hosts, "any host"), _first(paths, "any path")
        return f"{host} {path} on port {self.port}"


class _Claim(NamedTuple):
    """A rule of a member that may be accepted."""

    member: MemberIntent
    route: RouteIntent


class Filed(NamedTuple):
    """Members that may be accepted, and their rules."""

    members: Sequence[MemberIntent]
    rules: Overlaps[_Claim]


def file_claims(candidates: Sequence[MemberIntent]) -> Filed | None:
    """The rules of all who may be accepted; None where one namespace has them all."""
    if len({member.ref.namespace for member in candidates}) < 2:
        return None
    rules = (
        (requests_of(route.matches), _Claim(member, route))
        for member in candidates
        for route in member.routes
    )
    return Filed(candidates, Overlaps(rules))


class _Published(NamedTuple):
    """What AWS has of a member."""

    place: _Place
    ports: frozenset[int]
    rules: frozenset[tuple[Match, ...]]

    def has(self, route: RouteIntent, port: int) -> bool:
        return port in self.ports and route.matches in self.rules


class Claims:
    """Looks at members, the older first, each of which claims requests for its namespace."""

    def __init__(self, filed: Filed, published: Iterable[MemberIntent], *, is_strict: bool) -> None:
        """`published` is what this process has applied of members.

        Where it is not strict, what is behind is no matter: nobody is rejected after a restart.
        """
        self._filed, self._is_strict = filed, is_strict
        self._ages: dict[ObjectRef, int] = {}
        self._served: dict[ObjectRef, MemberIntent] = {}
        in_order = sorted(published, key=lambda member: member.sort_key)
        self._published = {one.ref: _published(one) for one in in_order}
        self._answering, self._accepted = _Answers(), _Answers()
        for member in in_order:
            self._answering.add(member)

    def accept(self, member: MemberIntent) -> None:
        """Its rules are served."""
        self._ages[member.ref] = len(self._ages)
        self._served[member.ref] = member
        self._accepted.add(member)

    def taken_by(self, member: MemberIntent) -> Iterator[Taken]:
        """Requests of others that a member claims: of each other member the first found."""
        left = self._holders(member)
        for route in member.routes:
            relevant = left if not self._stays(member, route) else self._older(left)
            if not relevant:
                continue
            requests = requests_of(route.matches)
            for others, claim in self._filed.rules.near(requests):
                holder = relevant.get(claim.member.ref)
                for port in sorted(member.listeners.keys() & holder.listeners) if holder else ():
                    if self._takes(_Claim(member, route), claim, port, (requests, others)):
                        del left[claim.member.ref]
                        relevant.pop(claim.member.ref, None)
                        is_late = claim.member.ref not in self._ages
                        yield Taken(route, port, claim.route, claim.member, is_late)
                        break

    def _holders(self, member: MemberIntent) -> dict[ObjectRef, MemberIntent]:
        """Of other namespaces: older ones behind it, and younger ones of which AWS has something.

        For who has just been rejected the last known good stands in; it is filed the next time.
        """
        return {
            one.ref: one
            for one in self._filed.members
            if one.ref.namespace != member.ref.namespace
            and (
                self._served[one.ref] is one and _is_behind(one, member)
                if one.ref in self._ages
                else one.ref in self._published and (self._is_strict or _is_behind(one, member))
            )
        }

    def _older(self, members: dict[ObjectRef, MemberIntent]) -> dict[ObjectRef, MemberIntent]:
        return {ref: one for ref, one in members.items() if ref in self._ages}

    def _stays(self, member: MemberIntent, route: RouteIntent) -> bool:
        """Whether AWS has a rule where it shall be, or further behind."""
        published = self._published.get(member.ref)
        return (
            published is not None
            and published.place >= member.sort_key
            and all(published.has(route, port) for port in member.listeners)
        )

    def _takes(
        self, mine: _Claim, theirs: _Claim, port: int, requests: tuple[Requests, Requests]
    ) -> bool:
        if theirs.member.ref in self._ages:
            return may_overlap(*requests) and not self._divides(mine, theirs, port)
        return self._is_late(mine, theirs, port) and may_overlap(*requests)

    def _divides(self, mine: _Claim, older: _Claim, port: int) -> bool:
        """Whether a still older rule of its namespace would answer its requests without it."""
        first = self._accepted.first(mine.member.ref.namespace, port, mine.route.matches)
        return (
            first is not None
            and self._ages[first.ref] < self._ages[older.member.ref]
            and _is_behind(older.member, first)
        )

    def _is_late(self, mine: _Claim, younger: _Claim, port: int) -> bool:
        """Whether AWS has the younger's rule, and did not have this one before it."""
        ours, theirs = self._find(mine, port), self._find(younger, port)
        if theirs is None:
            return False
        is_behind = not _is_behind(younger.member, mine.member)
        if ours is not None:  # it moves behind, unless the other comes to the front
            return is_behind and younger.member.sort_key >= theirs.place > ours.place
        if is_behind:
            return True
        first = self._answering.first(mine.member.ref.namespace, port, mine.route.matches)
        return first is None or first.sort_key > theirs.place

    def _find(self, claim: _Claim, port: int) -> _Published | None:
        """What AWS has of a member, if the rule is among it."""
        found = self._published.get(claim.member.ref)
        return found if found is not None and found.has(claim.route, port) else None


class _Answers:
    """Members in some order; finds the first with a rule that takes all of some requests."""

    def __init__(self) -> None:
        self._waiting: list[MemberIntent] = []
        self._filed: dict[tuple[str, int], Covering[MemberIntent]] = {}
        self._effort = Effort()

    def add(self, member: MemberIntent) -> None:
        self._waiting.append(member)

    def first(self, namespace: str, port: int, matches: tuple[Match, ...]) -> MemberIntent | None:
        for member in self._waiting:  # most groups never ask
            for its_port in member.listeners:
                key = member.ref.namespace, its_port
                rules = self._filed.setdefault(key, Covering(self._effort))
                for route in member.routes:
                    rules.add(route.matches, member)
        self._waiting.clear()
        found = self._filed.get((namespace, port))
        return None if found is None else found.first(matches)


def _published(member: MemberIntent) -> _Published:
    rules = frozenset(route.matches for route in member.routes)
    return _Published(member.sort_key, frozenset(member.listeners), rules)


def _is_behind(other: MemberIntent, member: MemberIntent) -> bool:
    """Whether it comes later in the group's order."""
    return other.sort_key > member.sort_key


def _first(matches: Iterable[Sequence[PathText]], otherwise: str) -> str:
    """What the first match of a kind names first."""
    return next((texts[0].text for texts in matches), otherwise)
