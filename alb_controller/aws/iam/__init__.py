"""The IAM policies of the controller's role, made of what the code declares: files and command."""

from alb_controller.aws.iam.features import DEFAULT_FEATURES, FEATURES, Feature, actions_of
from alb_controller.aws.iam.policy import PARTITIONS, PolicyRequest, policy, policy_json
from alb_controller.aws.iam.scope import ANY_CLUSTER, POD_IDENTITY, Scope

__all__ = [
    "ANY_CLUSTER",
    "DEFAULT_FEATURES",
    "FEATURES",
    "PARTITIONS",
    "POD_IDENTITY",
    "Feature",
    "PolicyRequest",
    "Scope",
    "actions_of",
    "policy",
    "policy_json",
]
