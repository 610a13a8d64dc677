"""What a member of a group may say for Ingresses of other namespaces (spec 12.1 #4).

Whoever may create an Ingress in any namespace can join any group. The oldest member holds the
group, and the oldest that names a host and path holds those. Others of the holder's namespace are
trusted. A member of another namespace is told, or refused with `--group-trust=namespace`, where it
takes what is held, or decides for the whole load balancer what no older member has decided.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from alb_controller.errors import Invalid
from alb_controller.frontends.events import Event
from alb_controller.frontends.ingress.agreement import Agreement, Claim
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.intent import RouteIntent
from alb_controller.model.elbv2 import HostHeader, PathPattern
from alb_controller.objects import annotations as rows
from alb_controller.objects.events import Reason
from alb_controller.values import ObjectRef

_FOR_ITSELF = frozenset(
    {
        rows.TAGS.key,
        rows.FRONT_TAGS.key,
        rows.LISTEN_PORTS.key,
        rows.PREFIX_LISTS.key,
        "spec.defaultBackend",
        "spec.rules",
    }
)
"""Fields with which a member adds to what others say, and decides nothing for them."""
_PORT = re.compile(r" of port (\d+)")
_ANYONE = frozenset({"0.0.0.0/0", "::/0"})
Place: TypeAlias = tuple[int, str, str]
"""A port, a host and a path, as conditions write them; an empty host is any."""


class GroupTrust:
    """Looks at the members of one group, the older first."""

    def __init__(self, *, refuses: bool) -> None:
        self._refuses = refuses
        self._holder: ObjectRef | None = None
        self._held: dict[Place, ObjectRef] = {}
        self.warnings: list[Event] = []

    def check(self, member: MemberIntent, claims: Iterable[Claim], agreed: Agreement) -> None:
        """Note what a member goes too far with; raises Invalid where that is refused.

        `agreed` is what older members have said.
        """
        found = [*self.taken_places(member), *self._decided_alone(member, claims, agreed)]
        if not found:
            return
        sentence = "; ".join(found)
        if self._refuses:
            raise Invalid(member.ref, "", f"{sentence} (refused by --group-trust=namespace)")
        self.warnings.append(Event(member.ref, "Warning", Reason.GROUP_TRUST, sentence))

    def accept(self, member: MemberIntent) -> None:
        """From now on the member holds what nobody older holds."""
        self._holder = self._holder or member.ref
        for place in _places(member):
            self._held.setdefault(place, member.ref)

    def taken_places(self, member: MemberIntent) -> Iterator[str]:
        """Hosts and paths of a member that one of another namespace holds."""
        for place in dict.fromkeys(_places(member)):
            holder = self._held.get(place)
            if holder is not None and holder.namespace != member.ref.namespace:
                port, host, path = place
                yield f"{host or 'any host'} {path} on port {port} is held by {holder}"

    def _decided_alone(
        self, member: MemberIntent, claims: Iterable[Claim], agreed: Agreement
    ) -> Iterator[str]:
        holder = self._holder
        if holder is None or holder.namespace == member.ref.namespace:
            return
        for claim in claims:
            if agreed.owner(claim.subject) is None and _is_for_all(claim, agreed):
                yield f"{claim.field} decides for the load balancer, which is held by {holder}"


def _is_for_all(claim: Claim, agreed: Agreement) -> bool:
    """Whether a claim says something of older members' traffic too."""
    port = _PORT.search(claim.subject)
    if port is not None and agreed.owner(f"protocol of port {port[1]}") is None:
        return False  # nobody older listens there
    if claim.field == rows.INBOUND_CIDRS.key:
        return bool(_ANYONE & frozenset(claim.value))
    return claim.binds and claim.field not in _FOR_ITSELF


def _places(member: MemberIntent) -> Iterator[Place]:
    for port in sorted(member.listeners):
        for route in member.routes:
            for host, path in _hosts_and_paths(route):
                yield port, host, path


def _hosts_and_paths(route: RouteIntent) -> Iterator[tuple[str, str]]:
    hosts = [v for c in route.conditions if isinstance(c, HostHeader) for v in _written(c)]
    paths = [v for c in route.conditions if isinstance(c, PathPattern) for v in _written(c)]
    for host in hosts or [""]:
        for path in paths or ["/*"]:
            yield host.lower(), path


def _written(condition: HostHeader | PathPattern) -> tuple[str, ...]:
    return (*condition.values, *condition.regex_values)
