"""What AWS has of a group's members: remembered, or noted on the objects (ADR 32)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from alb_controller.frontends.ingress.load import LoadedMember, Snapshot
from alb_controller.frontends.ingress.member import MemberIntent, MemberTranslator, Problems
from alb_controller.frontends.ingress.records.record import Record, recorded, services_of
from alb_controller.frontends.ingress.routing.secrets import MemberSecrets, noted_versions
from alb_controller.objects.core import ref
from alb_controller.objects.networking import Ingress
from alb_controller.objects.secrets import SecretName
from alb_controller.settings import Settings
from alb_controller.values import ObjectRef


class Known(msgspec.Struct):
    """The last good intents of the members, as far as anybody knows them."""

    intents: dict[str, MemberIntent]
    """By uid."""
    records: dict[str, Record] = {}
    """By uid: the notes that count, whether they can be translated or not."""
    secrets: set[SecretName] = set()
    """Every Secret that records need, known or not."""


def known_intents(
    snapshot: Snapshot,
    valid: Mapping[str, MemberIntent],
    remembered: Mapping[str, MemberIntent],
    settings: Settings,
) -> Known:
    """What the process remembers comes first: users can write records too.

    A record is translated as if it were what the object says now, so that it can ask for nothing
    that the object could not.
    """
    known = Known(intents=dict(remembered))
    for member in snapshot.members:
        record = None if member.uid in remembered else recorded(member.ingress, snapshot.key)
        if record is not None:
            known.records[member.uid] = record
            _add(known, member, record, snapshot, valid, settings)
    return known


def _add(
    known: Known,
    member: LoadedMember,
    record: Record,
    snapshot: Snapshot,
    valid: Mapping[str, MemberIntent],
    settings: Settings,
) -> None:
    current = valid.get(member.uid)
    if current is not None and current.source == record:
        known.intents[member.uid] = msgspec.structs.replace(current, is_recorded=True)
        return
    if not record.is_of(member):
        return
    secrets = secrets_of(member, snapshot, settings, None)
    then = record.applied_to(member)
    translator = MemberTranslator(then, snapshot.key, services_of(record), secrets, settings)
    try:
        made = translator.translate()
    except Problems:
        return
    finally:
        known.secrets |= secrets.asked
    known.intents[member.uid] = msgspec.structs.replace(made, source=record, is_recorded=True)


def blockers(
    snapshot: Snapshot, accepted: Mapping[str, MemberIntent], known: Known
) -> Iterator[ObjectRef]:
    """Stopped members that show a load balancer in their status: they were good once.

    Where others have records, one without was never applied in this group unless it shows the same
    load balancer as they do. What cannot be read at all may have been good.
    """
    recorded_hosts = {
        host
        for member in snapshot.members
        if member.uid in known.records
        for host in _hosts(member.ingress)
    }
    for member in snapshot.members:
        hosts = _hosts(member.ingress)
        is_stranger = member.uid not in known.records and recorded_hosts.isdisjoint(hosts)
        if member.uid not in accepted and hosts and not (recorded_hosts and is_stranger):
            yield ref("Ingress", member.ingress)
    yield from snapshot.unreadable


def secrets_of(
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


def _hosts(ingress: Ingress) -> set[str]:
    return {one.hostname or one.ip for one in ingress.status.load_balancer.ingress}
