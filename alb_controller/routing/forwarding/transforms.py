"""Rewrites of path and query, and of the host, on the way to the target.

Source: "Transforms for listener rules" of the Application Load Balancer guide. Not documented,
and chosen here: the first match is replaced; a host is seen in lower case, without its port.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from alb_controller.model.actions import Transform
from alb_controller.routing.expressions import replaced


def transformed(
    transforms: Iterable[Transform], kind: Literal["url-rewrite", "host-header-rewrite"], text: str
) -> str:
    """The text after the transforms of that kind; as it was where no expression fits."""
    for transform in transforms:
        for rewrite in transform.rewrites if transform.type == kind else ():
            new = replaced(rewrite.regex, rewrite.replace, text)
            if new is not None:
                return new
    return text
