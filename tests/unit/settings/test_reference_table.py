"""The table of flags against LBC's, as the specification lists it (10.2, 10.3)."""

from __future__ import annotations

from alb_controller.settings import flag_rows, gate_rows

REFERENCE_FLAGS = """
allowed-certificate-authority-arns=
alb-gateway-max-concurrent-reconciles=3
aws-api-endpoints=
aws-max-retries=10
aws-region=
aws-vpc-id=
aws-vpc-tag-key=Name
aws-vpc-tags=
backend-security-group=
cluster-name=
default-load-balancer-scheme=internal
default-pca-arn=
default-ssl-policy=ELBSecurityPolicy-2016-08
default-tags=
default-target-type=instance
disable-ingress-class-annotation=false
disable-ingress-group-name-annotation=false
disable-restricted-sg-rules=false
enable-backend-security-group=true
enable-endpoint-slices=true
enable-leader-election=true
enable-manage-backend-security-group-rules=false
enable-pod-readiness-gate-inject=true
enable-shield=true
enable-waf=true
enable-wafv2=true
external-managed-tags=
feature-gates=
gateway-class-max-concurrent-reconciles=3
globalaccelerator-max-concurrent-reconciles=1
globalaccelerator-max-exponential-backoff-delay=16m40s
health-probe-bind-addr=:61779
ingress-class=alb
ingress-max-concurrent-reconciles=3
kube-ca-pem-filepath=
kubeconfig=
lb-stabilization-monitor-interval=2m
leader-election-id=aws-load-balancer-controller-leader
leader-election-namespace=
load-balancer-class=service.k8s.aws/nlb
log-level=info
max-targets-per-target-group=0
metrics-bind-addr=:8080
nlb-gateway-max-concurrent-reconciles=3
quic-environment-variable-name=AWS_LBC_QUIC_SERVER_ID
required-secrets-label=
service-max-concurrent-reconciles=3
service-target-eni-security-group-tags=
sync-period=10h
targetgroupbinding-max-concurrent-reconciles=3
targetgroupbinding-max-exponential-backoff-delay=16m40s
targetgroupbinding-requeue-duration=15s
tolerate-non-existent-backend-action=true
tolerate-non-existent-backend-service=true
watch-namespace=
webhook-bind-port=9443
webhook-cert-dir=
webhook-cert-file=
webhook-key-file=
"""

ON = """
ListenerRulesTagging WeightedTargetGroups EndpointsFailOpen EnableServiceController
EnableIPTargetType SubnetsClusterTagCheck NLBHealthCheckAdvancedConfig NLBSecurityGroup
SubnetDiscoveryByReachability LBCapacityReservation NLBGatewayAPI ALBGatewayAPI GatewayListenerSet
"""
OFF = """
ServiceTypeLoadBalancerOnly EnableRGTAPI ALBSingleSubnet GlobalAcceleratorController
EnableTCPUDPListener EnhancedDefaultBehavior EnableDefaultTagsLowPriority ALBTargetControlAgent
EnableCertificateManagement IngressPlanAnnotation
"""


def test_the_flags_and_their_defaults_are_the_references() -> None:
    """All 60 flags are there with LBC's defaults, and those of our own are listed."""
    expected = dict(line.split("=", 1) for line in REFERENCE_FLAGS.split())
    ours = {row.name: row.form.show(row.default) for row in flag_rows()}
    throttle = ours.pop("aws-api-throttle")
    own = {name: ours.pop(name) for name in set(ours) - set(expected)}
    assert ours == expected
    assert own == {
        "allowed-assume-role-arns": "*",
        "aws-quotas": "",
        "drain-pods-of-leaving-nodes": "false",
        "enable-last-applied-annotation": "true",
        "enable-status-annotation": "true",
        "group-trust": "any",
        "log-format": "json",
        "read-aws-quotas": "false",
        "strict-admission": "false",
        "replacement-drain": "0s",
        "replacement-ready-timeout": "0s",
        "target-purge-hold": "0s",
        "target-purge-percent": "100",
        "webhook-cert-lifetime": "2160h",
        "webhook-cert-secret": "",
        "webhook-configuration": "aws-load-balancer-webhook",
    }
    assert "Elastic Load Balancing v2:^Describe.*=50:200" in throttle


def test_the_gates_and_their_defaults_are_the_references() -> None:
    """All 23 gates are there with LBC's names and defaults."""
    expected = dict.fromkeys(ON.split(), True) | dict.fromkeys(OFF.split(), False)
    assert {row.gate.name: row.default for row in gate_rows()} == expected
