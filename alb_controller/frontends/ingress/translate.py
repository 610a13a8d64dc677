"""A group's snapshot becomes its intent; members fail alone (ADR 9).

A member with a problem is stopped, never the group. If it was good before, its last good intent
stands in for it, so that AWS keeps what it has: remembered, or after a restart as noted on the
object (ADR 32). If it may have been good before and nobody knows, the group is held until the
member is valid or gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from alb_controller.errors import Invalid, NotServed
from alb_controller.frontends.agreement.resolve import Resolution, Rules, resolve
from alb_controller.frontends.events import Event
from alb_controller.frontends.ingress.addons.deletion import (
    deletion_choices,
    protection_of_deleted,
)
from alb_controller.frontends.ingress.group_listeners import (
    class_defaults,
    redirect_problem,
)
from alb_controller.frontends.ingress.load import Snapshot
from alb_controller.frontends.ingress.member import (
    MemberIntent,
    MemberTranslator,
    Place,
    Problems,
    deduplicated,
)
from alb_controller.frontends.ingress.merge import merge, settings_of
from alb_controller.frontends.ingress.notices.reach import reach_of
from alb_controller.frontends.ingress.notices.warnings import warnings_of
from alb_controller.frontends.ingress.records.joining import joined, ordered_by
from alb_controller.frontends.ingress.records.known import (
    Known,
    blockers,
    known_intents,
    secrets_of,
)
from alb_controller.frontends.ingress.records.record import record_of
from alb_controller.frontends.ingress.trust.group import GroupTrust
from alb_controller.frontends.translation import Translation
from alb_controller.model.origins import Origins
from alb_controller.model.stack import Observed
from alb_controller.objects.core import ref
from alb_controller.objects.events import Reason
from alb_controller.objects.secrets import SecretName
from alb_controller.settings import Settings
from alb_controller.values import ObjectRef, Origin


def translate(
    snapshot: Snapshot,
    settings: Settings,
    remembered: Mapping[str, MemberIntent],
    stopped: Mapping[ObjectRef, Invalid],
    observed: Observed,
) -> Translation[MemberIntent]:
    """The group's intent; `remembered` are last good intents by uid.

    Where some are remembered, this process has applied the group before: a member that is not
    among them was never good in it, whatever its status shows of another group.

    `stopped` are members that the builder found at fault (a subnet that does not exist): they are
    treated as members with that problem. `observed` is what AWS has of the group, as far as known.
    """
    by_age = joined(snapshot, remembered, settings, observed)
    snapshot = ordered_by(snapshot, by_age)
    members = _members(snapshot, settings, remembered, stopped)
    has_applied, counting = bool(remembered), _without_excluded(snapshot, stopped)
    uids = {member.uid for member in counting.members}
    remembered = {uid: one for uid, one in remembered.items() if uid in uids}
    known = known_intents(counting, members.valid, remembered, settings, observed)
    for intents in (members.valid, known.intents):
        for uid in intents.keys() & by_age:
            place = Place(joined=by_age[uid])
            intents[uid] = msgspec.structs.replace(intents[uid], place=place)
    while True:
        resolution = _resolve(snapshot, settings, members, known, remembered)
        agreed, accepted = resolution.agreed, resolution.accepted
        in_order = sorted(accepted, key=lambda uid: accepted[uid].sort_key)
        ordered = [accepted[uid] for uid in in_order]
        invalid_redirect = redirect_problem(agreed, ordered)
        if invalid_redirect is None:
            break
        members.stop(invalid_redirect)
    merged = merge(snapshot.key, ordered, agreed, settings)
    intent = msgspec.structs.replace(
        merged,
        asked_by=_everyone(ordered, snapshot),
        deletion=deletion_choices(snapshot, accepted, merged),
    )
    problems = (*snapshot.rejected, *members.problems, *resolution.stopped.values())
    good = {uid: one for uid, one in members.valid.items() if uid not in resolution.stopped}
    reach = reach_of(good.values(), intent)
    return Translation(
        intent=intent,
        good=good,
        standing={uid: one for uid, one in accepted.items() if uid not in good},
        served=frozenset(accepted),
        unserved=frozenset(uid for uid, one in good.items() if one.ref not in reach.served),
        first=next(iter(in_order), ""),
        problems=deduplicated(problems),
        warnings=(*warnings_of(snapshot, good, intent, reach), *_trust_warnings(resolution)),
        secrets=frozenset(members.secrets | known.secrets | _secrets_of(accepted.values())),
        blocked_by=() if has_applied else tuple(blockers(counting, accepted, known)),
        protected=None if intent.balancers else protection_of_deleted(snapshot.inactive),
    )


def _without_excluded(snapshot: Snapshot, stopped: Mapping[ObjectRef, Invalid]) -> Snapshot:
    """Without members for whom nothing stands in."""
    excluded = {one.uid for one, problem in stopped.items() if isinstance(problem, NotServed)}
    counting = (member for member in snapshot.members if member.uid not in excluded)
    return msgspec.structs.replace(snapshot, members=tuple(counting))


def _everyone(accepted: Iterable[MemberIntent], snapshot: Snapshot) -> Origins:
    """The members that count; of a stack that goes, those that were."""
    active = tuple(Origin(member.ref) for member in accepted)
    return active or tuple(Origin(ref("Ingress", ingress)) for ingress in snapshot.inactive)


class _Members(msgspec.Struct):
    """The members, each on its own: what they want, what is wrong, the Secrets they ask for."""

    valid: dict[str, MemberIntent] = {}
    """By uid."""
    problems: list[Invalid] = []
    secrets: set[SecretName] = set()

    def stop(self, problem: Invalid) -> None:
        """What the member at fault asks for does not count."""
        self.problems.append(problem)
        del self.valid[problem.origin.uid]


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
        if known is not None and not isinstance(known, NotServed):
            continue
        secrets = secrets_of(member, snapshot, settings, remembered.get(member.uid))
        translator = MemberTranslator(member, snapshot.key, snapshot.services, secrets, settings)
        try:
            intent = translator.translate()
        except Problems as found:
            made.problems.extend(found.found)
        else:
            if settings.enable_last_applied_annotation:
                source = record_of(member, snapshot.services)
                intent = msgspec.structs.replace(intent, source=source)
            if known is None:
                made.valid[member.uid] = intent
        made.secrets |= secrets.asked
    return made


def _resolve(
    snapshot: Snapshot,
    settings: Settings,
    members: _Members,
    known: Known,
    remembered: Mapping[str, MemberIntent],
) -> Resolution[MemberIntent]:
    """Records say who may stand in, but not who holds what: users can write them."""
    trusts: list[GroupTrust] = []

    def rules_for(candidates: Sequence[MemberIntent]) -> Rules[MemberIntent]:
        in_order = sorted(candidates, key=lambda member: member.sort_key)
        defaults = class_defaults(in_order, settings, known.intents.values())
        refuses = settings.group_trust == "namespace"
        trust = GroupTrust(candidates, remembered.values(), refuses=refuses)
        trusts.append(trust)
        return Rules(
            settings_of=lambda one: trust.own_settings(one, settings_of(one, defaults)),
            check=trust.check,
            accept=trust.accept,
            stands=lambda member, *rest: not member.is_recorded or trust.admits(member, *rest),
        )

    last_known_good = {
        uid: msgspec.structs.replace(member, is_remembered=True)
        for uid, member in known.intents.items()
    }
    made = resolve(
        [member.uid for member in snapshot.members],
        current=members.valid,
        last_known_good=last_known_good,
        rules_for=rules_for,
    )
    trust = trusts[-1]
    return msgspec.structs.replace(
        made,
        accepted={uid: trust.limited(member) for uid, member in made.accepted.items()},
        warnings=(*made.warnings, *trust.lost()),
    )


def _trust_warnings(resolution: Resolution[MemberIntent]) -> Iterable[Event]:
    """One for each member."""
    found: dict[ObjectRef, list[str]] = {}
    for origin, sentence in resolution.warnings:
        found.setdefault(origin, []).append(sentence)
    for origin, sentences in found.items():
        yield Event(origin, "Warning", Reason.GROUP_TRUST, "; ".join(sentences))


def _secrets_of(accepted: Iterable[MemberIntent]) -> set[SecretName]:
    return {(member.ref.namespace, name) for member in accepted for name in member.secrets}
