"""What the documents name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.meta.sources import ROOT, place

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
    told = set(re.findall(r"(?:`|^    )make ([a-z]+)", page.read_text(), re.MULTILINE))
    missing = {target for target in told if not re.search(rf"^{target}:", makefile, re.MULTILINE)}
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_flags_exist(page: Path) -> None:
    """Every flag that a page shows for `alb-controller run` is one."""
    known = (ROOT / "docs" / "reference" / "flags.md").read_text()
    lines = [line for line in page.read_text().splitlines() if "alb-controller run" in line]
    told = {flag for line in lines for flag in re.findall(r"--([a-z0-9-]+)[= `]", line)}
    assert not {flag for flag in told - {"flag"} if f"`--{flag}`" not in known}


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


def test_every_make_target_is_listed_by_help() -> None:
    """`make help` shows every target that a person may run."""
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    silent = [t for t in phony[1].split() if not re.search(rf"^{t}:.* ## ", makefile, re.MULTILINE)]
    assert not silent
