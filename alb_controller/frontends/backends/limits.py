"""Annotations that hold a number to which AWS sets a limit: the limit is what a user is shown."""

from __future__ import annotations

import msgspec

from alb_controller.model.limits import FIELDS
from alb_controller.objects.annotations.rows import Annotation


def limited(row: Annotation[int], field: str) -> Annotation[int]:
    """The row, with AWS's range in place of what fits into an integer."""
    limit = FIELDS[field]

    def parse(raw: str) -> int:
        try:
            value = row.parse(raw)
        except ValueError:
            raise ValueError(limit.allowed(raw)) from None
        if limit.problem(value) is not None:
            raise ValueError(limit.allowed(raw))
        return value

    return msgspec.structs.replace(row, parse=parse)
