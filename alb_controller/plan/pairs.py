"""Desired resources beside the found ones that are to become them."""

from __future__ import annotations

from typing import Generic

import msgspec

from alb_controller.model.stack import Found, R


class Pair(msgspec.Struct, Generic[R], frozen=True):
    """A desired resource and the found one that is to become it, if there is one."""

    desired: R
    found: Found[R] | None


class Matched(msgspec.Struct, Generic[R], frozen=True):
    """All of one type: pairs sorted by resource id; `surplus` is found and not desired."""

    pairs: tuple[Pair[R], ...]
    surplus: tuple[Found[R], ...]
