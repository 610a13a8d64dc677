"""What stops nobody and is reported all the same, once."""

from __future__ import annotations

from tests.controller.manifests import Object, ingress
from tests.controller.rig import Rig


def test_a_typing_error_is_reported_once(rig: Rig) -> None:
    """With what may have been meant; over passes and a restart, and again when it is edited."""
    rig.apply(ingress("web", shceme="internal"))
    with rig.running() as controller:
        controller.settle()
        (event,) = rig.events("web", "UnknownAnnotation")
        assert event["message"].endswith("did you mean alb.ingress.kubernetes.io/scheme?")
        assert rig.hostname()
        rig.apply(ingress("web", ["/", "/more"], shceme="internal"))
        controller.settle()
    with rig.running() as controller:
        controller.settle()
    reported = rig.events("web", "UnknownAnnotation")
    assert sum(event.get("count", 1) for event in reported) == 2  # once for each of its two forms


def test_a_guest_is_reported_or_refused(rig: Rig) -> None:
    """Whose namespace is not the holder's: a Warning, or no place in AWS where that is wanted."""
    rig.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "guest"}})
    rig.apply(ingress("holder", ["/held"], group="g"))
    with rig.running("--group-trust=namespace") as controller:
        controller.settle()
        guest = _in_guest(ingress("late", ["/held"], group="g"))
        rig.apply(guest)
        controller.settle()
        assert "refused by --group-trust=namespace" in rig.warnings("late")[0]
        assert rig.aws.paths() == ["/held"]
    with rig.running() as controller:
        controller.settle()
        (event,) = rig.events("late", "GroupTrust")
        assert "/held on port 80 is held by Ingress shop/holder" in event["message"]
        assert rig.aws.paths() == ["/held", "/held"]


def _in_guest(obj: Object) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "namespace": "guest"}}
