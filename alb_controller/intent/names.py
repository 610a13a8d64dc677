"""What generated names are made of."""

from __future__ import annotations

import msgspec


class NameSeed(msgspec.Struct, frozen=True):
    """What a generated name is made of: readable parts, each cut to a length, and a hash.

    The builder turns it into `k8s-<part>-<part>-<first 10 hex digits of SHA-256>` (spec 5.1, 6.1).
    """

    parts: tuple[tuple[str, int], ...]
    hashed: tuple[str, ...]
