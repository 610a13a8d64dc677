"""The role's policy allows what the code calls, and nothing else."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from alb_controller.aws import ec2, elbv2, elbv2_reads, metadata, network, permissions, tagging
from alb_controller.aws.certificates import acm, managed

SERVICE_OF = {
    acm: "acm",
    ec2: "ec2",
    elbv2: "elasticloadbalancing",
    elbv2_reads: "elasticloadbalancing",
    metadata: "ec2",
    network: "ec2",
    tagging: "tag",
}
CLUSTER_TAG = "elbv2.k8s.aws/cluster"


def _named_operations(module: ModuleType) -> set[str]:
    """Operations named in arguments of calls: `self._call("CreateRule", …)`, `pages(…)`."""
    source = Path(str(module.__file__)).read_text()
    arguments = (
        argument
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        for argument in node.args
    )
    words = {one.value for one in arguments if isinstance(one, ast.Constant)}
    return {word for word in words if isinstance(word, str) and _is_operation(word)}


def _is_operation(word: str) -> bool:
    verbs = ("Add", "Authorize", "Create", "Delete", "Deregister", "Describe", "Get", "List")
    more = ("Modify", "Register", "Remove", "Revoke", "Set")
    return word.isalpha() and any(
        word.startswith(verb) and word[len(verb) :][:1].isupper() for verb in (*verbs, *more)
    )


@pytest.mark.parametrize("module", SERVICE_OF, ids=lambda module: module.__name__)
def test_modules_declare_what_they_call(module: ModuleType) -> None:
    """PERMISSIONS of a module are the operations that its calls name."""
    called = {f"{SERVICE_OF[module]}:{name}" for name in _named_operations(module)}
    assert called == module.PERMISSIONS


def _statements(policy: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_every_module_of_calls_is_in_the_policy() -> None:
    """A module that declares permissions is not forgotten."""
    folder = Path(str(permissions.__file__)).parent
    declaring = {p.stem for p in folder.rglob("*.py") if "\nPERMISSIONS = " in p.read_text()}
    modules = (*permissions.MODULES, managed)
    assert declaring == {module.__name__.rpartition(".")[2] for module in modules}


def test_managed_certificates_need_a_policy_of_their_own() -> None:
    """Who does not switch the gate on gives no right to request certificates or change DNS."""
    made = _statements(permissions.certificate_policy())
    allowed = {action for statement in made.values() for action in statement["Action"]}
    assert allowed == managed.PERMISSIONS
    assert not allowed & permissions.USED
    ours = {"Null": {f"aws:ResourceTag/{CLUSTER_TAG}": "false"}}
    assert made["DeleteOurCertificates"]["Condition"] == ours
    assert made["ValidateDomains"]["Resource"] == "arn:aws:route53:::hostedzone/*"


def test_the_policy_allows_what_is_called_and_nothing_else() -> None:
    """The actions of the policy are those of the modules, and the service-linked role."""
    statements = permissions.policy()["Statement"]
    allowed = {action for statement in statements for action in statement["Action"]}
    assert allowed == permissions.USED | {"iam:CreateServiceLinkedRole"}


def test_only_our_resources_can_be_changed() -> None:
    """Deleting and changing needs our tag on the resource, creating needs it in the request."""
    made = _statements(permissions.policy())
    ours = {"Null": {f"aws:ResourceTag/{CLUSTER_TAG}": "false"}}
    asked = {"Null": {f"aws:RequestTag/{CLUSTER_TAG}": "false"}}
    assert made["ChangeOurBalancersAndTargetGroups"]["Condition"] == ours
    assert made["DeleteOurSecurityGroups"]["Condition"] == ours
    assert made["MakeBalancersAndTargetGroups"]["Condition"] == asked
    for statement in made.values():
        for action in statement["Action"]:
            if action.partition(":")[2] in ("DeleteLoadBalancer", "DeleteTargetGroup"):
                assert statement["Condition"] == ours


def test_a_call_without_a_place_in_the_policy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new write must be given its resources and condition by a person."""
    more = permissions.USED | {"elasticloadbalancing:CreateTrustStore"}
    monkeypatch.setattr(permissions, "USED", more)
    with pytest.raises(ValueError, match="elasticloadbalancing:CreateTrustStore"):
        permissions.policy()


def test_partitions_have_their_own_arns() -> None:
    """In China and GovCloud the ARNs begin otherwise; nothing else differs."""
    text = permissions.policy_json("aws-cn")
    assert "arn:aws-cn:elasticloadbalancing" in text
    assert text.replace("arn:aws-cn:", "arn:aws:") == permissions.policy_json()


def test_the_policy_fits_iam() -> None:
    """A managed policy has 6,144 characters at most, white space not counted."""
    assert len(json.dumps(permissions.policy("aws-us-gov"), separators=(",", ":"))) <= 6144
