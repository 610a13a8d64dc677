"""A value that AWS would refuse, and whose it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import msgspec

from alb_controller.errors import Invalid
from alb_controller.model.limits import FIELDS
from alb_controller.model.origins import WHOLE, AskedBy
from alb_controller.values import ObjectRef, Origin


class Violation(msgspec.Struct, frozen=True):
    """What is wrong with a value, and the settings that may say it, the likeliest first."""

    problem: str
    settings: tuple[str, ...]


def check(field: str, value: int | str | None, what: str, *settings: str) -> Iterator[Violation]:
    """Of a value of one of AWS's fields; None is not sent. `what` is what users call it."""
    problem = None if value is None else FIELDS[field].problem(value)
    if problem is not None:
        yield Violation(f"{what} {problem}".lstrip(), settings)


def blamed(
    violation: Violation, asked: AskedBy, members: Collection[ObjectRef]
) -> Iterator[Invalid]:
    """The violation as a problem of each member that asks for it.

    What no member asks for (a flag does) is AWS's to refuse: nobody is blamed here.
    """
    origins = next((asked[one] for one in violation.settings if asked.get(one)), ())
    if not origins:
        return
    own = [one for one in origins if one.ref in members]
    # where none is: a Service's annotation; who uses it is stopped
    asking = own or [one for one in asked.get(WHOLE, ()) if one.ref in members]
    for ref in dict.fromkeys(one.ref for one in asking):
        yield Invalid(ref, _field(ref, origins, asking), violation.problem)


def _field(ref: ObjectRef, origins: Iterable[Origin], asking: Iterable[Origin]) -> str:
    """The member's own field, or another object's that it uses, or where it asks for the whole."""
    named = [one for one in origins if one.field]
    if any(one.ref == ref for one in named):
        return next(one.field for one in named if one.ref == ref)
    if named:
        return f"{named[0].ref}: {named[0].field}"
    return next((one.field for one in asking if one.ref == ref), "")
