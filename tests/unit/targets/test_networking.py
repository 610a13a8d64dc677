"""Which ingress rules a binding wants, and what several bindings want together."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.model.ec2 import IngressRule
from alb_controller.objects.core import Pod
from alb_controller.objects.elbv2 import TargetGroupBindingNetworking
from alb_controller.objects.trimming import trim
from alb_controller.targets.networking import (
    SHARED_DESCRIPTION,
    aggregate,
    could_want,
    permissions,
)
from tests.unit.targets.cluster import pod

LB = {"securityGroup": {"groupID": "sg-lb"}}
OFFICE = {"ipBlock": {"cidr": "10.1.2.3/8"}}
HTTP = {"protocol": "TCP", "port": 8080}


def networking(*rules: tuple[list[Any], list[Any]]) -> TargetGroupBindingNetworking:
    """spec.networking of rules (from, ports)."""
    raw = {"ingress": [{"from": peers, "ports": ports} for peers, ports in rules]}
    return msgspec.convert(raw, TargetGroupBindingNetworking)


def from_group(low: int, high: int, group: str = "sg-lb", protocol: str = "tcp") -> IngressRule:
    """A shared rule with a security group as source."""
    return IngressRule(protocol, low, high, "security_group", group, SHARED_DESCRIPTION)


def from_cidr(port: int, cidr: str = "10.0.0.0/8") -> IngressRule:
    """A shared rule with addresses as source."""
    return IngressRule("tcp", port, port, "cidr", cidr, SHARED_DESCRIPTION)


def test_every_peer_gets_every_port() -> None:
    """Peers by ports; protocol tcp unless said; a CIDR as EC2 keeps it, without host bits."""
    wanted = networking(([LB, OFFICE], [HTTP, {"protocol": "UDP", "port": 53}]), ([LB], [{}]))
    assert permissions(wanted, []).rules == {
        from_group(8080, 8080),
        from_group(53, 53, protocol="udp"),
        from_cidr(8080),
        IngressRule("udp", 53, 53, "cidr", "10.0.0.0/8", SHARED_DESCRIPTION),
        from_group(0, 65535),
    }


def test_an_ipv6_block_is_a_source_of_its_own_kind() -> None:
    """EC2 keeps IPv6 sources in a field of their own."""
    wanted = networking(([{"ipBlock": {"cidr": "2001:db8::1/32"}}], [HTTP]))
    (rule,) = permissions(wanted, []).rules
    assert (rule.source_kind, rule.source) == ("cidr_v6", "2001:db8::/32")


def test_a_named_port_stands_for_each_number_that_the_pods_give_it() -> None:
    """During a rollout that moves a port both numbers are open; pods without it do not matter."""
    pods = [
        pod("a", "10.0.0.1", ports=[("http", 8080), ("admin", 1)]),
        pod("b", "10.0.0.2", ports=[("http", 9090)]),
        pod("c", "10.0.0.3", ports=[]),
    ]
    wanted = permissions(networking(([LB], [{"port": "http"}])), pods)
    assert wanted.rules == {from_group(8080, 8080), from_group(9090, 9090)}
    assert wanted.problems == ()


@pytest.mark.parametrize(
    "peer,port,pods,problem",
    [
        (LB, {"port": "web"}, [pod("a", "10.0.0.1")], "port 'web' cannot be resolved: no pod"),
        (LB, {"port": "web"}, [], "port 'web' cannot be resolved: targetType is not ip"),
        ({}, HTTP, [], "a peer needs ipBlock or securityGroup"),
        ({"ipBlock": {"cidr": "10.0.0.1"}}, HTTP, [], "'10.0.0.1' is not a CIDR"),
    ],
)
def test_what_cannot_be_understood_is_named_and_the_rest_holds(
    peer: Any, port: Any, pods: list[Any], problem: str
) -> None:
    """One bad peer or port does not close the others."""
    wanted = permissions(networking(([peer], [port]), ([LB], [HTTP])), pods)
    assert wanted.rules == {from_group(8080, 8080)}
    assert [p.startswith(f"spec.networking: {problem}") for p in wanted.problems] == [True]


def test_a_rule_without_ports_opens_nothing() -> None:
    """As LBC does, though its documentation promises all of TCP (defect 56)."""
    assert permissions(networking(([LB], [])), []).rules == frozenset()


def test_restricted_rules_are_merged_for_each_source_group_and_protocol() -> None:
    """Lowest to highest port per source group and protocol; CIDR rules stay apart."""
    one = frozenset({from_group(80, 80), from_cidr(80), from_group(53, 53, protocol="udp")})
    two = frozenset({from_group(30000, 30000), from_cidr(8080), from_group(9, 9, "sg-x")})
    assert aggregate([one, two], restricted=True) == {
        from_group(80, 30000),
        from_group(53, 53, protocol="udp"),
        from_group(9, 9, "sg-x"),
        from_cidr(80),
        from_cidr(8080),
    }


def test_port_zero_of_a_group_means_all_ports_when_restricted() -> None:
    """LBC reads 0-0 so."""
    assert aggregate([frozenset({from_group(0, 0)})], restricted=True) == {from_group(0, 65535)}


def test_unrestricted_rules_are_the_union() -> None:
    """--disable-restricted-sg-rules keeps each port apart."""
    one, two = from_group(80, 80), from_group(30000, 30000)
    assert aggregate([frozenset({one}), frozenset({one, two})], restricted=False) == {one, two}


@pytest.mark.parametrize(
    "peer,port,expected",
    [
        (LB, {"port": 8080}, True),
        (LB, {"port": 9999}, False),
        (LB, {"port": "http"}, True),
        (LB, {}, True),
        (LB, {"protocol": "UDP", "port": 8080}, False),
        ({"securityGroup": {"groupID": "sg-other"}}, {"port": 8080}, False),
        ({"ipBlock": {"cidr": "junk"}}, {"port": 8080}, False),
    ],
    ids=str,
)
def test_which_found_rules_a_binding_without_known_endpoints_could_want(
    peer: Any, port: Any, expected: bool
) -> None:
    """Same source and protocol, and a port that lies in the rule or may turn out to."""
    assert could_want(networking(([peer], [port])), from_group(8000, 9000)) is expected


def test_ports_of_sidecars_count_and_those_of_other_init_containers_do_not() -> None:
    """A proxy as native sidecar (restartPolicy Always) takes the traffic while the pod serves."""
    body = {
        "spec": {
            "containers": [{"ports": [{"name": "admin", "containerPort": 1}]}],
            "initContainers": [
                {"restartPolicy": "Always", "ports": [{"name": "http", "containerPort": 8080}]},
                {"ports": [{"name": "http", "containerPort": 9}]},
            ],
        }
    }
    whole = msgspec.convert(body, Pod)
    for one in (whole, trim(whole)):
        wanted = permissions(networking(([LB], [{"port": "http"}])), [one])
        assert wanted.rules == {from_group(8080, 8080)}
