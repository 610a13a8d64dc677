"""Modules declare the IAM actions of what they call, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path
from types import ModuleType

import pytest

from alb_controller.aws import ec2, elbv2, elbv2_reads, metadata, network, permissions, tagging
from alb_controller.aws.certificates import acm, managed, presented

SERVICE_OF = {
    acm: "acm",
    ec2: "ec2",
    elbv2: "elasticloadbalancing",
    elbv2_reads: "elasticloadbalancing",
    metadata: "ec2",
    network: "ec2",
    presented: "acm",
    tagging: "tag",
}


def _named_operations(module: ModuleType) -> set[str]:
    """Operations named in arguments of calls: `self._call("CreateRule", …)`, `pages(…)`."""
    source = Path(str(module.__file__)).read_text()
    arguments = (
        argument
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        for argument in node.args
    )
    texts = {one.value for one in arguments if isinstance(one, ast.Constant)}
    return {term for term in texts if isinstance(term, str) and _is_operation(term)}


def _is_operation(term: str) -> bool:
    verbs = ("Add", "Authorize", "Create", "Delete", "Deregister", "Describe", "Get", "List")
    more = ("Modify", "Register", "Remove", "Revoke", "Set")
    return term.isalpha() and any(
        term.startswith(verb) and term[len(verb) :][:1].isupper() for verb in (*verbs, *more)
    )


@pytest.mark.parametrize("module", SERVICE_OF, ids=lambda module: module.__name__)
def test_modules_declare_what_they_call(module: ModuleType) -> None:
    """PERMISSIONS of a module are the operations that its calls name."""
    called = {f"{SERVICE_OF[module]}:{name}" for name in _named_operations(module)}
    assert called == module.PERMISSIONS


def test_every_module_of_calls_is_in_the_policy() -> None:
    """A module that declares permissions is not forgotten."""
    folder = Path(str(permissions.__file__)).parent
    declaring = {p.stem for p in folder.rglob("*.py") if "\nPERMISSIONS = " in p.read_text()}
    modules = (*permissions.MODULES, managed)
    assert declaring == {module.__name__.rpartition(".")[2] for module in modules}
