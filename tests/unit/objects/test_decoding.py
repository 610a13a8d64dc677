"""Objects are decoded from what the Kubernetes API sends, and found where it serves them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from alb_controller.objects import kinds
from alb_controller.objects.core import Condition, Pod, Service, condition_status, ref
from alb_controller.objects.elbv2 import (
    IngressClassParams,
    NetworkingIngressRule,
    NetworkingPeer,
    NetworkingPort,
    SecurityGroupPeer,
    ServiceReference,
    TargetGroupBinding,
    TargetGroupBindingNetworking,
    TargetGroupBindingSpec,
)
from alb_controller.objects.kinds import Kind
from alb_controller.objects.networking import Ingress
from alb_controller.values import ObjectRef
from tests.factories import deleted, ingress


def decode(kind: type[Any], manifest: dict[str, Any]) -> Any:
    """The struct of a manifest."""
    return msgspec.json.decode(json.dumps(manifest), type=kind)


def test_an_ingress_is_read_with_its_metadata() -> None:
    """Camel case on the wire; what we do not read is dropped."""
    made = decode(
        Ingress,
        {
            "metadata": {"name": "web", "namespace": "shop", "uid": "1", "managedFields": [{}]},
            "spec": {
                "ingressClassName": "alb",
                "defaultBackend": {"resource": {"kind": "Bucket", "name": "b"}},
                "rules": [{"host": "x", "http": {"paths": [{"path": "/", "pathType": "Exact"}]}}],
            },
            "status": {"loadBalancer": {"ingress": [{"hostname": "h", "ports": [{"port": 80}]}]}},
        },
    )
    assert made.key == ("shop", "web")
    assert made.spec.default_backend.service is None
    assert made.spec.rules[0].http.paths[0].path_type == "Exact"
    assert made.status.load_balancer.ingress[0].ports[0].port == 80
    assert ref("Ingress", made) == ObjectRef("Ingress", "shop", "web", "1")


def test_names_with_odd_capitals_are_read() -> None:
    """podIPs, providerID, targetGroupARN and both spellings of the prefix lists (spec 2.2)."""
    pod = decode(Pod, {"status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]}})
    assert (pod.status.pod_ip, pod.status.pod_ips[0].ip) == ("10.0.0.1", "10.0.0.1")
    params = {"inboundCIDRs": ["::/0"], "prefixListsIDs": ["pl-1"], "PrefixListsIDs": ["pl-2"]}
    spec = decode(IngressClassParams, {"spec": params}).spec
    assert spec.inbound_cidrs == ["::/0"]
    assert (spec.prefix_lists_ids, spec.prefix_lists_ids_legacy) == (["pl-1"], ["pl-2"])


def test_a_port_is_a_number_or_a_name() -> None:
    """Kubernetes' IntOrString stays what it was written as."""
    ports = [{"port": 80, "targetPort": 8080}, {"port": 81, "targetPort": "http"}]
    service = decode(Service, {"spec": {"ports": ports}})
    assert [p.target_port for p in service.spec.ports] == [8080, "http"]


def test_an_object_that_a_user_deleted_says_so() -> None:
    """It stays until its finalizers are gone."""
    assert not ingress().is_deleting
    assert deleted(ingress()).is_deleting


def test_the_status_of_a_condition_is_found_by_its_type() -> None:
    """Empty where the object has no such condition."""
    conditions = [Condition("Ready", "True"), Condition("Other", "False")]
    assert condition_status(conditions, "Other") == "False"
    assert condition_status(conditions, "Absent") == ""


def test_a_binding_is_written_without_what_is_unset() -> None:
    """As the API keeps it, so that what we write compares equal to what we read."""
    peer = NetworkingPeer(security_group=SecurityGroupPeer("sg-1"))
    every_port = NetworkingIngressRule([peer], [NetworkingPort("TCP")])
    spec = TargetGroupBindingSpec(
        target_group_arn="arn",
        target_type="ip",
        service_ref=ServiceReference("app", "http"),
        networking=TargetGroupBindingNetworking([every_port]),
        vpc_id="vpc-1",
    )
    written = {
        "targetGroupARN": "arn",
        "targetType": "ip",
        "serviceRef": {"name": "app", "port": "http"},
        "networking": {
            "ingress": [
                {"from": [{"securityGroup": {"groupID": "sg-1"}}], "ports": [{"protocol": "TCP"}]}
            ]
        },
        "vpcID": "vpc-1",
    }
    assert json.loads(msgspec.json.encode(spec)) == written
    assert decode(TargetGroupBinding, {"spec": written}).spec == spec


@pytest.mark.parametrize(
    "kind,api_version,collection,one",
    [
        (kinds.SERVICE, "v1", "/api/v1/services", "/api/v1/namespaces/shop/services/web"),
        (kinds.NODE, "v1", "/api/v1/nodes", "/api/v1/nodes/web"),
        (
            kinds.INGRESS,
            "networking.k8s.io/v1",
            "/apis/networking.k8s.io/v1/ingresses",
            "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web",
        ),
        (
            kinds.INGRESS_CLASS_PARAMS,
            "elbv2.k8s.aws/v1beta1",
            "/apis/elbv2.k8s.aws/v1beta1/ingressclassparams",
            "/apis/elbv2.k8s.aws/v1beta1/ingressclassparams/web",
        ),
    ],
)
def test_each_kind_knows_where_it_is_served(
    kind: Kind, api_version: str, collection: str, one: str
) -> None:
    """Core kinds below /api, the others below /apis; cluster scope has no namespace."""
    assert kind.api_version == api_version
    assert kind.path() == collection
    assert kind.path("shop", "web") == one
