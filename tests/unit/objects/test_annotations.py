"""The table of annotations, and what is reported of a value that cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.errors import InvalidAnnotation
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.ingress_table import FAMILIES, PREFIX, TABLE
from alb_controller.objects.annotations.reference import EXAMPLES, FAMILY_EXAMPLES
from alb_controller.objects.annotations.rows import Annotation, CollectingReader, Reader, Source
from alb_controller.values import ObjectRef

WEB = ObjectRef("Ingress", "shop", "web")
APP = ObjectRef("Service", "shop", "app")
REFERENCE_SUFFIXES = {
    "group.name", "group.order", "load-balancer-name", "scheme", "ip-address-type", "subnets",
    "customer-owned-ipv4-pool", "ipam-ipv4-pool-id", "load-balancer-attributes",
    "minimum-load-balancer-capacity", "tags", "wafv2-acl-arn", "wafv2-acl-name", "waf-acl-id",
    "web-acl-id", "shield-advanced-protection", "security-groups",
    "manage-backend-security-group-rules", "inbound-cidrs", "security-group-prefix-lists",
    "listen-ports", "ssl-redirect", "certificate-arn", "ssl-policy", "mutual-authentication",
    "create-acm-cert", "acm-pca-arn", "target-type", "backend-protocol",
    "backend-protocol-version", "target-group-attributes", "target-node-labels",
    "multi-cluster-target-group", "healthcheck-port", "healthcheck-protocol", "healthcheck-path",
    "healthcheck-interval-seconds", "healthcheck-timeout-seconds", "healthy-threshold-count",
    "unhealthy-threshold-count", "success-codes", "use-regex-path-match", "auth-type",
    "auth-idp-cognito", "auth-idp-oidc", "auth-on-unauthenticated-request", "auth-scope",
    "auth-session-cookie", "auth-session-timeout", "jwt-validation", "enable-frontend-nlb",
    "frontend-nlb-scheme", "frontend-nlb-subnets", "frontend-nlb-security-groups",
    "frontend-nlb-listener-port-mapping", "frontend-nlb-eip-allocations",
    "frontend-nlb-healthcheck-port", "frontend-nlb-healthcheck-protocol",
    "frontend-nlb-healthcheck-path", "frontend-nlb-healthcheck-interval-seconds",
    "frontend-nlb-healthcheck-timeout-seconds", "frontend-nlb-healthcheck-healthy-threshold-count",
    "frontend-nlb-healthcheck-unhealthy-threshold-count", "frontend-nlb-healthcheck-success-codes",
    "frontend-nlb-attributes", "frontend-nlb-tags",
}  # fmt: skip
"""The fixed keys of spec 1.1; the others belong to a family."""
REFERENCE_FAMILIES = {
    "actions.", "conditions.", "transforms.", "listener-attributes.", "target-control-port.",
}  # fmt: skip


def source(ref: ObjectRef, **annotations: str) -> Source:
    """Annotations of an object; `_` in a key stands for `-`."""
    return Source(ref, {PREFIX + key.replace("_", "-"): raw for key, raw in annotations.items()})


def test_the_table_knows_every_annotation_of_the_reference() -> None:
    """What LBC reads is served, never overlooked (spec 1.1)."""
    assert {row.suffix for row in TABLE if row.prefix == PREFIX} == REFERENCE_SUFFIXES
    assert set(FAMILIES) == REFERENCE_FAMILIES


def test_annotations_of_our_own_have_our_own_prefix() -> None:
    """There is one: what LBC has no word for (ADR 28)."""
    own = {row.key for row in TABLE if row.prefix != PREFIX}
    assert own == {"alb-controller.aws/allow-unauthenticated-http"}


def test_each_row_has_its_own_key_and_says_what_it_is_for() -> None:
    """A key stands in one row, and the reference page has a sentence for it."""
    assert len({row.key for row in TABLE}) == len(TABLE)
    assert all(row.doc.endswith(".") for row in TABLE)


def test_a_row_is_read_under_the_prefix_of_its_own_api() -> None:
    """A row of a Service's own annotations, beside one of Ingresses with the same suffix."""
    prefix, suffix = "service.beta.kubernetes.io/", "aws-load-balancer-scheme"
    row = Annotation(
        prefix=prefix, suffix=suffix, parse=rows.SCHEME.parse, merge="per Ingress", doc="Scheme."
    )
    assert row.key == "service.beta.kubernetes.io/aws-load-balancer-scheme"
    found = Source(APP, {row.key: "internal", PREFIX + suffix: "internet-facing"})
    assert Reader(found).get(row) == "internal"
    with pytest.raises(InvalidAnnotation, match=f"^{row.key}: 'open' must be one of"):
        Reader(Source(APP, {row.key: "open"})).get(row)


READ: list[tuple[Annotation[Any], str]] = [
    *((row, EXAMPLES[row.suffix].value) for row in TABLE),
    (rows.action("x"), FAMILY_EXAMPLES["actions."].value),
    (rows.conditions("x"), FAMILY_EXAMPLES["conditions."].value),
    (rows.transforms("x"), FAMILY_EXAMPLES["transforms."].value),
    (rows.listener_attributes("HTTP", 80), FAMILY_EXAMPLES["listener-attributes."].value),
    (rows.target_control_port("x", 80), FAMILY_EXAMPLES["target-control-port."].value),
]


@pytest.mark.parametrize("row, raw", READ, ids=[row.suffix for row, _ in READ])
def test_a_line_end_behind_a_value_is_none_of_it(row: Annotation[Any], raw: str) -> None:
    """A YAML block scalar leaves one: every row reads the value before it."""
    plain, block = (Reader(Source(WEB, {row.key: one})).get(row) for one in (raw, f"{raw}\n"))
    assert plain == block
    assert plain is not None


def test_a_line_end_within_a_value_stays() -> None:
    """What cannot be read is reported without the one behind it."""
    with pytest.raises(InvalidAnnotation, match=r": 'in\\nternal' must be one of"):
        Reader(source(WEB, scheme="in\nternal\n")).get(rows.SCHEME)


def test_a_value_is_none_where_no_object_has_the_key() -> None:
    """An absent annotation is not an empty one."""
    assert Reader(source(WEB)).get(rows.SUBNETS) is None
    assert Reader(source(WEB, subnets="")).get(rows.SUBNETS) == ()


def test_the_service_replaces_the_whole_annotation_of_the_ingress() -> None:
    """Not element by element (spec 0); the object that counts is known."""
    ingress = source(WEB, target_group_attributes="a=1,b=2", success_codes="200-299")
    service = source(APP, target_group_attributes="a=3")
    reader = Reader(service, ingress)
    assert reader.get(rows.TARGET_GROUP_ATTRIBUTES) == {"a": "3"}
    assert reader.source(rows.TARGET_GROUP_ATTRIBUTES) == service
    assert reader.get(rows.SUCCESS_CODES) == "200-299"
    assert reader.source(rows.SUCCESS_CODES) == ingress
    assert reader.source(rows.TAGS) is None


def test_a_bad_value_is_reported_with_object_key_value_and_what_is_allowed() -> None:
    """The object that carries it is at fault, here the Service."""
    reader = Reader(source(APP, target_type="pod"), source(WEB, target_type="ip"))
    with pytest.raises(InvalidAnnotation) as raised:
        reader.get(rows.TARGET_TYPE)
    assert raised.value.origin == APP
    assert str(raised.value) == (
        "alb.ingress.kubernetes.io/target-type: 'pod' must be one of instance, ip"
    )


def test_a_default_stands_in_for_an_absent_annotation_alone() -> None:
    """An empty value is a value (spec 0)."""
    reader = Reader(source(WEB, auth_scope=""))
    assert reader.get_or(rows.AUTH_SCOPE, "openid") == ""
    assert reader.get_or(rows.AUTH_SESSION_COOKIE, "cookie") == "cookie"


def test_a_collecting_reader_goes_on_behind_a_bad_value() -> None:
    """It notes what is wrong, in the order in which it was asked."""
    reader = CollectingReader(source(WEB, scheme="open", ssl_redirect="first", tags="a=b"))
    assert reader.get(rows.SCHEME) is None
    assert reader.get_or(rows.SSL_REDIRECT, 0) == 0
    assert reader.get(rows.TAGS) == {"a": "b"}
    assert [found.field for found in reader.problems] == [rows.SCHEME.key, rows.SSL_REDIRECT.key]
