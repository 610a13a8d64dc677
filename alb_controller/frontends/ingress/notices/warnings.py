"""The Warnings of a group: one Event for each object and reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alb_controller.frontends.events import Event
from alb_controller.frontends.ingress.load import Snapshot
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.notices.keys import Notice, unread_keys
from alb_controller.frontends.ingress.notices.refused import refused_requests
from alb_controller.frontends.ingress.notices.unused import unused_settings
from alb_controller.intent import LOAD_BALANCER, GivenSecurityGroups, StackIntent
from alb_controller.objects.core import ref
from alb_controller.objects.events import Reason
from alb_controller.values import ObjectRef


def warnings_of(
    snapshot: Snapshot, good: Mapping[str, MemberIntent], intent: StackIntent
) -> Iterator[Event]:
    """What should be known of a group; `good` are the members that are served as they are."""
    found: dict[tuple[ObjectRef, Reason], list[str]] = {}
    for origin, notice in _notices(snapshot, good, intent):
        found.setdefault((origin, notice.reason), []).append(notice.sentence)
    for (origin, reason), sentences in found.items():
        yield Event(origin, "Warning", reason, "; ".join(sentences))


def _notices(
    snapshot: Snapshot, good: Mapping[str, MemberIntent], intent: StackIntent
) -> Iterator[tuple[ObjectRef, Notice]]:
    for loaded in snapshot.members:
        yield from ((ref("Ingress", loaded.ingress), one) for one in unread_keys(loaded.ingress))
    for _, service in sorted(snapshot.services.items()):
        yield from ((ref("Service", service), one) for one in unread_keys(service))
    if intent.is_empty:
        return
    balancer = intent.balancer(LOAD_BALANCER)
    has_given_groups = isinstance(balancer.security, GivenSecurityGroups)
    for loaded in (one for one in snapshot.members if one.uid in good):
        member = good[loaded.uid]
        for sentence in unused_settings(
            loaded.ingress, member, services=snapshot.services, has_given_groups=has_given_groups
        ):
            yield member.ref, Notice(Reason.NO_EFFECT, sentence)
    for origin, sentence in refused_requests(balancer.listeners).items():
        yield origin, Notice(Reason.HTTP_REFUSED, sentence)
