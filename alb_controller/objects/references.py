"""Which other objects an Ingress names: backends of its rules and those in its annotations."""

from __future__ import annotations

from collections.abc import Iterator

from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.networking import Ingress, IngressBackend

USE_ANNOTATION = "use-annotation"
"""The port name of a backend whose action stands in the annotation `actions.NAME` (spec 1.2)."""


def backends(ingress: Ingress) -> Iterator[IngressBackend]:
    """Every backend that an Ingress names, the default one first."""
    if ingress.spec.default_backend is not None:
        yield ingress.spec.default_backend
    yield from path_backends(ingress)


def path_backends(ingress: Ingress) -> Iterator[IngressBackend]:
    """The backends of paths: conditions and transforms are for them alone."""
    for rule in ingress.spec.rules:
        for path in rule.http.paths if rule.http else ():
            yield path.backend


def service_names(ingress: Ingress) -> set[str]:
    """Services of the Ingress's namespace that its backends or their actions name.

    One backend or annotation that cannot be read hides none of the others (spec 12.1 #26).
    """
    names: set[str] = set()
    for backend in backends(ingress):
        if backend.service is None:
            continue
        if backend.service.port.name == USE_ANNOTATION:
            names.update(_action_services(ingress, backend.service.name))
        else:
            names.add(backend.service.name)
    return names


def _action_services(ingress: Ingress, name: str) -> Iterator[str]:
    row = rows.action(name)
    raw = ingress.metadata.annotations.get(row.key)
    if raw is None:
        return
    try:
        forward = row.parse(raw).forward_config
    except ValueError:
        return
    for target in forward.target_groups if forward else ():
        if target.service_name:
            yield target.service_name
