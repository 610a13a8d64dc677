"""What users see of a group: patches of its Ingresses, events, and how each of them stands."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from alb_controller.frontends.ingress.load import Snapshot
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.records.record import fits
from alb_controller.frontends.ingress.routing.secrets import note
from alb_controller.frontends.outcomes import Applied, Outcome, Planned, Unchanged
from alb_controller.frontends.presentation import Patch, Presentation
from alb_controller.frontends.reports import events_of, reports_of
from alb_controller.frontends.translation import Translation
from alb_controller.intent import FRONTEND_NLB, LOAD_BALANCER
from alb_controller.model.document import stack_json
from alb_controller.model.stack import Observed, Stack
from alb_controller.objects.annotations.names import PLAN_ANNOTATION
from alb_controller.objects.networking import Ingress
from alb_controller.objects.records import RECORD
from alb_controller.objects.secrets import APPLIED_SECRETS


def present(
    snapshot: Snapshot,
    translation: Translation[MemberIntent] | None,
    outcome: Outcome,
    *,
    with_plan: bool,
) -> Presentation:
    """All of it; `with_plan` is the gate of the annotation `dry-run-plan`."""
    return Presentation(
        events=tuple(events_of(snapshot, translation, outcome)),
        patches=tuple(_patches(snapshot, translation, outcome, with_plan=with_plan)),
        reports=reports_of(snapshot, translation, outcome),
    )


def _patches(
    snapshot: Snapshot,
    translation: Translation[MemberIntent] | None,
    outcome: Outcome,
    *,
    with_plan: bool,
) -> Iterator[Patch]:
    if translation is None:
        return
    match outcome:
        case Planned(stack=stack, observed=observed):
            yield from _plan(snapshot, translation.first if with_plan else "", stack)
            yield from _farewells(snapshot, _hostnames(observed))
        case Unchanged():
            # AWS was not looked at: those who are left show the group's names
            yield from _farewells(snapshot, _shown(*(one.ingress for one in snapshot.members)))
        case Applied():
            yield from _notes(snapshot, translation)
            yield from _statuses(snapshot, translation, outcome)


def _plan(snapshot: Snapshot, holder: str, stack: Stack) -> Iterator[Patch]:
    """The model on the first member that is served, and on no other (spec 1.1, 9.1).

    It is for readers: annotations have 256 KiB in all, and a group may need more.
    """
    for member in snapshot.members:
        text = stack_json(stack) if member.uid == holder else None
        yield Patch(object=member.ingress, annotations={PLAN_ANNOTATION: text}, is_optional=True)


def _farewells(snapshot: Snapshot, ours: AbstractSet[str]) -> Iterator[Patch]:
    """The host names of the group go from the status of who left for another class.

    Where all that stands there is ours: another controller may have written meanwhile.
    """
    for ingress in snapshot.departed:
        shown = _shown(ingress)
        if shown and shown <= ours:
            yield _without_hostname(ingress)


def _without_hostname(ingress: Ingress) -> Patch:
    status: dict[str, Any] = {"loadBalancer": {"ingress": None}}
    return Patch(object=ingress, status=status, is_exact=True, is_optional=True)


def _hostnames(observed: Observed) -> set[str]:
    return {one.dns_name.lower() for one in observed.load_balancers}


def _shown(*ingresses: Ingress) -> set[str]:
    """The host names in statuses."""
    entries = (entry for one in ingresses for entry in one.status.load_balancer.ingress)
    return {entry.hostname for entry in entries}


def _notes(snapshot: Snapshot, translation: Translation[MemberIntent]) -> Iterator[Patch]:
    """What AWS has of an Ingress: which Secrets (ADR 12), and what it asked for (ADR 32)."""
    for member in snapshot.members:
        good, annotations = translation.good.get(member.uid), dict[str, str | None]()
        if good is not None:
            annotations[APPLIED_SECRETS] = note(good.secrets)
        served = good or translation.standing.get(member.uid)
        if served is not None:
            text = served.source and served.source.text(
                snapshot.key, member.uid, served.place.joined
            )
            annotations[RECORD] = text if text and fits(text, member.ingress) else None
        yield Patch(object=member.ingress, annotations=annotations)


def _statuses(
    snapshot: Snapshot, translation: Translation[MemberIntent], outcome: Applied
) -> Iterator[Patch]:
    ours = _hostnames(outcome.observed)
    for member in snapshot.members:
        patch = None
        if member.uid in translation.served:
            patch = status_patch(member.ingress, outcome.observed)
        elif member.problem is None and _is_of_another_group(_shown(member.ingress), ours):
            yield _without_hostname(member.ingress)
        if patch is not None:
            yield Patch(object=member.ingress, status=patch)


def _is_of_another_group(shown: AbstractSet[str], ours: AbstractSet[str]) -> bool:
    """What stands on an Ingress that is not served: load balancers of AWS, of a group it left."""
    return bool(shown) and all(".elb." in one and one not in ours for one in shown)


def status_patch(ingress: Ingress, observed: Observed) -> dict[str, Any] | None:
    """The status to merge, or None where it says so already (spec 9.4).

    The load balancer's name in lower case, with every listener port of the group; then, without
    ports, the name of the network load balancer in front.
    """
    wanted = _entries(observed)
    shown = [
        (entry.hostname, frozenset(p.port for p in entry.ports), entry.ip)
        for entry in ingress.status.load_balancer.ingress
    ]
    if not wanted or shown == [(hostname, frozenset(ports), "") for hostname, ports in wanted]:
        return None
    # the API requires a protocol beside a port
    entries = [
        {"hostname": hostname, "ports": [{"port": p, "protocol": "TCP"} for p in ports]}
        if ports
        else {"hostname": hostname}
        for hostname, ports in wanted
    ]
    return {"loadBalancer": {"ingress": entries}}


def _entries(observed: Observed) -> list[tuple[str, list[int]]]:
    """Host name and ports of each load balancer, that of the backends first; none without it."""
    by_id = {one.resource.id.name: one for one in observed.load_balancers}
    main, front = by_id.get(LOAD_BALANCER), by_id.get(FRONTEND_NLB)
    if main is None:
        return []
    ports = sorted(
        {
            listener.resource.port
            for listener in observed.listeners
            if listener.resource.load_balancer == main.identity
        }
    )
    entries = [(main.dns_name.lower(), ports)]
    return entries if front is None else [*entries, (front.dns_name.lower(), [])]
