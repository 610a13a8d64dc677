"""`alb-controller iam`: words of the command line to a policy."""

from __future__ import annotations

from typing import NamedTuple

from alb_controller.aws.iam.features import DEFAULT_FEATURES
from alb_controller.aws.iam.policy import PARTITIONS, PolicyRequest, policy_json
from alb_controller.aws.iam.scope import POD_IDENTITY, Scope


class Request(NamedTuple):
    """What was asked for, as it was written."""

    features: str | None
    partition: str
    cluster_name: str
    pod_identity: bool


def print_policy(request: Request) -> str:
    """The document. Raises ValueError with a sentence for a request that cannot be met."""
    if request.partition not in PARTITIONS:
        raise ValueError(f"--partition is one of {', '.join(PARTITIONS)}: {request.partition!r}")
    if request.pod_identity and request.cluster_name:
        raise ValueError("--pod-identity and --cluster-name exclude each other")
    scope = POD_IDENTITY if request.pod_identity else Scope(request.cluster_name)
    named = request.features
    features = DEFAULT_FEATURES if named is None else frozenset(filter(None, named.split(",")))
    policy_request = PolicyRequest(partition=request.partition, scope=scope, features=features)
    return policy_json(policy_request)
