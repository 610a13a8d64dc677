"""Reads past the cache: what the API has, and no answer that is none taken for an empty one."""

from __future__ import annotations

import pytest

from alb_controller.errors import KubeError, Unreachable
from alb_controller.kube.client import KubeClient
from alb_controller.kube.live import LiveReads
from alb_controller.objects.core import Service
from alb_controller.objects.kinds import CONFIG_MAP, ENDPOINT_SLICE, SERVICE
from tests.faults.kube.server import CUT, Answer, ApiServer

COLLECTION = "/api/v1/namespaces/ns/services"
PATH = f"{COLLECTION}/web"


def test_an_object_is_read_as_it_is_now(api: ApiServer, client: KubeClient) -> None:
    """Without resourceVersion, so that no cache answers; None where there is no such object.

    A list of its name alone, which a role with list and watch allows.
    """
    api.put(PATH, {"metadata": {"namespace": "ns", "name": "web"}, "spec": {}})
    live = LiveReads(client)
    found = live.get(SERVICE, "ns", "web")
    assert isinstance(found, Service)
    assert live.get(SERVICE, "ns", "other") is None
    asked = [(r.path, r.query["fieldSelector"]) for r in api.requests]
    assert asked == [(COLLECTION, f"metadata.name={name}") for name in ("web", "other")]


def test_what_is_never_watched_is_read_by_its_path(api: ApiServer, client: KubeClient) -> None:
    """ConfigMaps may be got and not listed."""
    path = "/api/v1/namespaces/ns/configmaps/targets"
    api.put(path, {"metadata": {"namespace": "ns", "name": "targets"}})
    live = LiveReads(client)
    found = live.get(CONFIG_MAP, "ns", "targets")
    assert found is not None
    assert live.get(CONFIG_MAP, "ns", "other") is None
    assert api.requests[0].path == path


def test_a_list_asks_for_labels(api: ApiServer, client: KubeClient) -> None:
    """The slices of one Service alone."""
    api.fault = lambda _: Answer(200, b'{"items": [{"metadata": {"name": "a"}}], "metadata": {}}')
    found = LiveReads(client).list(ENDPOINT_SLICE, "ns", {"kubernetes.io/service-name": "web"})
    assert [o.metadata.name for o in found] == ["a"]
    assert api.requests[-1].query == {"labelSelector": "kubernetes.io/service-name=web"}


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"items": null}', b'{"items": [{"metadata": 1}]}', b'{"items": [']
)
def test_an_answer_that_is_no_list_is_an_error(
    api: ApiServer, client: KubeClient, body: bytes
) -> None:
    """It must not pass for an empty one."""
    api.fault = lambda _: Answer(200, body)
    with pytest.raises(KubeError):
        LiveReads(client).list(ENDPOINT_SLICE, "ns")


def test_no_answer_is_an_error(api: ApiServer, client: KubeClient) -> None:
    """Nobody may conclude that there is nothing."""
    api.fault = lambda _: CUT
    with pytest.raises(Unreachable):
        LiveReads(client).get(SERVICE, "ns", "web")
