"""What a member of a group may set for Ingresses of other namespaces (spec 12.1 #4, ADR 34).

Whoever may create an Ingress in any namespace can join any group. The oldest member holds the
group; `claims` says who holds which requests. Others of the holder's namespace are trusted. A
member of another namespace gets a Warning, or is refused with `--group-trust=namespace`, where it
would answer requests that another holds, and for a setting of the whole load balancer that no
older member has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property

import msgspec

from alb_controller.errors import Invalid
from alb_controller.frontends.conflicts import Agreement, Setting
from alb_controller.frontends.ingress.front.group import PORTS
from alb_controller.frontends.ingress.group_listeners import PROTOCOL
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.trust.claims import Claims, Taken, file_claims
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.values import ObjectRef

_FOR_ITSELF = frozenset(
    {
        rows.LISTEN_PORTS.key,
        "spec.defaultBackend",
        "spec.rules",
    }
)
"""Fields with which a member adds to what others set, and decides nothing for them."""
_TAGS = frozenset({rows.TAGS.key, rows.FRONT_TAGS.key})
"""A member has them on its own resources, too."""
_MOST_NAMED = 3
"""Of one kind in one text: an Event holds 1024 characters."""


class GroupTrust:
    """Looks at the members of one group, the older first."""

    def __init__(
        self,
        candidates: Sequence[MemberIntent],
        published: Collection[MemberIntent],
        *,
        refuses: bool,
    ) -> None:
        """`candidates` are all who may be accepted, `published` what AWS has of members."""
        self._candidates, self._published, self._refuses = candidates, published, refuses
        self._holder = _holder_of(candidates, published)
        self._lost: dict[ObjectRef, list[str]] = {}
        self._ignored: list[Setting[object]] = []

    @cached_property
    def _claims(self) -> Claims | None:
        """Filed when first asked for: rounds on conflicts read settings alone, and need none.

        None where one namespace has all rules.
        """
        filed = file_claims(self._candidates)
        if filed is None:
            return None
        return Claims(filed, self._published, is_strict=self._refuses)

    def check(
        self, member: MemberIntent, settings: Iterable[Setting[object]], agreed: Agreement
    ) -> str:
        """What a member goes too far with, in a sentence; raises Invalid where that is refused.

        `agreed` is what older members have set.
        """
        settings = tuple(settings)
        taken = self.taken_by(member)
        decided = [*self._decided(member, settings, agreed)]
        if (taken or decided) and self._refuses:
            found = "; ".join([*taken_sentences(taken), *decided])
            raise Invalid(member.ref, "", f"{found} (refused by --group-trust=namespace)")
        for one in taken:
            self._lost.setdefault(one.holder.ref, []).append(one.message_to_holder())
        decided += self._tags(member, settings, agreed)
        if self._holder is not None and not self._refuses:
            reported = self._lost.setdefault(self._holder, [])
            reported += [f"{member.ref}: {sentence}" for sentence in decided]
        return "; ".join([*taken_sentences(taken), *decided])

    def admits(
        self, member: MemberIntent, settings: Iterable[Setting[object]], agreed: Agreement
    ) -> bool:
        """Whether a member is not refused."""
        try:
            self.check(member, settings, agreed)
        except Invalid:
            return False
        return True

    def own_settings(
        self, member: MemberIntent, settings: Iterable[Setting[object]]
    ) -> Iterator[Setting[object]]:
        """Those that count: without tags of the shared load balancer that a guest may not add."""
        self._ignored = []
        for setting in settings:
            if self._refuses and self._is_guest(member) and setting.field in _TAGS:
                self._ignored.append(setting)
            else:
                yield setting

    def limited(self, member: MemberIntent) -> MemberIntent:
        """The same member without those tags; its rules and target groups have theirs already."""
        if not self._refuses or not self._is_guest(member):
            return member
        front = msgspec.structs.replace(member.front, tags={}, has_tags=False)
        return msgspec.structs.replace(member, tags={}, front=front)

    def accept(self, member: MemberIntent) -> None:
        """From now on the member holds what no older one holds."""
        if self._claims is not None:
            self._claims.accept(member)

    def taken_by(self, member: MemberIntent) -> list[Taken]:
        """Requests of others that a member would answer: one example of each other member."""
        return list(self._claims.taken_by(member)) if self._claims is not None else []

    def lost(self) -> Iterator[tuple[ObjectRef, str]]:
        """What others do to members that hold something, a sentence each; refused ones do not."""
        for holder, sentences in self._lost.items():
            if sentences:
                yield holder, "; ".join(_shortened(sentences))

    def _is_guest(self, member: MemberIntent) -> bool:
        holder = self._holder
        return holder is not None and holder.namespace != member.ref.namespace

    def _decided(
        self, member: MemberIntent, settings: Iterable[Setting[object]], agreed: Agreement
    ) -> Iterator[str]:
        """Settings of a guest that decide for the load balancer."""
        for setting in settings if self._is_guest(member) else ():
            if agreed.set_by(setting.key) is None and _is_for_others(setting, agreed):
                yield f"{setting.field} decides for the load balancer, {self._held}"

    def _tags(
        self, member: MemberIntent, settings: Iterable[Setting[object]], agreed: Agreement
    ) -> Iterator[str]:
        """Tags of a guest that are, or would be, on what is not its own."""
        if not self._is_guest(member):
            return
        added = [one for one in settings if agreed.set_by(one.key) is None and one.field in _TAGS]
        if added:
            yield f"{_named(added)} on the load balancer, {self._held}"
        ignored = [one for one in self._ignored if agreed.get(one.key) != one.value]
        if ignored:
            strict = "(ignored by --group-trust=namespace)"
            yield f"{_named(ignored)} on the load balancer, {self._held} {strict}"

    @property
    def _held(self) -> str:
        return f"which is held by {self._holder}"


def _holder_of(
    candidates: Sequence[MemberIntent], published: Iterable[MemberIntent]
) -> ObjectRef | None:
    """The oldest that AWS has, or else that may be accepted."""
    known = {one.ref for one in published}
    refs = [one.ref for one in candidates]
    return next((ref for ref in refs if ref in known), refs[0] if refs else None)


def _is_for_others(setting: Setting[object], agreed: Agreement) -> bool:
    """Whether it concerns older members' traffic too."""
    key = setting.key
    if key.port is not None:
        has_port = PORTS.of(str(key.port)) if key.balancer else PROTOCOL.of(key.port)
        if agreed.set_by(has_port) is None:
            return False  # no older member has the port
    return setting.is_exclusive and setting.field not in _FOR_ITSELF | _TAGS


def _named(tags: Sequence[Setting[object]]) -> str:
    """Fields with the keys of their tags."""
    by_field: dict[str, list[str]] = {}
    for tag in tags:
        by_field.setdefault(tag.field, []).append(str(tag.key.entry))
    return "; ".join(f"{field} sets {', '.join(keys)}" for field, keys in by_field.items())


def taken_sentences(taken: Sequence[Taken]) -> Iterator[str]:
    """For the member in front."""
    yield from _shortened([one.message_to_taker() for one in taken])


def _shortened(sentences: Sequence[str]) -> Iterator[str]:
    yield from sentences[:_MOST_NAMED]
    if len(sentences) > _MOST_NAMED:
        yield f"and {len(sentences) - _MOST_NAMED} more like these"
