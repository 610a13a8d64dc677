"""One account, one cluster and one controller for a module: each test has objects of its own."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator

import msgspec
import pytest

from alb_controller.aws import caches
from alb_controller.reconcile import owners
from alb_controller.sandbox.controller import Surroundings
from tests.apiserver.cluster import Cluster
from tests.conformance.embedded import embedded
from tests.controller.manifests import Object, ingress
from tests.controller.rig import Rig, seeded_account
from tests.inside.running import Inside, running

Calls = dict[str, int]


class Bill:
    """Tells what a change of the cluster costs in AWS calls."""

    def __init__(self, rig: Rig, around: Surroundings, controller: Inside) -> None:
        self.rig, self.around, self._controller = rig, around, controller

    def has(self, *objects: Object) -> None:
        """Objects that are there before, and all that comes of them."""
        self.rig.apply(*objects)
        self._controller.settle()

    def of(self, change: Callable[[], object]) -> Calls:
        """The calls that a change brings about, reads included, by operation.

        The list of the account is not fresh, as some seconds after a start or a sweep: each name
        is asked for before it is taken.
        """
        start = len(self.rig.aws.front.calls)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(owners, "FRESH_SECONDS", 0.0)
            change()
            self._controller.settle()
        return dict(Counter(self.rig.aws.front.operations(start)))

    def of_applying(self, *objects: Object) -> Calls:
        """The same of objects that are created or changed."""
        return self.of(lambda: self.rig.apply(*objects))

    def of_noting(self, ingress_name: str, **annotations: str | None) -> Calls:
        """The same of an Ingress's annotations; `_` for `-`."""
        return self.of(lambda: self.rig.annotate(ingress_name, **annotations))


@contextlib.contextmanager
def unending_caches() -> Iterator[None]:
    """Nothing that is remembered is read again for its age: the tests of a slow machine are long.

    The lifetimes are constants that the caches are made with, so they themselves are changed.
    """
    found = [one for one in vars(caches).values() if isinstance(one, caches.Lifetime)]
    before = [one.seconds for one in found]
    for one in found:
        msgspec.structs.force_setattr(one, "seconds", float("inf"))
    yield
    for one, seconds in zip(found, before, strict=True):
        msgspec.structs.force_setattr(one, "seconds", seconds)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A cluster with the Service app in it, and an account."""
    folder = tmp_path_factory.mktemp("inside")
    with seeded_account(folder) as aws, embedded(folder) as (_, kubeconfig):
        yield Rig(Cluster(kubeconfig), kubeconfig, aws, folder)


@pytest.fixture(scope="module")
def bill(rig: Rig) -> Iterator[Bill]:
    """Of a controller that has made a load balancer already, and knows subnets and nodes."""
    aws = rig.aws
    around = Surroundings(
        kubeconfig=rig.kubeconfig, aws_url=aws.front.url, vpc_id=aws.ids["vpc"], folder=rig.folder
    )
    with unending_caches(), running(around) as controller:
        bill = Bill(rig, around, controller)
        bill.has(ingress("first"))
        yield bill
