"""Calls that take many items at once, and refuse all of them for one bad one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from alb_controller.errors import AwsError

T = TypeVar("T")


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Parts of at most `size` items, in order; none for no items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def for_each_part(
    items: Sequence[T],
    send: Callable[[Sequence[T]], None],
    is_about_an_item: Callable[[AwsError], bool],
) -> list[AwsError]:
    """Send items together; where one of them spoils the call, halve until it stands alone.

    Returns the errors of the items that are bad by themselves; any other error is raised.
    """
    try:
        send(items)
    except AwsError as error:
        if not is_about_an_item(error):
            raise
        if len(items) == 1:
            return [error]
        middle = len(items) // 2
        return [
            *for_each_part(items[:middle], send, is_about_an_item),
            *for_each_part(items[middle:], send, is_about_an_item),
        ]
    return []
