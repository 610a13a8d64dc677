"""What the flag table claims to be served is read by the code, and nothing else is."""

from __future__ import annotations

import ast

from alb_controller.settings import Served, flag_rows, gate_rows
from tests.meta.sources import ROOT, files_of_package, tree

# read through the settings themselves, not by an attribute of that name
ELSEWHERE = {"feature_gates"}


# a spike that the process does not serve yet (ADR 16): it goes when Services are served
NOT_WIRED = ROOT / "alb_controller" / "frontends" / "service"


def _attributes_read() -> set[str]:
    """Names of attributes that the package reads outside its settings."""
    settings = ROOT / "alb_controller" / "settings"
    return {
        node.attr
        for path in files_of_package()
        if not {settings, NOT_WIRED} & set(path.parents)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


def test_a_served_flag_is_read() -> None:
    """Nobody sets a flag that the table calls served and the code never looks at."""
    read = _attributes_read()
    served = {row.field for row in flag_rows() if row.flag.served is Served.YES} - ELSEWHERE
    unread = sorted(served - read)
    assert not unread


def test_a_served_gate_is_read() -> None:
    """The same for feature gates."""
    read = _attributes_read()
    served = {row.field for row in gate_rows() if row.gate.served is Served.YES}
    unread = sorted(served - read)
    assert not unread


def test_a_flag_that_is_read_is_served() -> None:
    """A flag or gate that gained its code is no longer called missing."""
    flags = {row.field for row in flag_rows() if row.flag.served is not Served.YES}
    gates = {row.field for row in gate_rows() if row.gate.served is not Served.YES}
    missing_and_read = sorted((flags | gates) & _attributes_read())
    assert not missing_and_read
