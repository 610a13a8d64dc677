"""Under which names objects are filed, so that a change finds whom it concerns."""

from __future__ import annotations

from typing import Any

from alb_controller.objects.core import Pod, PodSpec
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.indexes import (
    BY_NODE,
    BY_POD,
    BY_SERVICE,
    BY_TARGET_GROUP,
    INDEXES,
    SERVICE_NAME_LABEL,
)
from alb_controller.objects.networking import (
    Endpoint,
    EndpointSlice,
    EndpointTargetRef,
    IngressBackend,
)
from tests.factories import ingress, meta, path, rule, to
from tests.unit.targets.cluster import binding


def filed(obj: Any, index: str) -> set[str]:
    """The values under which an index files an object."""
    return set(INDEXES[type(obj)][index](obj))


def slice_of(*endpoints: Endpoint, **labels: str) -> EndpointSlice:
    """A slice with endpoints and labels."""
    return EndpointSlice(meta("app-1", labels=labels), "IPv4", list(endpoints) or None)


def test_an_ingress_is_filed_under_every_service_that_it_names() -> None:
    """In rules and as the default; a rule without paths and a resource backend name none."""
    resource = path("/r", "Exact", IngressBackend())
    rules = [rule("h", path(), path("/b", backend=to("blog"))), rule("empty"), rule("r", resource)]
    made = ingress(rules=rules, default_backend=to("fallback"))
    assert filed(made, BY_SERVICE) == {"shop/app", "shop/blog", "shop/fallback"}
    assert filed(ingress(rules=[]), BY_SERVICE) == set()


def test_a_slice_is_filed_under_its_service_and_its_pods() -> None:
    """Only endpoints that are pods; without a namespace a pod is in the slice's."""
    made = slice_of(
        Endpoint(["10.0.0.1"], target_ref=EndpointTargetRef("Pod", "", "a")),
        Endpoint(["10.0.0.2"], target_ref=EndpointTargetRef("Pod", "other", "b")),
        Endpoint(["10.0.0.3"], target_ref=EndpointTargetRef("Node", "", "n")),
        Endpoint(["10.0.0.4"]),
        **{SERVICE_NAME_LABEL: "app"},
    )
    assert filed(made, BY_SERVICE) == {"shop/app"}
    assert filed(made, BY_POD) == {"shop/a", "other/b"}


def test_a_slice_of_nothing_is_filed_under_nothing() -> None:
    """Neither a label nor endpoints need be there."""
    assert filed(slice_of(), BY_SERVICE) == set()
    assert filed(slice_of(), BY_POD) == set()


def test_a_binding_is_filed_under_its_service_and_its_target_group() -> None:
    """Both change what it registers."""
    made: TargetGroupBinding = binding(targetGroupARN="arn:1")
    assert filed(made, BY_SERVICE) == {"shop/app"}
    assert filed(made, BY_TARGET_GROUP) == {"arn:1"}


def test_a_pod_is_filed_under_its_node() -> None:
    """The node's state counts for its pods."""
    assert filed(Pod(meta("a"), PodSpec("node-a")), BY_NODE) == {"node-a"}
