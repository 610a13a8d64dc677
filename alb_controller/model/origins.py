"""Who asked for what: carried beside every resource, so that a refusal finds whom to stop.

It is no part of what a resource is: nothing is compared by it, and no document shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from alb_controller.values import Origin

Origins: TypeAlias = tuple[Origin, ...]
AskedBy: TypeAlias = Mapping[str, Origins]
"""By setting: a field of what is asked for (`subnets`), an entry of one (`tags.team`), or WHOLE."""
WHOLE = ""
"""The thing itself; who asked for it counts where nobody has asked for a setting by itself."""


def asked_by(whole: Iterable[Origin], settings: Mapping[str, Origins]) -> AskedBy:
    """Of those who asked for a thing, and of those who asked for its settings, if anybody did."""
    return {WHOLE: tuple(whole)} | {name: found for name, found in settings.items() if found}


def entries(setting: str, origins: Mapping[str, Origins]) -> dict[str, Origins]:
    """Settings of a field that is put together entry by entry."""
    return {f"{setting}.{entry}": found for entry, found in origins.items()}


def renamed(asked: AskedBy, names: Mapping[str, str]) -> AskedBy:
    """The same by other names of the fields; those not named keep theirs."""
    return {names.get(name, name): found for name, found in asked.items()}


def origins_of(asked: AskedBy, settings: Iterable[str]) -> Origins:
    """Who asked for these settings, or else for the whole; each once."""
    found = dict.fromkeys(one for setting in settings for one in asked.get(setting, ()))
    return tuple(found) or asked.get(WHOLE, ())
