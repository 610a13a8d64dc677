"""The reference page of the annotations, written from the table and from the examples below."""

from __future__ import annotations

from typing import NamedTuple

from alb_controller.objects.annotations.ingress_table import PREFIX, TABLE
from alb_controller.objects.annotations.names import PLAN_ANNOTATION
from alb_controller.objects.notes import STATUS
from alb_controller.objects.records import RECORD
from alb_controller.objects.secrets import APPLIED_SECRETS


class Example(NamedTuple):
    """A value that works, and what it becomes in AWS's API (`Shape.Field`)."""

    value: str
    aws: str


_HEALTH = "TargetGroup.HealthCheck"
_SESSION = "AuthenticateOidcConfig"
_NLB = "of the load balancer in front:"

EXAMPLES: dict[str, Example] = {
    "group.name": Example("shared", "one LoadBalancer for all members"),
    "group.order": Example("10", "Rule.Priority of the member's rules"),
    "load-balancer-name": Example("shop-front", "LoadBalancer.LoadBalancerName"),
    "scheme": Example("internet-facing", "LoadBalancer.Scheme"),
    "ip-address-type": Example("dualstack", "LoadBalancer.IpAddressType"),
    "subnets": Example("subnet-0a1b2c3d, public-b", "LoadBalancer.AvailabilityZones"),
    "customer-owned-ipv4-pool": Example(
        "ipv4pool-coip-0123456789", "LoadBalancer.CustomerOwnedIpv4Pool"
    ),
    "ipam-ipv4-pool-id": Example("ipam-pool-0123456789", "LoadBalancer.IpamPools"),
    "load-balancer-attributes": Example(
        "idle_timeout.timeout_seconds=120", "LoadBalancerAttribute"
    ),
    "minimum-load-balancer-capacity": Example(
        "CapacityUnits=1000", "MinimumLoadBalancerCapacity.CapacityUnits"
    ),
    "tags": Example("team=shop,stage=prod", "Tag"),
    "wafv2-acl-arn": Example(
        "arn:aws:wafv2:us-west-2:111122223333:regional/webacl/edge/0a1b", "AssociateWebACL (WAFv2)"
    ),
    "wafv2-acl-name": Example("edge", "AssociateWebACL (WAFv2)"),
    "waf-acl-id": Example("499e8b99-6671-4614-a86d-adb1810b7fbe", "AssociateWebACL (WAF)"),
    "web-acl-id": Example("499e8b99-6671-4614-a86d-adb1810b7fbe", "AssociateWebACL (WAF)"),
    "shield-advanced-protection": Example("true", "CreateProtection (Shield)"),
    "security-groups": Example("sg-0a1b2c3d, office", "LoadBalancer.SecurityGroups"),
    "manage-backend-security-group-rules": Example("true", "IpPermission of nodes and pods"),
    "inbound-cidrs": Example("10.0.0.0/8, 2001:db8::/32", "IpPermission.IpRanges"),
    "security-group-prefix-lists": Example("pl-0a1b2c3d", "IpPermission.PrefixListIds"),
    "listen-ports": Example('[{"HTTP": 80}, {"HTTPS": 443}]', "Listener.Port, Listener.Protocol"),
    "ssl-redirect": Example("443", "Action.RedirectConfig of HTTP listeners"),
    "certificate-arn": Example(
        "arn:aws:acm:us-west-2:111122223333:certificate/0a1b", "Listener.Certificates"
    ),
    "ssl-policy": Example("ELBSecurityPolicy-TLS13-1-2-2021-06", "Listener.SslPolicy"),
    "mutual-authentication": Example(
        '[{"port": 443, "mode": "passthrough"}]', "Listener.MutualAuthentication"
    ),
    "create-acm-cert": Example("true", "RequestCertificate (ACM)"),
    "acm-pca-arn": Example(
        "arn:aws:acm-pca:us-west-2:111122223333:certificate-authority/0a1b",
        "RequestCertificate.CertificateAuthorityArn",
    ),
    "target-type": Example("ip", "TargetGroup.TargetType"),
    "backend-protocol": Example("HTTPS", "TargetGroup.Protocol"),
    "backend-protocol-version": Example("GRPC", "TargetGroup.ProtocolVersion"),
    "target-group-attributes": Example(
        "deregistration_delay.timeout_seconds=30", "TargetGroupAttribute"
    ),
    "target-node-labels": Example("pool=web", "TargetDescription of fewer nodes"),
    "multi-cluster-target-group": Example("true", "TargetDescription of this cluster alone"),
    "healthcheck-port": Example("8081", f"{_HEALTH}Port"),
    "healthcheck-protocol": Example("HTTP", f"{_HEALTH}Protocol"),
    "healthcheck-path": Example("/healthz", f"{_HEALTH}Path"),
    "healthcheck-interval-seconds": Example("10", f"{_HEALTH}IntervalSeconds"),
    "healthcheck-timeout-seconds": Example("4", f"{_HEALTH}TimeoutSeconds"),
    "healthy-threshold-count": Example("3", "TargetGroup.HealthyThresholdCount"),
    "unhealthy-threshold-count": Example("3", "TargetGroup.UnhealthyThresholdCount"),
    "success-codes": Example("200-299", "TargetGroup.Matcher"),
    "use-regex-path-match": Example("true", "PathPatternConfig.RegexValues"),
    "auth-type": Example("cognito", "Action.Type"),
    "auth-idp-cognito": Example(
        '{"userPoolARN": "arn:…", "userPoolClientID": "id", "userPoolDomain": "shop"}',
        "AuthenticateCognitoConfig",
    ),
    "auth-idp-oidc": Example(
        '{"issuer": "https://id.example", "authorizationEndpoint": "https://id.example/a", '
        '"tokenEndpoint": "https://id.example/t", "userInfoEndpoint": "https://id.example/u", '
        '"secretName": "oidc"}',
        "AuthenticateOidcConfig",
    ),
    "auth-on-unauthenticated-request": Example("deny", f"{_SESSION}.OnUnauthenticatedRequest"),
    "auth-scope": Example("openid email", f"{_SESSION}.Scope"),
    "auth-session-cookie": Example("shop-session", f"{_SESSION}.SessionCookieName"),
    "auth-session-timeout": Example("3600", f"{_SESSION}.SessionTimeout"),
    "jwt-validation": Example(
        '{"jwksEndpoint": "https://id.example/keys", "issuer": "https://id.example"}',
        "JwtValidationConfig",
    ),
    "allow-unauthenticated-http": Example("true", "Action of rules of HTTP listeners"),
    "enable-frontend-nlb": Example("true", "a second LoadBalancer of type network"),
    "frontend-nlb-scheme": Example("internal", f"{_NLB} LoadBalancer.Scheme"),
    "frontend-nlb-subnets": Example("subnet-0a1b2c3d", f"{_NLB} LoadBalancer.AvailabilityZones"),
    "frontend-nlb-security-groups": Example("sg-0a1b2c3d", f"{_NLB} LoadBalancer.SecurityGroups"),
    "frontend-nlb-listener-port-mapping": Example("8443=443", f"{_NLB} Listener.Port"),
    "frontend-nlb-eip-allocations": Example(
        "eipalloc-0a1b2c3d, eipalloc-4e5f6a7b", f"{_NLB} SubnetMapping.AllocationId"
    ),
    "frontend-nlb-healthcheck-port": Example("443", f"{_NLB} {_HEALTH}Port"),
    "frontend-nlb-healthcheck-protocol": Example("HTTPS", f"{_NLB} {_HEALTH}Protocol"),
    "frontend-nlb-healthcheck-path": Example("/healthz", f"{_NLB} {_HEALTH}Path"),
    "frontend-nlb-healthcheck-interval-seconds": Example("10", f"{_NLB} {_HEALTH}IntervalSeconds"),
    "frontend-nlb-healthcheck-timeout-seconds": Example("4", f"{_NLB} {_HEALTH}TimeoutSeconds"),
    "frontend-nlb-healthcheck-healthy-threshold-count": Example(
        "3", f"{_NLB} TargetGroup.HealthyThresholdCount"
    ),
    "frontend-nlb-healthcheck-unhealthy-threshold-count": Example(
        "3", f"{_NLB} TargetGroup.UnhealthyThresholdCount"
    ),
    "frontend-nlb-healthcheck-success-codes": Example("200-399", f"{_NLB} TargetGroup.Matcher"),
    "frontend-nlb-attributes": Example(
        "load_balancing.cross_zone.enabled=true", f"{_NLB} LoadBalancerAttribute"
    ),
    "frontend-nlb-tags": Example("team=edge", f"{_NLB} Tag"),
}

FAMILY_EXAMPLES: dict[str, Example] = {
    "actions.": Example(
        '{"type": "fixed-response", "fixedResponseConfig": {"statusCode": "410"}}', "Action"
    ),
    "conditions.": Example(
        '[{"field": "source-ip", "sourceIpConfig": {"values": ["10.0.0.0/8"]}}]', "RuleCondition"
    ),
    "transforms.": Example(
        '[{"type": "url-rewrite", "urlRewriteConfig": '
        '{"rewrites": [{"regex": "^/v1/", "replace": "/"}]}}]',
        "RuleTransform",
    ),
    "listener-attributes.": Example(
        "routing.http.response.server.enabled=false", "ListenerAttribute"
    ),
    "target-control-port.": Example("3000", "TargetGroup.TargetControlPort"),
}
"""Of keys that end in a name: of a Service, of a protocol and port, of a Service and port."""

_ENDINGS = {
    "actions.": ("NAME", "What a backend NAME of port `use-annotation` does."),
    "conditions.": ("NAME", "Further conditions of every backend NAME."),
    "transforms.": ("NAME", "Rewrites of requests to every backend NAME."),
    "listener-attributes.": ("PROTOCOL-PORT", "Attributes of one listener."),
    "target-control-port.": ("SERVICE.PORT", "Port of the target optimizer's agent."),
}
_HEAD = f"""\
# Annotations

Written by `make gen` from `alb_controller/objects/annotations/ingress_table.py`; do not edit.

Every key begins with `{PREFIX}`, unless it is written out. *On* says which
objects may carry it: where a Service may, its value replaces the Ingress's. *In a group* says what
happens where several members set it: *exclusive*: all must agree, the younger of two that disagree
is stopped; *union*: they are put together, one key or port has one value; *per port*: the members
on a port must agree; *per Ingress*: it counts for its own Ingress alone. A line end behind a value,
as a YAML block scalar (`key: |`) leaves it, is not part of the value.

| Annotation | On | In a group | Default | What it does | Example | In AWS |
| --- | --- | --- | --- | --- | --- | --- |
"""


_WRITTEN = f"""
## Written by the controller

| Annotation | On | What it says |
| --- | --- | --- |
| `{PLAN_ANNOTATION}` | the first Ingress of a group | With the gate IngressPlanAnnotation: everything that the group asks for, as JSON. OIDC clients are redacted. With the gate off it is removed. |
| `{APPLIED_SECRETS}` | Ingress | Uid and resourceVersion of the Secrets whose content AWS has. |
| `{RECORD}` | Ingress | What it asked for when AWS had all of it ([ADR 32](../adr/0032-records-of-members.md)). |
| `{STATUS}` | Ingress | What it has in AWS and what is wrong, as JSON ([troubleshoot](../how-to/troubleshoot.md)). |
| `elbv2.k8s.aws/checkpoint`, `elbv2.k8s.aws/checkpoint-timestamp` | TargetGroupBinding | Digest of the endpoints and the spec that were brought about, and when. |
"""  # noqa: E501  # rows of a table


def annotations_page() -> str:
    """The page as Markdown."""
    lines = [
        _line(
            row.key.removeprefix(PREFIX),
            (
                row.scope,
                row.merge,
                _code(row.default),
                row.doc,
            ),
            EXAMPLES[row.suffix],
        )
        for row in TABLE
    ]
    lines += [
        _line(family + ending, ("Ingress", "per Ingress", "", doc), FAMILY_EXAMPLES[family])
        for family, (ending, doc) in _ENDINGS.items()
    ]
    return _HEAD + "".join(lines) + _WRITTEN


def _line(key: str, cells: tuple[str, ...], example: Example) -> str:
    shown = " | ".join((f"`{key}`", *cells, _code(example.value), example.aws))
    return f"| {shown} |\n"


def _code(text: str) -> str:
    return f"`{text.replace('|', '&#124;')}`" if text else ""
