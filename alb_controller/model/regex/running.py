"""Runs an expression over a text: all ways at once, the preferred one first."""

from __future__ import annotations

import functools
from typing import Literal, NamedTuple, TypeAlias, assert_never

import msgspec

from alb_controller.model.regex.nodes import At, Chars, Choice, Edge, Group, Node, Repeat, Sequence
from alb_controller.model.regex.parsing import BadExpression, Parser

_MOST_STEPS = 20_000
Slots: TypeAlias = tuple[int, ...]


class Step(NamedTuple):
    """What is done at a place of the program; `to` are places, the preferred one first."""

    kind: Literal["take", "split", "save", "edge", "match"]
    chars: Chars | None = None
    to: tuple[int, ...] = ()
    slot: int = 0
    edge: Edge = "start"


class _Threads(NamedTuple):
    """The ways that are open at a place of the text, the preferred one first."""

    by_place: dict[int, Slots]
    seen: set[int]
    """Places of the program that were passed: nobody comes there a second time."""


class Found(msgspec.Struct, frozen=True):
    """A match: the whole and its groups."""

    text: str
    slots: Slots

    def span(self, number: int) -> tuple[int, int] | None:
        """Where a group is; None where it took no part."""
        first, last = self.slots[2 * number : 2 * number + 2]
        return None if last < 0 else (first, last)

    def group(self, number: int) -> str:
        """The text of a group; empty where it took no part."""
        span = self.span(number)
        return "" if span is None else self.text[span[0] : span[1]]


class Expression:
    """An expression, ready to be searched for."""

    def __init__(self, text: str, *, is_cased: bool = True) -> None:
        """Raises BadExpression."""
        parser = Parser(text, is_cased=is_cased)
        node = parser.whole()
        self.groups = parser.groups
        self._steps: list[Step] = []
        self._emit(Group(node, 0))
        self._add(Step("match"))

    def search(self, text: str) -> Found | None:
        """The leftmost match, of those there the preferred one."""
        found: Slots | None = None
        threads = _Threads({}, set())
        for at in range(len(text) + 1):
            if found is None:
                self._follow(threads, 0, (-1,) * (2 * self.groups + 2), text, at)
            later = _Threads({}, set())
            for place, slots in threads.by_place.items():
                step = self._steps[place]
                if step.kind == "match":
                    found = slots
                    break  # the others are less preferred
                if at < len(text) and step.chars is not None and step.chars.has(text[at]):
                    self._follow(later, place + 1, slots, text, at + 1)
            threads = later
            if found is not None and not threads.by_place:
                break
        return None if found is None else Found(text, found)

    def _follow(self, threads: _Threads, place: int, slots: Slots, text: str, at: int) -> None:
        """Add a thread, past all steps that take no character."""
        waiting = [(place, slots)]
        while waiting:
            place, slots = waiting.pop()
            if place in threads.seen:
                continue
            threads.seen.add(place)
            step = self._steps[place]
            match step.kind:
                case "split":
                    waiting += [(to, slots) for to in reversed(step.to)]
                case "save":
                    waiting.append((place + 1, _with(slots, step.slot, at)))
                case "edge":
                    if _is_at(step.edge, text, at):
                        waiting.append((place + 1, slots))
                case _:
                    threads.by_place[place] = slots

    # ---- the program

    def _add(self, step: Step) -> int:
        if len(self._steps) >= _MOST_STEPS:
            raise BadExpression(f"an expression of more than {_MOST_STEPS} steps")
        self._steps.append(step)
        return len(self._steps) - 1

    def _emit(self, node: Node) -> None:
        match node:
            case Chars():
                self._add(Step("take", chars=node))
            case At():
                self._add(Step("edge", edge=node.edge))
            case Sequence():
                for part in node.parts:
                    self._emit(part)
            case Choice():
                self._emit_choice(node)
            case Repeat():
                self._emit_repeat(node)
            case Group():
                self._add(Step("save", slot=2 * node.number))
                self._emit(node.part)
                self._add(Step("save", slot=2 * node.number + 1))
            case _:
                assert_never(node)

    def _emit_choice(self, node: Choice) -> None:
        ends = []
        for part in node.parts[:-1]:
            split = self._add(Step("split"))
            self._emit(part)
            ends.append(self._add(Step("split")))
            self._steps[split] = Step("split", to=(split + 1, len(self._steps)))
        self._emit(node.parts[-1])
        for end in ends:
            self._steps[end] = Step("split", to=(len(self._steps),))

    def _emit_repeat(self, node: Repeat) -> None:
        for _ in range(node.least):
            self._emit(node.part)
        if node.most is None:
            split = self._add(Step("split"))
            self._emit(node.part)
            self._add(Step("split", to=(split,)))
            self._steps[split] = self._fork(split, node)
            return
        splits = []
        for _ in range(node.most - node.least):
            splits.append(self._add(Step("split")))
            self._emit(node.part)
        for split in splits:
            self._steps[split] = self._fork(split, node)

    def _fork(self, split: int, node: Repeat) -> Step:
        """Once more, or on; the lazy one would rather go on."""
        ways = (split + 1, len(self._steps))
        return Step("split", to=ways if node.is_greedy else ways[::-1])


def _with(slots: Slots, slot: int, at: int) -> Slots:
    return (*slots[:slot], at, *slots[slot + 1 :])


def _is_at(edge: Edge, text: str, at: int) -> bool:
    match edge:
        case "start":
            return at == 0
        case "end":
            return at == len(text)
        case "line-start":
            return at == 0 or text[at - 1] == "\n"
        case "line-end":
            return at == len(text) or text[at] == "\n"
        case _:
            before, behind = text[max(at - 1, 0) : at], text[at : at + 1]
            return (_is_letter(before) is not _is_letter(behind)) is (edge == "word")


def _is_letter(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


@functools.lru_cache(maxsize=1024)
def compiled(text: str, *, is_cased: bool = True) -> Expression | None:
    """The expression; None for a text that is none."""
    try:
        return Expression(text, is_cased=is_cased)
    except BadExpression:
        return None
