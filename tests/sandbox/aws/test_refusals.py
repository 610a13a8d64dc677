"""The local AWS refuses what AWS refuses, with its codes, and does nothing of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.aws.conftest import Running, empty
from tests.sandbox.aws.refusals.local import Standing
from tests.sandbox.aws.refusals.standing import Case
from tests.sandbox.aws.refusals.tables import REFUSED


@pytest.fixture(scope="module")
def standing(running: Running) -> Iterator[Standing]:
    """One for all calls: at the end everything is as it was before the first."""
    empty()
    made = Standing(running.server.url, running.world.ids)
    before = made.seen()
    yield made
    assert made.seen() == before
    empty()


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused(standing: Standing, case: Case) -> None:
    """The call is refused with AWS's code and, where they are known, its words."""
    with pytest.raises(ClientError) as caught:
        standing.ask(case)
    error = caught.value.response["Error"]
    assert error["Code"] == case.code, error["Message"]
    assert case.message in error["Message"]
