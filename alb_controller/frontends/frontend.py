"""The seam: what a front end is to the pass, to the composition root and to nothing else (ADR 16).

A front end brings the objects of its API in (`watches`, `load`, `translate`) and what users shall
see out (`present`); all of it is pure. What it asks for is an intent, so the pass, the builders,
the planner and the executor know no API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, Self, TypeAlias, TypeVar

from alb_controller.errors import Invalid
from alb_controller.frontends.outcomes import Outcome
from alb_controller.frontends.presentation import Presentation
from alb_controller.frontends.snapshot import Snapshot
from alb_controller.frontends.translation import Translation
from alb_controller.frontends.watch import Change
from alb_controller.model.stack import Observed
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import KubeObject
from alb_controller.objects.secrets import SecretName, SecretState
from alb_controller.values import ObjectRef, StackKey

Watch: TypeAlias = Callable[[Change[Any], Cluster], Iterable[StackKey]]
"""The stacks that a change of one kind concerns."""


class LastKnownGood(Protocol):
    """What is remembered of a member that AWS has, to stand in for it where it turns invalid."""

    @property
    def is_recorded(self) -> bool:
        """It comes from the object, whose users can write it too, and was not applied here."""

    def applied(self) -> Self:
        """The same, once AWS has all of it."""


R = TypeVar("R")
S = TypeVar("S", bound=Snapshot)
M = TypeVar("M", bound=LastKnownGood)


class FrontEnd(Protocol[S, M]):
    """One API of users: `S` is what it loads of a stack, `M` what is remembered of a member."""

    @property
    def name(self) -> str:
        """Of its queue, its workers, its metrics and its events: "ingress", "service", …"""

    @property
    def watches(self) -> Mapping[type[KubeObject], Watch]:
        """Which kinds wake which of its stacks."""

    def keys(self, cluster: Cluster) -> set[StackKey]:
        """Every stack that some object asks for or has a finalizer of."""

    def load(self, key: StackKey, cluster: Cluster, secrets: Mapping[SecretName, SecretState]) -> S:
        """The snapshot of a stack; in memory, no I/O. `secrets` are those that are watched."""

    def translate(
        self,
        snapshot: S,
        remembered: Mapping[str, M],
        rejected: Mapping[ObjectRef, Invalid],
        observed: Observed,
    ) -> Translation[M]:
        """The intent; members fail alone.

        `remembered` are members by uid as AWS has them. `rejected` are members that the builder
        found at fault (a subnet that does not exist): they count as members with that problem;
        with `NotServed` nothing stands in for them.
        `observed` is what AWS has of the stack; empty before it has been read.
        """

    def present(
        self, snapshot: S, translation: Translation[M] | None, outcome: Outcome
    ) -> Presentation:
        """What users shall see now; `translation` is None where the pass did not come so far."""
