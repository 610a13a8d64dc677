"""Opens and closes readiness gates as targets' health changes (spec 8.9), with few questions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec
import structlog

from alb_controller.clock import Clock
from alb_controller.errors import KubeError, ObjectMissing
from alb_controller.model.elbv2 import Target, TargetHealth
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import Condition, Pod
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.kinds import POD
from alb_controller.objects.writer import ObjectWriter
from alb_controller.reconcile.targets.registration import Registration
from alb_controller.targets.endpoints import Endpoint, Endpoints
from alb_controller.targets.readiness import (
    condition_for,
    gate_of,
    has_gate,
    is_open,
    registering,
    status_patch,
    unbound,
)
from alb_controller.targets.watch import key_of
from alb_controller.telemetry.metrics import READINESS_GATE_SECONDS
from alb_controller.values import BindingKey

FIRST_LOOK_SECONDS = 2.0
"""A new target counts as healthy with its first passed health check, which may come this soon
(ELB user guide, health checks for target groups)."""
SHARE_WAITED = 0.5
"""The next look comes when that much more time has passed: the gate opens late by a share of what
the target took, and the number of looks grows with the logarithm of the time."""

_Key: TypeAlias = tuple[str, int]
_Health: TypeAlias = Mapping[_Key, TargetHealth | None]
_log = structlog.get_logger(__name__)


class _Watch(msgspec.Struct):
    """When a group with closed gates is looked at (monotonic seconds)."""

    since: float
    """The newest registration, or when closed gates were first seen."""
    due: float
    closed: dict[str, float] = {}
    """Since when pods' gates are closed, by uid, as far as this process closed them."""


class ReadinessGates:
    """Asks for health only while a gate is closed, once for all pods of a binding.

    An open gate is looked at again in the slow sweep, and whenever the whole group is read.
    """

    def __init__(
        self, cluster: Cluster, writer: ObjectWriter, clock: Clock, *, longest_seconds: float
    ) -> None:
        """`longest_seconds`: the most between two looks (--targetgroupbinding-requeue-duration)."""
        self._cluster, self._writer, self._clock = cluster, writer, clock
        self._longest = longest_seconds
        self._watched: dict[BindingKey, _Watch] = {}

    def update(
        self, binding: TargetGroupBinding, endpoints: Endpoints, registration: Registration
    ) -> float | None:
        """Write the conditions that have changed; the seconds until the next look, if one is due.

        Raises AwsError, and KubeError after all pods were tried.
        """
        key, gate = key_of(binding), gate_of(binding.metadata.name)
        gated = [e for e in _with_gate(endpoints, gate) if registration.holds(e.key)]
        if not gated:
            self._watched.pop(key, None)
            return None
        fresh = registration.fresh
        health: dict[_Key, TargetHealth | None] = dict(registration.health)
        waiting = [e for e in gated if e.key not in fresh and not _is_open(e, gate)]
        watch = self._watch(key, has_news=any(e.key in fresh for e in gated))
        unknown = [e for e in waiting if e.key not in health]
        if unknown and watch.due <= self._clock.monotonic():
            health |= self._ask(unknown, registration)
        wanted = _wanted(gated, gate, fresh, health)
        self._write(gated, wanted)
        self._count_opened(key, watch, gated, wanted)
        if not any(_still_closed(e, gate, wanted) for e in gated):
            self._watched.pop(key, None)
            return None
        return self._next_look(watch, was_asked=bool(health))

    def release(self, binding: TargetGroupBinding) -> None:
        """The binding goes: nothing opens its gates any more, so they are opened for good."""
        gate = gate_of(binding.metadata.name)
        self._watched.pop(key_of(binding), None)
        pods = self._cluster.list(Pod, binding.metadata.namespace)
        self._patch_all((pod, unbound(gate)) for pod in pods if has_gate(pod, gate))

    def forget(self, key: BindingKey) -> None:
        """The binding is gone."""
        self._watched.pop(key, None)
        with contextlib.suppress(KeyError):
            READINESS_GATE_SECONDS.remove(key.namespace, key.name)

    def _watch(self, key: BindingKey, *, has_news: bool) -> _Watch:
        now = self._clock.monotonic()
        watch = self._watched.get(key)
        if watch is None:
            watch = self._watched[key] = _Watch(since=now, due=now)
            if has_news:
                watch.due = now + FIRST_LOOK_SECONDS
        elif has_news:
            watch.since, watch.due = now, min(watch.due, now + FIRST_LOOK_SECONDS)
        return watch

    def _next_look(self, watch: _Watch, *, was_asked: bool) -> float:
        now = self._clock.monotonic()
        if was_asked:
            waited = (now - watch.since) * SHARE_WAITED
            watch.due = now + min(max(waited, FIRST_LOOK_SECONDS), self._longest)
        return max(0.0, watch.due - now)

    def _ask(
        self, endpoints: Sequence[Endpoint], registration: Registration
    ) -> dict[_Key, TargetHealth | None]:
        """Answers by target; None where AWS knows nothing of one that was asked for."""
        found = registration.read_health([Target(e.id, e.port) for e in endpoints])
        return {e.key: None for e in endpoints} | dict(found)

    def _count_opened(
        self,
        key: BindingKey,
        watch: _Watch,
        gated: Sequence[Endpoint],
        wanted: Mapping[_Key, Condition],
    ) -> None:
        """How long gates were closed, once for each time that one opens."""
        now = self._clock.monotonic()
        closed = {
            e.backing.metadata.uid: watch.closed.get(e.backing.metadata.uid, now)
            for e in gated
            if _still_closed(e, gate_of(key.name), wanted)
        }
        known = {e.backing.metadata.uid for e in gated}
        for uid in known & watch.closed.keys() - closed.keys():
            READINESS_GATE_SECONDS.labels(key.namespace, key.name).observe(now - watch.closed[uid])
        watch.closed = closed

    def _write(self, gated: Sequence[Endpoint], wanted: Mapping[_Key, Condition]) -> None:
        """A pod with several targets waits for all of them."""
        chosen: dict[str, tuple[Pod, Condition]] = {}
        for endpoint in gated:
            pod, condition = endpoint.backing, wanted.get(endpoint.key)
            if isinstance(pod, Pod) and condition is not None:
                known = chosen.get(pod.metadata.uid)
                if known is None or known[1].status == "True":
                    chosen[pod.metadata.uid] = pod, condition
        self._patch_all(chosen.values())

    def _patch_all(self, conditions: Iterable[tuple[Pod, Condition]]) -> None:
        """One pod that cannot be written stops none of the others."""
        failure: KubeError | None = None
        for pod, condition in conditions:
            patch = status_patch(pod, condition, self._clock.now())
            if patch is None:
                continue
            try:
                self._writer.patch_status(POD, pod, patch, is_strategic=True)
            except ObjectMissing:
                continue
            except KubeError as error:
                failure = error
            else:
                _log.info("gate", pod=pod.metadata.name, status=condition.status)
        if failure is not None:
            raise failure


def _with_gate(endpoints: Endpoints, gate: str) -> list[Endpoint]:
    return [
        e for e in endpoints.members if isinstance(e.backing, Pod) and has_gate(e.backing, gate)
    ]


def _wanted(
    gated: Iterable[Endpoint],
    gate: str,
    fresh: frozenset[_Key],
    health: _Health,
) -> dict[_Key, Condition]:
    """Conditions by target; none for those that nobody has asked for."""
    found = {e.key: condition_for(gate, health[e.key]) for e in gated if e.key in health}
    return found | {e.key: registering(gate) for e in gated if e.key in fresh}


def _is_open(endpoint: Endpoint, gate: str) -> bool:
    return isinstance(endpoint.backing, Pod) and is_open(endpoint.backing, gate)


def _still_closed(endpoint: Endpoint, gate: str, wanted: Mapping[_Key, Condition]) -> bool:
    if endpoint.key in wanted:
        return wanted[endpoint.key].status != "True"
    return not _is_open(endpoint, gate)
