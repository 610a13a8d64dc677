"""The annotation that explains an Ingress: written on change alone, read with kubectl."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from alb_controller.objects.notes import STATUS
from tests.controller.manifests import ingress, ingress_class
from tests.controller.rig import Rig
from tests.controller.test_quiet import NOTHING


def _shown(rig: Rig, name: str = "web") -> Any:
    """What the annotation says, as `kubectl get -o jsonpath` shows it."""
    return json.loads(rig.get("Ingress", name)["metadata"]["annotations"][STATUS])


def _seconds_until(time: str) -> float:
    """A time as Kubernetes writes it."""
    due = datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return (due - datetime.now(UTC)).total_seconds()


def test_it_says_what_is_in_aws(rig: Rig) -> None:
    """ARNs of the load balancer, its listeners and the Ingress's own target groups."""
    rig.apply(ingress("a", ["/a"], group="g"), ingress("b", ["/b"], group="g"))
    with rig.running() as controller:
        controller.settle()
        for name in ("a", "b"):
            stated = _shown(rig, name)
            (listener,) = rig.aws.listeners()
            assert stated["group"] == "g"
            assert stated["loadBalancer"] == rig.aws.load_balancers()[0]["LoadBalancerArn"]
            assert stated["listeners"] == {"80": {"arn": listener["ListenerArn"]}}
            assert list(stated["targetGroups"]) == ["app:80"]
            assert "error" not in stated
        groups = {_shown(rig, name)["targetGroups"]["app:80"] for name in ("a", "b")}
        assert groups == {group["TargetGroupArn"] for group in rig.aws.target_groups()}


def test_a_failure_is_written_once_and_taken_back(rig: Rig) -> None:
    """AWS's code and the next try; a try before that which fails alike writes nothing."""
    rig.aws.front.fail("CreateListener", code="TooManyListeners", text="no more")
    rig.apply(ingress("web"))
    with rig.running() as controller:
        rig.until(lambda: STATUS in rig.get("Ingress", "web")["metadata"]["annotations"])
        rig.until(lambda: "nextRetry" in _shown(rig)["error"])  # nothing else wakes it any more
        error = _shown(rig)["error"]
        assert (error["code"], error["operation"]) == ("TooManyListeners", "CreateListener")
        assert 200 < _seconds_until(error["nextRetry"]) <= 360
        tries = rig.aws.front.operations().count("CreateListener")
        rig.annotate("web", tags="a=b")
        rig.until(lambda: rig.aws.front.operations().count("CreateListener") > tries)
        assert _shown(rig)["error"] == error
        rig.aws.front.release()
        rig.annotate("web", tags="a=c")
        rig.until(rig.hostname)
        controller.settle()
        assert "error" not in _shown(rig)


def test_a_failing_group_is_reported_the_same_after_a_restart(rig: Rig) -> None:
    """The same failure, found by another process, is no change."""
    rig.apply(ingress("web", scheme="open"))
    with rig.running() as controller:
        controller.settle()
    assert _shown(rig)["error"]["category"] == "invalid"
    mark = rig.mark()
    with rig.running() as controller:
        controller.settle()
        assert rig.since(mark) == NOTHING


def test_it_goes_when_the_ingress_is_ours_no_more(rig: Rig) -> None:
    """What leaves us takes no claims along that nobody would keep true."""
    theirs = ingress_class("other")
    theirs["spec"]["controller"] = "example.com/another"
    rig.apply(theirs, ingress("web"))
    with rig.running() as controller:
        controller.settle()
        assert _shown(rig)["loadBalancer"]
        rig.merge("Ingress", "web", {"spec": {"ingressClassName": "other"}})
        controller.settle()
        assert STATUS not in rig.get("Ingress", "web")["metadata"].get("annotations", {})
    assert rig.aws.load_balancers() == []
