"""Chance and time for the evaluator of requests."""

from __future__ import annotations

import random
import time


class Dice:
    """Chance of a seed, or of none; the time is when it was made."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)
        self.seconds = int(time.time())

    def fraction(self) -> float:
        """At least 0, less than 1."""
        return self._random.random()

    def digits(self, count: int) -> str:
        """So many hexadecimal digits."""
        return f"{self._random.getrandbits(4 * count):0{count}x}"
