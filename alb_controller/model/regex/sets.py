"""Sets of characters: escapes such as `\\d`, and what stands in brackets."""

from __future__ import annotations

from alb_controller.model.regex.nodes import Range

_LAST = 0x10FFFF
DIGIT: tuple[Range, ...] = ((48, 57),)
LETTERS: tuple[Range, ...] = ((48, 57), (65, 90), (95, 95), (97, 122))
SPACE: tuple[Range, ...] = ((9, 10), (12, 13), (32, 32))
BY_LETTER = {"d": DIGIT, "w": LETTERS, "s": SPACE}
NAMED: dict[str, tuple[Range, ...]] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": DIGIT,
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": LETTERS,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
CONTROLS = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}


def opposite(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    """All other characters than those of ranges that are sorted and apart."""
    found, begin = [], 0
    for first, last in ranges:
        found.append((begin, first - 1))
        begin = last + 1
    return (*found, (begin, _LAST))


def by_letter(letter: str) -> tuple[Range, ...] | None:
    """The set of `\\d` and its like, of `\\D` and its like; None for another letter."""
    ranges = BY_LETTER.get(letter.lower())
    if ranges is None:
        return None
    return ranges if letter.islower() else opposite(ranges)
