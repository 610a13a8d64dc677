"""What the user sees: colours and a tree on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import click

from alb_controller.sandbox.tree import Branch


class Output(Protocol):
    """Where the sandbox writes."""

    def step(self, text: str) -> None:
        """Something was done."""

    def wait(self, text: str) -> None:
        """Something is waited for."""

    def note(self, text: str) -> None:
        """Something that the user should know."""

    def trees(self, trees: Sequence[Branch]) -> None:
        """What was made."""

    def lines(self, lines: Iterable[str]) -> None:
        """Lines to be read or copied, as they are."""

    def end(self) -> None:
        """Nothing is waited for any more."""


class PlainOutput:
    """One line after another, for pipes and logs."""

    def step(self, text: str) -> None:
        """Something was done."""
        click.echo(f"- {text}")

    def wait(self, text: str) -> None:
        """Something is waited for."""
        click.echo(f"  {text}")

    def note(self, text: str) -> None:
        """Something that the user should know."""
        click.echo(f"! {text}")

    def trees(self, trees: Sequence[Branch]) -> None:
        """What was made."""
        for tree in trees:
            click.echo("")
            for line in drawn(tree):
                click.echo(str(line))

    def lines(self, lines: Iterable[str]) -> None:
        """Lines to be read or copied."""
        click.echo("")
        for line in lines:
            click.echo(line)

    def end(self) -> None:
        """Nothing is waited for any more."""


class RichOutput:
    """Colours, and one line that moves while something is waited for."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(highlight=False, soft_wrap=True)
        self._status = self._console.status("", spinner="dots")

    def step(self, text: str) -> None:
        """Something was done."""
        self._status.stop()
        self._console.print("[green]✓[/green] ", end="")
        self._console.print(text, markup=False)

    def wait(self, text: str) -> None:
        """Something is waited for."""
        from rich.text import Text

        self._status.update(Text(text))
        self._status.start()

    def note(self, text: str) -> None:
        """Something that the user should know."""
        self._status.stop()
        self._console.print("[yellow]![/yellow] ", end="")
        self._console.print(text, markup=False)

    def trees(self, trees: Sequence[Branch]) -> None:
        """What was made."""
        from rich.text import Text

        self._status.stop()
        for tree in trees:
            self._console.print()
            for line in drawn(tree):
                self._console.print(Text.assemble((line.guide, "dim"), (line.text, line.style)))

    def lines(self, lines: Iterable[str]) -> None:
        """Lines to be read or copied."""
        self._status.stop()
        self._console.print()
        for line in lines:
            self._console.print(line, markup=False)

    def end(self) -> None:
        """Nothing is waited for any more."""
        self._status.stop()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a drawn tree: what leads to it, its text, and how the text is to stand out."""

    guide: str
    text: str
    style: str

    def __str__(self) -> str:
        return self.guide + self.text


def drawn(branch: Branch) -> Iterator[Line]:
    """A tree as lines."""
    yield Line("", branch.text, branch.style)
    last = len(branch.branches) - 1
    for place, below in enumerate(branch.branches):
        first, rest = ("└─ ", "   ") if place == last else ("├─ ", "│  ")
        for number, line in enumerate(drawn(below)):
            yield replace(line, guide=(rest if number else first) + line.guide)


def choose_output(*, is_terminal: bool) -> Output:
    """Colours where somebody looks, plain lines elsewhere and where rich is not installed."""
    if is_terminal:
        try:
            return RichOutput()
        except ImportError:
            pass
    return PlainOutput()
