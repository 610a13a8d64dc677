"""Applies a plan over both edges: runs its steps in order, resolves Refs, keeps the picture.

What is waited for is not waited for here: NotReady says when to come back, all before it is done,
and the next plan begins there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alb_controller.errors import (
    ControllerError,
    InUse,
    NotLeading,
    NotReady,
    QuotaExceeded,
    Stopping,
)
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import Observed
from alb_controller.plan import changes
from alb_controller.plan.changes import LateStep, Limit, Plan, Step
from alb_controller.plan.progress import advance
from alb_controller.plan.references import resolve, unresolved
from alb_controller.plan.replacing.waits import Wait
from alb_controller.reconcile.refused import is_refusal, is_refused_object
from alb_controller.reconcile.splitting import extras, parts, stands_alone, without_extras
from alb_controller.reconcile.writes import Operations, run
from alb_controller.values import Value

_LIMITS: Mapping[str, Limit] = {
    "TooManyLoadBalancers": "load-balancers",
    "TooManyTargetGroups": "target-groups",
    "TooManyRules": "rules",
    "TooManyCertificates": "certificates",
    "TooManyListeners": "listeners",
    "TooManyUniqueTargetGroupsPerLoadBalancer": "used-target-groups",
    "TooManyTargets": "used-target-groups",
    "TooManyRegistrationsForTargetId": "used-target-groups",
}
"""By code. Targets count where their group is used."""


class Failure(Value, frozen=True):
    """A step, and why it could not be done."""

    step: Step
    error: ControllerError


class Outcome(Value, frozen=True):
    """What came of a plan: what is known now, what was done, and what stopped it."""

    observed: Observed
    done: tuple[Step, ...] = ()
    error: ControllerError | None = None
    failed: Step | None = None
    apart: tuple[Failure, ...] = ()
    """Steps that no other one needs: all else may be reported as done."""
    left: tuple[Failure, ...] = ()
    """What is to go and cannot yet, at the end of a plan: nothing else waits for it."""
    waits: tuple[Wait, ...] = ()
    """What a later plan goes on with."""
    without_room: Failure | None = None
    """What was refused at a quota, where what makes room for it has to be waited for."""
    beside: int = 0
    """Calls besides: names that were looked up, and what was refused before room was made."""

    @property
    def stop(self) -> Failure | None:
        """What stopped it."""
        if self.error is None or self.failed is None:
            return None
        return Failure(step=self.failed, error=self.error)

    @property
    def retried(self) -> ControllerError | None:
        """What is tried again soon of the steps apart: refusals are not, and a wait is no news
        beside an error."""
        errors = [
            one.error for one in self.apart if not is_refusal(one.error, one.step, self.observed)
        ] + [one.error for one in self.left]
        return min(errors, key=lambda error: isinstance(error, NotReady), default=None)

    @property
    def limit_reached(self) -> Limit | None:
        """The quota that stopped it, where a plan with `limits_reached` can live with it."""
        if not isinstance(self.error, QuotaExceeded):
            return None
        if isinstance(self.failed, changes.AuthorizeIngress):
            return "ingress"
        return _LIMITS.get(self.error.code)


def apply(plan: Plan, observed: Observed, operations: Operations) -> Outcome:
    """Run the steps; stop at the first error, but for deletions that have to wait.

    A refused step that no other one needs stops nothing, and is split to find the field at fault.
    Late steps are run whatever became of the others. NotFound of something of ours means that
    `observed` is stale: observe anew.
    """
    work = _Work(observed, operations)
    stopped = work.run_in_order(plan.steps)
    error = stopped.error if stopped else None
    if not isinstance(error, NotLeading | Stopping):
        work.run_apart(plan.late)
    return Outcome(
        apart=tuple(work.apart),
        left=tuple(work.left),
        error=error,
        failed=stopped.step if stopped else None,
        observed=work.observed,
        done=tuple(work.done),
        waits=plan.waits,
    )


class _Work:
    """Steps on their way: what they have made, and what is known after each."""

    def __init__(self, observed: Observed, operations: Operations) -> None:
        self.observed, self._operations = observed, operations
        self.done: list[Step] = []
        self.apart: list[Failure] = []
        """Steps that failed and stopped no other."""
        self.left: list[Failure] = []
        self._held: set[str] = set()
        """Target groups whose bindings are there still."""
        self._identities: dict[ResourceId, str] = {}

    def run_in_order(self, steps: Iterable[Step]) -> Failure | None:
        """Each needs those before it."""
        todo = list(steps)
        end = next((n for n in range(len(todo), 0, -1) if not _takes_away(todo[n - 1])), 0)
        for number, planned in enumerate(todo):
            stop = None if self._is_held(planned) else self._run_split(planned)
            if stop is None:
                continue
            if not _can_wait(stop, is_at_end=number >= end):
                return stop
            self._leave(stop)
        return None

    def _is_held(self, step: Step) -> bool:
        """By a binding that has its targets still."""
        if not (self._held and isinstance(step, changes.Delete)):
            return False
        return step.kind == "SecurityGroup" or step.found.identity in self._held

    def _leave(self, stop: Failure) -> None:
        self.left.append(stop)
        if isinstance(stop.step, changes.AwaitBindingsGone):
            bindings = (b for b in self.observed.bindings if b.identity in stop.step.bindings)
            self._held |= {str(one.resource.target_group) for one in bindings}

    def _run_split(self, planned: Step) -> Failure | None:
        """Split only where it is refused, to find the field at fault; what stops the plan."""
        stop = self._run(planned)
        if stop is None or not is_refusal(stop.error, stop.step, self.observed):
            return stop
        if stands_alone(stop.step):
            return self._run_by_field(stop)
        if isinstance(stop.step, changes.Create) and (bare := without_extras(stop.step)):
            return self._run_bare(stop.step, bare)
        return stop

    def _run_by_field(self, refused: Failure) -> Failure | None:
        """What it writes, one field after the other; what stops that, where it is no refusal."""
        fields = parts(refused.step)
        if len(fields) == 1:
            self.apart.append(refused)
            return None
        for one in fields:
            stop = self._run(one)
            if stop is not None and not is_refusal(stop.error, stop.step, self.observed):
                return stop
            self.apart.extend([stop] if stop else [])
        return None

    def _run_bare(self, step: changes.Create, bare: changes.Create) -> Failure | None:
        """Make it without what can be added, and add that by and by."""
        stop = self._run(bare)
        if stop is not None:
            return stop
        added = map(self._run_split, extras(step, self._identities[bare.resource.id]))
        return next((stop for stop in added if stop is not None), None)

    def run_apart(self, steps: Iterable[LateStep]) -> None:
        """Each needs a load balancer that is there, and maybe provisioned, and nothing else."""
        not_ready: set[str] = set()
        for planned in steps:
            step = resolve(planned, self._identities)
            if any(unresolved(step)) or not_ready & _needed_active(step):
                continue
            stop = self._run(step)
            if stop is not None:
                self.apart.append(stop)
                if isinstance(step, changes.AwaitActive):
                    not_ready.add(str(step.target))

    def _run(self, planned: Step) -> Failure | None:
        step = resolve(planned, self._identities)
        try:
            made = run(step, self.observed, self._operations)
        except ControllerError as error:
            return Failure(step=step, error=error)
        if made is not None:
            self._identities[made.resource.id] = made.identity
        self.observed = advance(step, self.observed, made)
        self.done.append(step)
        return None


def _needed_active(step: LateStep) -> set[str]:
    """The load balancers that AWS must have provisioned before this step."""
    if isinstance(step, changes.ReserveCapacity):
        return {str(step.target)}
    if isinstance(step, changes.RegisterBalancers):
        return {str(one.load_balancer) for one in step.targets}
    return set()


def _takes_away(step: Step) -> bool:
    if isinstance(step, changes.AwaitBindingsGone):
        return True
    kinds = ("Binding", "TargetGroup", "SecurityGroup")
    return isinstance(step, changes.Delete) and step.kind in kinds


def _can_wait(stop: Failure, *, is_at_end: bool) -> bool:
    """Whether the steps after it can be done; `is_at_end`: none but deletions follow."""
    match stop.step:
        case changes.Delete(kind="TargetGroup" | "SecurityGroup"):
            return isinstance(stop.error, InUse)
        case changes.Delete(kind="Binding"):
            return is_at_end and is_refused_object(stop.error)
        case changes.AwaitBindingsGone():
            return is_at_end and isinstance(stop.error, NotReady)
        case _:
            return False
