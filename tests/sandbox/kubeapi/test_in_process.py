"""The same API without HTTP, for the modules that bring a cluster to life."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alb_controller.sandbox.kubeapi import ApiServer, DeleteOptions, StatusError, Target
from alb_controller.sandbox.kubeapi.api import MERGE_PATCH

POD = {
    "metadata": {"name": "web"},
    "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i"}]},
}


@pytest.fixture
def api_server() -> ApiServer:
    """A server that does not listen: the store and the verbs are there all the same."""
    return ApiServer()


def test_a_bare_server_holds_what_a_real_one_makes_for_itself(api_server: ApiServer) -> None:
    """Four namespaces and one Service; no Pod, no EndpointSlice, no service account."""
    api, registry = api_server.api, api_server.registry
    found = {
        kind.name: [item["metadata"]["name"] for item in api.list(kind)["items"]]
        for kind in registry.all()
        if "list" in kind.verbs
    }
    assert {kind: names for kind, names in found.items() if names} == {
        "Namespace": ["default", "kube-node-lease", "kube-public", "kube-system"],
        "Service": ["kubernetes"],
    }


def test_a_writers_object_stays_its_own(api_server: ApiServer) -> None:
    """What was handed in may be changed afterwards without changing what is stored."""
    body = {"metadata": {"name": "a"}, "data": {"k": "v"}}
    kind = api_server.registry.named("ConfigMap")
    api_server.api.create(kind, body, "default")
    body["data"]["k"] = "other"
    assert api_server.api.get(Target(kind, "a", "default"))["data"] == {"k": "v"}


def test_the_kubelets_part_can_be_played(api_server: ApiServer) -> None:
    """Create on a node, report a status, and end a deletion that was given time."""
    api, registry = api_server.api, api_server.registry
    api.create(registry.named("Pod"), POD, "default")
    status = {"status": {"phase": "Running", "podIP": "10.0.0.1"}}
    api.patch(api.target("Pod", "web", "default", "status"), MERGE_PATCH, status)
    pod = api.delete(api.target("Pod", "web", "default"))
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 30
    assert api.get(api.target("Pod", "web", "default"))["status"]["podIP"] == "10.0.0.1"
    api.delete(api.target("Pod", "web", "default"), DeleteOptions(grace_period_seconds=0))
    with pytest.raises(StatusError, match='pods "web" not found'):
        api.get(api.target("Pod", "web", "default"))


def test_a_namespace_ends_as_its_controller_says(api_server: ApiServer) -> None:
    """It stays Terminating and takes nothing new, until its finalizer is taken away."""
    api, registry = api_server.api, api_server.registry
    kind = registry.named("Namespace")
    api.create(kind, {"metadata": {"name": "shop"}})
    marked = api.delete(Target(kind, "shop"))
    assert marked["status"]["phase"] == "Terminating"
    with pytest.raises(StatusError) as refused:
        api.create(registry.named("ConfigMap"), {"metadata": {"name": "a"}}, "shop")
    assert (refused.value.code, refused.value.reason) == (403, "Forbidden")
    api.update(Target(kind, "shop", None, "finalize"), {"spec": {"finalizers": []}})
    with pytest.raises(StatusError, match="not found"):
        api.get(Target(kind, "shop"))


def test_a_scale_changes_the_workload(api_server: ApiServer) -> None:
    """`kubectl scale` writes the scale of a Deployment, and reads it."""
    api, registry = api_server.api, api_server.registry
    template = {"metadata": {"labels": {"a": "b"}}, "spec": POD["spec"]}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    api.create(registry.named("Deployment"), {"metadata": {"name": "web"}, "spec": spec}, "default")
    scale = api.target("Deployment", "web", "default", "scale")
    api.update(scale, {"spec": {"replicas": 3}})
    assert api.get(scale)["spec"] == {"replicas": 3}
    assert api.get(scale.main())["metadata"]["generation"] == 2
    with pytest.raises(StatusError):
        api.update(scale, {"spec": {"replicas": -1}})


def test_time_is_the_callers(api_server: ApiServer) -> None:
    """A clock of one's own dates what is made."""
    api_server.api.now = lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    kind = api_server.registry.named("ConfigMap")
    made = api_server.api.create(kind, {"metadata": {"name": "a"}}, "default")
    assert made["metadata"]["creationTimestamp"] == "2026-01-02T03:04:05Z"


def test_an_unknown_kind_is_an_error_that_names_it(api_server: ApiServer) -> None:
    """A typing mistake in our own code is found at once."""
    with pytest.raises(KeyError, match="no kind Pood"):
        api_server.registry.named("Pood")
