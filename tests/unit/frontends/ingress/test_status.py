"""What users see of an Ingress: its status and its events (spec 9.4, 9.5)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.errors import Invalid, QuotaExceeded
from alb_controller.frontends import events
from alb_controller.frontends.events import Event
from alb_controller.frontends.ingress.present import present, status_patch
from alb_controller.frontends.outcomes import Planned
from alb_controller.intent import StackIntent
from alb_controller.model.elbv2 import Listener, LoadBalancer
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import Found, FoundLoadBalancer, Observed, Stack
from alb_controller.objects.events import Reason
from alb_controller.objects.networking import (
    Ingress,
    IngressLoadBalancerIngress,
    IngressLoadBalancerStatus,
    IngressPortStatus,
    IngressStatus,
)
from alb_controller.values import ObjectRef
from tests.factories import (
    BORN,
    HOSTNAME,
    changed,
    ingress,
    ingress_class,
    member,
    with_status,
)
from tests.unit.frontends.ingress.translation import TEAM, snapshot, translated

WEB = ObjectRef("Ingress", "shop", "web", "uid-web")
BUILD = Reason("FailedBuildModel")
APP = ObjectRef("Service", "shop", "app", "uid-app")


def observed(*ports: int, dns_name: str = HOSTNAME) -> Observed:
    """A load balancer with HTTP listeners on ports."""
    lb = LoadBalancer(
        id=ResourceId("LoadBalancer", "LoadBalancer"),
        name="k8s-shop-1",
        scheme="internal",
        ip_address_type="ipv4",
        subnets=(),
        security_groups=(),
        tags={},
    )
    listeners = tuple(
        Found(
            identity=f"arn:{port}",
            resource=msgspec.convert(
                {
                    "id": {"kind": "Listener", "name": str(port)},
                    "load_balancer": "arn:lb",
                    "port": port,
                    "protocol": "HTTP",
                    "default_actions": (),
                    "tags": {},
                },
                Listener,
            ),
        )
        for port in ports
    )
    return Observed(
        load_balancers=(FoundLoadBalancer(identity="arn:lb", resource=lb, dns_name=dns_name),),
        listeners=listeners,
    )


def entry(*ports: int) -> dict[str, Any]:
    """The patch for a load balancer with listeners on ports."""
    shown = [{"port": port, "protocol": "TCP"} for port in ports]
    return {"loadBalancer": {"ingress": [{"hostname": HOSTNAME, "ports": shown}]}}


def showing(*entries: IngressLoadBalancerIngress) -> Ingress:
    """An Ingress with these entries in its status."""
    made = IngressStatus(IngressLoadBalancerStatus(list(entries)))
    return msgspec.structs.replace(ingress(), status=made)


def test_the_status_names_the_load_balancer_and_all_its_ports() -> None:
    """In lower case, ports ascending and once each."""
    found = observed(443, 80, 80, dns_name=HOSTNAME.upper())
    assert status_patch(ingress(), found) == entry(80, 443)


def test_a_status_that_says_so_already_is_not_written() -> None:
    """Whatever the order of its ports."""
    assert status_patch(with_status(ingress(), HOSTNAME, 443, 80), observed(80, 443)) is None


PORT = [IngressPortStatus(80)]


@pytest.mark.parametrize(
    "shown",
    [
        showing(),
        showing(IngressLoadBalancerIngress("other", "", PORT)),
        showing(IngressLoadBalancerIngress(HOSTNAME, "10.0.0.1", PORT)),
        showing(IngressLoadBalancerIngress(HOSTNAME, "", [])),
        showing(IngressLoadBalancerIngress(HOSTNAME, "", [*PORT, IngressPortStatus(81)])),
        showing(
            IngressLoadBalancerIngress(HOSTNAME, "", PORT),
            IngressLoadBalancerIngress("by hand", "", []),
        ),
    ],
    ids=["none", "another host", "an address", "no port", "a port more", "an entry more"],
)
def test_any_other_status_is_rewritten(shown: Ingress) -> None:
    """One entry, one host, no address, these ports."""
    assert status_patch(shown, observed(80)) == entry(80)


def test_without_a_load_balancer_the_status_stays() -> None:
    """There is nothing to say yet."""
    assert status_patch(ingress(), Observed()) is None


def with_front(behind: Observed) -> Observed:
    """The same with a network load balancer in front, on a port of its own."""
    (found,) = behind.load_balancers
    resource = msgspec.structs.replace(
        found.resource, type="network", id=ResourceId("LoadBalancer", "FrontendNlb")
    )
    front = msgspec.structs.replace(
        found, identity="arn:nlb", resource=resource, dns_name=f"nlb-{HOSTNAME}"
    )
    (entry_80,) = (one for one in behind.listeners if one.resource.port == 80)
    entry = msgspec.structs.replace(entry_80.resource, load_balancer="arn:nlb", port=9443)
    return msgspec.structs.replace(
        behind,
        load_balancers=(front, found),
        listeners=(*behind.listeners, Found(identity="arn:9443", resource=entry)),
    )


def test_a_front_is_a_second_entry_without_ports() -> None:
    """Its name alone; the ports are those behind it (spec 6.8, 9.4)."""
    found = with_front(observed(80))
    both = entry(80)
    both["loadBalancer"]["ingress"].append({"hostname": f"nlb-{HOSTNAME}"})
    assert status_patch(ingress(), found) == both
    shown = showing(
        IngressLoadBalancerIngress(HOSTNAME, "", PORT),
        IngressLoadBalancerIngress(f"nlb-{HOSTNAME}", "", []),
    )
    assert status_patch(shown, found) is None
    assert status_patch(shown, observed(80)) == entry(80)


def alike(found: Observed) -> Observed:
    """The same with load balancers of one type."""
    return msgspec.structs.replace(
        found,
        load_balancers=tuple(
            msgspec.structs.replace(
                one, resource=msgspec.structs.replace(one.resource, type="application")
            )
            for one in found.load_balancers
        ),
    )


def test_load_balancers_are_distinguished_by_their_ids() -> None:
    """Not by their types: which is in front is the group's business."""
    found = with_front(observed(80))
    assert status_patch(ingress(), alike(found)) == status_patch(ingress(), found)


def test_each_object_at_fault_is_reported_once_with_all_that_is_wrong() -> None:
    """One Warning with every sentence."""
    problems = [
        Invalid(WEB, "a", "is one"),
        Invalid(APP, "b", "is two"),
        Invalid(WEB, "", "three"),
    ]
    assert events.problem_events(problems, ()) == [
        Event(WEB, "Warning", BUILD, "Failed build model due to a: is one; three"),
        Event(APP, "Warning", BUILD, "Failed build model due to b: is two"),
    ]


def test_an_ingress_that_is_in_no_group_is_reported_that() -> None:
    """With LBC's reason for it."""
    rejected = Invalid(WEB, "group.name", "is none")
    message = "failed load groupID due to group.name: is none"
    assert events.problem_events([rejected], [rejected]) == [
        Event(WEB, "Warning", Reason("FailedLoadGroupID"), message)
    ]


def test_whoever_waits_for_a_held_group_is_reported_for_whom() -> None:
    """The member at fault gets no second Warning."""
    (event,) = events.blocked_events([WEB], [APP])
    assert (event.ref, event.type, event.reason) == (APP, "Warning", "FailedBuildModel")
    assert str(WEB) in event.message
    assert events.blocked_events([WEB], []) == []


@pytest.mark.parametrize(
    "reason, part", [(BUILD, "build"), (Reason("FailedDeployModel"), "deploy")]
)
def test_a_failure_reads_the_same_every_time(reason: Reason, part: str) -> None:
    """Without the request id of that one attempt; it says which part of the pass failed."""
    error = QuotaExceeded("elbv2", "CreateListener", "TooManyListeners", "50 at most", "abc-123")
    stated = "elbv2 CreateListener: TooManyListeners: 50 at most"
    assert events.failure_events(error, [WEB], reason) == [
        Event(WEB, "Warning", reason, f"Failed {part} model due to {stated}")
    ]


def test_success_is_reported_in_the_references_terms() -> None:
    """Tools look for them."""
    assert events.success_events([WEB]) == [
        Event(WEB, "Normal", Reason("SuccessfullyReconciled"), "Successfully reconciled")
    ]


def test_a_fingerprint_changes_when_a_user_changes_the_object() -> None:
    """Spec or annotations; not status, labels or finalizers, nor the order of annotations."""
    of = ingress(alb={"a": "1", "b": "2"})
    same = changed(ingress(alb={"b": "2", "a": "1"}), labels={"x": "y"}, finalizers=["f"])
    assert events.fingerprint(of) == events.fingerprint(same)
    others = [changed(of, generation=2), ingress(alb={"a": "1"}), None]
    assert len({events.fingerprint(o) for o in [of, *others]}) == 4


def test_an_empty_group_reports_nobody() -> None:
    """It wants nothing and has no problems."""
    made = translated()
    assert made.intent == StackIntent(key=TEAM)
    assert events.problem_events(made.problems, ()) == []


GONE = {"loadBalancer": {"ingress": None}}


def farewell(shown: Ingress, **fields: Any) -> list[tuple[str, Any, bool]]:
    """The status patches of a group that an Ingress has left: whose, which, of its version."""
    left = changed(shown, finalizers=["group.ingress.k8s.aws/team"], **fields)
    seen = snapshot(TEAM, left, ingress_class("nginx", controller="k8s.io/nginx"))
    assert seen.inactive == (left,)
    planned = Planned(stack=Stack(key=TEAM), observed=observed(80))
    patches = present(seen, translated(left), planned, with_plan=False).patches
    return [(one.object.metadata.name, one.status, one.is_exact) for one in patches]


def test_who_moves_to_another_class_loses_the_host_name() -> None:
    """Of that version of the object: another controller may have written there meanwhile."""
    moved = with_status(ingress(class_name="nginx"), HOSTNAME, 80)
    assert farewell(moved) == [("web", GONE, True)]
    theirs = with_status(moved, "nginx.example", 80)
    assert farewell(theirs) == []
    assert farewell(msgspec.structs.replace(moved, status=IngressStatus())) == []


def test_who_is_deleted_or_joins_another_group_keeps_what_is_shown() -> None:
    """The one is gone soon, the other is shown its new load balancer when that is there."""
    shown = with_status(ingress(), HOSTNAME, 80)
    assert farewell(shown, deletion_timestamp=BORN) == []
    other = with_status(member("web", group="other"), HOSTNAME, 80)
    assert farewell(other) == []
