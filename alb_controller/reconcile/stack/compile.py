"""From what users ask for and what AWS has to a plan; nothing here writes (ADR 16).

What must exist before the stack can be built for good (certificates to be requested, the shared
security group) has placeholders until `reconcile.stack.prerequisites` has made it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic

import msgspec
import structlog

from alb_controller.build.context import Context, Facts, needs_backend_group
from alb_controller.build.elbv2.limits import out_of_limits
from alb_controller.build.elbv2.stack import build
from alb_controller.build.needs import needs
from alb_controller.build.tenants import Reached, reached
from alb_controller.errors import Invalid, NotServed, ProtectedInAws, ReplacesProtected
from alb_controller.frontends.frontend import FrontEnd, M, S
from alb_controller.frontends.translation import Translation, with_warnings
from alb_controller.intent import StackIntent
from alb_controller.model.stack import FoundLoadBalancer, Observed, Stack
from alb_controller.objects.events import Reason
from alb_controller.objects.kinds import ref_of
from alb_controller.plan.changes import Limit, Plan, PlanPolicy
from alb_controller.plan.diff import replacements
from alb_controller.plan.keeping import keeping
from alb_controller.plan.plan import plan
from alb_controller.plan.quotas.counting import Unit, asked_by, units
from alb_controller.plan.quotas.room import is_crowded, without_room
from alb_controller.plan.replacing.waits import Wait
from alb_controller.reconcile.observe import current_states
from alb_controller.reconcile.quotas import over_limit
from alb_controller.reconcile.stack.edges import Lookups, StackReads
from alb_controller.reconcile.stack.replacing import Replacements
from alb_controller.settings import Settings
from alb_controller.telemetry import metrics
from alb_controller.values import ObjectRef, StackKey, Value

_MOST_ROUNDS = 4
_PENDING_GROUP = "sg-pending"
_PENDING_CERTIFICATE = "arn:pending"
_log = structlog.get_logger(__name__)


class Ready(Value, frozen=True):
    """What exists already of all that a stack needs before it is built for good."""

    backend_security_group: str | None = None
    certificates: Mapping[str, str] = {}
    """ARNs by the ids of the certificate intents."""


class Compiled(Value, Generic[M], frozen=True):
    """What a stack wants, and the resources that give it, built from what was looked up."""

    translation: Translation[M]
    stack: Stack
    observed: Observed
    context: Context
    facts: Facts
    reached: tuple[Reached, ...] = ()
    """What members name of other namespaces' resources, where that is allowed."""
    deletable: frozenset[str] = frozenset()
    """Load balancers to be replaced that AWS does not protect, as was read a moment ago."""

    @property
    def intent(self) -> StackIntent:
        return self.translation.intent

    def with_ready(self, ready: Ready) -> Compiled[M]:
        """The same, built with what exists by now."""
        context = _with(self.context, self.translation.intent, ready)
        if context == self.context:
            return self
        stack = build(self.translation.intent, context, self.facts)
        return msgspec.structs.replace(self, stack=stack, context=context)


class Planned(Value, frozen=True):
    """The steps from what was found to what is desired."""

    plan: Plan
    observed: Observed
    """What was found, with all that the plan compares."""


class Known(Value, frozen=True):
    """What this process knows; asked without looking at a stack."""

    ready: Callable[[StackIntent], Ready]
    """What of the prerequisites exists."""
    quotas: Callable[[StackKey], Mapping[str, int]]
    """Of the account, by AWS's names."""
    replacements: Replacements
    """Since when what is replaced waits."""


class Compiler(Generic[S, M]):
    """Compiles stacks of one front end; its edges can do nothing but read."""

    def __init__(
        self,
        front_end: FrontEnd[S, M],
        lookups: Lookups,
        reads: StackReads,
        known: Known,
        *,
        settings: Settings,
        vpc_id: str,
    ) -> None:
        self._front_end, self._lookups, self._reads = front_end, lookups, reads
        self._known, self._settings, self._vpc_id = known, settings, vpc_id
        gates = settings.feature_gates
        self._policy = PlanPolicy(
            cluster=settings.cluster_name,
            external_managed_tags=frozenset(settings.external_managed_tags),
            tag_listeners_and_rules=gates.listener_rules_tagging,
            replace_for_health_checks=not gates.nlb_health_check_advanced_config,
        )

    def observe(self, key: StackKey, remembered: Observed | None) -> Observed:
        """What there is of the stack; `remembered` need not be read. Raises AwsError."""
        with metrics.stage(self._front_end.name, "observe"):
            return self._reads.observe(key, remembered)

    def build(
        self,
        snapshot: S,
        remembered: Mapping[str, M],
        observed: Observed,
        rejected: Mapping[ObjectRef, Invalid],
    ) -> Compiled[M]:
        """The stack, without `rejected` members and those that are at fault: what they ask for is
        beyond AWS's limits or quotas, or AWS's answers show that it cannot be.

        Raises AwsError, and Invalid where the stack as a whole cannot be built.
        """
        rejected = dict(rejected)
        with metrics.stage(self._front_end.name, "build_model"):
            while True:
                translation = self._front_end.translate(snapshot, remembered, rejected, observed)
                beyond = _beyond_limits(translation.intent, rejected)
                if beyond:
                    rejected |= beyond
                    continue
                try:
                    compiled = self._build(translation, observed, rejected)
                    crowded = self._crowded(snapshot, remembered, compiled, rejected)
                    if not crowded:
                        compiled = self._with_deletable(compiled)
                        _log_problems(translation)
                        return compiled
                except Invalid as problem:
                    known = rejected.get(problem.origin)
                    is_worse = isinstance(problem, NotServed) and not isinstance(known, NotServed)
                    if known is not None and not is_worse:
                        raise
                    rejected[problem.origin] = problem
                    continue
                rejected |= crowded

    def _crowded(
        self,
        snapshot: S,
        remembered: Mapping[str, M],
        compiled: Compiled[M],
        rejected: Mapping[ObjectRef, Invalid],
    ) -> dict[ObjectRef, Invalid]:
        """Members that find no room in quotas that are known, and are not rejected yet."""
        known, observed = compiled.context.quotas, compiled.observed
        if not known:
            return {}
        counted = units(compiled.stack, observed, self._policy)
        if not is_crowded(counted, known):
            return {}
        refs = {member.uid: ref_of(member.object) for member in snapshot.members}
        edited = {
            refs[uid]: Invalid(refs[uid], "", "is edited")
            for uid, member in compiled.translation.good.items()
            if uid in remembered and member.applied() != remembered[uid]
        }
        old = self._counted(snapshot, remembered, observed, {**rejected, **edited})
        before = {one: asked_by(one, old) for one in edited} if old else {}
        found = without_room([*refs.values()], counted, before, known)
        return {one.asking.ref: over_limit(one) for one in found if one.asking.ref not in rejected}

    def _counted(
        self,
        snapshot: S,
        remembered: Mapping[str, M],
        observed: Observed,
        rejected: Mapping[ObjectRef, Invalid],
    ) -> tuple[Unit, ...]:
        """What counts of the stack with these members as they were; nothing where that cannot be
        built any more.
        """
        translation = self._front_end.translate(snapshot, remembered, rejected, observed)
        try:
            stack = self._build(translation, observed, rejected).stack
        except Invalid:
            return ()
        return units(stack, observed, self._policy)

    def with_unknown(self, compiled: Compiled[M]) -> Compiled[M] | None:
        """With what AWS may have of the members that block the stack; None where it must wait."""
        stack = keeping(
            compiled.stack,
            compiled.observed,
            compiled.translation.blocked_by,
            self._policy,
            protects=self._settings.group_trust == "namespace",
        )
        return None if stack is None else msgspec.structs.replace(compiled, stack=stack)

    def plan(self, compiled: Compiled[M], limits: frozenset[Limit] = frozenset()) -> Planned:
        """The steps to the stack; `limits` are quotas that are reached. Raises AwsError."""
        observed = self._reads.complete(compiled.stack, compiled.observed)
        key, stack, replacements = compiled.intent.key, compiled.stack, self._known.replacements
        policy = msgspec.structs.replace(self._policy, limits_reached=limits)
        over, waits = replacements.begin(), list[Wait]()
        while True:
            made = plan(stack, observed, msgspec.structs.replace(policy, replacing=over))
            waits += made.waits
            before, over = over, replacements.look(key, made.waits, over)
            if over == before:
                replacements.keep(key, waits)
                return Planned(plan=made, observed=observed)

    def _build(
        self,
        translation: Translation[M],
        observed: Observed,
        rejected: Mapping[ObjectRef, Invalid],
    ) -> Compiled[M]:
        intent = translation.intent
        context = _with(
            Context(
                settings=self._settings,
                vpc_id=self._vpc_id,
                kept=current_states(_wanted_first(observed, intent)),
                quotas=self._known.quotas(intent.key),
            ),
            intent,
            self._known.ready(intent),
        )
        facts = self._look_up(intent, context)
        found = tuple(reached(intent, context, facts))
        if found and self._settings.group_trust == "namespace":
            raise _refused(found[0].problem, translation)
        found = tuple(one for one in found if one.problem.origin not in rejected)
        problems = [one.problem for one in found]
        translation = with_warnings(translation, Reason.GROUP_TRUST, problems)
        stack = build(intent, context, facts)
        return Compiled(
            translation=translation,
            stack=stack,
            observed=observed,
            context=context,
            facts=facts,
            reached=found,
        )

    def _with_deletable(self, compiled: Compiled[M]) -> Compiled[M]:
        """AWS is asked when the members are settled: once, however many rounds that took."""
        deletable = frozenset(self._deletable(compiled.stack, compiled.observed))
        return msgspec.structs.replace(compiled, deletable=deletable)

    def _deletable(self, stack: Stack, observed: Observed) -> Iterator[str]:
        """Load balancers that one member alone asks to be replaced.

        Raises ReplacesProtected where AWS protects one: the others of the group go on. What nobody
        or several ask for is refused as a whole, when it is deployed.
        """
        for replaced in replacements(stack, observed):
            askers = {one.ref: one for one in replaced.asked_by}
            if len(askers) != 1:
                continue
            if self._reads.is_protected(replaced.identity):
                (origin,) = askers.values()
                protected = ProtectedInAws(replaced.identity, replaced.protection.setting)
                raise ReplacesProtected(origin.ref, origin.field, protected)
            yield replaced.identity

    def _look_up(self, intent: StackIntent, context: Context) -> Facts:
        facts: Facts = {}
        for _ in range(_MOST_ROUNDS):
            queries = needs(intent, context, facts)
            if not queries:
                return facts
            facts = {**facts, **self._lookups.answer(queries)}
        unanswered = ", ".join(sorted(map(repr, needs(intent, context, facts))))
        raise RuntimeError(f"look-ups that raise each other for ever: {unanswered}")


def _beyond_limits(
    intent: StackIntent, rejected: Mapping[ObjectRef, Invalid]
) -> dict[ObjectRef, Invalid]:
    """Members to reject; of those that are rejected already AWS has what stands in for them."""
    problems = out_of_limits(intent)
    return {one.origin: one for one in problems if one.origin not in rejected}


def _refused(problem: Invalid, translation: Translation[Any]) -> Invalid:
    """Of a member that is rejected already it is what stands in for it that must not be served."""
    refused = problem.refused_by("--group-trust=namespace")
    if problem.origin.uid in translation.good:
        return refused
    return NotServed(refused.origin, refused.field, refused.problem)


def _wanted_first(observed: Observed, intent: StackIntent) -> Observed:
    """Of two load balancers of which one replaces the other, the first counts."""
    wanted = {(one.id, one.scheme) for one in intent.balancers}

    def is_other(found: FoundLoadBalancer) -> bool:
        return (found.resource.id.name, found.resource.scheme) not in wanted

    balancers = tuple(sorted(observed.load_balancers, key=is_other))
    return msgspec.structs.replace(observed, load_balancers=balancers)


def _log_problems(translation: Translation[Any]) -> None:
    for problem in translation.problems:
        _log.warning("member_rejected", object=str(problem.origin), problem=str(problem))


def _with(context: Context, intent: StackIntent, ready: Ready) -> Context:
    """With what is ready, and with placeholders for what is not."""
    group = None
    if needs_backend_group(intent, context.settings):
        group = ready.backend_security_group or _PENDING_GROUP
    return msgspec.structs.replace(
        context,
        backend_security_group=group,
        certificates={
            one.id: ready.certificates.get(one.id, _PENDING_CERTIFICATE)
            for one in intent.certificates
        },
    )
