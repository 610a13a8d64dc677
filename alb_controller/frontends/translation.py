"""What a front end makes of a snapshot: the intent, and the problems of members without one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import msgspec

from alb_controller.errors import DeletionProtected, Invalid
from alb_controller.frontends.events import Event
from alb_controller.intent import StackIntent
from alb_controller.objects.events import Reason
from alb_controller.objects.secrets import SecretName
from alb_controller.values import ObjectRef

M = TypeVar("M")


class Translation(msgspec.Struct, Generic[M], frozen=True, kw_only=True):
    """What a stack wants, and what is wrong with which of its members.

    `M` is what is remembered of a member that was good, so that it can stand in for it later.
    """

    intent: StackIntent
    good: dict[str, M]
    """By uid: members whose present settings are in the intent, to be remembered once applied."""
    standing: dict[str, M] = {}
    """By uid: the last good intents that stand in for rejected members, to be remembered too."""
    served: frozenset[str]
    """The uids of all members that the intent serves, by present or last known good settings."""
    unserved: frozenset[str] = frozenset()
    """Of the good ones, those of which no listener serves anything."""
    first: str = ""
    """The uid of the first of them in stack order; empty where there is none."""
    problems: tuple[Invalid, ...]
    warnings: tuple[Event, ...] = ()
    """What stops nobody and should be known."""
    secrets: frozenset[SecretName] = frozenset()
    """Every Secret that the stack needs, known or not."""
    blocked_by: tuple[ObjectRef, ...] = ()
    """Members whose last good intent nobody knows: nothing of the stack may change."""
    protected: DeletionProtected | None = None
    """Set where the load balancer must go and the annotations of a deleted member forbid it."""

    def with_events(self, events: Iterable[Event]) -> Translation[M]:
        """The same with further Events, also on objects of other stacks."""
        return msgspec.structs.replace(self, warnings=(*self.warnings, *events))


def with_warnings(made: Translation[M], reason: Reason, found: Sequence[Invalid]) -> Translation[M]:
    """The same with Warnings of what stops nobody, one Event for each object and reason."""
    if not found:
        return made
    sentences: dict[ObjectRef, list[str]] = {}
    for one in found:
        sentences.setdefault(one.origin, []).append(str(one))
    others: list[Event] = []
    for event in made.warnings:
        if event.reason == reason and event.ref in sentences:
            sentences[event.ref].insert(0, event.message)
        else:
            others.append(event)
    more = (
        Event(ref, "Warning", reason, "; ".join(reported)) for ref, reported in sentences.items()
    )
    return msgspec.structs.replace(made, warnings=(*others, *more))
