"""Nothing grows past what a reader holds in mind; the limits are in CONTRIBUTING.md."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

import pytest

from tests.meta.sources import (
    ROOT,
    body_lines,
    files_of_package,
    files_of_tests,
    functions,
    place,
    tree,
)

FILE_LINES = 500
PASS_LINES = 120
FUNCTION_LINES = 50
TEST_LINES = 40
FOLDER_MODULES = 15
CLASS_FIELDS = 10
ARGUMENTS = 6
MEDIAN_LINES = 8
TUPLE_VALUES = 2
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "impl", "default"}


def test_files_are_short() -> None:
    """No file of ours is longer than 500 lines."""
    long = [
        f"{place(path)} has {count}"
        for path in files_of_package() + files_of_tests()
        if (count := len(path.read_text().splitlines())) > FILE_LINES
    ]
    assert not long


def test_a_pass_stands_on_one_screen() -> None:
    """The order of a pass over a stack is read at one glance: 120 lines at most (ADR 16)."""
    path = ROOT / "alb_controller/reconcile/stack/reconciler.py"
    assert len(path.read_text().splitlines()) <= PASS_LINES


def test_functions_are_short() -> None:
    """No function of the package has a body over 50 lines."""
    long = [
        f"{place(path, function.lineno)} {function.name} has {body_lines(function)}"
        for path in files_of_package()
        for function in functions(path)
        if body_lines(function) > FUNCTION_LINES
    ]
    assert not long


def test_half_of_the_functions_are_very_short() -> None:
    """The median body of the package is 8 lines at most."""
    sizes = [body_lines(function) for path in files_of_package() for function in functions(path)]
    assert statistics.median(sizes) <= MEDIAN_LINES


def test_test_functions_are_short() -> None:
    """No test or test tool has a body over 40 lines: longer means the data belongs in a file."""
    long = [
        f"{place(path, function.lineno)} {function.name} has {body_lines(function)}"
        for path in files_of_tests()
        for function in functions(path)
        if body_lines(function) > TEST_LINES
    ]
    assert not long


def test_arguments_are_few() -> None:
    """No function takes more than six arguments, keyword-only ones included."""
    many = []
    for path in files_of_package():
        for function in functions(path):
            arguments = function.args
            names = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            count = len([name for name in names if name.arg not in ("self", "cls")])
            if count > ARGUMENTS:
                many.append(f"{place(path, function.lineno)} {function.name} takes {count}")
    assert not many


def test_functions_return_one_thing() -> None:
    """A result of more than two values has a type with names; keys to sort by have none."""
    wide = [
        f"{place(path, function.lineno)} {function.name}"
        for path in files_of_package()
        for function in functions(path)
        if not function.name.endswith("key") and _tuple_length(function.returns) > TUPLE_VALUES
    ]
    assert not wide


def _tuple_length(returns: ast.expr | None) -> int:
    """Values in a fixed-length tuple annotation; 0 for anything else."""
    match returns:
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=elements)):
            endless = any(getattr(item, "value", None) is ... for item in elements)
            return 0 if endless else len(elements)
        case _:
            return 0


def test_classes_that_do_things_have_few_fields() -> None:
    """A class with behaviour keeps at most ten attributes; frozen data may hold more."""
    wide = [
        f"{place(path, node.lineno)} {node.name} has {len(fields)}"
        for path in files_of_package()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and len(fields := _assigned_on_self(node)) > CLASS_FIELDS
    ]
    assert not wide


def _assigned_on_self(node: ast.ClassDef) -> set[str]:
    """Attributes that the class keeps; `self.x = other.x` hands a method on and keeps nothing."""
    return {
        part.attr
        for assignment in ast.walk(node)
        if isinstance(assignment, ast.Assign | ast.AnnAssign | ast.AugAssign)
        for part in ast.walk(assignment)
        if isinstance(part, ast.Attribute)
        and isinstance(part.ctx, ast.Store)
        and isinstance(part.value, ast.Name)
        and part.value.id == "self"
        and getattr(assignment.value, "attr", None) != part.attr
    }


def _folders() -> list[Path]:
    return sorted({path.parent for path in files_of_package()})


@pytest.mark.parametrize("folder", _folders(), ids=place)
def test_folders_hold_few_modules(folder: Path) -> None:
    """No folder of the package has more than 15 modules."""
    assert len([path for path in folder.glob("*.py") if path.stem != "__init__"]) <= FOLDER_MODULES


def test_module_names_say_something() -> None:
    """No module is a drawer: utils, helpers, common, misc, manager, impl, default…"""
    vague = [
        place(path)
        for path in files_of_package() + files_of_tests()
        if VAGUE & set(path.stem.removeprefix("test_").split("_"))
    ]
    assert not vague


def test_the_top_level_has_no_other_folders() -> None:
    """A newcomer finds package, chart, policies, docs and tests, and no sixth room."""
    allowed = {"alb_controller", "charts", "docs", "iam", "tests", ".ci"}
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    hidden_or_built = {name for name in folders if name.startswith(".") and name != ".ci"}
    assert folders - hidden_or_built - allowed <= {"build", "dist", "htmlcov"}
