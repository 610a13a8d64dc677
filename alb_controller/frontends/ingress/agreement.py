"""What the members of a group have said, and who keeps their word if they disagree (spec 3.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from alb_controller.errors import Conflict
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.intent import NamedSubnets


class Claim(msgspec.Struct, frozen=True):
    """One thing that a member says and on which no other member may say otherwise."""

    subject: str
    value: Any
    """Compared with other members' values; shown in the message."""
    field: str
    said: Any = None
    """What the builder needs, where that is more than the value compared."""
    binds: bool = True
    """False where the first member's class decides: then nobody can disagree."""


class Agreement:
    """What the members have said so far; the older speak first."""

    def __init__(self) -> None:
        self._claims: dict[str, tuple[Claim, MemberIntent]] = {}

    def add(self, member: MemberIntent, claims: Iterable[Claim]) -> None:
        """Take a member's word; raises Conflict, and takes none of it, where an older disagrees."""
        new = list(claims)
        for claim in new:
            other = self._claims.get(claim.subject)
            if claim.binds and other is not None and other[0].value != claim.value:
                raise Conflict(member.ref, claim.field, _sentence(claim, *other))
        self._take(member, new)

    def add_what_fits(self, member: MemberIntent, claims: Iterable[Claim]) -> None:
        """Take what no older member contradicts: for the last good word of a stopped member."""
        self._take(member, claims)

    def _take(self, member: MemberIntent, claims: Iterable[Claim]) -> None:
        for claim in claims:
            self._claims.setdefault(claim.subject, (claim, member))

    def owner(self, subject: str) -> MemberIntent | None:
        found = self._claims.get(subject)
        return found[1] if found else None

    def claim(self, subject: str) -> Claim | None:
        """The oldest claim on a subject: what counts, and the field it stands in."""
        found = self._claims.get(subject)
        return found[0] if found else None

    def value(self, subject: str) -> Any:
        """What was agreed on a subject, or None where nobody spoke."""
        found = self._claims.get(subject)
        if found is None:
            return None
        claim = found[0]
        return claim.value if claim.said is None else claim.said

    def entries(self, prefix: str) -> dict[str, Any]:
        """What was agreed on each subject that begins with `prefix`, by the rest of its name."""
        return {
            subject.removeprefix(prefix): claim.value
            for subject, (claim, _) in self._claims.items()
            if subject.startswith(prefix)
        }


def _sentence(claim: Claim, other: Claim, owner: MemberIntent) -> str:
    return (
        f"{_shown(claim)} disagrees on {claim.subject.strip()} with {owner.ref} of the same "
        f"group, which is older and says {_shown(other)}"
    )


def _shown(claim: Claim) -> str:
    if isinstance(claim.said, NamedSubnets):
        return repr(", ".join(claim.said.names))
    if isinstance(claim.value, frozenset):
        return repr(", ".join(sorted(claim.value)))
    return repr(claim.value)
