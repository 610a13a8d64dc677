"""What a group's objects say of deletion protection, where its load balancers have to go."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from alb_controller.errors import DeletionProtected
from alb_controller.frontends.ingress.load import Snapshot
from alb_controller.frontends.protection import (
    attributes_given,
    deletion_choice,
    protection_given,
    setting_of,
)
from alb_controller.intent import FRONTEND_NLB, LOAD_BALANCER, StackIntent
from alb_controller.model.protection import DeletionChoice
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.core import ref
from alb_controller.objects.elbv2 import IngressClassParams
from alb_controller.objects.networking import Ingress
from alb_controller.values import Value

_FIELDS = {
    LOAD_BALANCER: rows.LOAD_BALANCER_ATTRIBUTES.key,
    FRONTEND_NLB: rows.FRONT_ATTRIBUTES.key,
}


def deletion_choices(
    snapshot: Snapshot, accepted: Container[str], intent: StackIntent
) -> dict[str, DeletionChoice]:
    """By load balancer: what the group has agreed on; of one that it does not want, its objects.

    `accepted` are the uids of members that count.
    """
    objects = tuple(_objects(snapshot, accepted))
    if not objects:
        return {}
    own = _FIELDS[LOAD_BALANCER]
    fields = {**_FIELDS, LOAD_BALANCER: next(_protecting_classes(objects), own)}
    wanted = {one.id: one.attributes for one in intent.balancers}
    return {
        id_: deletion_choice(
            [wanted[id_]] if id_ in wanted else [_shown(one, id_) for one in objects], fields[id_]
        )
        for id_ in _FIELDS
    }


def protection_of_deleted(inactive: Iterable[Ingress]) -> DeletionProtected | None:
    """A deleted member that asks for protection, as the load balancer would go (spec 9.6)."""
    for ingress in inactive:
        if ingress.is_deleting and protection_given(_annotated(ingress, LOAD_BALANCER)):
            return DeletionProtected(ref("Ingress", ingress), setting_of(_FIELDS[LOAD_BALANCER]))
    return None


class _Object(Value, frozen=True):
    """An Ingress that counts, or did, with the parameters of its class."""

    ingress: Ingress
    params: IngressClassParams | None


def _objects(snapshot: Snapshot, accepted: Container[str]) -> Iterator[_Object]:
    for member in snapshot.members:
        if member.uid in accepted:
            yield _Object(ingress=member.ingress, params=member.params)
    for ingress in snapshot.inactive:
        yield _Object(ingress=ingress, params=snapshot.inactive_params.get(ingress.metadata.uid))


def _protecting_classes(objects: Iterable[_Object]) -> Iterator[str]:
    """Where classes ask for protection, as no annotation counts against them."""
    for one in objects:
        if one.params is not None and protection_given(_of_class(one.params)):
            yield f"IngressClassParams {one.params.metadata.name} spec.loadBalancerAttributes"


def _shown(one: _Object, balancer: str) -> Mapping[str, str]:
    """Its class's value goes before its own."""
    own = _annotated(one.ingress, balancer)
    if one.params is None or balancer != LOAD_BALANCER:
        return own
    return own | _of_class(one.params)


def _of_class(params: IngressClassParams) -> dict[str, str]:
    return {one.key: one.value for one in params.spec.load_balancer_attributes}


def _annotated(ingress: Ingress, balancer: str) -> dict[str, str]:
    return attributes_given(ingress.metadata.annotations.get(_FIELDS[balancer]))
