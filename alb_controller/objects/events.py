"""THE table of reasons that Events carry, and the reference page that is written from it.

The reasons of what LBC reports too are LBC's (spec 9.5).
"""

from __future__ import annotations

import enum

import msgspec


class Reason(enum.StrEnum):
    """Why an Event was written; no Event of ours has another reason."""

    SUCCESSFULLY_RECONCILED = "SuccessfullyReconciled"
    FAILED_LOAD_GROUP_ID = "FailedLoadGroupID"
    FAILED_BUILD_MODEL = "FailedBuildModel"
    FAILED_DEPLOY_MODEL = "FailedDeployModel"
    FAILED_UPDATE_STATUS = "FailedUpdateStatus"
    FAILED_REMOVE_FINALIZER = "FailedRemoveFinalizer"
    GROUP_TRUST = "GroupTrust"
    UNKNOWN_ANNOTATION = "UnknownAnnotation"
    UNKNOWN_KEY = "UnknownKey"
    NO_EFFECT = "NoEffect"
    HTTP_REFUSED = "HttpRefused"
    UNSERVED = "Unserved"
    RULE_UNREACHABLE = "RuleUnreachable"
    BACKEND_NOT_FOUND = "BackendNotFound"
    FAILED_NETWORK_RECONCILE = "FailedNetworkReconcile"
    TARGETS_HELD = "TargetsHeld"
    TOO_MANY_TARGETS = "TooManyTargets"
    UNKNOWN_TARGETS = "UnknownTargets"
    FAILED_RECONCILE = "FailedReconcile"
    FAILED_CLEANUP = "FailedCleanup"
    REPLACED_WITH_GAP = "ReplacedWithGap"


class Row(msgspec.Struct, frozen=True):
    """One reason: on what, what it says, and what its reader can do."""

    reason: Reason
    objects: str
    meaning: str
    remedy: str


_R = Reason
_INGRESS, _BINDING = "Ingress", "TargetGroupBinding"
TABLE = (
    Row(
        _R.SUCCESSFULLY_RECONCILED,
        f"{_INGRESS}, {_BINDING}",
        "Normal, all others are Warnings. AWS was changed and is now as the object asks.",
        "Nothing.",
    ),
    Row(
        _R.FAILED_LOAD_GROUP_ID,
        _INGRESS,
        "The Ingress is in no group: its `group.name` is not a valid name, or its IngressClass "
        "does not exist or cannot be read.",
        "Correct the annotation, the IngressClass or its IngressClassParams.",
    ),
    Row(
        _R.FAILED_BUILD_MODEL,
        f"{_INGRESS}, Service",
        "A setting of the object is invalid, or it names something that does not exist. The other "
        "Ingresses of its group are served; of this one AWS keeps the last valid settings. Or an "
        "AWS read call failed, or a deleted Ingress asks for deletion protection: then every "
        "member of the group gets the Warning. A mistake on a Service is also reported on the "
        "Ingresses that use it.",
        "Correct what the message names: it has the field, the value and what is allowed, or "
        "AWS's error code.",
    ),
    Row(
        _R.FAILED_DEPLOY_MODEL,
        _INGRESS,
        "AWS refused a change, or the controller did not begin it, because it would touch a "
        "resource of others or delete a load balancer that AWS protects. The Ingresses that asked "
        "for the change get the Warning: every member of the group where all did.",
        "Act on AWS's error code: a quota, an IAM action, a name that is taken. Under deletion "
        "protection add the line that the message names.",
    ),
    Row(
        _R.FAILED_UPDATE_STATUS,
        _INGRESS,
        "The API server refuses the status or the annotations that the controller writes. AWS is "
        "as the object asks; the other Ingresses of its group are not affected.",
        "Look at the webhook, the policy or the RBAC rule that the message names.",
    ),
    Row(
        _R.FAILED_REMOVE_FINALIZER,
        _INGRESS,
        "AWS has nothing of the object any more, but the API server refuses to remove the "
        "finalizer.",
        "Look at the webhook, the policy or the RBAC rule that the message names.",
    ),
    Row(
        _R.GROUP_TRUST,
        _INGRESS,
        "In a group over namespaces, a member answers requests of another namespace's member, or "
        "sets something for the whole group; both get the Warning. Or the member's tags are not "
        "added to the load balancer.",
        "Give each namespace hosts of its own, or a group; `--group-trust=namespace` rejects it.",
    ),
    Row(
        _R.UNKNOWN_ANNOTATION,
        f"{_INGRESS}, Service",
        "An annotation under our prefix that nobody reads: mostly a misspelt one.",
        "Correct or remove it.",
    ),
    Row(
        _R.UNKNOWN_KEY,
        f"{_INGRESS}, Service",
        "A key in the JSON of an annotation that nobody reads.",
        "Correct or remove it.",
    ),
    Row(
        _R.NO_EFFECT,
        _INGRESS,
        "An annotation applies to nothing: it names a backend or a listener that the Ingress does "
        "not have, or lacks the one that it belongs to.",
        "Correct or remove it.",
    ),
    Row(
        _R.HTTP_REFUSED,
        _INGRESS,
        "A login or a token check is asked for, which only HTTPS listeners make: requests over "
        "plain HTTP get 403.",
        "Redirect HTTP to HTTPS, serve HTTPS alone, or leave HTTP open to everybody with "
        "`alb-controller.aws/allow-unauthenticated-http`.",
    ),
    Row(
        _R.UNSERVED,
        _INGRESS,
        "No listener serves the Ingress, or nobody can connect to one that does: its ports "
        "redirect to one on which it does not listen, it has no path, its sources are IPv6 alone.",
        "Add what the message names.",
    ),
    Row(
        _R.RULE_UNREACHABLE,
        _INGRESS,
        "A rule answers nothing on any port: another that comes first takes all of its requests, "
        "its sources are IPv6 alone behind an IPv4 load balancer, or it is left out as a redirect "
        "to itself.",
        "Remove the rule, or place it before the other: by its path, or by `group.order`.",
    ),
    Row(
        _R.BACKEND_NOT_FOUND,
        f"{_INGRESS}, {_BINDING}",
        "The Service or its port does not exist, or it can have no endpoints: requests get 503. "
        "The target group of a binding was emptied.",
        "Create the Service, or correct the backend or `spec.serviceRef`.",
    ),
    Row(
        _R.FAILED_NETWORK_RECONCILE,
        _BINDING,
        "Targets are registered, but rules of the endpoints' security groups are missing.",
        "Give exactly one security group of each endpoint the cluster's tag; see the message.",
    ),
    Row(
        _R.TARGETS_HELD,
        _BINDING,
        "All or most endpoints seem to be gone. The targets stay registered, because the "
        "Kubernetes API does not confirm it or `--target-purge-hold` has not passed.",
        "Nothing if the Warning ends; else see whether the controller reaches the API server.",
    ),
    Row(
        _R.TOO_MANY_TARGETS,
        f"{_INGRESS}, {_BINDING}",
        "Endpoints are not registered, because the target group is full, or its load balancer. "
        "They are asked for again within the hour.",
        "Run fewer pods, raise `--max-targets-per-target-group`, or have AWS's quota raised.",
    ),
    Row(
        _R.UNKNOWN_TARGETS,
        _BINDING,
        "Targets are deregistered that this controller did not register.",
        "Set `multiClusterTargetGroup` where others register targets, too.",
    ),
    Row(
        _R.FAILED_RECONCILE,
        _BINDING,
        "Targets could not be brought to what the Service has, or not all of them: endpoints "
        "without a pod or of another address family are left out.",
        "Act on the message.",
    ),
    Row(
        _R.FAILED_CLEANUP,
        f"{_BINDING}, {_INGRESS}",
        "The object is being deleted, and something of it cannot go yet: its targets, or a group "
        "that others use.",
        "Act on the message; the object stays until it works.",
    ),
    Row(
        _R.REPLACED_WITH_GAP,
        _INGRESS,
        "A load balancer is about to be deleted before the one that replaces it serves: they have "
        "one name, or a quota forbids both. With `--replacement-ready-timeout` or "
        "`--replacement-drain` alone.",
        "Nothing; next time, give the new one another `load-balancer-name`, or raise the quota.",
    ),
)

_HEAD = """\
# Events

Written by `make gen` from `alb_controller/objects/events.py`; do not edit.

`kubectl describe` shows them, and `kubectl get events --field-selector reason=FailedDeployModel`.
The controller writes an Event once for each state of its object. The API server drops Events after
an hour; one that still holds is then written again. So an Event that is not repeated may still
hold: what holds now is in the annotation `alb-controller.aws/status` of an Ingress
([troubleshooting](../how-to/troubleshoot.md)). Where more than 1000 Events wait for a slow API
server, further ones are dropped and counted (`awslbc_events_dropped_total`).

| Reason | On | What it says | What to do |
| --- | --- | --- | --- |
"""


def events_page() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(
        f"| `{row.reason}` | {row.objects} | {row.meaning} | {row.remedy} |\n" for row in TABLE
    )
