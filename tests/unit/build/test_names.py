"""Generated names, byte for byte LBC's (spec 5.1, 6.1)."""

from __future__ import annotations

import pytest

from alb_controller.build.elbv2.names import (
    alphanumeric,
    backend_security_group_name,
    generated_name,
)
from alb_controller.intent import NameSeed

NAMES_1 = (("ns-1", 8), ("name-1", 8))
SERVICE_1 = (("ns-1", 8), ("svc-1", 8))
INGRESS_1 = (("ns-1", 8), ("ing-1", 8))


@pytest.mark.parametrize(
    "parts,hashed,name",
    [
        (
            (("awesome-ns", 8), ("ing-1", 8)),
            ("", "awesome-ns/ing-1", "internet-facing"),
            "k8s-awesomen-ing1-43b698093c",
        ),
        (
            (("explicit-group", 17),),
            ("", "explicit-group", "internal"),
            "k8s-explicitgroup-5bf9e53c23",
        ),
        (
            INGRESS_1,
            ("cluster-dummy", "ns-1/ing-1", "internet-facing"),
            "k8s-ns1-ing1-159dd7a143",
        ),
        (INGRESS_1, ("cluster-dummy", "ns-1/ing-1", "internal"), "k8s-ns1-ing1-b7e914000d"),
        (INGRESS_1, ("cluster-dummy", "ns-1/ing-1"), "k8s-ns1-ing1-bd83176788"),
    ],
)
def test_load_balancers_and_their_groups_are_called_as_by_the_reference(
    parts: tuple[tuple[str, int], ...], hashed: tuple[str, ...], name: str
) -> None:
    """The vectors of spec 6.1: scheme is hashed for load balancers, not for security groups."""
    assert generated_name(NameSeed(parts, hashed)) == name


@pytest.mark.parametrize(
    "parts,hashed,name",
    [
        (NAMES_1, "my-uuid http 8080 ip HTTP HTTP1", "k8s-ns1-name1-2c37289a00"),
        (NAMES_1, "my-uuid 80 8080 ip HTTP HTTP1", "k8s-ns1-name1-ab859e54b5"),
        (NAMES_1, "my-uuid http 9090 ip HTTP HTTP1", "k8s-ns1-name1-6481032048"),
        (NAMES_1, "my-uuid http 8080 instance HTTP HTTP1", "k8s-ns1-name1-f4adfdc175"),
        (NAMES_1, "my-uuid http 8080 ip HTTPS HTTP1", "k8s-ns1-name1-22fbce26a7"),
        (NAMES_1, "my-uuid http 8080 ip HTTP HTTP1 80", "k8s-ns1-name1-7ed91338c9"),
    ],
)
def test_target_groups_are_called_as_by_the_reference(
    parts: tuple[tuple[str, int], ...], hashed: str, name: str
) -> None:
    """The vectors of spec 5.1 without cluster and group; the last one has a control port."""
    ingress = ("", "", "ns-1", "name-1")
    assert generated_name(NameSeed(parts, (*ingress, *hashed.split()))) == name


@pytest.mark.parametrize(
    "port,name", [("http", "k8s-ns1-svc1-9889425938"), ("80", "k8s-ns1-svc1-90b7d93b18")]
)
def test_a_target_group_is_called_by_cluster_group_and_port(port: str, name: str) -> None:
    """The vectors of spec 5.1 with a cluster and an implicit group."""
    hashed = ("cluster-dummy", "ns-1/ing-1", "ns-1", "ing-1", "", port, "32768")
    assert generated_name(NameSeed(SERVICE_1, (*hashed, "instance", "HTTP", "HTTP1"))) == name


def test_the_shared_group_is_called_by_the_cluster() -> None:
    """The vector of spec 6.1; of a long cluster name 232 characters stay."""
    assert backend_security_group_name("testCluster") == "k8s-traffic-testCluster-411a1bcdb1"
    assert len(backend_security_group_name("c" * 300)) == 255


def test_what_a_name_cannot_have_is_left_out() -> None:
    """Nothing takes its place, and case stays."""
    assert alphanumeric("a-b.C_d/é1") == "abCd1"
