"""What a stack wants, as a whole."""

from __future__ import annotations

import pytest

from tests.unit.build.intents import FRONT, MAIN, NOTHING, balancer, stack_intent


def test_a_balancer_is_known_by_its_id() -> None:
    """One that the stack does not want is an error of the program."""
    front = balancer(id=FRONT)
    intent = stack_intent(balancers=(balancer(), front))
    assert intent.balancer(FRONT) is front
    with pytest.raises(KeyError, match=MAIN):
        NOTHING.balancer(MAIN)
