"""Target groups and their bindings (spec 5.2, 5.4)."""

from __future__ import annotations

import pytest

from alb_controller.build.elbv2.names import generated_name
from alb_controller.build.elbv2.target_groups import build_binding, build_target_group
from alb_controller.errors import Invalid
from alb_controller.intent import (
    Access,
    BalancerIntent,
    BalancerPeer,
    CidrPeer,
    GivenSecurityGroups,
    Peer,
    Transport,
)
from alb_controller.model.refs import Ref, ResourceId
from alb_controller.objects.core import LabelSelector
from alb_controller.objects.elbv2 import (
    IpBlock,
    NetworkingPeer,
    NetworkingPort,
    SecurityGroupPeer,
    TargetGroupBindingNetworking,
)
from alb_controller.values import StackKey
from tests.unit.build.intents import ID, WEB, backend, balancer, context, origin, stack_intent

MANAGED = Ref(ResourceId("SecurityGroup", "ManagedLBSecurityGroup"))
GIVEN = balancer(security=GivenSecurityGroups(("sg-1",), False, origin("security-groups")))
BY = context(backend_security_group="sg-9")
SHARED = NetworkingPeer(security_group=SecurityGroupPeer(group_id="sg-9"))


def networking(
    *access: Access, of: BalancerIntent | None = None
) -> TargetGroupBindingNetworking | None:
    """The networking of the binding of a backend with this access; sg-9 is the shared group."""
    return build_binding(backend(access=access), stack_intent(of), BY).spec.networking


def test_a_target_group_is_what_the_backend_says() -> None:
    """Undeclared attributes are None, which leaves AWS's own alone."""
    made = build_target_group(
        backend(tags={"team": "a"}, attributes={"k": "v"}), stack_intent(), context()
    )
    assert (made.id.name, made.name) == (ID, generated_name(backend().name))
    assert (made.target_type, made.port, made.vpc_id) == ("instance", 30080, "vpc-1")
    assert (made.protocol, made.protocol_version) == ("HTTP", "HTTP1")
    assert made.health_check == backend().health_check
    assert made.attributes == {"k": "v"}
    assert (made.tags["team"], made.tags["ingress.k8s.aws/resource"]) == ("a", ID)
    plain = build_target_group(backend(), stack_intent(), context())
    assert plain.attributes is None


def test_an_ipv6_service_needs_a_dualstack_load_balancer() -> None:
    """The Ingress gets a Warning that names the Service."""
    six = backend(ip_family="ipv6")
    dual = balancer(ip_address_type="dualstack")
    assert build_target_group(six, stack_intent(dual), context()).ip_address_type == "ipv6"
    with pytest.raises(Invalid) as raised:
        build_target_group(six, stack_intent(), context())
    assert raised.value.origin == WEB
    assert raised.value.problem == (
        "Service shop/app is of family IPv6, which needs ip-address-type dualstack"
    )


def test_a_binding_is_named_as_its_target_group() -> None:
    """In the Service's namespace, with the labels of its stack."""
    made = build_binding(
        backend(namespace="other"), stack_intent(key=StackKey("ingress", "", "team")), context()
    )
    assert (made.namespace, made.name) == ("other", generated_name(backend().name))
    assert made.labels == {"ingress.k8s.aws/stack": "team"}
    assert made.target_group == Ref(ResourceId("TargetGroup", ID))
    spec = made.spec
    assert (spec.target_type, spec.target_group_protocol) == ("instance", "HTTP")
    assert (spec.service_ref.name, spec.service_ref.port) == ("app", 80)
    assert (spec.ip_address_type, spec.vpc_id) == ("ipv4", "vpc-1")
    assert (spec.multi_cluster_target_group, spec.node_selector) == (False, None)


def test_node_labels_become_a_selector() -> None:
    """And a group of several clusters says so."""
    made = build_binding(
        backend(node_labels={"pool": "web"}, multi_cluster=True), stack_intent(), context()
    )
    assert made.spec.node_selector == LabelSelector({"pool": "web"})
    assert made.spec.multi_cluster_target_group


def test_each_access_is_a_rule() -> None:
    """From the group that the traffic comes from; None is every port."""
    found = networking(Access(port="http"), Access(port=8081, protocol="UDP"), Access(port=None))
    assert found is not None
    assert [r.ports for r in found.ingress] == [
        [NetworkingPort("TCP", "http")],
        [NetworkingPort("UDP", 8081)],
        [NetworkingPort("TCP")],
    ]
    assert [r.from_ for r in found.ingress] == [[SHARED]] * 3


@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
def test_addresses_may_reach_the_targets_too(protocol: Transport) -> None:
    """Beside the balancer's group or, where the user opens the targets to that, alone."""
    block = NetworkingPeer(ip_block=IpBlock(cidr="10.0.0.0/16"))
    peers: tuple[Peer, ...] = (BalancerPeer(), CidrPeer("10.0.0.0/16"))
    both = Access(peers=peers, protocol=protocol, port=80)
    for of, expected in ((None, [SHARED, block]), (GIVEN, [block])):
        found = networking(both, Access(port=81), of=of)
        assert found is not None
        rule = found.ingress[0]
        assert (rule.from_, rule.ports) == (expected, [NetworkingPort(protocol, 80)])
        assert len(found.ingress) == (1 if of else 2)


def test_without_a_group_the_user_opens_the_targets() -> None:
    """No networking at all (spec 6.4); nor where nobody is to have access."""
    assert networking(Access(port=80), of=GIVEN) is None
    assert networking() is None


def test_a_group_of_the_same_stack_is_filled_in_later() -> None:
    """It has no id before it is made; other peers are as they are."""
    access = Access(peers=(BalancerPeer(), CidrPeer("10.0.0.0/16")), port=80)
    wanted = backend(access=(access, Access(port=81)))
    made = build_binding(wanted, stack_intent(), context())
    assert made.peer == MANAGED
    known = build_binding(wanted, stack_intent(), BY)
    assert known.peer is None
    assert made.with_peer("sg-9") == known
    addresses = backend(access=(Access(peers=(CidrPeer("10.0.0.0/16"),), port=80),))
    assert build_binding(addresses, stack_intent(), context()).peer is None
