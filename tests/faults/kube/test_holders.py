"""Who else may use the shared security group: an answer that is none says nothing about that."""

from __future__ import annotations

import pytest

from alb_controller.errors import KubeError
from alb_controller.kube.client import KubeClient
from alb_controller.kube.holders import Holders
from alb_controller.kube.store import Stores
from alb_controller.objects.kinds import WATCHED
from alb_controller.values import Api
from tests.factories import changed, service
from tests.faults.kube.server import Answer, ApiServer
from tests.unreadable import turn_unreadable

NONE: frozenset[Api] = frozenset()
GATEWAY = b'{"metadata": {"name": "a", "finalizers": ["gateway.k8s.aws/alb"]}}'


def test_held_services_and_gateways_are_counted(api: ApiServer, client: KubeClient) -> None:
    """Services from memory, Gateways page by page; those that nobody holds are left out."""
    pages = [
        b'{"items": [%s, {"metadata": {}}], "metadata": {"continue": "x"}}' % GATEWAY,
        b'{"items": [%s], "metadata": {}}' % GATEWAY,
    ]
    api.fault = lambda _: Answer(200, pages.pop(0))
    held = changed(service(), finalizers=["service.k8s.aws/resources"])
    stores = Stores(WATCHED)
    for one in (held, service("other")):
        stores.of(type(one)).upsert(one)
    assert Holders(client, stores, served=NONE).count() == {"Service": 1, "Gateway": 2}
    assert [r.query.get("continue") for r in api.requests] == [None, "x"]


def test_who_is_served_here_waits_for_nobody_else(api: ApiServer, client: KubeClient) -> None:
    """Objects with the finalizers of this process are not counted; of Gateways, those of the other.

    Nobody is asked for Gateways where both of their APIs are served.
    """
    both = b'{"metadata": {"name": "b", "finalizers": ["gateway.k8s.aws/nlb"]}}'
    page = b'{"items": [%s, %s], "metadata": {}}' % (GATEWAY, both)
    api.fault = lambda _: Answer(200, page)
    held = changed(service(), finalizers=["service.k8s.aws/resources"])
    stores = Stores(WATCHED)
    stores.of(type(held)).upsert(held)
    assert Holders(client, stores, served=frozenset({"service", "gateway-nlb"})).count() == {
        "Gateway": 1
    }
    asked = len(api.requests)
    served: frozenset[Api] = frozenset({"gateway-alb", "gateway-nlb"})
    assert Holders(client, stores, served=served).count() == {"Service": 1}
    assert len(api.requests) == asked


def test_a_service_that_cannot_be_read_is_counted(client: KubeClient) -> None:
    """Its finalizer says enough."""
    held = changed(service(), finalizers=["service.k8s.aws/resources"])
    stores = Stores(WATCHED)
    turn_unreadable(stores, held)
    assert Holders(client, stores, served=NONE).count() == {"Service": 1}


def test_where_gateways_are_not_installed_there_are_none(
    api: ApiServer, client: KubeClient
) -> None:
    """The server does not know the kind."""
    assert Holders(client, Stores(WATCHED), served=NONE).count() == {}
    assert len(api.requests) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b'{"items": [{"metadata": 1}]}'])
def test_an_answer_that_is_no_list_is_an_error(
    api: ApiServer, client: KubeClient, body: bytes
) -> None:
    """It must not pass for an empty one, nor end the process at its start."""
    api.fault = lambda _: Answer(200, body)
    with pytest.raises(KubeError):
        Holders(client, Stores(WATCHED), served=NONE).count()
