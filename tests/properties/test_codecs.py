"""Law of codecs: what AWS shows of a resource that was made as asked is that resource."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from alb_controller.aws.codecs import elbv2 as codec
from alb_controller.model.elbv2 import MutualAuthentication
from alb_controller.model.health import HealthCheck
from tests.unit.aws import samples

NAMES = st.text("abc-0", min_size=1, max_size=6)
MAYBE = st.none() | NAMES
PORTS = st.integers(1, 65535)
TAGS = st.dictionaries(NAMES, st.text("xyz/.=", max_size=5), max_size=3)
OURS = {"ingress.k8s.aws/resource": "it"}
FAMILIES = st.sampled_from(["ipv4", "ipv6"])
PROTOCOLS = st.sampled_from(["HTTP", "HTTPS"])
MUTUAL = st.just(MutualAuthentication("passthrough")) | st.builds(
    MutualAuthentication, st.just("verify"), NAMES, st.booleans(), st.sampled_from(["on", "off"])
)
CHECKS = st.builds(
    HealthCheck,
    port=st.sampled_from(["traffic-port", "8080"]),
    protocol=PROTOCOLS,
    path=MAYBE,
    interval_seconds=st.integers(5, 300),
    timeout_seconds=st.integers(2, 120),
    healthy_threshold=st.integers(2, 10),
    unhealthy_threshold=st.integers(2, 10),
    matcher=st.none() | st.sampled_from(["200", "200-299", "12"]),
)


def fields(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Some values for each field."""
    return st.fixed_dictionaries(strategies)


def shown(sent: dict[str, Any], kind: str, **more: Any) -> dict[str, Any]:
    """What Describe… has of a Create…: an ARN and names of its own, tags elsewhere."""
    raw = {name: value for name, value in sent.items() if name not in ("Name", "Tags")}
    named = {f"{kind}Name": sent["Name"]} if "Name" in sent else {}
    return {f"{kind}Arn": "arn", **raw, **named, **more}


def named(made: Any) -> Any:
    """The resource with the id that its tag gives."""
    return msgspec.structs.replace(made, id=msgspec.structs.replace(made.id, name="it"))


def tags_of(sent: dict[str, Any]) -> dict[str, str]:
    """What DescribeTags answers of it."""
    return codec.decode_tags(sent.get("Tags"))


@given(
    fields(
        name=NAMES,
        type=st.sampled_from(["application", "network"]),
        scheme=st.sampled_from(["internal", "internet-facing"]),
        ip_address_type=st.sampled_from(["ipv4", "dualstack"]),
        subnets=st.sets(NAMES, min_size=1).map(sorted).map(tuple),
        security_groups=st.lists(NAMES, unique=True).map(tuple),
        customer_owned_ipv4_pool=MAYBE,
        ipv4_ipam_pool_id=MAYBE,
        tags=TAGS,
    )
)
def test_a_load_balancer_reads_back(given_fields: dict[str, Any]) -> None:
    """Its subnets come as zones, sorted."""
    wanted = named(samples.load_balancer(**given_fields | {"tags": given_fields["tags"] | OURS}))
    sent = codec.encode_load_balancer(wanted)
    raw = shown(sent, "LoadBalancer", AvailabilityZones=sent["SubnetMappings"])
    assert codec.decode_load_balancer(raw, tags_of(sent)).resource == wanted


@given(
    fields(
        name=NAMES,
        target_type=st.sampled_from(["ip", "instance", "alb"]),
        port=PORTS,
        protocol=PROTOCOLS,
        protocol_version=st.sampled_from([None, "HTTP1", "HTTP2", "GRPC"]),
        ip_address_type=FAMILIES,
        health_check=CHECKS,
        target_control_port=st.none() | PORTS,
        tags=TAGS,
    )
)
def test_a_target_group_reads_back(given_fields: dict[str, Any]) -> None:
    """With its health check, whatever protocol it speaks."""
    wanted = named(samples.target_group(**given_fields | {"tags": given_fields["tags"] | OURS}))
    sent = codec.encode_target_group(wanted)
    assert codec.decode_target_group(shown(sent, "TargetGroup"), tags_of(sent)).resource == wanted


@given(
    fields(
        port=PORTS,
        certificates=st.lists(NAMES, unique=True, min_size=1),
        ssl_policy=MAYBE,
        mutual_authentication=st.none() | MUTUAL,
        tags=TAGS,
    )
)
def test_a_secure_listener_reads_back(given_fields: dict[str, Any]) -> None:
    """The first certificate comes with it, the others by a call of their own, sorted."""
    first, *others = given_fields["certificates"]
    own = {"certificates": (first, *sorted(others)), "tags": given_fields["tags"] | OURS}
    wanted = named(samples.listener(protocol="HTTPS", **given_fields | own))
    sent = codec.encode_listener(wanted)
    found = codec.decode_listener(shown(sent, "Listener"), tags_of(sent), others)
    assert found.resource == wanted
