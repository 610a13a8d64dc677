"""Line ends behind values, as YAML block scalars leave them: of every key alike (issue 16)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.frontends.ingress.admission import validate_ingress
from alb_controller.frontends.ingress.select import CLASS_ANNOTATION
from alb_controller.objects.annotations.ingress_table import OWN_PREFIX, TABLE
from alb_controller.objects.annotations.json import JsonParser
from alb_controller.objects.annotations.mutual_authentication import mutual_authentication
from alb_controller.objects.annotations.reference import EXAMPLES, FAMILY_EXAMPLES
from alb_controller.objects.annotations.rows import Annotation, Source, parse
from alb_controller.objects.annotations.values import listen_ports
from alb_controller.objects.core import KubeObject
from alb_controller.objects.elbv2 import IngressClassParamsSpec
from alb_controller.values import ObjectRef
from tests.factories import cluster, ingress, ingress_class, params, path, rule, service, to
from tests.unit.frontends.ingress.translation import WEB, settings, translated

WHO = ObjectRef("Ingress", "shop", "web")
ROWS = [row for row in TABLE if row.prefix != OWN_PREFIX]
NAMES = {"listener-attributes.": "HTTP-80", "target-control-port.": "app.80"}
VALUES = {row.suffix: EXAMPLES[row.suffix].value for row in ROWS} | {
    family + NAMES.get(family, "app"): example.value for family, example in FAMILY_EXAMPLES.items()
}
BASES: tuple[dict[str, str], ...] = (
    {},
    {"listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]', "certificate-arn": "arn:certificate"},
    {"enable-frontend-nlb": "true"},
)
JSON = [
    row
    for row in TABLE
    if isinstance(row.parse, JsonParser) or row.parse in (listen_ports, mutual_authentication)
]
BY = settings(gates={"enable_certificate_management": True, "alb_target_control_agent": True})


def outcome(*objects: KubeObject) -> object:
    """All that comes of a group with these objects, but for the texts of problems."""
    made = translated(*objects, key=WEB, by=BY)
    (web,) = (one for one in objects if one.key == ("shop", "web"))
    known = cluster(ingress_class(), *(one for one in objects if one is not web))
    decision = validate_ingress(web, None, known, BY)  # type: ignore[arg-type] # it is an Ingress
    problems = [(one.origin, one.field) for one in made.problems]
    warnings = [(one.ref, one.reason) for one in made.warnings]
    good = {uid: msgspec.structs.replace(one, source=None) for uid, one in made.good.items()}
    return made.intent, good, problems, warnings, decision.is_allowed


@pytest.mark.parametrize("key", VALUES)
@pytest.mark.parametrize("base", BASES, ids=["plain", "secure", "front"])
def test_a_line_end_behind_a_value_changes_nothing(key: str, base: dict[str, str]) -> None:
    """On the Ingress, for its translation and at admission."""

    def web(value: str) -> Any:
        backends = (path("/"), path("/x", backend=to("app", "use-annotation")))
        return ingress(alb={**base, key: value}, rules=[rule("a.example", *backends)])

    assert outcome(web(VALUES[key] + "\n"), service()) == outcome(web(VALUES[key]), service())


@pytest.mark.parametrize("key", [row.suffix for row in ROWS if row.scope != "Ingress"])
def test_nor_on_a_service(key: str) -> None:
    """Those that a Service carries for its own target groups."""

    def app(value: str) -> KubeObject:
        return service(alb={key: value})

    assert outcome(ingress(), app(VALUES[key] + "\n")) == outcome(ingress(), app(VALUES[key]))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.suffix)
def test_a_row_reads_the_same_with_several_of_them(row: Annotation[Any]) -> None:
    """Of all that are declared."""
    value = EXAMPLES[row.suffix].value
    one, other = (Source(WHO, {row.key: text}) for text in (value, value + "\n\n"))
    assert parse(row, one) == parse(row, other)


def test_the_annotation_of_the_class_is_no_exception() -> None:
    """`kubernetes.io/ingress.class` decides whose an Ingress is."""
    old = ingress(class_name=None, annotations={CLASS_ANNOTATION: "alb\n"})
    assert translated(old, key=WEB).served == {"uid-web"}


SPEC: dict[str, Any] = {
    "certificateArn": ["arn:a"],
    "group": {"name": "team"},
    "scheme": "internal",
    "inboundCIDRs": ["10.0.0.0/8"],
    "sslPolicy": "policy",
    "sslRedirectPort": "443",
    "subnets": {"tags": {"role": ["a", "b"]}},
    "ipAddressType": "ipv4",
    "loadBalancerName": "front",
    "tags": [{"key": "team", "value": "shop"}],
    "targetType": "ip",
    "loadBalancerAttributes": [{"key": "idle", "value": "1"}],
    "listeners": [{"protocol": "HTTP", "port": 80, "listenerAttributes": []}],
    "minimumLoadBalancerCapacity": {"capacityUnits": 5},
    "ipamConfiguration": {"ipv4IPAMPoolId": "pool"},
    "prefixListsIDs": ["pl-1"],
    "PrefixListsIDs": ["pl-2"],
    "wafv2AclArn": "arn:acl",
    "wafv2AclName": "edge",
}


def with_line_ends(value: Any) -> Any:
    """The same, each text as a block scalar."""
    if isinstance(value, dict):
        return {key: with_line_ends(one) for key, one in value.items()}
    if isinstance(value, list):
        return [with_line_ends(one) for one in value]
    return f"{value}\n" if isinstance(value, str) else value


def test_the_texts_of_a_class_have_none_either() -> None:
    """Every field of IngressClassParams that is or has a text."""
    named = {field.encode_name for field in msgspec.structs.fields(IngressClassParamsSpec)}
    assert named - set(SPEC) == {"namespaceSelector"}
    assert params(**with_line_ends(SPEC)) == params(**SPEC)


@pytest.mark.parametrize("row", JSON, ids=lambda row: row.suffix)
@pytest.mark.parametrize("empty", ["", " ", "\n"], ids=["nothing", "blank", "line end"])
def test_json_that_is_empty_is_called_empty(row: Annotation[Any], empty: str) -> None:
    """The message says what is expected instead, not what a decoder stumbled over."""
    with pytest.raises(Exception, match="is empty: it must be"):
        parse(row, Source(WHO, {row.key: empty}))


NETWORKS = "10.0.0.0/8, 10.1.2.3/8, 10.0.0.0/8, 2001:db8::1/32, 2001:0db8::/32"


def test_one_network_is_one_permission_however_it_is_written() -> None:
    """Twice, with host bits, or in another spelling of IPv6."""
    made = translated(ingress(alb={"inbound-cidrs": NETWORKS}), key=WEB)
    (listener,) = made.intent.balancers[0].listeners
    assert listener.inbound.cidrs_v4 == ("10.0.0.0/8",)
    assert listener.inbound.cidrs_v6 == ("2001:db8::/32",)
    assert made.problems == ()
