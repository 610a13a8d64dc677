"""Reads past the cache: what the API has, and no answer that is none taken for an empty one."""

from __future__ import annotations

import pytest

from alb_controller.errors import KubeError, Unreachable
from alb_controller.kube.client import KubeClient
from alb_controller.kube.live import LiveReads
from alb_controller.objects.core import Service
from alb_controller.objects.kinds import ENDPOINT_SLICE, SERVICE
from tests.faults.kube.server import CUT, Answer, ApiServer

PATH = "/api/v1/namespaces/ns/services/web"


def test_an_object_is_read_as_it_is_now(api: ApiServer, client: KubeClient) -> None:
    """Without resourceVersion, so that no cache answers; None where there is no such object."""
    api.put(PATH, {"metadata": {"namespace": "ns", "name": "web"}, "spec": {}})
    live = LiveReads(client)
    found = live.get(SERVICE, "ns", "web")
    assert isinstance(found, Service)
    assert live.get(SERVICE, "ns", "other") is None
    assert [r.query for r in api.requests] == [{}, {}]


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
