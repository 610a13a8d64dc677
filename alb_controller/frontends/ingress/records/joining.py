"""Since when the members of a group are in it (ADR 32): who is older than whom.

An Ingress is as old as its object, unless it came to the group when others were in it already: an
object that is older than all of them must not hold what they have. That stands in its record, which
its users can write: it can make a member younger than its object, and never older.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from alb_controller.frontends.ingress.load import LoadedMember, Snapshot
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.model.stack import Observed
from alb_controller.objects.networking import Ingress
from alb_controller.objects.records import RECORD, group_of, is_of, joined_of
from alb_controller.settings import Settings
from alb_controller.values import Joined

_NO_AGE = datetime.max.replace(tzinfo=UTC)


def joined(
    snapshot: Snapshot,
    remembered: Mapping[str, MemberIntent],
    settings: Settings,
    observed: Observed,
) -> dict[str, Joined]:
    """By uid, in the order of age.

    Where nobody is known to be in the group, and without records, it is as old as the objects are.
    """
    hosts = {one.dns_name.lower() for one in observed.load_balancers}
    return joined_where(hosts, snapshot, remembered, settings)


def joined_where(
    hosts: Collection[str],
    snapshot: Snapshot,
    remembered: Mapping[str, MemberIntent],
    settings: Settings,
) -> dict[str, Joined]:
    """The same where the group has load balancers of these names."""
    found = {member.uid: _born(member) for member in snapshot.members}
    known: dict[str, Joined] = {}
    if settings.enable_last_applied_annotation:
        known = dict(_known(snapshot, remembered, hosts))
    if known:
        found |= known
        late = (one for one in snapshot.members if one.uid not in known)
        latest = max(known.values())
        for at, member in enumerate(late, 1):
            found[member.uid] = max(found[member.uid], Joined(latest.since, latest.late + at))
    by_uid = {member.uid: member.age_key for member in snapshot.members}
    return dict(sorted(found.items(), key=lambda item: (item[1], by_uid[item[0]])))


def ordered_by(snapshot: Snapshot, by_age: Iterable[str]) -> Snapshot:
    """The same with the members in this order."""
    by_uid = {member.uid: member for member in snapshot.members}
    return msgspec.structs.replace(snapshot, members=tuple(by_uid[uid] for uid in by_age))


def _known(
    snapshot: Snapshot, remembered: Mapping[str, MemberIntent], hosts: Collection[str]
) -> Iterator[tuple[str, Joined]]:
    """Those in the group: remembered, or after a restart those that show its load balancer.

    A status is not for users to write.
    """
    for member in snapshot.members:
        born, then = _born(member), remembered.get(member.uid)
        if then is not None:
            yield member.uid, max(born, then.place.joined or born)
        elif not remembered and not shown_hosts(member.ingress).isdisjoint(hosts):
            yield member.uid, max(born, _noted(member, snapshot) or born)


def _noted(member: LoadedMember, snapshot: Snapshot) -> Joined | None:
    text = member.ingress.metadata.annotations.get(RECORD, "")
    is_own = group_of(text) == snapshot.key.id and is_of(text, member.uid)
    return joined_of(text) if is_own else None


def _born(member: LoadedMember) -> Joined:
    return Joined(member.ingress.metadata.creation_timestamp or _NO_AGE, 0)


def shown_hosts(ingress: Ingress) -> set[str]:
    """The load balancers in its status."""
    return {one.hostname or one.ip for one in ingress.status.load_balancer.ingress}
