"""What users read in events: on change, to whom it concerns, and once."""

from __future__ import annotations

import time

from tests.controller.manifests import ingress
from tests.controller.rig import Mark, Rig


def test_success_is_reported_when_something_changed(rig: Rig) -> None:
    """SuccessfullyReconciled comes with each change of AWS, to each member, and never without."""
    rig.apply(ingress("a", ["/a"], group="g"), ingress("b", ["/b"], group="g"))
    with rig.running() as controller:
        controller.settle()
        assert _successes(rig) == ["a", "b"]
        rig.apply(ingress("a", ["/a", "/more"], group="g"))
        controller.settle()
        assert _successes(rig).count("a") == 2
        reported = _successes(rig)
        note = {"example.com/note": "a word that says nothing to us"}
        rig.merge("Ingress", "a", {"metadata": {"annotations": note}})
        controller.settle()
        assert _successes(rig) == reported
    assert rig.warnings() == []


def _successes(rig: Rig) -> list[str]:
    events = rig.events(reason="SuccessfullyReconciled")
    found = [event for event in events if event["involvedObject"]["kind"] == "Ingress"]
    assert {event["type"] for event in found} <= {"Normal"}
    return sorted(event["involvedObject"]["name"] for event in found)


def test_a_mistake_is_reported_once_to_the_one_at_fault(rig: Rig) -> None:
    """One Warning names annotation, value and what is allowed; nothing repeats it."""
    rig.apply(ingress("good", ["/a"], group="g"), ingress("bad", ["/b"], group="g", scheme="open"))
    with rig.running() as controller:
        controller.settle()
        (message,) = rig.warnings("bad")
        for term in ("alb.ingress.kubernetes.io/scheme", "'open'", "internal", "internet-facing"):
            assert term in message
        assert rig.warnings("good") == []
        rig.apply(ingress("good", ["/a", "/more"], group="g"))
        controller.settle()
        assert "/more" in rig.aws.paths()
    with rig.running() as controller:
        rig.apply(ingress("good", ["/a"], group="g"))
        controller.settle()
    assert rig.warnings() == [message]


def test_another_mistake_is_reported_anew(rig: Rig) -> None:
    """One mistake is reported once; the next one of the same object is reported as well."""
    rig.apply(ingress("web", scheme="open"))
    with rig.running() as controller:
        controller.settle()
        rig.annotate("web", scheme="closed")
        controller.settle()
        assert len(rig.warnings("web")) == 2
        rig.annotate("web", scheme="internal")
        controller.settle()
        assert rig.hostname()
    assert len(rig.warnings("web")) == 2


def test_the_younger_of_two_that_disagree_is_stopped(rig: Rig) -> None:
    """The older wins, whatever its name; the younger gets one Warning, with who asks for what."""
    rig.apply(ingress("z-older", ["/old"], group="g", scheme="internal"))
    second = int(time.time())
    rig.until(lambda: int(time.time()) > second)  # creationTimestamp counts seconds
    rig.apply(ingress("a-younger", ["/new"], group="g", scheme="internet-facing"))
    with rig.running() as controller:
        controller.settle()
        (balancer,) = rig.aws.load_balancers()
        assert balancer["Scheme"] == "internal"
        assert set(rig.aws.paths()) == {"/old"}
        assert rig.warnings("z-older") == []
        (message,) = rig.warnings("a-younger")
    for term in ("scheme", "'internet-facing'", "shop/z-older", "'internal'"):
        assert term in message


def test_what_aws_refuses_is_reported_to_every_member_once(rig: Rig) -> None:
    """FailedDeployModel quotes AWS; tries that fail alike add nothing; success is reported."""
    rig.aws.front.fail("CreateListener", code="ValidationError", text="no listener today")
    rig.apply(ingress("a", ["/a"], group="g"), ingress("b", ["/b"], group="g"))
    with rig.running() as controller:
        rig.until(lambda: _tried(rig, "CreateListener") >= 3)
        for name in ("a", "b"):
            (event,) = rig.events(name, reason="FailedDeployModel")
            assert event["type"] == "Warning"
            assert "CreateListener" in event["message"]
            assert "no listener today" in event["message"]
        rig.aws.front.release()
        controller.settle()
        assert _successes(rig) == ["a", "b"]
    assert len(rig.warnings()) == 2


def _tried(rig: Rig, operation: str, since: Mark | None = None) -> int:
    start = since.calls if since else 0
    return rig.aws.front.operations(start).count(operation)
