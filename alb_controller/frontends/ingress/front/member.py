"""What one Ingress wants of the network load balancer in front (spec 1.1, frontend NLB)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import msgspec

from alb_controller.errors import Invalid, InvalidAnnotation
from alb_controller.frontends.backends.limits import limited
from alb_controller.model.ownership import problems_of_keys
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.rows import Annotation, CollectingReader, Source
from alb_controller.settings import Settings
from alb_controller.values import Scheme

CHECKS: dict[str, Annotation[Any]] = {
    "port": rows.FRONT_CHECK_PORT,
    "protocol": rows.FRONT_CHECK_PROTOCOL,
    "path": rows.FRONT_CHECK_PATH,
    "interval_seconds": limited(
        rows.FRONT_CHECK_INTERVAL, "TargetGroup.HealthCheckIntervalSeconds"
    ),
    "timeout_seconds": limited(rows.FRONT_CHECK_TIMEOUT, "TargetGroup.HealthCheckTimeoutSeconds"),
    "healthy_threshold": limited(rows.FRONT_CHECK_HEALTHY, "TargetGroup.HealthyThresholdCount"),
    "unhealthy_threshold": limited(
        rows.FRONT_CHECK_UNHEALTHY, "TargetGroup.UnhealthyThresholdCount"
    ),
    "matcher": rows.FRONT_CHECK_CODES,
}
"""Field of a health check -> its annotation."""


class MemberFront(msgspec.Struct, frozen=True, kw_only=True):
    """None where the Ingress does not set it."""

    is_wanted: bool | None = None
    scheme: Scheme | None = None
    subnets: tuple[str, ...] | None = None
    security_groups: tuple[str, ...] | None = None
    elastic_ips: tuple[str, ...] | None = None
    attributes: dict[str, str] = {}
    tags: dict[str, str] = {}
    has_tags: bool = False
    """It has the annotation, if only an empty one."""
    ports: dict[int, int] = {}
    """Port in front -> port behind, of the Ingress's own listeners."""
    ports_field: str = rows.ENABLE_FRONT.key
    """The annotation that says so."""
    check: dict[str, object] = {}
    """What it sets of the health check, by field."""
    problems: tuple[Invalid, ...] = ()
    """Of one that does not ask for a front: they count where another member does."""


def translate_front(
    source: Source, reader: CollectingReader, listeners: Iterable[int], settings: Settings
) -> MemberFront:
    """All that the annotations set; `listeners` are the Ingress's own ports.

    What cannot be read is a problem of the Ingress, added to the reader's, where it asks for a
    front itself.
    """
    is_wanted, own = reader.get(rows.ENABLE_FRONT), CollectingReader(source)
    made = _translate(source, own, frozenset(listeners), settings)
    if not is_wanted:
        return msgspec.structs.replace(made, is_wanted=is_wanted, problems=tuple(own.problems))
    reader.problems.extend(own.problems)
    return msgspec.structs.replace(made, is_wanted=True)


def _translate(
    source: Source, reader: CollectingReader, listeners: frozenset[int], settings: Settings
) -> MemberFront:
    given = reader.get(rows.FRONT_PORTS)
    mapping = given or {port: port for port in listeners}
    tags = reader.get(rows.FRONT_TAGS)
    for problem in problems_of_keys(tags or {}, settings.external_managed_tags):
        reader.problems.append(InvalidAnnotation(source.ref, rows.FRONT_TAGS.key, problem))
    return MemberFront(
        scheme=cast("Scheme | None", reader.get(rows.FRONT_SCHEME)),
        subnets=reader.get(rows.FRONT_SUBNETS),
        security_groups=reader.get(rows.FRONT_SECURITY_GROUPS),
        elastic_ips=reader.get(rows.FRONT_ELASTIC_IPS),
        attributes=reader.get(rows.FRONT_ATTRIBUTES) or {},
        tags=tags or {},
        has_tags=tags is not None,
        # as LBC does, a port that the Ingress does not listen on is passed over
        ports={front: behind for front, behind in mapping.items() if behind in listeners},
        ports_field=(rows.FRONT_PORTS if given else rows.ENABLE_FRONT).key,
        check={
            name: value for name, row in CHECKS.items() if (value := reader.get(row)) is not None
        },
    )
