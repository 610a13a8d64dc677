"""Conflict resolution between the members of one stack: the oldest wins, the younger is stopped.

It is settled by age, so that the result depends on no history and no order of events (ADR 9). A
member that is stopped is stopped whole; its last known good configuration stands in for it, as far
as it fits. Nothing here knows an API: a front end gives the settings of its members.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar, cast

import msgspec

from alb_controller.errors import Conflict, Invalid
from alb_controller.model.origins import Origins
from alb_controller.values import ObjectRef, Origin

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Subject(msgspec.Struct, frozen=True):
    """What can have one value only; its text stands in the sentences for users."""

    name: str
    port: int | None = None
    """Of a listener, where each of them has its own value."""
    entry: str | None = None
    """The key, where each entry of a map has its own value: a tag, an attribute."""
    balancer: str = ""
    """Which load balancer of the stack, where it is not the first."""

    def __str__(self) -> str:
        text = f"{self.balancer} {self.name}".strip()
        if self.port is not None:
            text += f" of port {self.port}{'' if self.entry is None else ':'}"
        return text if self.entry is None else f"{text} {self.entry}"


class Key(Subject, Generic[T], frozen=True):
    """A subject whose value is a `T`."""

    def setting(
        self,
        value: T,
        field: str,
        *,
        is_exclusive: bool = True,
        compared: object = None,
        shown: str | None = None,
    ) -> Setting[T]:
        """What a member sets this to; `Setting` says what the rest is."""
        return Setting(self, value, field, is_exclusive, compared, shown)


class PortKeys(msgspec.Struct, Generic[T], frozen=True):
    """The keys of a setting that each listener has for itself."""

    name: str

    def of(self, port: int) -> Key[T]:
        return Key(self.name, port)


class MapKeys(msgspec.Struct, Generic[T], frozen=True):
    """The keys of a setting that is put together entry by entry."""

    name: str
    port: int | None = None
    balancer: str = ""

    def of(self, entry: str) -> Key[T]:
        return Key(self.name, self.port, entry, self.balancer)


class Setting(msgspec.Struct, Generic[T_co], frozen=True):
    """The value that one member asks for."""

    key: Key[T_co]
    value: T_co
    field: str
    """Where in the member's object it stands."""
    is_exclusive: bool = True
    """False where something else decides, so that members cannot disagree."""
    compared: object = None
    """What must be equal instead of the value, where that says more than what is meant."""
    shown: str | None = None
    """The text for users instead of what is compared."""

    @property
    def identity(self) -> object:
        """Settings of one key agree where this is equal."""
        return self.value if self.compared is None else self.compared


class Accepted(msgspec.Struct, Generic[T_co], frozen=True):
    """The setting that counts, and whose it is."""

    setting: Setting[T_co]
    set_by: ObjectRef
    is_last_known_good: bool


class Agreement:
    """The settings that count so far: of each key the oldest member's."""

    def __init__(self) -> None:
        self._accepted: dict[Subject, Accepted[object]] = {}
        self._agreeing: dict[Subject, list[Origin]] = {}
        """Further members that set the same."""

    def add(self, member: ObjectRef, settings: Iterable[Setting[object]]) -> None:
        """Take a member's settings; raises Conflict, and takes none, where an older disagrees."""
        new = list(settings)
        for setting in new:
            older = self._accepted.get(setting.key)
            if older is not None and _is_conflict(setting, older):
                raise Conflict(member, setting.field, _sentence(setting, older))
        self._accept(member, new, is_last_known_good=False)

    def add_last_known_good(self, member: ObjectRef, settings: Iterable[Setting[object]]) -> None:
        """Take what no older member has set."""
        self._accept(member, settings, is_last_known_good=True)

    def _accept(
        self, member: ObjectRef, settings: Iterable[Setting[object]], *, is_last_known_good: bool
    ) -> None:
        for setting in settings:
            new = Accepted(setting, member, is_last_known_good)
            known = self._accepted.setdefault(setting.key, new)
            if known is not new and known.setting.identity == setting.identity:
                origin = Origin(member, setting.field)
                self._agreeing.setdefault(setting.key, []).append(origin)

    def find(self, key: Key[T]) -> Accepted[T] | None:
        """The setting that counts, or None where no member has one."""
        # only a Setting[T] has a Key[T]
        return cast("Accepted[T] | None", self._accepted.get(key))

    def get(self, key: Key[T]) -> T | None:
        """The value that counts, or None where no member has set one."""
        found = self.find(key)
        return None if found is None else found.setting.value

    def __getitem__(self, key: Key[T]) -> T:
        """The value of what some member is known to have set; raises KeyError otherwise."""
        found = self.find(key)
        if found is None:
            raise KeyError(str(key))
        return found.setting.value

    def set_by(self, key: Subject) -> ObjectRef | None:
        """The member whose setting counts, or None where no member has one."""
        found = self._accepted.get(key)
        return None if found is None else found.set_by

    def asked(self, key: Subject) -> Origins:
        """All who set what counts, and where, the oldest first; none where no member has."""
        found = self._accepted.get(key)
        if found is None:
            return ()
        return (Origin(found.set_by, found.setting.field), *self._agreeing.get(key, ()))

    def asked_entries(self, keys: MapKeys[T]) -> dict[str, Origins]:
        """The same by entry."""
        return {entry: self.asked(keys.of(entry)) for entry in self.entries(keys)}

    def entries(self, keys: MapKeys[T]) -> dict[str, T]:
        """The values that count, by entry."""
        found = (accepted.setting for accepted in self._accepted.values())
        return {
            setting.key.entry: cast("T", setting.value)
            for setting in found
            if setting.key.entry is not None and setting.key == keys.of(setting.key.entry)
        }


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
        """Raises Invalid where it cannot be what older members have set."""
        settings = tuple(self._rules.settings_of(member))
        warning = self._rules.check(member, settings, self.agreed)
        if warning:
            self.warnings.append((member.ref, warning))
        self.agreed.add(member.ref, settings)
        self._accept(uid, member)

    def add_last_known_good(self, uid: str, member: M) -> None:
        """What a stopped member asked for when it was good, as far as it fits."""
        settings = tuple(self._rules.settings_of(member))
        if self._rules.stands(member, settings, self.agreed):
            self.agreed.add_last_known_good(member.ref, settings)
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
    are valid, `last_known_good` what members asked for when they were. `rules_for` is given what
    is about to be taken, in the same order.
    """
    stopped: dict[str, Invalid] = {}
    while True:
        wanted = {uid: current[uid] for uid in by_age if uid in current and uid not in stopped}
        candidates = {**last_known_good, **wanted}
        resolver = ConflictResolver(rules_for([candidates[u] for u in by_age if u in candidates]))
        disagree = _add_all(resolver, by_age, wanted=wanted, last_known_good=last_known_good)
        if not disagree:
            return Resolution(
                agreed=resolver.agreed,
                accepted=resolver.accepted,
                stopped=stopped,
                warnings=resolver.warnings,
            )
        stopped |= disagree


def _add_all(
    resolver: ConflictResolver[M],
    by_age: Sequence[str],
    *,
    wanted: Mapping[str, M],
    last_known_good: Mapping[str, M],
) -> dict[str, Invalid]:
    """Those that disagree with older ones, by uid."""
    stopped: dict[str, Invalid] = {}
    for uid in by_age:
        if uid in wanted:
            try:
                resolver.add(uid, wanted[uid])
                continue
            except Invalid as problem:
                stopped[uid] = problem
        if uid in last_known_good:
            resolver.add_last_known_good(uid, last_known_good[uid])
    return stopped


def _is_conflict(setting: Setting[object], older: Accepted[object]) -> bool:
    return setting.is_exclusive and setting.identity != older.setting.identity


def _sentence(setting: Setting[object], older: Accepted[object]) -> str:
    return (
        f"{_shown(setting)} disagrees on {str(setting.key).strip()} with {older.set_by} of the "
        f"same group, which is older and says {_shown(older.setting)}"
    )


def _shown(setting: Setting[object]) -> str:
    if setting.shown is not None:
        return repr(setting.shown)
    if isinstance(setting.identity, frozenset):
        return repr(", ".join(sorted(setting.identity)))
    return repr(setting.identity)
