"""Where the in-memory AWS keeps its things: one door for writes, which can be made to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeVar

import msgspec

from alb_controller.errors import AwsError, ControllerError, NotFound, QuotaExceeded, Rejected
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import Listener, ListenerRule, LoadBalancer, TargetGroup
from alb_controller.model.kube import Binding
from alb_controller.model.stack import Found, FoundLoadBalancer, Observed, Resource
from alb_controller.plan.references import unresolved

T = TypeVar("T", bound=Resource)


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The error of one call, by its number from 0; `late`: the call takes effect all the same."""

    call: int
    error: ControllerError
    late: bool = False


class Store:
    """Things of one account and one cluster, by their identities."""

    def __init__(self, *, rule_limit: int = 100, ingress_limit: int = 60) -> None:
        self.rule_limit, self.ingress_limit = rule_limit, ingress_limit
        self.limits: dict[str, int] = {}
        """Other quotas by name; without one there is none."""
        self.things: dict[str, Any] = {}
        """Identity -> resource, whose references are identities."""
        self.terminating: set[str] = set()
        self.provisioning: set[str] = set()
        """Load balancers that AWS does not have yet."""
        self.calls: list[str] = []
        self.failures: list[Failure] = []
        self.on_write: list[Callable[[], None]] = []
        """Called after every write that took effect."""
        self._made = 0

    # ---- what a test looks at

    def all(self, kind: type[T]) -> dict[str, T]:
        """Identity -> resource, of one type."""
        return {name: one for name, one in self.things.items() if isinstance(one, kind)}

    def observe(self) -> Observed:
        """Everything, as a reader finds it."""
        return Observed(
            security_groups=tuple(self._found(SecurityGroup)),
            target_groups=tuple(self._found(TargetGroup)),
            load_balancers=tuple(
                FoundLoadBalancer(identity=one.identity, resource=one.resource)
                for one in self._found(LoadBalancer)
            ),
            listeners=tuple(self._found(Listener)),
            rules=tuple(self._found(ListenerRule)),
            bindings=tuple(self._found(Binding)),
        )

    def writes(self) -> list[str]:
        """The calls so far, then forgotten."""
        calls, self.calls = self.calls, []
        return calls

    def finish_bindings(self) -> None:
        """The target group binding controller lets go of what is to be deleted."""
        for identity in self.terminating:
            del self.things[identity]
        self.terminating.clear()

    def _refuse_over(self, name: str, count: int, code: str) -> None:
        if count > self.limits.get(name, count):
            raise QuotaExceeded("aws", "write", code, f"{self.limits[name]} at most")

    def _found(self, kind: type[T]) -> Iterator[Found[T]]:
        for identity, resource in self.all(kind).items():
            yield Found(identity=identity, resource=resource)

    # ---- the one door for writes

    def _write(self, name: str, effect: Callable[[], Any]) -> Any:
        failure = next((one for one in self.failures if one.call == len(self.calls)), None)
        self.calls.append(name)
        if failure is not None and not failure.late:
            raise failure.error
        result = effect()
        for watch in self.on_write:
            watch()
        if failure is not None:
            raise failure.error
        return result

    def _edit(self, name: str, kind: type[T], identity: str, **fields: Any) -> None:
        def effect() -> None:
            now = self._get(kind, identity)
            self.things[identity] = msgspec.structs.replace(now, **fields)

        self._write(name, effect)

    def _add(self, name: str, prefix: str, resource: T, check: Callable[[], None]) -> Found[T]:
        def effect() -> Found[T]:
            refuse_if(any(unresolved(resource)), Rejected, "a Ref is no ARN")
            check()
            self._made += 1
            identity = f"{prefix}{self._made:04}"
            self.things[identity] = resource
            return Found(identity=identity, resource=resource)

        made: Found[T] = self._write(name, effect)
        return made

    def _get(self, kind: type[T], identity: str) -> T:
        one = self.things.get(identity)
        if not isinstance(one, kind):
            refuse(NotFound, f"{kind.__name__} {identity}")
        return one

    def _drop(self, name: str, identity: str, check: Callable[[], None]) -> None:
        def effect() -> None:
            if identity in self.things:
                check()
                self.things.pop(identity)
                self._drop_orphans()

        self._write(name, effect)

    def _drop_orphans(self) -> None:
        for identity, one in self.all(Listener).items():
            if one.load_balancer not in self.things:
                del self.things[identity]
        for identity, rule in self.all(ListenerRule).items():
            if rule.listener not in self.things:
                del self.things[identity]


def refuse_if(condition: bool, error: type[AwsError], message: str) -> None:
    """Answer with an error."""
    if condition:
        refuse(error, message)


def refuse(error: type[AwsError], message: str, code: str = "") -> NoReturn:
    """Answer with an error."""
    raise error("aws", "write", code or error.__name__, message)


def nothing() -> None:
    """No reason against it."""
