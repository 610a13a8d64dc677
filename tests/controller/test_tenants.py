"""What an Ingress of another namespace does to a group, in both modes of `--group-trust`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.controller.manifests import PREFIX, Object, ingress, service
from tests.controller.rig import Rig

THEFTS = Path(__file__).with_name("tenants") / "steal-traffic.yaml"
NAMESPACED = "--group-trust=namespace"
HOLDER = ingress("holder", ["/"], group="g", host="shop.example.com")
OWN = ingress("bad", ["/"], group="g", host="evil.example.com")


def thefts() -> Iterator[Any]:
    """Ingress evil/bad in each form, in front of the group."""
    for name, form in yaml.safe_load(THEFTS.read_text()).items():
        made = evil(ingress("bad", group="g"), **{"group.order": "-10"})
        made["metadata"]["annotations"].update(form.get("annotations", {}))
        yield pytest.param({**made, "spec": form["spec"]}, id=name)


def evil(obj: Object, **annotations: str) -> Object:
    """In the other namespace."""
    meta = {**obj["metadata"], "namespace": "evil"}
    noted = {PREFIX + key: value for key, value in annotations.items()}
    if "annotations" in meta or noted:
        meta["annotations"] = {**meta.get("annotations", {}), **noted}
    return {**obj, "metadata": meta}


@pytest.fixture
def held(rig: Rig) -> Rig:
    """Where shop/holder has the host."""
    rig.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "evil"}})
    rig.apply(evil(service()), HOLDER)
    return rig


@pytest.mark.parametrize("thief", list(thefts()))
def test_a_stolen_request_is_refused_or_reported(held: Rig, thief: Object) -> None:
    """Refused between namespaces, with the holder named; else served, and reported on both once."""
    with held.running(NAMESPACED) as controller:
        controller.settle()
        held.apply(thief)
        controller.settle()
        (reported,) = held.warnings("bad")
        assert "shop.example.com / on port 80 is held by Ingress shop/holder" in reported
        assert len(held.aws.rules()) == 1
        assert held.warnings("holder") == []
    with held.running() as controller:
        controller.settle()
        for name in ("bad", "holder"):
            (event,) = held.events(name, "GroupTrust")
            assert event.get("count", 1) == 1
        assert len(held.aws.rules()) == 2


def test_a_tag_and_a_target_group_of_others(held: Rig) -> None:
    """Tags stay off the shared load balancer, and a forward into shop is refused, by name too."""
    with held.running(NAMESPACED) as controller:
        controller.settle()
        held.apply(evil(OWN, tags="team=evil"))
        controller.settle()
        (balancer,) = held.aws.load_balancers()
        assert "team" not in held.aws.tags(balancer["LoadBalancerArn"])
        assert (
            "ignored by --group-trust=namespace" in held.events("bad", "GroupTrust")[0]["message"]
        )
        (theirs,) = (g for g in held.aws.target_groups() if "shop" in g["TargetGroupName"])
        for kind in ("targetGroupARN", "targetGroupName"):
            value = theirs[kind[0].upper() + kind[1:].replace("ARN", "Arn")]
            held.apply(evil(_forwarding({kind: value})))
            controller.settle()
            reported = held.warnings(f"reach-{kind.lower()}")[0]
            assert "which the controller made for namespace shop (refused by" in reported
        assert len(held.aws.rules()) == 2
    with held.running() as controller:
        controller.settle()
        assert len(held.aws.rules()) == 4
        for kind in ("targetGroupARN", "targetGroupName"):
            (event,) = held.events(f"reach-{kind.lower()}", "GroupTrust")
            assert "made for namespace shop" in event["message"]


def _forwarding(target: dict[str, str]) -> Object:
    (kind,) = target
    name = f"reach-{kind.lower()}"
    made = ingress(name, ["/"], group="g", host=f"{name}.example.com")
    made["metadata"]["annotations"][PREFIX + "actions.x"] = json.dumps(
        {"type": "forward", **target}
    )
    backend = {"service": {"name": "x", "port": {"name": "use-annotation"}}}
    made["spec"]["rules"][0]["http"]["paths"][0]["backend"] = backend
    return made
