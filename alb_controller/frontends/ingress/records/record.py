"""What one Ingress asked for, with the Services that it names: all that its translation reads.

The class's parameters are not in it: they bind whoever writes Ingresses, who can write this too.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from alb_controller.frontends.ingress.load import LoadedMember
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.core import Metadata, Service
from alb_controller.objects.networking import Ingress, IngressSpec
from alb_controller.objects.notes import annotations_of_users
from alb_controller.objects.reading import decode
from alb_controller.objects.records import RECORD, group_of, is_of, pack, unpack
from alb_controller.objects.references import service_names
from alb_controller.values import Joined, StackKey

_MOST_CHARACTERS = 240 * 1024
"""Of all annotations of an object; Kubernetes takes 256 KiB, and others must find room as well."""
_PREFIXES = (rows.PREFIX, rows.OWN_PREFIX)


class Record(msgspec.Struct, frozen=True):
    """An Ingress as it was translated."""

    params: str
    """The name of its class's IngressClassParams; empty where it has none."""
    annotations: dict[str, str]
    spec: IngressSpec
    services: tuple[Service, ...]

    def text(self, key: StackKey, uid: str, joined: Joined | None = None) -> str:
        """The annotation's value on the Ingress of this uid."""
        return pack(key.id, uid, joined, msgspec.json.encode(self, order="sorted"))

    def is_of(self, member: LoadedMember) -> bool:
        """Whether the parameters that it was translated with are those of the member's class."""
        return self.params == _params_name(member)

    def applied_to(self, member: LoadedMember) -> LoadedMember:
        """The member as it was then."""
        meta = member.ingress.metadata
        then = Ingress(msgspec.structs.replace(meta, annotations=self.annotations), spec=self.spec)
        return msgspec.structs.replace(member, ingress=then, problem=None)


def record_of(member: LoadedMember, services: Mapping[tuple[str, str], Service]) -> Record:
    """The member as it is."""
    meta = member.ingress.metadata
    named = (services.get((meta.namespace, n)) for n in sorted(service_names(member.ingress)))
    return Record(
        params=_params_name(member),
        annotations=_read(meta.annotations),
        spec=member.ingress.spec,
        services=tuple(_bare(one) for one in named if one is not None),
    )


def recorded(ingress: Ingress, key: StackKey) -> Record | None:
    """What its annotation notes of it in this group; None for nothing that can be read."""
    text = ingress.metadata.annotations.get(RECORD, "")
    if group_of(text) != key.id or not is_of(text, ingress.metadata.uid):
        return None
    try:
        found = decode(unpack(text), Record)
    except (ValueError, msgspec.DecodeError):
        return None
    namespace = ingress.metadata.namespace
    is_own = all(one.metadata.namespace == namespace for one in found.services)
    return found if is_own else None


def fits(text: str, ingress: Ingress) -> bool:
    """Whether the API server takes it beside the other annotations."""
    others = (item for item in ingress.metadata.annotations.items() if item[0] != RECORD)
    return len(text) + sum(len(key) + len(value) for key, value in others) <= _MOST_CHARACTERS


def _params_name(member: LoadedMember) -> str:
    return member.params.metadata.name if member.params else ""


def _read(annotations: Mapping[str, str]) -> dict[str, str]:
    """Those that we read, without those that we write."""
    return {k: v for k, v in annotations_of_users(annotations).items() if k.startswith(_PREFIXES)}


def _bare(service: Service) -> Service:
    """A Service as far as backends are made of it."""
    meta = service.metadata
    return Service(
        Metadata(
            name=meta.name,
            namespace=meta.namespace,
            uid=meta.uid,
            annotations=_read(meta.annotations),
        ),
        spec=msgspec.structs.replace(service.spec, selector={}, load_balancer_class=None),
    )


def services_of(record: Record) -> dict[tuple[str, str], Service]:
    """The Services that it was translated with."""
    return {one.key: one for one in record.services}
