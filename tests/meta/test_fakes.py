"""An API has one behaving fake: a second one would behave otherwise, and nobody would see it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from alb_controller.aws.certificates.managed import CertificateManager
from alb_controller.aws.ec2 import Ec2
from alb_controller.aws.elbv2 import Elbv2
from alb_controller.clock import SystemClock
from alb_controller.kube.writer import Writer
from tests.meta.sources import ROOT, files_of_tests, place, tree

EDGES = (Elbv2, Ec2, CertificateManager, Writer, SystemClock)
"""What reaches an API; their methods are what a fake has."""
HOMES = {
    "tests/world.py": "Elastic Load Balancing and EC2: writes",
    "tests/world_reads.py": "Elastic Load Balancing and EC2: reads",
    "tests/world_certificates.py": "ACM and Route 53",
    "tests/world_kube.py": "Kubernetes",
    "tests/clocks.py": "time",
    "tests/rollout/timeline.py": "time of a simulation, which does what is due while it passes",
    "tests/unit/aws/test_facts.py": "EC2: the network, which nothing else reads",
}
"""A variation of a fake is a subclass of it, wherever it is needed."""


def _edge_methods() -> set[str]:
    """Those whose names could mean nothing else: of two words at least, and a clock's."""
    names = {name for edge in EDGES for name in dir(edge) if not name.startswith("_")}
    return {name for name in names if "_" in name} | {"monotonic"}


def _methods(node: ast.ClassDef) -> set[str]:
    return {one.name for one in node.body if isinstance(one, ast.FunctionDef)}


def _doubles(source: ast.Module) -> Iterator[tuple[ast.ClassDef, set[str]]]:
    """Classes of their own with methods of an edge, and which."""
    for node in ast.walk(source):
        if isinstance(node, ast.ClassDef) and not node.bases:
            methods = _methods(node) & _edge_methods()
            if methods:
                yield node, methods


def test_no_other_class_stands_in_for_an_api() -> None:
    """Fakes are where HOMES says."""
    found = [
        f"{place(path, node.lineno)} {node.name}: {', '.join(sorted(methods))}"
        for path in files_of_tests()
        if place(path) not in HOMES
        for node, methods in _doubles(tree(path))
    ]
    assert not found


@pytest.mark.parametrize("path", HOMES)
def test_a_home_has_a_fake_in_it(path: str) -> None:
    """A file that lost its fake is no place for a new one."""
    classes = (node for node in ast.walk(tree(ROOT / path)) if isinstance(node, ast.ClassDef))
    assert any(_methods(node) & _edge_methods() for node in classes)


@pytest.mark.parametrize(
    "text, is_double",
    [
        ("class Aws:\n def create_rule(self): ...", True),
        ("class Aws(Account):\n def create_rule(self): ...", False),
        ("class Clock:\n def monotonic(self): ...", True),
        ("class Basket:\n def delete(self): ...", False),
    ],
)
def test_a_double_is_seen(text: str, is_double: bool) -> None:
    """By its methods, whatever its name."""
    assert bool(list(_doubles(ast.parse(text)))) is is_double
