"""Target groups and their bindings (spec 5.2, 5.4)."""

from __future__ import annotations

import pytest

from alb_controller.build.elbv2.names import generated_name
from alb_controller.build.elbv2.security_groups import MANAGED
from alb_controller.build.elbv2.target_groups import build_binding, build_target_group
from alb_controller.errors import Invalid
from alb_controller.intent import BackendIntent
from alb_controller.model.refs import Ref, Reference, ResourceId
from alb_controller.objects.core import LabelSelector
from alb_controller.objects.elbv2 import NetworkingPort, TargetGroupBindingNetworking
from alb_controller.values import StackKey
from tests.unit.build.intents import ID, WEB, backend, balancer, context, stack_intent

BALANCER = balancer()


def networking(of: BackendIntent, peer: Reference | None) -> TargetGroupBindingNetworking | None:
    """The networking of the backend's binding."""
    return build_binding(of, stack_intent(), context(), peer).spec.networking


def test_a_target_group_is_what_the_backend_says() -> None:
    """Undeclared attributes are None, which leaves AWS's own alone."""
    made = build_target_group(
        backend(tags={"team": "a"}, attributes={"k": "v"}), BALANCER, stack_intent(), context()
    )
    assert (made.id.name, made.name) == (ID, generated_name(backend().name))
    assert (made.target_type, made.port, made.vpc_id) == ("instance", 30080, "vpc-1")
    assert (made.protocol, made.protocol_version) == ("HTTP", "HTTP1")
    assert made.health_check == backend().health_check
    assert made.attributes == {"k": "v"}
    assert (made.tags["team"], made.tags["ingress.k8s.aws/resource"]) == ("a", ID)
    plain = build_target_group(backend(), BALANCER, stack_intent(), context())
    assert plain.attributes is None


def test_an_ipv6_service_needs_a_dualstack_load_balancer() -> None:
    """The Ingress is told, and which Service it is."""
    six = backend(ip_family="ipv6")
    dual = balancer(ip_address_type="dualstack")
    assert build_target_group(six, dual, stack_intent(), context()).ip_address_type == "ipv6"
    with pytest.raises(Invalid) as raised:
        build_target_group(six, BALANCER, stack_intent(), context())
    assert raised.value.origin == WEB
    assert raised.value.problem == (
        "Service shop/app is of family IPv6, which needs ip-address-type dualstack"
    )


def test_a_binding_is_named_as_its_target_group() -> None:
    """In the Service's namespace, with the labels of its stack."""
    made = build_binding(
        backend(namespace="other"),
        stack_intent(key=StackKey("ingress", "", "team")),
        context(),
        None,
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
        backend(node_labels={"pool": "web"}, multi_cluster=True), stack_intent(), context(), None
    )
    assert made.spec.node_selector == LabelSelector({"pool": "web"})
    assert made.spec.multi_cluster_target_group


def test_each_port_that_must_be_reached_is_a_rule() -> None:
    """From the group that the traffic comes from; None is every port."""
    found = networking(backend(network_ports=("http", 8081, None)), "sg-9")
    assert found is not None
    assert [r.ports for r in found.ingress] == [
        [NetworkingPort("TCP", "http")],
        [NetworkingPort("TCP", 8081)],
        [NetworkingPort("TCP")],
    ]
    peers = [peer.security_group for r in found.ingress for peer in r.from_]
    assert [p and p.group_id for p in peers] == ["sg-9"] * 3


def test_without_a_group_the_user_opens_the_targets() -> None:
    """No networking at all (spec 6.4)."""
    assert networking(backend(), None) is None


def test_a_group_of_the_same_stack_is_filled_in_later() -> None:
    """It has no id before it is made."""
    made = build_binding(backend(), stack_intent(), context(), Ref(MANAGED))
    assert made.peer == Ref(MANAGED)
    known = build_binding(backend(), stack_intent(), context(), "sg-9")
    assert known.peer is None
    assert made.with_peer("sg-9") == known
