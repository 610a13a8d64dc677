"""The Warnings of a group: one Event for each object and reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from alb_controller.frontends.events import Event
from alb_controller.frontends.ingress.load import Snapshot
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.notices.backends import (
    external_services,
    missing_actions,
    missing_services,
)
from alb_controller.frontends.ingress.notices.keys import Notice, unread_keys
from alb_controller.frontends.ingress.notices.reach import (
    Reach,
    closed_ports,
    unreachable_rules,
    unserved,
)
from alb_controller.frontends.ingress.notices.refused import refused_requests
from alb_controller.frontends.ingress.notices.unused import unused_settings
from alb_controller.intent import LOAD_BALANCER, StackIntent
from alb_controller.objects.core import Service, ref
from alb_controller.objects.events import Reason
from alb_controller.objects.networking import Ingress
from alb_controller.values import ObjectRef


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What a group asks for and what of it is reached, and the Services that it names."""

    intent: StackIntent
    reach: Reach
    services: Mapping[tuple[str, str], Service]


def warnings_of(
    snapshot: Snapshot, good: Mapping[str, MemberIntent], intent: StackIntent, reach: Reach
) -> Iterator[Event]:
    """What should be known of a group; `good` are the members that are served as they are."""
    group = Served(intent=intent, reach=reach, services=snapshot.services)
    found: dict[tuple[ObjectRef, Reason], list[str]] = {}
    for origin, notice in _notices(snapshot, good, group):
        found.setdefault((origin, notice.reason), []).append(notice.sentence)
    for (origin, reason), sentences in found.items():
        yield Event(origin, "Warning", reason, "; ".join(sentences))


def _notices(
    snapshot: Snapshot, good: Mapping[str, MemberIntent], group: Served
) -> Iterator[tuple[ObjectRef, Notice]]:
    for loaded in snapshot.members:
        origin = ref("Ingress", loaded.ingress)
        yield from ((origin, notice) for notice in unread_keys(loaded.ingress))
        if loaded.uid in good:
            notices = notices_of(loaded.ingress, good[loaded.uid], group)
            yield from ((origin, notice) for notice in notices)
    for _, service in sorted(snapshot.services.items()):
        yield from ((ref("Service", service), notice) for notice in unread_keys(service))


def notices_of(ingress: Ingress, member: MemberIntent, group: Served) -> Iterator[Notice]:
    """What should be known of one Ingress that is served."""
    balancer, services = group.intent.balancer(LOAD_BALANCER), group.services
    listeners = {listener.port: listener for listener in balancer.listeners}
    for reason, sentences in (
        (Reason.NO_EFFECT, unused_settings(ingress, member, balancer, services)),
        (Reason.HTTP_REFUSED, refused_requests(member.ref, group.reach)),
        (Reason.UNSERVED, unserved(member, listeners)),
        (Reason.UNSERVED, closed_ports(member, group.reach)),
        (Reason.RULE_UNREACHABLE, unreachable_rules(member, group.reach)),
        (Reason.BACKEND_NOT_FOUND, missing_services(ingress, services)),
        (Reason.BACKEND_NOT_FOUND, missing_actions(ingress)),
        (Reason.BACKEND_NOT_FOUND, external_services(ingress, services)),
    ):
        yield from (Notice(reason, sentence) for sentence in sentences)
