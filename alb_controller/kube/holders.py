"""Objects that the reference's other controllers hold by finalizers, and we do not serve.

A Service or Gateway with such a finalizer may have a load balancer that uses the shared backend
security group, so the group stays while there is one.
"""

from __future__ import annotations

from typing import Any

import msgspec

from alb_controller.errors import KubeError, ObjectMissing
from alb_controller.kube.client import KubeClient
from alb_controller.kube.store import Stores
from alb_controller.model.ownership import GATEWAY_ALB, GATEWAY_NLB, SERVICE
from alb_controller.objects.core import KubeObject, Service

_GATEWAY_FINALIZERS = {GATEWAY_ALB.finalizer, GATEWAY_NLB.finalizer}
_GATEWAYS = "/apis/gateway.networking.k8s.io/v1/gateways"


class _Page(msgspec.Struct):
    items: list[KubeObject]
    """Required: an answer without it is no empty list."""
    metadata: dict[str, Any] = {}


class Holders:
    """Counts them: Services from memory, Gateways by asking the API, which need not know them."""

    def __init__(self, client: KubeClient, stores: Stores) -> None:
        self._client, self._stores = client, stores

    def count(self) -> dict[str, int]:
        """How many objects are held, by kind; kinds without one are left out.

        Raises KubeError where the API does not answer: that says nothing about Gateways.
        """
        services = (s.metadata.finalizers for s in self._stores.list(Service))
        found = {
            "Service": sum(SERVICE.finalizer in finalizers for finalizers in services),
            "Gateway": self._gateways(),
        }
        return {kind: number for kind, number in found.items() if number}

    def _gateways(self) -> int:
        held, query = 0, {"limit": "500"}
        while True:
            try:
                data = self._client.request("GET", _GATEWAYS, query=query)
            except ObjectMissing:  # the kind is not installed
                return 0
            page = _page(data)
            gateways = (set(g.metadata.finalizers) for g in page.items)
            held += sum(bool(finalizers & _GATEWAY_FINALIZERS) for finalizers in gateways)
            more = page.metadata.get("continue")
            if not more:
                return held
            query = {**query, "continue": more}


def _page(data: bytes) -> _Page:
    try:
        return msgspec.json.decode(data, type=_Page)
    except msgspec.DecodeError as error:
        raise KubeError(200, "not a list of Gateways", str(error)) from error
