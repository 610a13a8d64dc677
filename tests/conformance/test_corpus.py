"""The corpus itself: every case is whole, and every accepted difference is in use and explained."""

from __future__ import annotations

import yaml

from alb_controller.aws.permissions import MANAGED_CERTIFICATES, USED
from tests.conformance.additions import ADDITIONS
from tests.conformance.corpus import (
    DELETE,
    DIVERGENCES,
    HERE,
    REPRESENTATIVE,
    Needs,
    case_names,
    divergences,
    needs,
    own_names,
    steps,
)
from tests.meta.sources import ROOT


def test_every_step_has_a_recording() -> None:
    """Each of the 80 cases has steps, and each step, the delete too, its expected file."""
    assert len(case_names()) == 80
    for case in case_names():
        assert len(steps(case)) >= 2, case
        assert all("AWS" in step.recorded() for step in steps(case)), case


def test_representative_cases_are_cases() -> None:
    """25 of them, each once."""
    assert len(set(REPRESENTATIVE)) == len(REPRESENTATIVE) == 25
    assert set(REPRESENTATIVE) <= {*case_names(), *own_names()}


def test_our_own_cases_are_whole() -> None:
    """They have steps and expected files, say where these come from, and no recorded name."""
    assert not set(own_names()) & set(case_names())
    for case in own_names():
        for step in steps(case):
            assert "AWS" in step.recorded(), case
            assert step.name == DELETE or "spec" in step.reason().lower(), step


def test_demanded_calls_are_of_operations_that_the_controller_knows() -> None:
    """A misspelt operation would never be made, and demand nothing where it must not be."""
    known = {action.partition(":")[2] for action in USED | MANAGED_CERTIFICATES}
    demanded = [step.demanded_calls() for case in own_names() for step in steps(case)]
    assert any(demanded)
    for calls in demanded:
        assert calls.keys() <= known
        assert all(isinstance(must, bool) for must in calls.values())


def test_no_expected_file_shows_a_client_secret() -> None:
    """What manifests of Secrets hold stands in no file that is compared or printed."""
    manifests = [path for path in HERE.rglob("[0-9]*.yaml") if ".expected." not in path.name]
    held = {
        value
        for path in manifests
        if "kind: Secret" in (text := path.read_text())
        for document in yaml.safe_load_all(text)
        if document and document.get("kind") == "Secret"
        for key, value in document.get("stringData", {}).items()
        if key == "clientSecret"
    }
    assert held
    for path in HERE.rglob("*.expected.yaml"):
        assert not any(value.strip() in path.read_text() for value in held), path


def test_the_readme_says_how_many_cases_pass() -> None:
    """All of them, and that is the number that users read."""
    text = " ".join((ROOT / "README.md").read_text().split())
    assert f"All {len(case_names())} cases end exactly" in text


def test_every_divergence_is_used_and_every_use_is_listed() -> None:
    """A file without an entry is a silent difference; an entry without a file is a stale one."""
    listed = {entry.path for entry in divergences()}
    assert listed == set(DIVERGENCES.rglob("*.expected.yaml"))


def test_a_divergence_differs_and_is_explained() -> None:
    """An entry stands for a known step, differs from the recording and has a reason and an ADR."""
    for entry in divergences():
        step = next(step for step in steps(entry.case) if step.name == entry.step)
        recorded = {key: value for key, value in step.recorded().items() if key != "Calls"}
        assert {k: v for k, v in step.expected().items() if k != "Calls"} != recorded
        assert entry.why
        assert (ROOT / entry.adr).exists()


def test_what_cases_need_exists() -> None:
    """A case names additions that there are; none is left over."""
    named = {name for case in own_names() for name in needs(case).account}
    assert named == set(ADDITIONS)
    assert all(needs(case) == Needs() for case in case_names())
