"""The local AWS takes what is just within the limits of AWS."""

from __future__ import annotations

import pytest

from tests.sandbox.aws.refusals.local import Standing
from tests.sandbox.aws.refusals.standing import Case
from tests.sandbox.aws.refusals.tables import TAKEN
from tests.sandbox.aws.world import World


@pytest.mark.parametrize("case", TAKEN, ids=lambda case: case.name)
def test_taken(world: World, case: Case) -> None:
    """The call is at the edge of what AWS takes, and is taken."""
    Standing(world.account.endpoint, world.ids).ask(case)
