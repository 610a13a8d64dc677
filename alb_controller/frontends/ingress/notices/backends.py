"""Backends behind which nothing can be: requests for them get 503."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.core import Service
from alb_controller.objects.networking import Ingress
from alb_controller.objects.references import USE_ANNOTATION, backends, service_names

Services: TypeAlias = Mapping[tuple[str, str], Service]
"""By namespace and name, those that are there."""


def missing_services(ingress: Ingress, services: Services) -> Iterator[str]:
    """A sentence for each Service that an Ingress names and that is not there."""
    namespace = ingress.metadata.namespace
    for name in sorted(service_names(ingress)):
        if (namespace, name) not in services:
            yield f"Service {namespace}/{name} does not exist: its requests get 503"


def missing_actions(ingress: Ingress) -> Iterator[str]:
    """A sentence for each annotation that a backend names and that is not there."""
    named = (one.service for one in backends(ingress) if one.service is not None)
    for key in dict.fromkeys(
        rows.action(service.name).key for service in named if service.port.name == USE_ANNOTATION
    ):
        if key not in ingress.metadata.annotations:
            yield f"{key} does not exist: its requests get 503"


def external_services(ingress: Ingress, services: Services) -> Iterator[str]:
    """A sentence for each Service that stands for a name outside the cluster."""
    namespace = ingress.metadata.namespace
    for name in sorted(service_names(ingress)):
        service = services.get((namespace, name))
        if service is not None and service.spec.type == "ExternalName":
            yield (
                f"Service {namespace}/{name} is of type ExternalName, which has no endpoints: its "
                "requests get 503. A redirect (actions) can lead there"
            )
