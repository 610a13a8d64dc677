"""The official Python client works with the embedded API as with any cluster."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config, watch

from alb_controller.sandbox.kubeapi import ApiServer

SERVICE = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}


@pytest.fixture
def core(server: ApiServer, tmp_path: Path) -> Iterator[Any]:
    """The core API of the client, set up by the kubeconfig."""
    path = server.write_kubeconfig(tmp_path / "kubeconfig")
    with config.new_client_from_config(str(path)) as made:
        yield client.CoreV1Api(made)


def test_typed_objects_go_back_and_forth(core: Any) -> None:
    """Create, read, patch, list and delete through the client's models."""
    made = core.create_namespaced_service("default", SERVICE)
    assert made.spec.cluster_ip.startswith("10.")
    core.patch_namespaced_service("web", "default", {"metadata": {"labels": {"a": "b"}}})
    listed = core.list_namespaced_service("default", label_selector="a=b").items
    assert [item.metadata.name for item in listed] == ["web"]
    core.delete_namespaced_service("web", "default")
    with pytest.raises(client.ApiException) as gone:
        core.read_namespaced_service("web", "default")
    assert gone.value.status == 404


def test_a_watch_follows_a_list(core: Any) -> None:
    """List, then watch from its version: no change is missed."""
    version = core.list_namespaced_service("default").metadata.resource_version
    core.create_namespaced_service("default", SERVICE)
    core.delete_namespaced_service("web", "default")
    stream = watch.Watch().stream(
        core.list_namespaced_service, "default", resource_version=version, timeout_seconds=30
    )
    seen = [(event["type"], event["object"].metadata.name) for event in islice(stream, 2)]
    assert seen == [("ADDED", "web"), ("DELETED", "web")]


def test_a_stale_replace_is_a_conflict(core: Any) -> None:
    """Optimistic concurrency, as a controller relies on it."""
    core.create_namespaced_service("default", SERVICE)
    first = core.read_namespaced_service("web", "default")
    second = core.read_namespaced_service("web", "default")
    first.metadata.labels = {"a": "1"}
    core.replace_namespaced_service("web", "default", first)
    with pytest.raises(client.ApiException) as refused:
        core.replace_namespaced_service("web", "default", second)
    assert refused.value.status == 409
