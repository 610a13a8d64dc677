"""What an Ingress is told: its status and its events (spec 9.4, 9.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from alb_controller.errors import ControllerError, Invalid
from alb_controller.model.stack import Observed
from alb_controller.objects.core import KubeObject
from alb_controller.objects.networking import Ingress
from alb_controller.objects.secrets import APPLIED_SECRETS
from alb_controller.values import ObjectRef

COMPONENT = "ingress"
FAILED_BUILD = "FailedBuildModel"
FAILED_DEPLOY = "FailedDeployModel"
FAILED_GROUP = "FailedLoadGroupID"
SUCCEEDED = "SuccessfullyReconciled"


class Event(msgspec.Struct, frozen=True):
    """Something to tell about an object; the writer tells it once."""

    ref: ObjectRef
    type: Literal["Normal", "Warning"]
    reason: str
    message: str


def status_patch(ingress: Ingress, observed: Observed) -> dict[str, Any] | None:
    """The status to merge, or None where it says so already (spec 9.4).

    One entry: the load balancer's name in lower case, with every listener port of the group.
    """
    if not observed.load_balancers:
        return None
    hostname = observed.load_balancers[0].dns_name.lower()
    ports = sorted({listener.resource.port for listener in observed.listeners})
    shown = ingress.status.load_balancer.ingress
    if (
        len(shown) == 1
        and shown[0].hostname == hostname
        and not shown[0].ip
        and {p.port for p in shown[0].ports} == set(ports)
    ):
        return None
    # the API requires a protocol beside a port
    entry = {"hostname": hostname, "ports": [{"port": p, "protocol": "TCP"} for p in ports]}
    return {"loadBalancer": {"ingress": [entry]}}


def problem_events(problems: Iterable[Invalid], strays: Iterable[Invalid]) -> list[Event]:
    """One Warning for each object at fault, with all that is wrong with it."""
    stray = set(map(id, strays))
    by_object: dict[tuple[ObjectRef, str], list[str]] = {}
    for problem in problems:
        reason = FAILED_GROUP if id(problem) in stray else FAILED_BUILD
        by_object.setdefault((problem.origin, reason), []).append(str(problem))
    return [
        Event(ref, "Warning", reason, "; ".join(sentences))
        for (ref, reason), sentences in by_object.items()
    ]


def held_events(holders: Iterable[ObjectRef], waiting: Iterable[ObjectRef]) -> list[Event]:
    """Tell those whose change waits for a member that turned invalid before a restart.

    The member at fault has been told what is wrong with it, and is not told again.
    """
    message = (
        "this change waits: what the group asked for before is not known any more, so nothing of "
        f"it changes until this is mended or deleted: {', '.join(map(str, holders))}"
    )
    return [Event(ref, "Warning", FAILED_BUILD, message) for ref in waiting]


def failure_events(error: ControllerError, members: Iterable[ObjectRef]) -> list[Event]:
    """Tell those concerned that applying failed; what AWS said, less what differs each time."""
    message = f"Failed deploy model due to {_lasting(error)}"
    return [Event(ref, "Warning", FAILED_DEPLOY, message) for ref in members]


def success_events(members: Iterable[ObjectRef]) -> list[Event]:
    """Tell members that what they ask for is there now."""
    return [Event(ref, "Normal", SUCCEEDED, "Successfully reconciled") for ref in members]


def fingerprint(obj: KubeObject | None) -> str:
    """Changes when a user changes the object: what was told is told again only then."""
    if obj is None:
        return ""
    meta = obj.metadata
    users = {k: v for k, v in meta.annotations.items() if k != APPLIED_SECRETS}
    said = "\0".join(f"{k}={v}" for k, v in sorted(users.items()))
    return f"{meta.generation}-{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def _lasting(error: ControllerError) -> str:
    """The error without its request id, so that one failure reads the same every time."""
    return str(error).partition(" (request ")[0]
