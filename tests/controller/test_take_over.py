"""A cluster that LBC leaves: what waits for its other controllers is reported, and kept."""

from __future__ import annotations

import json

from tests.controller.manifests import ingress, service
from tests.controller.rig import Rig


def test_objects_that_are_not_served_are_reported_once_and_keep_the_shared_group(rig: Rig) -> None:
    """A Service with LBC's finalizer may have a load balancer that uses the group."""
    held = service("held")
    held["metadata"]["finalizers"] = ["service.k8s.aws/resources"]
    rig.apply(held, ingress("web"))
    with rig.running() as controller:
        rig.until(rig.hostname)
        (shared,) = [name for name in rig.aws.made_groups() if name.startswith("k8s-traffic-")]
        rig.delete("Ingress", "web")
        rig.until(lambda: rig.is_gone("Ingress", "web"))
        controller.settle()
        assert rig.aws.made_groups() == [shared]
        lines = [json.loads(line) for line in controller.log.read_text().splitlines()]
    reported = [line for line in lines if line["event"] == "objects_not_served"]
    assert [(line["level"], line["held_by_finalizer"]) for line in reported] == [
        ("warning", {"Service": 1})
    ]
