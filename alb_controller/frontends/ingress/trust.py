"""What a member of a group may set for Ingresses of other namespaces (spec 12.1 #4).

Whoever may create an Ingress in any namespace can join any group. The oldest member holds the
group, and the oldest that names a host and path holds those. Others of the holder's namespace are
trusted. A member of another namespace gets a Warning, or is refused with
`--group-trust=namespace`, for a host and path that another holds, and for a setting of the whole
load balancer that no older member has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from alb_controller.errors import Invalid
from alb_controller.frontends.conflicts import Agreement, Setting
from alb_controller.frontends.ingress.front.group import PORTS
from alb_controller.frontends.ingress.group_listeners import INBOUND_CIDRS, PROTOCOL
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.intent import HostMatch, PathMatch, PathText, Regex, RouteIntent, patterns_of
from alb_controller.objects.annotations import ingress_table as rows
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
"""Fields with which a member adds to what others set, and decides nothing for them."""
_ANYONE = frozenset({"0.0.0.0/0", "::/0"})
Place: TypeAlias = tuple[int, str, str]
"""A port, a host and a path, as conditions write them; an empty host is any."""


class GroupTrust:
    """Looks at the members of one group, the older first."""

    def __init__(self, *, refuses: bool) -> None:
        self._refuses = refuses
        self._holder: ObjectRef | None = None
        self._held: dict[Place, ObjectRef] = {}

    def check(
        self, member: MemberIntent, settings: Iterable[Setting[object]], agreed: Agreement
    ) -> str:
        """What a member goes too far with, in a sentence; raises Invalid where that is refused.

        `agreed` is what older members have set.
        """
        found = [*self.taken_places(member), *self._set_for_others(member, settings, agreed)]
        sentence = "; ".join(found)
        if sentence and self._refuses:
            raise Invalid(member.ref, "", f"{sentence} (refused by --group-trust=namespace)")
        return sentence

    def admits(
        self, member: MemberIntent, settings: Iterable[Setting[object]], agreed: Agreement
    ) -> bool:
        """Whether a member is not refused."""
        try:
            self.check(member, settings, agreed)
        except Invalid:
            return False
        return True

    def accept(self, member: MemberIntent) -> None:
        """From now on the member holds what no older one holds."""
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

    def _set_for_others(
        self, member: MemberIntent, settings: Iterable[Setting[object]], agreed: Agreement
    ) -> Iterator[str]:
        holder = self._holder
        if holder is None or holder.namespace == member.ref.namespace:
            return
        for setting in settings:
            if agreed.set_by(setting.key) is None and _is_for_others(setting, agreed):
                yield f"{setting.field} decides for the load balancer, which is held by {holder}"


def _is_for_others(setting: Setting[object], agreed: Agreement) -> bool:
    """Whether it concerns older members' traffic too."""
    key = setting.key
    if key.port is not None:
        has_port = PORTS.of(str(key.port)) if key.balancer else PROTOCOL.of(key.port)
        if agreed.set_by(has_port) is None:
            return False  # no older member has the port
        if key == INBOUND_CIDRS.of(key.port) and isinstance(setting.value, frozenset):
            return bool(_ANYONE & setting.value)
    return setting.is_exclusive and setting.field not in _FOR_ITSELF


def _places(member: MemberIntent) -> Iterator[Place]:
    for port in sorted(member.listeners):
        for route in member.routes:
            for host, path in _hosts_and_paths(route):
                yield port, host, path


def _hosts_and_paths(route: RouteIntent) -> Iterator[tuple[str, str]]:
    hosts = [m.hosts for m in route.matches if isinstance(m, HostMatch)]
    paths = [m.paths for m in route.matches if isinstance(m, PathMatch)]
    for host in _written(hosts) or [""]:
        for path in _written(paths) or ["/*"]:
            yield host.lower(), path


def _written(matches: Iterable[Iterable[PathText]]) -> list[str]:
    return [
        written
        for texts in matches
        for text in texts
        for written in ((text.text,) if isinstance(text, Regex) else patterns_of(text))
    ]
