"""Settings that the members of one stack share, and what they have agreed on.

`agreement` says who gives way where they do not agree. Nothing here knows an API: a front end gives
the settings of its members.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar, cast

import msgspec

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
        return self.text

    @property
    def text(self) -> str:
        """For sentences."""
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
        replaces: bool = False,
    ) -> Setting[T]:
        """What a member sets this to; `Setting` says what the rest is."""
        return Setting(self, value, field, is_exclusive, compared, shown, replaces)


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
    replaces: bool = False
    """Where nobody else sets it, the load balancer that is there would be replaced for it."""

    @property
    def identity(self) -> object:
        """Settings of one key agree where this is equal."""
        return self.value if self.compared is None else self.compared

    @property
    def text(self) -> str:
        """The value for users."""
        if self.shown is not None:
            return repr(self.shown)
        if isinstance(self.identity, frozenset):
            return repr(", ".join(sorted(self.identity)))
        return repr(self.identity)

    def conflicts_with(self, other: Setting[object]) -> bool:
        """Whether it and what another member sets the key to cannot both be."""
        return self.is_exclusive and self.identity != other.identity


class Accepted(msgspec.Struct, Generic[T_co], frozen=True):
    """The setting that counts, and whose it is."""

    setting: Setting[T_co]
    set_by: ObjectRef
    is_last_known_good: bool


class Agreement:
    """The settings that count so far: of each key the oldest member's.

    Those who are added agree: `frontends.agreement` has stopped the others.
    """

    def __init__(self) -> None:
        self._accepted: dict[Subject, Accepted[object]] = {}
        self._agreeing: dict[Subject, list[Origin]] = {}
        """Further members that set the same."""

    def add(
        self,
        member: ObjectRef,
        settings: Iterable[Setting[object]],
        *,
        is_last_known_good: bool = False,
    ) -> None:
        """Take what no older member has set."""
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


def disagreement(
    setting: Setting[object], rival: Setting[object], set_by: ObjectRef, *, is_older: bool
) -> str:
    """A sentence on two settings of one key.

    It is the same before AWS has anything and afterwards, so that nobody is informed twice.
    """
    why = "which is older and says" if is_older else "which had set it before, to"
    return (
        f"{setting.text} disagrees on {setting.key.text} with {set_by} of the same group, "
        f"{why} {rival.text}"
    )
