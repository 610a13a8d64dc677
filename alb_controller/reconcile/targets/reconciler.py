"""The second loop: what stands behind a TargetGroupBinding becomes its group's targets (spec 8).

A missing answer is not an empty answer: nothing is deregistered before every informer has synced,
and what is registered is read from AWS, or known from our own writes, before it is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alb_controller.errors import (
    AwsError,
    ControllerError,
    Invalid,
    Missing,
    NotFound,
    NotReady,
    Refused,
    handling_of,
)
from alb_controller.model.ec2 import IngressRule
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import Pod, ref
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.events import Reason
from alb_controller.objects.kinds import TARGET_GROUP_BINDING
from alb_controller.reconcile.targets.binding_targets import BindingTargets, Registered
from alb_controller.reconcile.targets.edges import BindingEdges, BindingOptions
from alb_controller.reconcile.targets.endpoint_groups import Guards
from alb_controller.reconcile.targets.gates import ReadinessGates
from alb_controller.reconcile.targets.notes import BindingNotes, message_of
from alb_controller.reconcile.targets.registration import Registration
from alb_controller.reconcile.targets.target_groups import TargetGroups
from alb_controller.reconcile.targets.tracking import Ledger, TrackedTargets
from alb_controller.runtime.workers import BACKOFF, DONE, Result
from alb_controller.targets.checkpoint import checkpoint
from alb_controller.targets.endpoints import BackendNotFound, Endpoints, resolve
from alb_controller.targets.networking import permissions
from alb_controller.targets.watch import key_of
from alb_controller.values import BindingKey, Value

FINALIZER = "elbv2.k8s.aws/resources"
UNSYNCED_SECONDS = 1.0


class _Network(Value, frozen=True, kw_only=True):
    """What came of a binding's networking; `error` where AWS did not answer."""

    guards: Guards = Guards(by_endpoint={})
    problems: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    """What the workers of security groups could not write; they try again by themselves."""
    error: AwsError | None = None

    @property
    def failure(self) -> str:
        """One sentence, or nothing."""
        if self.error is not None:
            return message_of(self.error)
        return "; ".join(sorted({*self.problems, *self.refused}))


_NO_NETWORK = _Network()


class BindingReconciler:
    """Reconciles bindings, and the security groups of their endpoints, key by key."""

    def __init__(self, edges: BindingEdges, options: BindingOptions) -> None:
        self._edges, self._options = edges, options
        self._notes = BindingNotes(edges.cluster, edges.writer, edges.clock)
        self._groups = TargetGroups(edges, options)
        self._targets = BindingTargets(edges, options, self._notes, self._resolve)
        self._tracked = TrackedTargets(edges.live, edges.writer)
        self._gates = ReadinessGates(
            edges.cluster, edges.writer, edges.clock, longest_seconds=options.look_seconds
        )
        self._refused: dict[str, str] = {}  # by security group: why rules are missing there

    # ---- keys

    def reconcile(self, key: BindingKey) -> Result:
        """Bring a target group's targets to what the binding's Service has."""
        if not self._edges.has_synced():
            raise NotReady("the first lists of all kinds", UNSYNCED_SECONDS)
        binding = self._edges.cluster.get(TargetGroupBinding, key.namespace, key.name)
        if binding is None:
            self._drop(key)
            return DONE
        try:
            network = self._clean_up(binding) if binding.is_deleting else self._bind(binding)
        except ControllerError as error:
            self._notes.failed(binding, error)
            raise
        if network.error is not None:
            raise network.error
        return BACKOFF if network.problems else DONE

    def reconcile_group(self, group_id: str) -> Result:
        """Bring one security group's rules to what all bindings want."""
        try:
            self._enqueue(self._edges.rules.reconcile(group_id))
        except ControllerError as error:
            if handling_of(error).event:
                self._refuse(group_id, f"security group {group_id}: {message_of(error)}")
            raise
        if self._refused.pop(group_id, ""):
            for key in self._edges.rules.wanted_by(group_id):  # to report their success
                self._edges.enqueue_later(key, 0.0)
        return DONE

    def invalidate(self) -> None:
        """Have everything read again, so that drift is found."""
        self._edges.memory.clear()
        self._edges.groups.clear()
        self._groups.clear()
        self._tracked.clear()
        self._enqueue(self._edges.rules.forget_found())

    # ---- a binding that is to be served

    def _bind(self, binding: TargetGroupBinding) -> _Network:
        _check(binding)
        arn = self._claim(binding)
        binding = self._edges.writer.add_finalizer(TARGET_GROUP_BINDING, binding, FINALIZER)
        registration = self._registration(binding, arn)
        endpoints = self._resolve(binding, self._edges.cluster)
        if isinstance(endpoints, BackendNotFound):
            self._lose_backend(binding, registration, endpoints)
            return _NO_NETWORK
        decision = self._targets.review(binding, registration, endpoints)
        network = self._open_network(binding, endpoints, is_held=bool(decision.held))
        self._notes.warn(binding, "FailedReconcile", "; ".join(endpoints.problems))
        outcome = self._targets.bring(binding, registration, endpoints, decision, network.guards)
        self._update_gates(binding, endpoints, registration)
        if outcome.refused is not None:
            raise outcome.refused
        if outcome.is_held:
            self._notes.unsettled(binding, "TargetsHeld", outcome.why_held)
        elif outcome.crowded is not None:
            message = outcome.crowded.message
            self._notes.unsettled(binding, Reason.TOO_MANY_TARGETS, message)
            self._notes.warn_users(binding, Reason.TOO_MANY_TARGETS, message)
        elif network.failure:
            self._notes.unsettled(binding, "FailedNetworkReconcile", network.failure)
        else:
            digest = checkpoint(endpoints, binding.spec)
            self._notes.settled(binding, digest, is_changed=outcome.is_changed)
        self._notes.warn(binding, "TooManyTargets", outcome.beyond)
        self._notes.warn_users(binding, Reason.TOO_MANY_TARGETS, outcome.beyond)
        return network

    def _lose_backend(
        self, binding: TargetGroupBinding, registration: Registration, missing: BackendNotFound
    ) -> None:
        """The Service or its port is gone: as for a deletion, but the binding stays (spec 8.7)."""
        try:
            decision = self._targets.review(binding, registration, Endpoints())
            outcome = self._targets.bring(
                binding, registration, Endpoints(), decision, _NO_NETWORK.guards
            )
        except NotFound as error:
            if not registration.is_gone(error):
                raise
            registration.gone()
            outcome = Registered()
        if outcome.is_held:
            self._notes.unsettled(binding, "TargetsHeld", outcome.why_held)
            return
        self._gates.release(binding)
        self._enqueue(self._edges.rules.want(key_of(binding), {}))
        self._notes.without_backend(binding, is_changed=outcome.is_changed)
        self._notes.warn(binding, "BackendNotFound", missing.problem)

    def _resolve(
        self, binding: TargetGroupBinding, cluster: Cluster
    ) -> Endpoints | BackendNotFound:
        options = self._options
        return resolve(
            binding, cluster, fail_open=options.fail_open, drains_pods=options.drains_pods
        )

    def _claim(self, binding: TargetGroupBinding) -> str:
        try:
            return self._groups.claim(binding)
        except Refused:
            self._enqueue(self._edges.rules.want(key_of(binding), {}))
            raise

    def _registration(self, binding: TargetGroupBinding, arn: str) -> Registration:
        is_shared = binding.spec.multi_cluster_target_group
        ledger = Ledger(self._tracked, binding) if is_shared else None
        api = self._groups.api(binding)
        return Registration(api, self._edges.memory, arn, key_of(binding), ledger)

    # ---- networking

    def _open_network(
        self, binding: TargetGroupBinding, endpoints: Endpoints, *, is_held: bool
    ) -> _Network:
        """Ask for the rules; endpoints without known security group do not stop the others.

        `is_held`: targets stay that have no endpoint any more, and so do the rules on their way.
        """
        key, networking = key_of(binding), binding.spec.networking
        if networking is None:
            self._enqueue(self._edges.rules.want(key, {}))
            return _NO_NETWORK
        try:
            guards = self._edges.groups.guards(key, endpoints.members)
        except AwsError as error:
            return _Network(error=error)
        wanted: dict[str, frozenset[IngressRule]] = {}
        problems = list(guards.problems)
        for group_id, pods in _pods_by_group(endpoints, guards).items():
            asked = permissions(networking, pods)
            wanted[group_id] = asked.rules
            problems += asked.problems
        is_complete = not (problems or is_held)
        self._enqueue(self._edges.rules.want(key, wanted, is_complete=is_complete))
        refused = tuple(filter(None, map(self._refused.get, wanted)))
        return _Network(guards=guards, problems=tuple(problems), refused=refused)

    def _enqueue(self, groups: Iterable[str]) -> None:
        for group_id in sorted(groups):
            self._edges.enqueue_group(group_id)

    def _refuse(self, group_id: str, problem: str) -> None:
        """Rules are missing: no binding that wants them counts as done (spec 8.3, step 10)."""
        self._refused[group_id] = problem
        for key in self._edges.rules.wanted_by(group_id):
            binding = self._edges.cluster.get(TargetGroupBinding, key.namespace, key.name)
            if binding is not None:
                self._notes.unsettled(binding, "FailedNetworkReconcile", problem)

    def _update_gates(
        self, binding: TargetGroupBinding, endpoints: Endpoints, registration: Registration
    ) -> None:
        seconds = self._gates.update(binding, endpoints, registration)
        if seconds is not None:
            self._edges.enqueue_later(key_of(binding), seconds)

    # ---- the end of a binding

    def _clean_up(self, binding: TargetGroupBinding) -> _Network:
        if FINALIZER in binding.metadata.finalizers:
            arn = self._arn_if_any(binding)
            if arn and not self._groups.is_anothers(binding, arn):
                self._registration(binding, arn).release()
            self._gates.release(binding)
        self._drop(key_of(binding))
        self._edges.writer.remove_finalizer(TARGET_GROUP_BINDING, binding, FINALIZER)
        return _NO_NETWORK

    def _arn_if_any(self, binding: TargetGroupBinding) -> str:
        try:
            return self._groups.arn(binding)
        except Missing:
            return ""

    def _drop(self, key: BindingKey) -> None:
        self._edges.groups.forget(key)
        self._notes.forget(key)
        self._gates.forget(key)
        self._targets.forget(key)
        self._tracked.forget(key)
        self._enqueue(self._edges.rules.drop(key))


def _check(binding: TargetGroupBinding) -> None:
    """Raises Invalid for a spec that cannot be served."""
    origin, spec = ref("TargetGroupBinding", binding), binding.spec
    if spec.target_type not in ("ip", "instance"):
        raise Invalid(origin, "spec.targetType", "must be set to 'ip' or 'instance'")
    if not (spec.target_group_arn or spec.target_group_name):
        raise Invalid(origin, "spec.targetGroupARN", "must be set, or spec.targetGroupName")
    nodes = spec.node_selector if spec.target_type == "instance" else None
    if nodes is not None and nodes.problem:  # it would select no node
        raise Invalid(origin, "spec.nodeSelector", nodes.problem)


def _pods_by_group(endpoints: Endpoints, guards: Guards) -> Mapping[str, list[Pod]]:
    """The pods on each security group that guards an endpoint; none for nodes."""
    found: dict[str, list[Pod]] = {}
    for member in endpoints.members:
        guard = guards.by_endpoint.get(member.key)
        if guard is not None and guard.group:
            pods = found.setdefault(guard.group, [])
            if isinstance(member.backing, Pod):
                pods.append(member.backing)
    return found
