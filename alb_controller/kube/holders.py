"""Objects that controllers beside this one hold by finalizers of LBC's.

A Service or Gateway with such a finalizer may have a load balancer that uses the shared backend
security group, so the group stays while there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from alb_controller.errors import KubeError, ObjectMissing
from alb_controller.kube.client import KubeClient
from alb_controller.kube.store import Stores
from alb_controller.model.ownership import GATEWAY_ALB, GATEWAY_NLB, SERVICE, Ownership
from alb_controller.objects.core import KubeObject, Service
from alb_controller.objects.reading import decode
from alb_controller.values import Api

_GATEWAYS = "/apis/gateway.networking.k8s.io/v1/gateways"


class _Page(msgspec.Struct):
    items: list[KubeObject]
    """Required: an answer without it is no empty list."""
    metadata: dict[str, Any] = {}


class Holders:
    """Counts them: Services from memory, Gateways by asking the API, which need not know them."""

    def __init__(self, client: KubeClient, stores: Stores, *, served: frozenset[Api]) -> None:
        """`served`: the APIs of this process, whose finalizers are its own."""
        self._client, self._stores, self._served = client, stores, served

    def count(self) -> dict[str, int]:
        """How many objects are held, by kind; kinds without one are left out.

        Raises KubeError where the API does not answer: that says nothing about Gateways.
        """
        services, gateways = self._others(SERVICE), self._others(GATEWAY_ALB, GATEWAY_NLB)
        found = {
            "Service": sum(_is_held(s, services) for s in self._services()),
            "Gateway": self._gateways(gateways) if gateways else 0,
        }
        return {kind: number for kind, number in found.items() if number}

    def _services(self) -> Iterator[Service]:
        yield from self._stores.list(Service)
        yield from (item.obj for item in self._stores.unreadable(Service))

    def _others(self, *owners: Ownership) -> frozenset[str]:
        return frozenset(one.finalizer for one in owners if one.api not in self._served)

    def _gateways(self, finalizers: frozenset[str]) -> int:
        held, query = 0, {"limit": "500"}
        while True:
            try:
                data = self._client.request("GET", _GATEWAYS, query=query)
            except ObjectMissing:  # the kind is not installed
                return 0
            page = _page(data)
            held += sum(_is_held(gateway, finalizers) for gateway in page.items)
            more = page.metadata.get("continue")
            if not more:
                return held
            query = {**query, "continue": more}


def _is_held(obj: KubeObject, finalizers: frozenset[str]) -> bool:
    return not finalizers.isdisjoint(obj.metadata.finalizers)


def _page(data: bytes) -> _Page:
    try:
        return decode(data, _Page)
    except msgspec.DecodeError as error:
        raise KubeError(200, "not a list of Gateways", str(error)) from error
