"""What ends the sandbox before its user does: one line, and an exit code."""

from __future__ import annotations

from collections.abc import Sequence


class SandboxError(Exception):
    """Its text is one line for the user."""

    exit_code = 1


class BadInput(SandboxError):
    """A file, an object or a port that the user gave cannot be used."""

    exit_code = 2


class Interrupted(SandboxError):
    """The user ended it before it was there."""

    exit_code = 130


class PartEnded(SandboxError):
    """A part of the world ended by itself; says which, and what it said last."""

    def __init__(self, text: str, log: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.log = tuple(log)


class NotConverged(SandboxError):
    """The time is up; says what is missing."""
