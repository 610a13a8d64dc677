"""One bad item does not spoil the call for the others."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from alb_controller.aws.batches import chunks, for_each_part
from alb_controller.errors import AwsError, Rejected, Throttled


class Register:
    """Takes items, and refuses a whole call for one bad item, as AWS does."""

    def __init__(self, bad: set[int]) -> None:
        self.bad, self.taken, self.calls = bad, set[int](), 0

    def __call__(self, items: Sequence[int]) -> None:
        self.calls += 1
        if self.bad & set(items):
            raise Rejected("elbv2", "RegisterTargets", "InvalidTarget", f"{sorted(self.bad)}")
        self.taken |= set(items)


def _is_bad(error: AwsError) -> bool:
    return error.code == "InvalidTarget"


def test_good_items_are_one_call() -> None:
    """Where nothing is wrong, nothing is split."""
    register = Register(bad=set())
    assert for_each_part(range(200), register, _is_bad) == []
    assert register.calls == 1


def test_bad_items_are_left_over() -> None:
    """All good items are taken, in few calls, and each bad one has its error."""
    register = Register(bad={3, 150})
    errors = for_each_part(range(200), register, _is_bad)
    assert len(errors) == 2
    assert register.taken == set(range(200)) - {3, 150}
    assert register.calls <= 1 + 2 * 2 * 8


def test_other_errors_are_raised() -> None:
    """An error that is not about an item is not searched for."""

    def throttled(_: Sequence[int]) -> None:
        raise Throttled("elbv2", "RegisterTargets", "Throttling", "slow down")

    with pytest.raises(Throttled):
        for_each_part([1, 2], throttled, _is_bad)


def test_chunks_keep_the_order() -> None:
    """Parts of the size, the last one shorter; none of nothing."""
    assert [list(part) for part in chunks([1, 2, 3, 4, 5], 2)] == [[1, 2], [3, 4], [5]]
    assert list(chunks([], 2)) == []
