"""Regular expressions: others' text never becomes one, and none backtracks on others' text."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.meta.sources import files_of_package, place, tree

_MAKERS = ("compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer")
_NOT_LITERAL = {
    "alb_controller/aws/failures.py": "joins its own table of error codes",
    "alb_controller/aws/rate.py": "--aws-api-throttle, against the names of operations",
    "alb_controller/settings/forms.py": "--aws-api-throttle is a regular expression",
    "alb_controller/sandbox/aws/moto_patches/refusals/shapes.py": "patterns of botocore's model",
    "alb_controller/sandbox/kubeapi/rules/names.py": "joins its own rules of names",
    "alb_controller/sandbox/kubeapi/rules/validation.py": "the sandbox plays the API server",
}
_TEXT_OF_OPERATORS = ("alb_controller/settings/", "alb_controller/sandbox/")
LENGTH, SECONDS = 30_000, 0.5
"""A pattern that is linear takes a hundredth of it, a quadratic one several times as long."""


def _patterns(path: Path) -> Iterator[tuple[int, ast.expr]]:
    """Where a file makes or applies a regular expression, and from what."""
    for node in ast.walk(tree(path)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in _MAKERS
        ):
            yield node.lineno, node.args[0]


def _literals() -> list[str]:
    return sorted(
        {
            pattern.value
            for path in files_of_package()
            if not place(path).startswith(_TEXT_OF_OPERATORS)
            for _, pattern in _patterns(path)
            if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str)
        }
    )


def test_regular_expressions_are_written_in_the_code() -> None:
    """One out of others' text can backtrack for ever: `model.wildcards` matches in bounded time."""
    made = {
        place(path)
        for path in files_of_package()
        for _, pattern in _patterns(path)
        if not isinstance(pattern, ast.Constant)
    }
    assert made == set(_NOT_LITERAL)


def test_no_module_of_the_standard_library_makes_them_either() -> None:
    """`fnmatch` and `glob` translate patterns into regular expressions."""
    assert not [
        place(path, node.lineno)
        for path in files_of_package()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and {"fnmatch", "glob"} & {getattr(node, "module", ""), *(one.name for one in node.names)}
    ]


@pytest.mark.parametrize("pattern", _literals())
def test_no_pattern_of_ours_takes_long(pattern: str) -> None:
    """On texts that repeat what it looks for and end otherwise, the time grows with the length."""
    compiled = re.compile(pattern)
    texts = re.findall(r"\w{2,}| \w+ \w+", pattern)
    for pump in {*pattern, *texts, *"a0 .-\n", "\\", "a.", "0.", " a"}:
        text = pump * (LENGTH // len(pump))
        for hostile in (text, text + "!", "!" + text + "\n"):
            began = time.thread_time()
            compiled.search(hostile)
            compiled.fullmatch(hostile)
            compiled.sub("", hostile)
            assert time.thread_time() - began < SECONDS, f"{pump!r} repeated"
