"""A group's snapshot becomes its intent; members fail alone (design.md, decisions).

A member with a problem is stopped, never the group. If it was good before, its last good intent
stands in for it, so that AWS keeps what it has. If it may have been good before and nobody
remembers (after a restart), the group is held until the member is valid or gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from alb_controller.errors import DeletionProtected, Invalid
from alb_controller.frontends.ingress.agreement import Agreement
from alb_controller.frontends.ingress.group_listeners import (
    ClassDefaults,
    class_defaults,
    redirect_problem,
)
from alb_controller.frontends.ingress.load import LoadedMember, Snapshot
from alb_controller.frontends.ingress.member import (
    MemberIntent,
    MemberTranslator,
    Problems,
    without_repeats,
)
from alb_controller.frontends.ingress.merge import claims_of, merge
from alb_controller.frontends.ingress.notices import notices
from alb_controller.frontends.ingress.routing.secrets import MemberSecrets, noted_versions
from alb_controller.frontends.ingress.trust import GroupTrust
from alb_controller.frontends.translation import Translation
from alb_controller.objects.annotations import LOAD_BALANCER_ATTRIBUTES
from alb_controller.objects.annotations.values import boolean, string_map
from alb_controller.objects.core import ref
from alb_controller.objects.networking import Ingress
from alb_controller.objects.secrets import SecretName
from alb_controller.settings import Settings
from alb_controller.values import ObjectRef

_DELETION_PROTECTION = "deletion_protection.enabled"


def translate(
    snapshot: Snapshot,
    settings: Settings,
    remembered: Mapping[str, MemberIntent],
    stopped: Mapping[ObjectRef, Invalid],
) -> Translation[MemberIntent]:
    """The group's intent; `remembered` are last good intents by uid.

    Where some are remembered, this process has applied the group before: a member that is not
    among them was never good in it, whatever its status shows of another group.

    `stopped` are members that the builder found at fault (a subnet that does not exist): they are
    treated as members with that problem.
    """
    members = _members(snapshot, settings, remembered, stopped)
    resolver = _resolve(snapshot, settings, members, remembered)
    agreed, accepted = resolver.agreed, resolver.accepted
    in_order = sorted(accepted, key=lambda uid: accepted[uid].sort_key)
    ordered = [accepted[uid] for uid in in_order]
    misled = redirect_problem(agreed, ordered)
    if misled is not None:
        return translate(snapshot, settings, remembered, {**stopped, misled.origin: misled})
    intent = merge(snapshot.key, ordered, agreed, settings)
    return Translation(
        intent=intent,
        good=members.good,
        served=frozenset(accepted),
        first=next(iter(in_order), ""),
        problems=without_repeats((*snapshot.rejected, *members.problems)),
        warnings=(*notices(snapshot), *resolver.trust.warnings),
        secrets=frozenset(members.secrets | _secrets_of(accepted.values())),
        blocked_by=() if remembered else tuple(_blockers(snapshot.members, accepted)),
        protected=None if intent.balancer else _protection(snapshot.inactive),
    )


class _Members(msgspec.Struct):
    """The members, each on its own: what they want, what is wrong, the Secrets they ask for."""

    good: dict[str, MemberIntent] = {}
    problems: list[Invalid] = []
    secrets: set[SecretName] = set()

    def stop(self, uid: str, problem: Invalid) -> None:
        """What the member wants now does not count."""
        self.problems.append(problem)
        del self.good[uid]


def _members(
    snapshot: Snapshot,
    settings: Settings,
    remembered: Mapping[str, MemberIntent],
    stopped: Mapping[ObjectRef, Invalid],
) -> _Members:
    made = _Members()
    for member in snapshot.members:
        known = member.problem or stopped.get(ref("Ingress", member.ingress))
        if known is not None:
            made.problems.append(known)
            continue
        secrets = _member_secrets(member, snapshot, settings, remembered.get(member.uid))
        translator = MemberTranslator(member, snapshot.key, snapshot.services, secrets, settings)
        try:
            made.good[member.uid] = translator.translate()
        except Problems as found:
            made.problems.extend(found.found)
        made.secrets |= secrets.asked
    return made


class _ConflictResolver:
    """The members speak, the older first, and have to agree."""

    def __init__(self, defaults: ClassDefaults, trust: GroupTrust) -> None:
        self._defaults, self.trust = defaults, trust
        self.agreed = Agreement()
        self.accepted: dict[str, MemberIntent] = {}
        """By uid, those that have been heard."""

    def add(self, uid: str, member: MemberIntent) -> None:
        """Raises Invalid where it cannot be what older members have said."""
        claims = tuple(claims_of(member, self._defaults))
        self.trust.check(member, claims, self.agreed)
        self.agreed.add(member, claims)
        self._accept(uid, member)

    def add_last_known_good(self, uid: str, last: MemberIntent) -> None:
        """The last good word of a member that is stopped, as far as it fits."""
        self.agreed.add_what_fits(last, claims_of(last, self._defaults))
        self._accept(uid, last)

    def _accept(self, uid: str, member: MemberIntent) -> None:
        self.accepted[uid] = member
        self.trust.accept(member)


def _resolve(
    snapshot: Snapshot,
    settings: Settings,
    members: _Members,
    remembered: Mapping[str, MemberIntent],
) -> _ConflictResolver:
    """Until all who are left agree: whoever is stopped decides nothing for the others."""
    while True:
        defaults = class_defaults(_in_order(members.good, remembered, snapshot))
        resolver = _ConflictResolver(
            defaults, GroupTrust(refuses=settings.group_trust == "namespace")
        )
        count = len(members.good)
        for member in snapshot.members:  # by age
            _add(member.uid, resolver, members, remembered)
        if len(members.good) == count:
            return resolver


def _add(
    uid: str, resolver: _ConflictResolver, members: _Members, remembered: Mapping[str, MemberIntent]
) -> None:
    """A member's present word, or else its last good one."""
    present, last = members.good.get(uid), remembered.get(uid)
    if present is not None:
        try:
            resolver.add(uid, present)
        except Invalid as problem:
            members.stop(uid, problem)
        else:
            return
    if last is not None:
        resolver.add_last_known_good(uid, msgspec.structs.replace(last, is_remembered=True))


def _member_secrets(
    member: LoadedMember, snapshot: Snapshot, settings: Settings, last: MemberIntent | None
) -> MemberSecrets:
    """What was applied: this process knows best, then the annotation."""
    meta = member.ingress.metadata
    applied = noted_versions(meta.annotations) if last is None else last.secrets
    return MemberSecrets(
        meta.namespace,
        snapshot.secrets,
        applied,
        required_label=settings.required_secrets_label or "",
    )


def _secrets_of(accepted: Iterable[MemberIntent]) -> set[SecretName]:
    return {(member.ref.namespace, name) for member in accepted for name in member.secrets}


def _in_order(
    good: Mapping[str, MemberIntent], remembered: Mapping[str, MemberIntent], snapshot: Snapshot
) -> list[MemberIntent]:
    """Those who will speak, by their present or last good word, in group order."""
    found = (good.get(m.uid) or remembered.get(m.uid) for m in snapshot.members)
    return sorted((m for m in found if m is not None), key=lambda m: m.sort_key)


def _blockers(
    members: tuple[LoadedMember, ...], accepted: Mapping[str, MemberIntent]
) -> list[ObjectRef]:
    """Stopped members that show a load balancer in their status: they were good once."""
    return [
        ref("Ingress", m.ingress)
        for m in members
        if m.uid not in accepted and m.ingress.status.load_balancer.ingress
    ]


def _protection(inactive: tuple[Ingress, ...]) -> DeletionProtected | None:
    """A deleted member's wish for deletion protection, as the load balancer would go (spec 9.6)."""
    for ingress in inactive:
        raw = ingress.metadata.annotations.get(LOAD_BALANCER_ATTRIBUTES.key)
        if raw is None or not ingress.is_deleting:
            continue
        try:
            if boolean(string_map(raw).get(_DELETION_PROTECTION, "false")):
                return DeletionProtected(ref("Ingress", ingress))
        except ValueError:
            continue  # what cannot be read was never applied
    return None
