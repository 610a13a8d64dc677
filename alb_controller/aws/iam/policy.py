"""A policy document out of features, scope and partition; `make gen` writes the files in `iam/`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from alb_controller.aws.iam.features import DEFAULT_FEATURES, FEATURES, actions_of
from alb_controller.aws.iam.scope import ANY_CLUSTER, Guard, Scope
from alb_controller.aws.iam.statements import WRITES, Statement

PARTITIONS = (
    "aws",
    "aws-cn",
    "aws-eusc",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-us-gov",
)
_READS = ("Describe", "Get", "List")


class PolicyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a policy is."""

    partition: str = "aws"
    scope: Scope = ANY_CLUSTER
    features: frozenset[str] = DEFAULT_FEATURES
    with_base: bool = True
    """Whether what every controller needs is in it; without, it stands beside another policy."""


def policy(policy_request: PolicyRequest | None = None) -> dict[str, Any]:
    """The policy document.

    Raises ValueError for an unknown feature, or if a write that the code sends has no statement: a
    person must say on what it may be done.
    """
    policy_request = policy_request or PolicyRequest()
    _check_places()
    wanted = actions_of(policy_request.features) - (
        frozenset() if policy_request.with_base else actions_of(())
    )
    reads = sorted(action for action in wanted if is_read(action))
    statements = [_statement("Read", reads, ("*",), {})]
    for made in WRITES:
        actions = sorted(wanted.intersection(made.actions))
        if actions:
            arns = tuple(one.format(partition=policy_request.partition) for one in made.resources)
            statements.append(_statement(made.sid, actions, arns, _condition(made, policy_request)))
    return {"Version": "2012-10-17", "Statement": statements}


def policy_json(policy_request: PolicyRequest | None = None) -> str:
    """The document as it stands in a file."""
    return json.dumps(policy(policy_request), indent=2) + "\n"


def is_read(action: str) -> bool:
    """Whether an action changes nothing; reads are allowed on everything."""
    return action.partition(":")[2].startswith(_READS)


def _check_places() -> None:
    known = actions_of([feature.name for feature in FEATURES])
    writes = {action for action in known if not is_read(action)}
    placed = {action for made in WRITES for action in made.actions}
    if placed != writes:
        raise ValueError(f"these actions have no place: {sorted(placed ^ writes)}")


def _condition(made: Statement, policy_request: PolicyRequest) -> dict[str, Mapping[str, Any]]:
    is_loose = made.unguarded_with in policy_request.features
    guard = Guard.NOTHING if is_loose else made.guard
    condition: dict[str, Mapping[str, Any]] = dict(made.more)
    for operator, keys in guard.condition(policy_request.scope).items():
        condition[operator] = {**condition.get(operator, {}), **keys}
    return condition


def _statement(
    sid: str, actions: list[str], resources: Iterable[str], condition: Mapping[str, Any]
) -> dict[str, Any]:
    named = list(resources)
    made: dict[str, Any] = {"Sid": sid, "Effect": "Allow", "Action": actions}
    made["Resource"] = named[0] if len(named) == 1 else named
    if condition:
        made["Condition"] = dict(condition)
    return made
