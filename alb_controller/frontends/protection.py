"""Who says that a load balancer's deletion protection is off, whatever the API (ADR 33)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alb_controller.model.protection import DELETION_PROTECTION, DeletionChoice
from alb_controller.objects.annotations.values import boolean, string_map


def protection_given(attributes: Mapping[str, str]) -> bool | None:
    """What attributes say of it; None for nothing that can be read."""
    try:
        return boolean(attributes[DELETION_PROTECTION])
    except (KeyError, ValueError):
        return None


def attributes_given(raw: str | None) -> dict[str, str]:
    """The attributes of an annotation; none where it cannot be read, so was never applied."""
    try:
        return string_map(raw or "")
    except ValueError:
        return {}


def deletion_choice(sources: Iterable[Mapping[str, str]], field: str) -> DeletionChoice:
    """Off where a source says so and none says that it is on; `field` is where a user says it."""
    stated = {protection_given(attributes) for attributes in sources}
    return DeletionChoice(is_off=False in stated and True not in stated, setting=setting_of(field))


def setting_of(field: str) -> str:
    """The line that switches it off."""
    return f"{field}: {DELETION_PROTECTION}=false"
