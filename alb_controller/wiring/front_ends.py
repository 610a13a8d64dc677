"""THE list of front ends that this process serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from alb_controller.build.elbv2.limits import out_of_limits
from alb_controller.frontends.frontend import FrontEnd
from alb_controller.frontends.ingress.admission import reviews as ingress_reviews
from alb_controller.frontends.ingress.frontend import IngressFrontEnd
from alb_controller.frontends.review import Reviews
from alb_controller.kube.store import Stores
from alb_controller.model.ownership import INGRESS, Ownership
from alb_controller.objects.cluster import unreadable_object
from alb_controller.objects.core import KubeObject
from alb_controller.objects.networking import Ingress
from alb_controller.settings import Settings
from alb_controller.values import Api, StackKey


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """A front end, and what its loop needs besides."""

    front_end: FrontEnd[Any, Any]
    carriers: Mapping[Ownership, type[KubeObject]]
    """The kind that carries the finalizers of each of its APIs."""
    reviews: Reviews
    workers: int

    @property
    def apis(self) -> frozenset[Api]:
        return frozenset(ownership.api for ownership in self.carriers)


def front_ends(settings: Settings) -> tuple[Served, ...]:
    """A row for each."""
    return (
        Served(
            front_end=IngressFrontEnd(settings),
            carriers={INGRESS: Ingress},
            reviews=ingress_reviews(out_of_limits),
            workers=settings.ingress_max_concurrent_reconciles,
        ),
    )


def apis_of(served: Iterable[Served]) -> frozenset[Api]:
    """Whose stacks this process brings about, and takes away."""
    return frozenset(api for one in served for api in one.apis)


def reviews_of(served: Iterable[Served]) -> Reviews:
    """Of all front ends."""
    return {path: review for one in served for path, review in one.reviews.items()}


def held_keys(served: Iterable[Served], stores: Stores) -> Iterator[StackKey]:
    """The stacks whose finalizer some object carries.

    Raises NotReady while a front end's objects cannot be read: who they hold is not known. The same
    of a single object is an UnreadableObject.
    """
    for one in served:
        stores.require(one.front_end.watches)
        for ownership, kind in one.carriers.items():
            for obj in stores.list(kind):
                yield from ownership.held_keys(obj.metadata)
            for item in stores.unreadable(kind):
                if item.lacks("$.metadata.finalizers"):
                    raise unreadable_object(kind, item)
                yield from ownership.held_keys(item.obj.metadata)
