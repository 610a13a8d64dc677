"""Prose is plain: a newcomer needs no dictionary of ours (docs/glossary.md has the terms)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.meta.sources import ROOT, files_of_package, files_of_tests, place

INSTEAD = {
    r"the reference(?! page)": "LBC",
    r"told": "reported, shown, named; who reads it gets a Warning",
    r"strays?": "surplus, unassigned, rejected",
    r"doubts?|doubted": "uncertain, unknown",
    r"verdicts?": "decision, result",
    r"wish|wishes": "request, setting",
    r"mend|mends|mended|mending": "correct, repair, patch",
    r"troubles?": "problem, failure",
    r"keeps? (?:its|their) word": "wins",
    r"last good word": "last known good settings",
    r"no API's words": "in terms of no particular API",
}
"""Phrases that have stopped readers, and the plain form."""
_RESERVED = {place(Path(__file__)), "tests/meta/test_identifiers.py"}
"""These two must write what they forbid."""


def _pages() -> Iterator[Path]:
    """Everything that is read; the specification calls LBC what its readers do (docs/spec/)."""
    yield from ROOT.glob("*.md")
    yield from (p for p in (ROOT / "docs").rglob("*.md") if (ROOT / "docs/spec") not in p.parents)
    yield from (ROOT / "charts").rglob("*.yaml")
    yield ROOT / "Makefile"


def _found(text: str) -> Iterator[tuple[int, str]]:
    """Line by line; a phrase of two words may stand on two."""
    for phrase, plain in INSTEAD.items():
        pattern = phrase.replace(" ", r"\s+(?:# )?")
        for match in re.finditer(rf"\b(?:{pattern})\b", text, re.IGNORECASE):
            line = text.count("\n", 0, match.start()) + 1
            yield line, f"{' '.join(match[0].split())}: {plain}"


def test_no_page_docstring_or_comment_is_in_a_language_of_our_own() -> None:
    """In the package, its tests, the docs and the chart."""
    files = (*files_of_package(), *files_of_tests(), *_pages())
    found = [
        f"{place(path, line)} {problem}"
        for path in files
        if place(path) not in _RESERVED
        for line, problem in _found(path.read_text())
    ]
    assert not found


@pytest.mark.parametrize(
    "text, is_found",
    [
        ("as in\n# the reference", True),
        ("The user is Told.", True),
        ("the reference page of the flags", False),
        ("the API reference", False),
        ("[troubleshooting](troubleshoot.md)", False),
        ("`untold`, amended", False),
    ],
)
def test_a_phrase_is_found_however_it_stands(text: str, is_found: bool) -> None:
    """Over the end of a line, in capitals; and never a part of another."""
    assert bool(list(_found(text))) is is_found
