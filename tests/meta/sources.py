"""The project's Python files, parsed once, for the tests that read them."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def files_of_package() -> tuple[Path, ...]:
    """Every module of the package."""
    return tuple(sorted((ROOT / "alb_controller").rglob("*.py")))


@functools.cache
def files_of_tests() -> tuple[Path, ...]:
    """Every Python file of the tests, tools and fakes included."""
    return tuple(sorted((ROOT / "tests").rglob("*.py")))


@functools.cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[Function]:
    """Every function of a file, methods and nested ones included."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def body_lines(function: Function) -> int:
    """Lines from the first statement after the docstring to the last."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body and body[-1].end_lineno else 0


def place(path: Path, line: int | None = None) -> str:
    """`file:line` from the root, as editors open it."""
    return str(path.relative_to(ROOT)) + (f":{line}" if line else "")


def lines_matching(paths: tuple[Path, ...], pattern: str) -> list[str]:
    """Every place whose line matches."""
    return [
        place(path, number)
        for path in paths
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(pattern, line)
    ]
