"""What a judge says, and how what it finds becomes that."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from typing import Any

import msgspec

_INDEX = re.compile(r"\[\d+\]")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Allowed unless `problem` says why not; `patch` is a JSON patch (RFC 6902)."""

    problem: str = ""
    warnings: tuple[str, ...] = ()
    patch: tuple[dict[str, Any], ...] = ()

    @property
    def is_allowed(self) -> bool:
        return not self.problem


ALLOWED = Verdict()


def refuse(*problems: str) -> Verdict:
    """Refused for these reasons; allowed where there are none."""
    return Verdict(problem="; ".join(problems))


class Weight(enum.Enum):
    """What a finding leads to."""

    REFUSED = "refused"
    """The reference refuses it too."""
    DOUBTFUL = "doubtful"
    """A warning; refused with `--strict-admission`."""
    NOTE = "note"
    """A warning, whatever is set."""


class Finding(msgspec.Struct, frozen=True):
    """Something that is wrong with an object, in a sentence for its user."""

    weight: Weight
    sentence: str

    @property
    def key(self) -> str:
        """The same for the same mistake in another place of a list."""
        return _INDEX.sub("[]", self.sentence)


def judge(
    found: Iterable[Finding], before: Iterable[Finding] = (), *, is_strict: bool = False
) -> Verdict:
    """The verdict on a change: what was wrong before it is not held against it."""
    known = {finding.key for finding in before}
    new = [finding for finding in found if finding.key not in known]
    weights = (Weight.REFUSED, Weight.DOUBTFUL) if is_strict else (Weight.REFUSED,)
    fatal = dict.fromkeys(f.sentence for f in new if f.weight in weights)
    rest = dict.fromkeys(f.sentence for f in new if f.sentence not in fatal)
    return Verdict(problem="; ".join(fatal), warnings=tuple(rest))
