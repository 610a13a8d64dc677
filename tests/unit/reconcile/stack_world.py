"""A cluster and an AWS that behave, around the pass over stacks: its loop, and the shared group's.

Tests put objects in and look at what comes out: calls to AWS, writes, events, the next look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from alb_controller.aws.inventory import Inventory
from alb_controller.frontends.frontend import FrontEnd
from alb_controller.frontends.ingress.frontend import IngressFrontEnd
from alb_controller.frontends.watch import Change
from alb_controller.model.elbv2 import ListenerRule
from alb_controller.model.kube import Binding
from alb_controller.model.ownership import INGRESS
from alb_controller.model.stack import Found
from alb_controller.objects.core import KubeObject
from alb_controller.objects.kinds import kind_of
from alb_controller.objects.networking import Ingress
from alb_controller.objects.records import RECORD
from alb_controller.objects.secrets import SecretName, SecretState
from alb_controller.plan.changes import Plan
from alb_controller.reconcile.backend_group import BackendGroup, Signals
from alb_controller.reconcile.bindings import Bindings
from alb_controller.reconcile.certificates import Certificates
from alb_controller.reconcile.memory import StackMemory
from alb_controller.reconcile.observe import Observer
from alb_controller.reconcile.owners import Owners
from alb_controller.reconcile.quotas import AccountQuotas
from alb_controller.reconcile.stack.parts import Edges, make_parts
from alb_controller.reconcile.stack.prerequisites import Prerequisites
from alb_controller.reconcile.stack.reconciler import StackReconciler
from alb_controller.runtime.workers import DONE, Controller, Result, work_on_next
from alb_controller.runtime.workqueue import WorkQueue
from alb_controller.settings import Settings
from alb_controller.values import StackKey
from tests.clocks import FakeClock
from tests.factories import ingress_class, service
from tests.unit.build.intents import subnet
from tests.unit.frontends.ingress.translation import settings
from tests.world_certificates import Acm
from tests.world_kube import Kube
from tests.world_reads import Account

VPC, SHARED = "vpc-1", "shared"
_MOST_RUNS = 500
"""A world that is not at rest after so many never will be."""


class Crash(BaseException):
    """The process ends, in the middle of whatever it does."""


class Aws(Account):
    """The account; bindings are objects of the cluster, as in `reconcile.operations`."""

    def __init__(self) -> None:
        super().__init__([subnet("1", "a"), subnet("2", "b")])
        self.bindings: Bindings | None = None

    def create_binding(self, binding: Binding) -> Found[Binding]:
        return self._bindings().create_binding(binding)

    def update_binding(self, identity: str, binding: Binding) -> None:
        self._bindings().update_binding(identity, binding)

    def delete_binding(self, identity: str) -> None:
        self._bindings().delete_binding(identity)

    def _bindings(self) -> Bindings:
        assert self.bindings is not None
        return self.bindings

    def paths(self) -> list[str]:
        """What the rules of all listeners ask for, sorted."""
        conditions = (c for rule in self.all(ListenerRule).values() for c in rule.conditions)
        return sorted(value for one in conditions for value in getattr(one, "values", ()))

    def kinds(self) -> list[str]:
        """One for each resource, sorted."""
        return sorted(type(one).__name__ for one in self.things.values())

    def dns_name(self) -> str:
        """Of the only load balancer."""
        (found,) = self.load_balancers()
        return found.dns_name


class Secrets:
    """As `kube.secrets`, where no Secret is."""

    def known(self) -> Mapping[SecretName, SecretState]:
        return {}

    def use(self, _stack: StackKey, _names: Iterable[SecretName]) -> None:
        """None is there to be watched."""


class World:
    """Everything around the pass; changes of objects wake keys as the watches do."""

    def __init__(
        self,
        *objects: KubeObject,
        front_end: Callable[[Settings], FrontEnd[Any, Any]] = IngressFrontEnd,
        aws: Aws | None = None,
        **flags: Any,
    ) -> None:
        """The class alb and the Service app are there; `flags` are fields of the settings."""
        self.kube, self.aws, self.acm, self.clock = Kube(), aws or Aws(), Acm(), FakeClock()
        self.settings = settings(ingress_class="alb", default_target_type="ip", **flags)
        self.passes: list[StackKey] = []
        """Over stacks, those that were begun."""
        self.meanwhile: list[Callable[[], None]] = []
        """Each is called once, when the shared group's worker asks whether rules name it."""
        self._make_front_end, self._front_end = front_end, front_end(self.settings)
        self.start()
        for kind in self._front_end.watches:
            self.kube.stores.on_change(kind, self._handler(kind))
        self.put(ingress_class(), service(), *objects)

    def start(self) -> None:
        """Begin a process that remembers nothing; every object is looked at."""
        aws, stores, writer, by = self.aws, self.kube.stores, self.kube, self.settings
        cluster = by.cluster_name
        self._known: set[StackKey] = set()
        self._stacks = WorkQueue[StackKey]("stacks", self.clock)
        self._shared = WorkQueue[str]("shared", self.clock)
        self._inventory = Inventory(aws, aws, cluster, self.clock)
        self._memory = StackMemory[Any]()
        aws.bindings = Bindings(stores, writer)
        self._group = BackendGroup(aws, self._inventory, stores, by, self._signals())
        certificates = Certificates(self.acm, self.acm, by, self.clock)
        edges = Edges(
            cluster=stores,
            writer=writer,
            lookups=aws,
            record=Observer(aws, aws, self._inventory, aws.bindings, cluster),
            operations=aws,
            owners=Owners(aws, aws, self._inventory, cluster),
            prerequisites=Prerequisites(certificates, self._group, by),
            secrets=Secrets(),
            quotas=AccountQuotas(self.clock, by.aws_quotas),
            clock=self.clock,
        )
        self._parts = make_parts(self._front_end, edges, self._memory, settings=by, vpc_id=VPC)
        made = StackReconciler(self._parts)
        self._loops: tuple[Controller[Any], ...] = (
            Controller(
                "stacks",
                self._stacks,
                self._counted(made.reconcile),
                on_requeue=self._parts.publisher.publish_retry,
            ),
            Controller("shared", self._shared, self._reconcile_shared),
        )
        self._wake_all()

    def restarted(self, **flags: Any) -> World:
        """Another process over the same objects and AWS, with these flags."""
        self.settings = msgspec.structs.replace(self.settings, **flags)
        self._front_end = self._make_front_end(self.settings)
        self.start()
        return self

    def sweep(self) -> World:
        """The slow look at everything."""
        self._inventory.refresh()
        self._memory.invalidate_all()
        self._group.invalidate()
        self._wake_all()
        return self.settle()

    def compile(self, key: StackKey) -> Plan:
        """What a pass over a stack would do, as a command would ask."""
        parts = self._parts
        seen = self._front_end.load(key, self.kube.stores, {})
        observed = parts.compiler.observe(key, self._memory.observed(key))
        good = self._memory.last_known_good(key)
        return parts.compiler.plan(parts.compiler.build(seen, good, observed, {})).plan

    def put(self, *objects: KubeObject) -> None:
        """Create or change objects."""
        self.kube.put(*objects)

    def remove(self, *names: str) -> None:
        """Delete Ingresses of namespace shop."""
        for name in names:
            self.kube.remove(Ingress, name)

    def settle(self) -> World:
        """Work until nothing is due, each time a moment later."""
        for _ in range(_MOST_RUNS):
            self.clock.advance(0.001)
            if not any(work_on_next(loop, self.clock, 0) for loop in self._loops):
                return self
        raise AssertionError("it never comes to rest")

    def pass_once(self) -> World:
        """One pass over the only stack that is due."""
        self.clock.advance(0.001)
        before = len(self.passes)
        while len(self.passes) == before:
            assert any(work_on_next(loop, self.clock, 0) for loop in self._loops)
        return self

    def wait(self, seconds: float) -> World:
        """Let time pass, and settle whenever something comes due."""
        end = self.clock.monotonic() + seconds
        while (due := self.next_look()) is not None and self.clock.monotonic() + due <= end:
            self.clock.advance(due)
            self.settle()
        self.clock.advance(max(0.0, end - self.clock.monotonic()))
        return self

    def next_look(self) -> float | None:
        """In so many seconds something is looked at again; None: when an object changes."""
        dues = [self._stacks.seconds_until_due(key) for key in self._known]
        dues.append(self._shared.seconds_until_due(SHARED))
        return min((due for due in dues if due is not None), default=None)

    def ends_after(self, writes: int, seconds: float = 30) -> bool:
        """Work for so long; whether the process has ended then, as it does after so many writes."""
        left = writes

        def count() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Crash

        self.aws.on_write[:] = self.kube.on_write[:] = [count]
        try:
            self.settle().wait(seconds)
        except Crash:
            return True
        finally:
            self.aws.on_write[:] = self.kube.on_write[:] = []
        return False

    def calls(self) -> list[str]:
        """All reads and writes in AWS and in the cluster since they were last forgotten."""
        return [*self.aws.reads, *self.aws.calls, *self.acm.calls, *self.kube.writes]

    def forget_calls(self) -> None:
        """What follows is what counts."""
        for calls in (self.aws.reads, self.aws.calls, self.acm.calls, self.kube.writes):
            calls.clear()

    def ingress(self, name: str = "web") -> Ingress | None:
        """An Ingress as it is now."""
        return self.kube.stores.get(Ingress, "shop", name)

    def _counted(self, reconcile: Callable[[StackKey], Result]) -> Callable[[StackKey], Result]:
        def work(key: StackKey) -> Result:
            self.passes.append(key)
            return reconcile(key)

        return work

    def _wake(self, key: StackKey) -> None:
        self._known.add(key)
        self._stacks.add(key)

    def _wake_all(self) -> None:
        for key in self._front_end.keys(self.kube.stores):
            self._wake(key)

    def _handler(self, kind: type[Any]) -> Callable[[Any, Any], None]:
        def handle(old: Any, new: Any) -> None:
            for key in self._front_end.watches[kind](Change(old, new), self.kube.stores):
                self._wake(key)

        return handle

    def _signals(self) -> Signals:
        return Signals(
            apis=frozenset({"ingress", "service"}),
            held_keys=self._held_keys,
            count_holders=dict,
            is_referenced=self._is_referenced,
            request=lambda: self._shared.add(SHARED),
            wake=self._wake,
        )

    def _held_keys(self) -> Iterator[StackKey]:
        for ingress in self.kube.stores.list(Ingress):
            yield from INGRESS.held_keys(ingress.metadata)

    def _is_referenced(self, _group_id: str) -> bool:
        while self.meanwhile:
            self.meanwhile.pop()()
        return False

    def _reconcile_shared(self, _key: str) -> Result:
        self._group.reconcile()
        return DONE


def without_records(world: World, *names: str) -> None:
    """These Ingresses as a version that notes nothing on them has left them."""
    patch = {"metadata": {"annotations": {RECORD: None}}}
    for name in names:
        one = world.ingress(name)
        assert one is not None
        world.kube.merge_patch(kind_of(one), one.metadata.namespace, name, patch)
