"""What AWS has of a group's members: remembered, or noted on the objects (ADR 32)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from alb_controller.frontends.ingress.load import LoadedMember, Snapshot
from alb_controller.frontends.ingress.member import MemberIntent, MemberTranslator, Problems
from alb_controller.frontends.ingress.records.joining import shown_hosts
from alb_controller.frontends.ingress.records.record import Record, recorded, services_of
from alb_controller.frontends.ingress.routing.secrets import MemberSecrets, noted_versions
from alb_controller.intent import FRONTEND_NLB, LOAD_BALANCER
from alb_controller.model.stack import Observed
from alb_controller.objects.core import ref
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
    observed: Observed,
) -> Known:
    """What the process remembers comes first: users can write records too.

    A record is translated as if it were what the object says now, so that it can ask for nothing
    that the object could not. What it says of a scheme or a name counts where `observed` shows it:
    nobody has a load balancer replaced by writing that it had been so.
    """
    known = Known(intents=dict(remembered))
    if not settings.enable_last_applied_annotation:
        return known  # nobody writes them, so that one would be a user's
    for member in snapshot.members:
        record = None if member.uid in remembered else recorded(member.ingress, snapshot.key)
        if record is None:
            continue
        known.records[member.uid] = record
        made = valid.get(member.uid)
        if made is None or made.source != record:
            made = _translated(record, member, snapshot, settings, known.secrets)
        if made is not None:
            made = msgspec.structs.replace(made, is_recorded=True)
            known.intents[member.uid] = _confirmed(made, observed)
    return known


def _translated(
    record: Record,
    member: LoadedMember,
    snapshot: Snapshot,
    settings: Settings,
    asked: set[SecretName],
) -> MemberIntent | None:
    """None where it does not count, or is not valid; adds the Secrets that it needs to `asked`."""
    if not record.is_of(member):
        return None
    secrets = secrets_of(member, snapshot, settings, None)
    then = record.applied_to(member)
    translator = MemberTranslator(then, snapshot.key, services_of(record), secrets, settings)
    try:
        made = translator.translate()
    except Problems:
        return None
    finally:
        asked |= secrets.asked
    return msgspec.structs.replace(made, source=record)


def _confirmed(made: MemberIntent, observed: Observed) -> MemberIntent:
    """Without what AWS would replace a load balancer for."""
    main = [
        one.resource for one in observed.load_balancers if one.resource.id.name == LOAD_BALANCER
    ]
    front = [
        one.resource for one in observed.load_balancers if one.resource.id.name == FRONTEND_NLB
    ]
    if main and made.scheme not in {one.scheme for one in main}:
        made = msgspec.structs.replace(made, scheme=None)
    if main and made.load_balancer_name not in {one.name for one in main}:
        made = msgspec.structs.replace(made, load_balancer_name=None)
    if front and made.front.scheme not in {one.scheme for one in front}:
        own = msgspec.structs.replace(made.front, scheme=None)
        made = msgspec.structs.replace(made, front=own)
    return made


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
        for host in shown_hosts(member.ingress)
    }
    for member in snapshot.members:
        hosts = shown_hosts(member.ingress)
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
