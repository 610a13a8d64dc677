"""Requests carry LBC's fields; answers with fields missing are read all the same."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.aws.codecs import elbv2 as codec
from alb_controller.model.elbv2 import MutualAuthentication, Target, TargetHealth
from tests.unit.aws import samples

TAGS = [
    {"Key": "elbv2.k8s.aws/cluster", "Value": "prod"},
    {"Key": "ingress.k8s.aws/resource", "Value": "LoadBalancer"},
    {"Key": "ingress.k8s.aws/stack", "Value": "shop/web"},
]


def test_a_load_balancer_is_asked_for_as_the_reference_does() -> None:
    """Subnets go as mappings, tags sorted by key, and nothing is sent that was not wanted."""
    assert codec.encode_load_balancer(samples.load_balancer()) == {
        "Name": "k8s-shop-web-1",
        "Type": "application",
        "Scheme": "internal",
        "IpAddressType": "ipv4",
        "SubnetMappings": [{"SubnetId": "subnet-a"}, {"SubnetId": "subnet-b"}],
        "SecurityGroups": ["sg-1"],
        "Tags": TAGS,
    }


def test_an_outpost_pool_is_asked_for() -> None:
    """The customer-owned pool goes along where one is wanted."""
    wanted = samples.load_balancer(customer_owned_ipv4_pool="ipv4pool-coip-1")
    assert codec.encode_load_balancer(wanted)["CustomerOwnedIpv4Pool"] == "ipv4pool-coip-1"


def test_a_target_group_is_asked_for_as_the_reference_does() -> None:
    """The health check goes whole and enabled; ipv4, being AWS's default, is not sent."""
    sent = codec.encode_target_group(samples.target_group(tags={}))
    assert sent == {
        "Name": "k8s-shop-svc-1",
        "TargetType": "ip",
        "Port": 8080,
        "Protocol": "HTTP",
        "ProtocolVersion": "HTTP1",
        "VpcId": "vpc-1",
        "HealthCheckEnabled": True,
        "HealthCheckPort": "traffic-port",
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPath": "/",
        "HealthCheckIntervalSeconds": 15,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 2,
        "Matcher": {"HttpCode": "200"},
    }


def test_grpc_ipv6_and_control_port_are_asked_for() -> None:
    """gRPC has its own matcher; ipv6 and a control port are sent where wanted."""
    wanted = samples.target_group(
        protocol_version="GRPC",
        ip_address_type="ipv6",
        target_control_port=3000,
        health_check=samples.health_check(matcher="12"),
    )
    sent = codec.encode_target_group(wanted)
    assert sent["Matcher"] == {"GrpcCode": "12"}
    assert sent["IpAddressType"] == "ipv6"
    assert sent["TargetControlPort"] == 3000


def test_a_listener_is_asked_for_with_its_default_certificate_alone() -> None:
    """AWS takes one certificate at creation; the others follow."""
    wanted = samples.listener(
        port=443, protocol="HTTPS", certificates=("a", "b"), ssl_policy="policy", tags={}
    )
    assert codec.encode_listener(wanted) == {
        "LoadBalancerArn": "lb-1",
        "Port": 443,
        "Protocol": "HTTPS",
        "DefaultActions": [
            {
                "Type": "fixed-response",
                "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"},
                "Order": 1,
            }
        ],
        "Certificates": [{"CertificateArn": "a"}],
        "SslPolicy": "policy",
    }


def test_a_rule_is_asked_for_as_the_reference_does() -> None:
    """Conditions and actions in config objects; no transforms where none are wanted."""
    assert codec.encode_rule(samples.rule(tags={})) == {
        "ListenerArn": "listener-1",
        "Priority": 1,
        "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
        "Actions": [
            {
                "Type": "forward",
                "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "tg-1"}]},
                "Order": 1,
            }
        ],
    }


def test_bare_answers_are_read() -> None:
    """A resource of which AWS says next to nothing is read without an error."""
    assert codec.decode_load_balancer({"LoadBalancerArn": "a"}, {}).identity == "a"
    assert codec.decode_target_group({"TargetGroupArn": "a"}, {}).identity == "a"
    assert codec.decode_listener({"ListenerArn": "a"}, {}).identity == "a"
    assert codec.decode_rule({"RuleArn": "a", "Priority": "3"}, "l", {}).resource.priority == 3
    assert codec.decode_target_health({}).state == "unavailable"


def test_unknown_states_are_taken_for_active() -> None:
    """A state that AWS adds later does not stop the load balancer from being managed."""
    raw = {"LoadBalancerArn": "a", "State": {"Code": "sleeping"}}
    assert codec.decode_load_balancer(raw, {}).state == "active"
    raw = {"LoadBalancerArn": "a", "State": {"Code": "provisioning"}}
    assert codec.decode_load_balancer(raw, {}).state == "provisioning"


def test_a_listener_without_encryption_has_no_policy() -> None:
    """The policy means nothing on plain HTTP, whatever is shown."""
    raw = {"ListenerArn": "a", "Protocol": "HTTP", "SslPolicy": "p"}
    assert codec.decode_listener(raw, {}).resource.ssl_policy is None


def test_the_default_certificate_is_first() -> None:
    """Then the certificate list, sorted; it may hold the default one as well."""
    raw = {"ListenerArn": "a", "Protocol": "HTTPS", "Certificates": [{"CertificateArn": "z"}]}
    found = codec.decode_listener(raw, {}, ["c", "z", "b"])
    assert found.resource.certificates == ("z", "b", "c", "z")


def test_targets_keep_their_zone() -> None:
    """A target outside the VPC is sent with zone `all`; others let AWS find it."""
    assert codec.encode_target(Target("10.0.0.1", 80)) == {"Id": "10.0.0.1", "Port": 80}
    outside = Target("192.0.2.1", 80, "all")
    assert codec.encode_target(outside)["AvailabilityZone"] == "all"
    health = {"Target": codec.encode_target(outside), "TargetHealth": {"State": "initial"}}
    assert codec.decode_target_health(health) == TargetHealth(target=outside, state="initial")


def test_attributes_are_sent_sorted_and_read_as_a_map() -> None:
    """Attribute requests do not depend on the order of annotations."""
    sent = codec.encode_attributes({"b": "2", "a": "1"})
    assert sent == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    assert codec.decode_attributes({"Attributes": sent}) == {"a": "1", "b": "2"}


VERIFY = MutualAuthentication("verify", "arn:ts/1", True, "on")


@pytest.mark.parametrize(
    "wanted, sent",
    [
        (None, None),
        (MutualAuthentication("off"), {"Mode": "off"}),
        (MutualAuthentication("passthrough"), {"Mode": "passthrough", "TrustStoreArn": ""}),
        (
            VERIFY,
            {
                "Mode": "verify",
                "TrustStoreArn": "arn:ts/1",
                "IgnoreClientCertificateExpiry": True,
                "AdvertiseTrustStoreCaNames": "on",
            },
        ),
    ],
)
def test_client_certificates_are_asked_for(
    wanted: MutualAuthentication | None, sent: dict[str, Any] | None
) -> None:
    """Nothing is said of what is to stay as it is."""
    listener = samples.listener(protocol="HTTPS", mutual_authentication=wanted)
    assert codec.encode_listener_settings(listener).get("MutualAuthentication") == sent


@pytest.mark.parametrize(
    "shown, found",
    [
        (None, None),
        ({"Mode": "off"}, None),
        ({"Mode": "passthrough", "TrustStoreArn": ""}, MutualAuthentication("passthrough")),
        (
            {
                "Mode": "verify",
                "TrustStoreArn": "arn:ts/1",
                "IgnoreClientCertificateExpiry": True,
                "TrustStoreAssociationStatus": "active",
                "AdvertiseTrustStoreCaNames": "on",
            },
            VERIFY,
        ),
        (
            {"Mode": "verify", "TrustStoreArn": "arn:ts/1"},
            MutualAuthentication("verify", "arn:ts/1", False, "off"),
        ),
    ],
)
def test_client_certificates_are_read(
    shown: dict[str, Any] | None, found: MutualAuthentication | None
) -> None:
    """An empty trust store is none, off is nothing, and AWS's defaults are filled in."""
    raw = {"ListenerArn": "a", "Protocol": "HTTPS", "MutualAuthentication": shown}
    assert codec.decode_listener(raw, {}).resource.mutual_authentication == found


def test_a_plain_listener_has_nothing_of_tls() -> None:
    """Whatever AWS still shows of the time when it was a secure one."""
    raw = {
        "ListenerArn": "a",
        "Protocol": "HTTP",
        "SslPolicy": "old",
        "MutualAuthentication": {"Mode": "passthrough"},
    }
    found = codec.decode_listener(raw, {}).resource
    assert (found.ssl_policy, found.mutual_authentication) == (None, None)


def test_an_address_pool_reads_back() -> None:
    """It is asked for at creation, and shown again (ELBv2 API, IpamPools)."""
    wanted = samples.load_balancer(ipv4_ipam_pool_id="ipam-pool-1")
    raw = codec.encode_load_balancer(wanted)
    assert raw["IpamPools"] == {"Ipv4IpamPoolId": "ipam-pool-1"}
    shown = {"LoadBalancerArn": "arn", "IpamPools": raw["IpamPools"]}
    assert codec.decode_load_balancer(shown, {}).resource.ipv4_ipam_pool_id == "ipam-pool-1"
    assert "IpamPools" not in codec.encode_load_balancer(samples.load_balancer())
    assert codec.encode_ip_pools("p") == {"IpamPools": {"Ipv4IpamPoolId": "p"}}
    assert codec.encode_ip_pools(None) == {"RemoveIpamPools": ["ipv4"]}


def test_elastic_addresses_go_to_subnets_by_place() -> None:
    """SubnetMappings name both (ELBv2 API, SubnetMapping)."""
    assert codec.encode_subnets(("subnet-b", "subnet-a"), ("eip-1", "eip-2")) == [
        {"SubnetId": "subnet-b", "AllocationId": "eip-1"},
        {"SubnetId": "subnet-a", "AllocationId": "eip-2"},
    ]


def test_capacity_of_nothing_is_a_reset() -> None:
    """AWS has no reservation of 0 units (ELBv2 API, ModifyCapacityReservation)."""
    assert codec.encode_capacity(0) == {"ResetCapacityReservation": True}
    units = codec.encode_capacity(500)
    assert codec.decode_capacity(units) == 500
    assert codec.decode_capacity({}) == 0
