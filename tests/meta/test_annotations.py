"""Every annotation is declared in one table, and every row of the table is read."""

from __future__ import annotations

import ast

from alb_controller.objects.annotations import ingress_table
from alb_controller.objects.annotations.rows import Annotation
from tests.meta.sources import ROOT, files_of_package, place, tree

TABLES = ROOT / "alb_controller" / "objects" / "annotations"


def test_annotations_are_made_in_their_tables_alone() -> None:
    """One that is made elsewhere would work, while its user is warned that it is ignored."""
    assert not [
        place(path, node.lineno)
        for path in files_of_package()
        if path.parent != TABLES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == Annotation.__name__
    ]


def test_every_row_is_in_the_table_once() -> None:
    """The table is what its module declares."""
    declared = [row for row in vars(ingress_table).values() if isinstance(row, Annotation)]
    assert list(ingress_table.TABLE) == declared
    assert len({row.suffix for row in declared}) == len(declared) > 60


def test_every_row_is_read() -> None:
    """A row that nothing reads is an annotation that does nothing."""
    names = {name for name, row in vars(ingress_table).items() if isinstance(row, Annotation)}
    read = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for path in files_of_package()
        if path.parent != TABLES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute | ast.Name)
    }
    assert not names - read
