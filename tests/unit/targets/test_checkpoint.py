"""The checkpoint is LBC's, byte for byte."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any

import pytest

from alb_controller.objects.encoding import go_json
from alb_controller.targets.checkpoint import checkpoint, stored_checkpoint
from alb_controller.targets.endpoints import Endpoint, Endpoints
from tests.factories import BORN
from tests.unit.targets.cluster import ARN, binding, node, pod


def sha(text: str) -> str:
    """URL-safe base64 of SHA-256, without padding: Go's RawURLEncoding."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


SPECS = {
    "least": ({}, '"targetType":"ip","serviceRef":{"name":"app","port":"http"}'),
    "scalars": (
        {
            "assumeRoleExternalId": "x",
            "iamRoleArnToAssume": "r",
            "vpcID": "vpc-1",
            "ipAddressType": "ipv4",
            "targetGroupProtocol": "HTTP",
            "multiClusterTargetGroup": True,
            "targetGroupName": "n",
            "serviceRef": {"name": "app", "port": 80},
        },
        (
            '"targetGroupName":"n","multiClusterTargetGroup":true,"targetType":"ip",'
            '"targetGroupProtocol":"HTTP","serviceRef":{"name":"app","port":80},'
            '"ipAddressType":"ipv4","vpcID":"vpc-1","iamRoleArnToAssume":"r",'
            '"assumeRoleExternalId":"x"'
        ),
    ),
    "empty values are left out": (
        {"multiClusterTargetGroup": False, "vpcID": "", "networking": {"ingress": []}},
        '"targetType":"ip","serviceRef":{"name":"app","port":"http"},"networking":{}',
    ),
    "networking": (
        {
            "networking": {
                "ingress": [
                    {
                        "ports": [{"port": 80, "protocol": "TCP"}, {"port": "http"}, {}],
                        "from": [
                            {"securityGroup": {"groupID": "sg-1"}},
                            {"ipBlock": {"cidr": "10.0.0.0/8"}},
                        ],
                    },
                    {"from": [], "ports": []},
                ]
            }
        },
        (
            '"targetType":"ip","serviceRef":{"name":"app","port":"http"},"networking":{"ingress":['
            '{"from":[{"securityGroup":{"groupID":"sg-1"}},{"ipBlock":{"cidr":"10.0.0.0/8"}}],'
            '"ports":[{"protocol":"TCP","port":80},{"port":"http"},{}]},{"from":[],"ports":[]}]}'
        ),
    ),
    "selector": (
        {
            "nodeSelector": {
                "matchExpressions": [
                    {"key": "a", "operator": "Exists"},
                    {"key": "b", "operator": "In", "values": ["y", "x"]},
                ],
                "matchLabels": {"z": "1", "a": "<&>"},
            }
        },
        (
            '"targetType":"ip","serviceRef":{"name":"app","port":"http"},"nodeSelector":{'
            '"matchLabels":{"a":"\\u003c\\u0026\\u003e","z":"1"},"matchExpressions":['
            '{"key":"a","operator":"Exists"},{"key":"b","operator":"In","values":["y","x"]}]}'
        ),
    ),
}


@pytest.mark.parametrize("spec,expected", SPECS.values(), ids=SPECS)
def test_the_spec_is_written_as_go_does(spec: dict[str, Any], expected: str) -> None:
    """Field order, what is left out, and the escapes are those of Go's encoding/json."""
    assert go_json(binding(**spec).spec) == f'{{"targetGroupARN":"{ARN}",{expected}}}'


def test_the_digest_covers_sorted_endpoints_and_the_spec() -> None:
    """Pods count with their birth in Unix milliseconds, sorted as text, joined by commas."""
    young = pod("b", "10.0.0.10", creation_timestamp=BORN + timedelta(seconds=1))
    endpoints = Endpoints(
        members=(
            Endpoint(id="10.0.0.9", port=80, backing=pod("a", "10.0.0.9")),
            Endpoint(id="10.0.0.10", port=80, backing=young),
        )
    )
    millis = int(BORN.timestamp()) * 1000
    csv = f"10.0.0.10:80:{millis + 1000},10.0.0.9:80:{millis}"
    spec = binding().spec
    assert checkpoint(endpoints, spec) == f"{sha(csv)}/{sha(go_json(spec))}"


def test_nodes_count_by_instance_id() -> None:
    """The form for targetType instance."""
    endpoints = Endpoints(members=(Endpoint(id="i-1", port=30080, backing=node()),))
    csv = f"i-1:30080:{int(BORN.timestamp()) * 1000}"
    assert checkpoint(endpoints, binding().spec).startswith(sha(csv) + "/")


def test_no_endpoints_have_the_digest_of_nothing() -> None:
    """SHA-256 of the empty string, as published (FIPS 180 test vector)."""
    assert checkpoint(Endpoints(), binding().spec).startswith(
        "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU/"
    )


def test_the_stored_checkpoint_is_the_annotation() -> None:
    """Empty where a binding has none."""
    annotated = binding(metadata={"annotations": {"elbv2.k8s.aws/checkpoint": "x/y"}})
    assert (stored_checkpoint(annotated), stored_checkpoint(binding())) == ("x/y", "")
