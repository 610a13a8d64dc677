"""What every front end loads for one pass: the objects of a stack, frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from alb_controller.errors import Invalid
from alb_controller.objects.core import KubeObject
from alb_controller.objects.secrets import SecretName, SecretState
from alb_controller.values import ObjectRef, StackKey


class Member(Protocol):
    """An object that asks for a part of a stack and can fail alone."""

    @property
    def object(self) -> KubeObject:
        """The object as it was loaded."""

    @property
    def uid(self) -> str:
        """The object's uid: what is remembered of the member goes by it."""

    @property
    def has_finalizer(self) -> bool:
        """Whether it carries the stack's finalizer as long as AWS has something for it."""


class Snapshot(Protocol):
    """One stack: its members, those that were, and those that could not be placed."""

    @property
    def key(self) -> StackKey: ...

    @property
    def members(self) -> Sequence[Member]:
        """Active members, the oldest first."""

    @property
    def inactive(self) -> Sequence[KubeObject]:
        """Objects that have the stack's finalizer and are not members (any more)."""

    @property
    def rejected(self) -> Sequence[Invalid]:
        """Problems of objects that belong to no stack."""

    @property
    def secrets(self) -> Mapping[SecretName, SecretState]:
        """The Secrets in reach of the members whose state is known."""

    def objects(self) -> Mapping[ObjectRef, KubeObject]:
        """Everything here that can have a problem."""
