"""What the documents name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.meta.sources import ROOT, files_of_package, files_of_tests, place

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ONE_PAGE_LINES = 90
ONE_PAGE = [
    *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "SCOPE.md", "README.md")),
    *sorted((ROOT / "docs" / "adr").glob("*.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file or folder of the repository."""
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    broken = [
        link for link in links if "://" not in link and not (page.parent / link).resolve().exists()
    ]
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_commands_exist(page: Path) -> None:
    """Every `make` target that a page tells a reader to run is in the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    reported = set(re.findall(r"(?:`|^    )make ([a-z]+)", page.read_text(), re.MULTILINE))
    missing = {
        target for target in reported if not re.search(rf"^{target}:", makefile, re.MULTILINE)
    }
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_flags_exist(page: Path) -> None:
    """Every flag that a page shows for `alb-controller run` is one."""
    known = (ROOT / "docs" / "reference" / "flags.md").read_text()
    lines = [line for line in page.read_text().splitlines() if "alb-controller run" in line]
    reported = {flag for line in lines for flag in re.findall(r"--([a-z0-9-]+)[= `]", line)}
    assert not {flag for flag in reported - {"flag"} if f"`--{flag}`" not in known}


@pytest.mark.parametrize("page", ONE_PAGE, ids=place)
def test_one_page_is_one_page(page: Path) -> None:
    """Documents that promise to be one page are."""
    assert len(page.read_text().splitlines()) <= ONE_PAGE_LINES


def test_decisions_are_numbered_and_complete() -> None:
    """Each ADR has a number of its own, a status and a decision."""
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert len({page.name[:4] for page in pages}) == len(pages)
    for page in pages:
        text = page.read_text()
        assert text.startswith(f"# {int(page.name[:4])}. ")
        assert "Status: " in text
        assert "## Decision" in text


def test_decisions_have_no_holes() -> None:
    """A number that is missing would be a decision that a reader looks for."""
    numbers = [int(page.name[:4]) for page in (ROOT / "docs" / "adr").glob("*.md")]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


def _headings() -> set[str]:
    """The sections of the specification: "3", "3.2", "A", "A9"."""
    pages = (ROOT / "docs" / "spec").glob("*.md")
    lines = (line for page in pages for line in page.read_text().splitlines())
    found = (re.match(r"#+ ([0-9]+(?:\.[0-9]+)?|[A-F][0-9]*)\.? ", line) for line in lines)
    return {match[1] for match in found if match}


def test_cited_sections_exist() -> None:
    """Every `spec 3.2` in code, tests and docs is a section of docs/spec."""
    section = r"(?:[0-9]+(?:\.[0-9]+)?|[A-F][0-9]+)"
    cited = re.compile(rf"\bspec ({section}(?:(?:, | and ){section})*)(?![\w.]*[\w])")
    known = _headings()
    missing = [
        f"{place(path)}: {one}"
        for path in (*PAGES, *files_of_package(), *files_of_tests())
        for match in cited.finditer(path.read_text())
        for one in re.findall(section, match[1])
        if one not in known
    ]
    assert not missing


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "changelog.d" not in page.parts], ids=place
)
def test_paths_in_backticks_exist(page: Path) -> None:
    """A file or folder of the project that a page names is there."""
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", page.read_text())
    roots = (ROOT, ROOT / "alb_controller", page.parent)
    ours = {child.name for root in roots[:2] for child in root.iterdir()}
    missing = [
        path
        for path in named
        if path.split("/")[0] in ours
        and not re.search(r"\b[A-Z]{4,}/", path)
        and not any((root / path).exists() for root in roots)
    ]
    assert not missing


def test_every_make_target_is_listed_by_help() -> None:
    """`make help` shows every target that a person may run."""
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    silent = [t for t in phony[1].split() if not re.search(rf"^{t}:.* ## ", makefile, re.MULTILINE)]
    assert not silent
