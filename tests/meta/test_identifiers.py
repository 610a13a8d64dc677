"""Names are the field's terms: a newcomer needs no dictionary of ours (docs/glossary.md)."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.meta.sources import files_of_package, files_of_tests, place

INSTEAD = {
    "report, message": ("tell", "tells", "told", "telling", "said", "speak", "speaks", "spoken"),
    "text, value, term": ("word", "words", "worded"),
    "rejected, unassigned": ("stray", "strays"),
    "invalidate": ("doubt", "doubts", "doubted", "doubtful", "distrust", "distrusted"),
    "patch, correct": ("mend", "mends", "mended", "mending"),
    "decision, review": ("verdict", "verdicts"),
    "unhealthy reason, problem": ("trouble", "troubles"),
    "request, options": ("wish", "wishes"),
}
OLD = {old: new for new, olds in INSTEAD.items() for old in olds}


def _parts(name: str) -> set[str]:
    """The parts of snake_case and CamelCase."""
    return {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def _names(path: Path) -> Iterator[tuple[int, str]]:
    yield 0, path.stem
    yield 0, path.parent.name
    with io.StringIO(path.read_text()) as text:
        for token in tokenize.generate_tokens(text.readline):
            if token.type == tokenize.NAME:
                yield token.start[0], token.string


def test_no_identifier_is_of_a_language_of_our_own() -> None:
    """Modules, functions and variables, of the package and of the tests, have no old names."""
    found = [
        f"{place(path, line)} {name}: {OLD[part]}"
        for path in files_of_package() + files_of_tests()
        for line, name in _names(path)
        for part in _parts(name) & OLD.keys()
    ]
    assert not found


@pytest.mark.parametrize("name", ["is_told", "MENDS", "PolicyWish", "saidOnce", "HTTPVerdict"])
def test_old_names_are_found_however_they_are_written(name: str) -> None:
    """In snake case, in capitals and in camel case."""
    assert _parts(name) & OLD.keys()
