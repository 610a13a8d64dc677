"""The CRDs on a real API server: what LBC accepts or refuses, so do they."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.apiserver.cluster import Cluster

SERVICE_REF = {"name": "app", "port": "http"}
ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/app/0123456789abcdef"


def params(name: str, **spec: Any) -> dict[str, Any]:
    """An IngressClassParams."""
    meta = {"name": name}
    return {
        "apiVersion": "elbv2.k8s.aws/v1beta1",
        "kind": "IngressClassParams",
        "metadata": meta,
        "spec": spec,
    }


def binding(name: str, **spec: Any) -> dict[str, Any]:
    """A TargetGroupBinding in the default namespace."""
    return {
        "apiVersion": "elbv2.k8s.aws/v1beta1",
        "kind": "TargetGroupBinding",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"serviceRef": SERVICE_REF, "targetGroupARN": ARN} | spec,
    }


def test_class_parameters_with_every_field_are_kept(control_plane: Cluster) -> None:
    """No field that LBC knows is pruned (spec 2.2)."""
    spec: dict[str, Any] = {
        "certificateArn": ["arn:aws:acm:us-west-2:123456789012:certificate/1"],
        "group": {"name": "shared"},
        "inboundCIDRs": ["10.0.0.0/8"],
        "ipAddressType": "dualstack-without-public-ipv4",
        "ipamConfiguration": {"ipv4IPAMPoolId": "ipam-pool-1"},
        "listeners": [
            {"protocol": "HTTP", "port": 80, "listenerAttributes": [{"key": "a", "value": "b"}]}
        ],
        "loadBalancerAttributes": [{"key": "idle_timeout.timeout_seconds", "value": "30"}],
        "loadBalancerName": "edge",
        "minimumLoadBalancerCapacity": {"capacityUnits": 1000},
        "namespaceSelector": {"matchLabels": {"team": "shop"}},
        "prefixListsIDs": ["pl-1"],
        "scheme": "internet-facing",
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "sslRedirectPort": "443",
        "subnets": {"ids": ["subnet-0123"]},
        "tags": [{"key": "team", "value": "shop"}],
        "targetType": "ip",
        "wafv2AclArn": "arn:aws:wafv2:us-west-2:123456789012:regional/webacl/edge/1",
        "wafv2AclName": "edge",
    }
    assert control_plane.apply(params("all-fields", **spec)) is None
    kept = control_plane.get("IngressClassParams", None, "all-fields")
    assert kept is not None
    assert kept["spec"] == spec


@pytest.mark.parametrize(
    "spec, term",
    [
        ({"scheme": "public"}, "Unsupported value"),
        ({"ipAddressType": "ipv6"}, "Unsupported value"),
        ({"targetType": "lambda"}, "Unsupported value"),
        ({"group": {}}, "Required value"),
        ({"subnets": {"ids": []}}, "should have at least 1 items"),
        ({"subnets": {"ids": ["vpc-1"]}}, "should match"),
        ({"prefixListsIDs": ["pl-1"], "PrefixListsIDs": ["pl-1"]}, "cannot specify both"),
    ],
)
def test_bad_class_parameters_are_refused(
    control_plane: Cluster, spec: dict[str, Any], term: str
) -> None:
    """The enums, bounds and the one rule of LBC's CRD hold here."""
    refused = control_plane.apply(params("bad", **spec))
    assert refused is not None
    assert term in refused


def test_a_binding_with_every_field_is_kept(control_plane: Cluster) -> None:
    """No field that LBC knows is pruned, the status included (spec 8.1)."""
    spec: dict[str, Any] = {
        "targetGroupName": "app",
        "targetType": "instance",
        "networking": {
            "ingress": [
                {
                    "from": [
                        {"ipBlock": {"cidr": "10.0.0.0/8"}},
                        {"securityGroup": {"groupID": "sg-1"}},
                    ],
                    "ports": [{"port": 80, "protocol": "TCP"}, {"port": "http"}],
                }
            ]
        },
        "nodeSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]},
        "ipAddressType": "ipv6",
        "vpcID": "vpc-1",
        "multiClusterTargetGroup": True,
        "targetGroupProtocol": "TCP_QUIC",
        "iamRoleArnToAssume": "arn:aws:iam::123456789012:role/r",
        "assumeRoleExternalId": "x",
    }
    wanted = binding("all-fields", **spec) | {"status": {"observedGeneration": 1}}
    assert control_plane.apply(wanted) is None
    kept = control_plane.get("TargetGroupBinding", "default", "all-fields")
    assert kept is not None
    assert kept["spec"] == wanted["spec"]
    assert kept["status"] == {"observedGeneration": 1}


@pytest.mark.parametrize(
    "spec, term",
    [
        ({"serviceRef": {"name": "app"}}, "Required value"),
        ({"targetType": "alb"}, "Unsupported value"),
        ({"ipAddressType": "dualstack"}, "Unsupported value"),
        ({"targetGroupProtocol": "SCTP"}, "Unsupported value"),
        ({"networking": {"ingress": [{"from": []}]}}, "Required value"),
    ],
)
def test_a_bad_binding_is_refused(control_plane: Cluster, spec: dict[str, Any], term: str) -> None:
    """The enums and required fields of LBC's CRD hold here."""
    refused = control_plane.apply(binding("bad", **spec))
    assert refused is not None
    assert term in refused


def test_the_old_version_of_a_binding_is_served(control_plane: Cluster) -> None:
    """Clients of v1alpha1 read bindings that were written as v1beta1 (spec 8.1)."""
    assert control_plane.apply(binding("old-client")) is None
    base = f"{control_plane.url}/apis/elbv2.k8s.aws/v1alpha1/namespaces/default"
    answer: requests.Response = control_plane.http.get(f"{base}/targetgroupbindings/old-client")
    assert answer.json()["spec"]["targetGroupARN"] == ARN


def test_bindings_are_printed_with_the_references_columns(control_plane: Cluster) -> None:
    """`kubectl get` shows what users of LBC know."""
    table = control_plane.http.get(
        control_plane.path("TargetGroupBinding"),
        headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"},
    ).json()
    names = [column["name"] for column in table["columnDefinitions"]]
    assert names == ["Name", "SERVICE-NAME", "SERVICE-PORT", "TARGET-TYPE", "ARN", "NAME", "AGE"]
