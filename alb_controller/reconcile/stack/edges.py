"""What a pass touches outside the pure core, as protocols."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from alb_controller.intent import StackIntent
from alb_controller.model.queries import Answer, Query
from alb_controller.model.stack import Observed, Stack
from alb_controller.objects.secrets import SecretName, SecretState
from alb_controller.plan.changes import Delete, NameToClaim
from alb_controller.values import StackKey


class Lookups(Protocol):
    """As `aws.facts.Facts`."""

    def answer(self, queries: Iterable[Query]) -> Mapping[Query, Answer]:
        """What AWS says to each; raises AwsError."""


class StackReads(Protocol):
    """As `reconcile.observe.Observer`: what AWS and the cluster have of a stack."""

    def observe(self, key: StackKey, remembered: Observed | None) -> Observed: ...
    def complete(self, stack: Stack, observed: Observed) -> Observed: ...
    def is_protected(self, arn: str) -> bool: ...
    def is_active(self, arn: str) -> bool: ...
    def is_healthy(self, arn: str) -> bool: ...
    def deregistration_seconds(self, arn: str) -> float: ...


class StackRecord(StackReads, Protocol):
    """The same, with what keeps it true."""

    def record(self, before: Observed, after: Observed) -> None: ...
    def invalidate(self) -> None: ...


class NameOwners(Protocol):
    """As `reconcile.owners.Owners`."""

    def check(self, names: Iterable[NameToClaim], key: StackKey) -> None: ...
    def explain(self, names: Iterable[NameToClaim], key: StackKey) -> None: ...
    def users_of(self, step: Delete) -> tuple[str, ...]: ...


class SharedGroup(Protocol):
    """As `reconcile.backend_group.BackendGroup`."""

    def known_id(self) -> str | None: ...
    def id_for(self, key: StackKey) -> str: ...
    def release(self, key: StackKey) -> None: ...
    def await_end(self, key: StackKey) -> None: ...
    def forget(self, key: StackKey) -> None: ...


class RequestedCertificates(Protocol):
    """As `reconcile.certificates.Certificates`."""

    def known(self, intent: StackIntent) -> Mapping[str, str]: ...
    def arns(self, intent: StackIntent) -> Mapping[str, str]: ...
    def release(self, intent: StackIntent) -> None: ...


class WatchedSecrets(Protocol):
    """As `kube.secrets.SecretWatches`."""

    def known(self) -> Mapping[SecretName, SecretState]: ...
    def use(self, stack: StackKey, names: Iterable[SecretName]) -> None: ...
