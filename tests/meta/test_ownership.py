"""Tags, labels and finalizers that say who owns what are written in one module alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from alb_controller.model.ownership import LEGACY_CLUSTER_TAG, OWNERSHIPS, TRACKING_KEYS
from tests.meta.sources import ROOT, files_of_package, place, tree

HOME = ROOT / "alb_controller" / "model" / "ownership.py"
TEXTS = {LEGACY_CLUSTER_TAG, *TRACKING_KEYS}.union(
    *(
        {own.prefix, own.namespace_label, own.name_label, own.finalizer, own.group_finalizer or ""}
        for own in OWNERSHIPS.values()
    )
) - {""}
PATTERN = re.compile(rf"(?<![\w.-])({'|'.join(map(re.escape, sorted(TEXTS)))})(?![\w/.-])")


def _places(path: Path, module: ast.Module) -> Iterator[str]:
    """Where code, and no docstring, holds one of the texts, also as a part of a longer one."""
    prose = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if not isinstance(node, ast.Constant) or id(node) in prose:
            continue
        if isinstance(node.value, str) and PATTERN.search(node.value):
            yield place(path, node.lineno)


def test_no_other_module_writes_an_owners_tag() -> None:
    """Who needs one asks for the stack's; so nobody guesses a prefix."""
    paths = [p for p in files_of_package() if p != HOME and "sandbox" not in p.parts]
    assert len(paths) > 100
    assert [found for path in paths for found in _places(path, tree(path))] == []


@pytest.mark.parametrize("form", ['x = "{}"', 'x = f"the tag {} of {{x}}"', 'x = {{"{}": 1}}'])
def test_a_text_is_seen_where_code_writes_it(form: str) -> None:
    """As a constant, in a longer text and as a key; in a docstring it is prose."""
    unseen = [text for text in TEXTS if not list(_places(HOME, ast.parse(form.format(text))))]
    seen = [text for text in TEXTS if list(_places(HOME, ast.parse(f'"""The tag {text}."""')))]
    assert (unseen, seen) == ([], [])
