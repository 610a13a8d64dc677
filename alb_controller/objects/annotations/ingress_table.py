"""The annotations of Ingresses and their Services: suffix, parser, scope, merge rule and purpose.

The table drives the parser, admission and the reference page. Parsing rules are LBC's
(spec 0 and 1): a value that cannot be read is an InvalidAnnotation that names the object that
carries it, the whole key, the value and what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from alb_controller.objects.actions import (
    ActionConfig,
    CognitoConfig,
    ConditionConfig,
    JwtConfig,
    OidcConfig,
    TransformConfig,
)
from alb_controller.objects.annotations import values as read
from alb_controller.objects.annotations.json import JsonParser
from alb_controller.objects.annotations.mutual_authentication import mutual_authentication
from alb_controller.objects.annotations.rows import Annotation, Merge
from alb_controller.values import PortRef

T = TypeVar("T")
PREFIX = "alb.ingress.kubernetes.io/"
OWN_PREFIX = "alb-controller.aws/"
"""Of what LBC has no annotation for; it ignores them."""


def _row(
    suffix: str, parse: Callable[[str], T], merge: Merge, doc: str, default: str = ""
) -> Annotation[T]:
    """A row that only Ingresses carry."""
    return Annotation(
        prefix=PREFIX, suffix=suffix, parse=parse, merge=merge, doc=doc, default=default
    )


def _backend(suffix: str, parse: Callable[[str], T], doc: str, default: str = "") -> Annotation[T]:
    """A row that a Service may carry as well; it counts for one Ingress and Service."""
    return Annotation(
        prefix=PREFIX,
        suffix=suffix,
        parse=parse,
        merge="per Ingress",
        doc=doc,
        scope="Ingress and Service",
        default=default,
    )


# Group, naming, load balancer
GROUP_NAME = _row("group.name", read.string, "per Ingress", "Joins the group of this name.")
GROUP_ORDER = _row(
    "group.order", read.int32_between(-1000, 1000), "per Ingress", "Place in the group.", "0"
)
LOAD_BALANCER_NAME = _row(
    "load-balancer-name",
    read.string_up_to(32),
    "exclusive",
    "Name of the load balancer; counts when it is created.",
)
SCHEME = _row(
    "scheme",
    read.one_of("internal", "internet-facing"),
    "exclusive",
    "Whether the load balancer has public addresses.",
    "internal",
)
IP_ADDRESS_TYPE = _row(
    "ip-address-type",
    read.one_of("ipv4", "dualstack", "dualstack-without-public-ipv4"),
    "exclusive",
    "Address families of the load balancer.",
    "ipv4",
)
SUBNETS = _row("subnets", read.string_list, "exclusive", "Subnets by id or Name tag, one per zone.")
CUSTOMER_OWNED_IPV4_POOL = _row(
    "customer-owned-ipv4-pool",
    read.non_empty_string,
    "exclusive",
    "Customer-owned address pool on Outposts; counts at creation.",
)
LOAD_BALANCER_ATTRIBUTES = _row(
    "load-balancer-attributes", read.string_map, "union", "Attributes of the load balancer."
)
TAGS: Annotation[dict[str, str]] = Annotation(
    prefix=PREFIX,
    suffix="tags",
    parse=read.string_map,
    merge="union",
    doc="Tags of the AWS resources; on a Service, of its target groups.",
    scope="Ingress and Service",
)

# Security groups and listeners
SECURITY_GROUPS = _row(
    "security-groups",
    read.string_list,
    "exclusive",
    "Security groups by id or Name tag instead of a managed one.",
)
MANAGE_BACKEND_RULES = _row(
    "manage-backend-security-group-rules",
    read.boolean,
    "exclusive",
    "With given security groups: keep the rules on nodes and pods as well.",
)
INBOUND_CIDRS = _row(
    "inbound-cidrs", read.cidr_list, "per port", "Who may connect.", "0.0.0.0/0, ::/0"
)
PREFIX_LISTS = _row(
    "security-group-prefix-lists", read.source_list, "per port", "Prefix lists that may connect."
)
LISTEN_PORTS = _row(
    "listen-ports", read.listen_ports, "union", "Ports of the listeners.", '[{"HTTP": 80}]'
)

CERTIFICATE_ARN = _row(
    "certificate-arn",
    read.string_list,
    "per port",
    "Certificates of the HTTPS listeners, the default one first; without it ACM is searched.",
)
SSL_POLICY = _row(
    "ssl-policy",
    read.string,
    "per port",
    "Security policy of the HTTPS listeners.",
    "ELBSecurityPolicy-2016-08",
)
SSL_REDIRECT = _row(
    "ssl-redirect", read.int32, "exclusive", "HTTP is redirected to this HTTPS port of the group."
)
CREATE_ACM_CERT = _row(
    "create-acm-cert",
    read.boolean,
    "per Ingress",
    "Request a certificate for the Ingress's hosts; needs the gate EnableCertificateManagement.",
    "false",
)
ACM_PCA_ARN = _row(
    "acm-pca-arn", read.string, "per Ingress", "Private CA that issues a requested certificate."
)
MUTUAL_AUTHENTICATION = _row(
    "mutual-authentication",
    mutual_authentication,
    "per port",
    "Whether clients of HTTPS listeners show certificates, and who verifies them.",
)

# Targets and health checks
TARGET_TYPE = _backend(
    "target-type", read.one_of("instance", "ip"), "Nodes or pods as targets.", "instance"
)
BACKEND_PROTOCOL = _backend(
    "backend-protocol", read.one_of("HTTP", "HTTPS"), "Protocol towards the targets.", "HTTP"
)
BACKEND_PROTOCOL_VERSION = _backend(
    "backend-protocol-version",
    read.one_of("HTTP1", "HTTP2", "GRPC"),
    "Protocol version towards the targets.",
    "HTTP1",
)
TARGET_GROUP_ATTRIBUTES = _backend(
    "target-group-attributes", read.string_map, "Attributes of the target group."
)
TARGET_NODE_LABELS = _backend(
    "target-node-labels", read.string_map, "Labels that nodes must carry to be targets."
)
MULTI_CLUSTER = _backend(
    "multi-cluster-target-group",
    read.boolean,
    "Other clusters register targets in this group too.",
    "false",
)
HEALTH_CHECK_PORT = _backend(
    "healthcheck-port", read.string, "traffic-port, a number, or a port name.", "traffic-port"
)
HEALTH_CHECK_PROTOCOL = _backend(
    "healthcheck-protocol", read.one_of("HTTP", "HTTPS"), "Protocol of the check.", "the backend's"
)
HEALTH_CHECK_PATH = _backend("healthcheck-path", read.string, "Path that is asked for.", "/")
HEALTH_CHECK_INTERVAL = _backend(
    "healthcheck-interval-seconds", read.int32, "Seconds between checks.", "15"
)
HEALTH_CHECK_TIMEOUT = _backend(
    "healthcheck-timeout-seconds", read.int32, "Seconds until a check has failed.", "5"
)
HEALTHY_THRESHOLD = _backend(
    "healthy-threshold-count", read.int32, "Good checks until healthy.", "2"
)
UNHEALTHY_THRESHOLD = _backend(
    "unhealthy-threshold-count", read.int32, "Bad checks until unhealthy.", "2"
)
SUCCESS_CODES = _backend("success-codes", read.string, "Codes of a good check.", "200")

# Routing and guards
USE_REGEX_PATH_MATCH = _row(
    "use-regex-path-match",
    read.boolean,
    "per Ingress",
    "Paths of pathType ImplementationSpecific are regular expressions.",
    "false",
)
AUTH_TYPE = _backend(
    "auth-type", read.one_of("none", "cognito", "oidc"), "Login before the request.", "none"
)
AUTH_IDP_COGNITO = _backend(
    "auth-idp-cognito",
    JsonParser(CognitoConfig, "a Cognito user pool", is_strict=True),
    "The user pool.",
)
AUTH_IDP_OIDC = _backend(
    "auth-idp-oidc",
    JsonParser(OidcConfig, "an OIDC provider", is_strict=True),
    "The OIDC provider.",
)
AUTH_ON_UNAUTHENTICATED = _backend(
    "auth-on-unauthenticated-request",
    read.string,
    "authenticate, allow or deny a request without login.",
    "authenticate",
)
AUTH_SCOPE = _backend("auth-scope", read.string, "Scope of the login.", "openid")
AUTH_SESSION_COOKIE = _backend(
    "auth-session-cookie", read.string, "Cookie of the session.", "AWSELBAuthSessionCookie"
)
AUTH_SESSION_TIMEOUT = _backend(
    "auth-session-timeout", read.int64, "Seconds that a session lasts.", "604800"
)
JWT_VALIDATION = _row(
    "jwt-validation",
    JsonParser(JwtConfig, "an object with jwksEndpoint and issuer", is_strict=True),
    "per Ingress",
    "Only requests with a valid JSON web token pass.",
)
ALLOW_OPEN_HTTP = Annotation(
    prefix=OWN_PREFIX,
    suffix="allow-unauthenticated-http",
    parse=read.boolean,
    merge="per Ingress",
    doc="Requests over plain HTTP pass without the login or token check, which HTTPS alone has; "
    "else they get 403.",
    default="false",
)

# Add-ons, capacity, address pools
IPAM_IPV4_POOL = _row(
    "ipam-ipv4-pool-id",
    read.string,
    "exclusive",
    "IPAM pool that the public IPv4 addresses come from.",
)
MINIMUM_CAPACITY = _row(
    "minimum-load-balancer-capacity",
    read.capacity_units,
    "union",
    "Reserved capacity, CapacityUnits=N; 0 gives back what is reserved.",
)
WAFV2_ACL_ARN = _row(
    "wafv2-acl-arn",
    read.none_or,
    "exclusive",
    "WAFv2 web ACL by ARN; none takes it away, without the key it is left as it is.",
)
WAFV2_ACL_NAME = _row(
    "wafv2-acl-name",
    read.string,
    "exclusive",
    "WAFv2 web ACL by name; wins over ARNs, none takes it away.",
)
WAF_ACL_ID = _row(
    "waf-acl-id", read.string, "exclusive", "Web ACL of WAF Classic; none takes it away."
)
WEB_ACL_ID = _row("web-acl-id", read.string, "exclusive", "The older key of waf-acl-id.")
SHIELD = _row(
    "shield-advanced-protection",
    read.boolean,
    "exclusive",
    "Shield Advanced; without the key it is left as it is.",
)

# A network load balancer in front
ENABLE_FRONT = _row(
    "enable-frontend-nlb",
    read.boolean,
    "exclusive",
    "A network load balancer in front of the application load balancer.",
    "false",
)
FRONT_SCHEME = _row(
    "frontend-nlb-scheme",
    read.one_of("internal", "internet-facing"),
    "exclusive",
    "Whether the one in front has public addresses.",
    "internal",
)
FRONT_SUBNETS = _row(
    "frontend-nlb-subnets", read.string_list, "exclusive", "Its subnets by id or Name tag."
)
FRONT_SECURITY_GROUPS = _row(
    "frontend-nlb-security-groups",
    read.string_list,
    "exclusive",
    "Its security groups by id or Name tag.",
    "those of the one behind",
)
FRONT_PORTS = _row(
    "frontend-nlb-listener-port-mapping",
    read.port_mapping,
    "per port",
    "Its ports with the ports behind them.",
    "each port behind by the same port",
)
FRONT_ELASTIC_IPS = _row(
    "frontend-nlb-eip-allocations",
    read.string_list,
    "exclusive",
    "Allocation ids of its Elastic IP addresses, one for each subnet; count at creation.",
)
FRONT_ATTRIBUTES = _row(
    "frontend-nlb-attributes", read.network_attributes, "union", "Its attributes."
)
FRONT_TAGS = _row(
    "frontend-nlb-tags",
    read.string_map,
    "union",
    "Its tags, and those of its listeners and target groups.",
    "those of the one behind",
)
_FRONT_CHECK = "frontend-nlb-healthcheck-"
FRONT_CHECK_PORT = _row(
    _FRONT_CHECK + "port",
    read.traffic_port,
    "per port",
    "traffic-port or a number.",
    "traffic-port",
)
FRONT_CHECK_PROTOCOL = _row(
    _FRONT_CHECK + "protocol",
    read.one_of("HTTP", "HTTPS"),
    "per port",
    "Protocol of its check.",
    "HTTP",
)
FRONT_CHECK_PATH = _row(
    _FRONT_CHECK + "path", read.string, "per port", "Path that its check asks for.", "/"
)
FRONT_CHECK_INTERVAL = _row(
    _FRONT_CHECK + "interval-seconds", read.int32, "per port", "Seconds between its checks.", "15"
)
FRONT_CHECK_TIMEOUT = _row(
    _FRONT_CHECK + "timeout-seconds",
    read.int32,
    "per port",
    "Seconds until its check has failed.",
    "5",
)
FRONT_CHECK_HEALTHY = _row(
    _FRONT_CHECK + "healthy-threshold-count",
    read.int32,
    "per port",
    "Good checks until healthy.",
    "2",
)
FRONT_CHECK_UNHEALTHY = _row(
    _FRONT_CHECK + "unhealthy-threshold-count",
    read.int32,
    "per port",
    "Bad checks until unhealthy.",
    "2",
)
FRONT_CHECK_CODES = _row(
    _FRONT_CHECK + "success-codes", read.string, "per port", "Codes of a good check.", "200"
)


def target_control_port(service: str, port: PortRef) -> Annotation[int]:
    """The row of `target-control-port.SERVICE.PORT`, the port as the backend writes it."""
    return _backend(f"target-control-port.{service}.{port}", read.int32_between(1, 65535), "")


def action(name: str) -> Annotation[ActionConfig]:
    """The row of `actions.NAME`, for backends of port `use-annotation`."""
    return _row(f"actions.{name}", JsonParser(ActionConfig, "an action"), "per Ingress", "")


def conditions(name: str) -> Annotation[list[ConditionConfig]]:
    """The row of `conditions.NAME`, for every backend of that Service name."""
    parser = JsonParser(list[ConditionConfig], "a list of conditions", is_strict=True)
    return _row(f"conditions.{name}", parser, "per Ingress", "")


def transforms(name: str) -> Annotation[list[TransformConfig]]:
    """The row of `transforms.NAME`, for every backend of that Service name."""
    parser = JsonParser(list[TransformConfig], "a list of transforms")
    return _row(f"transforms.{name}", parser, "per Ingress", "")


def listener_attributes(protocol: str, port: int) -> Annotation[dict[str, str]]:
    """The row of `listener-attributes.PROTOCOL-PORT`."""
    return _row(f"listener-attributes.{protocol}-{port}", read.string_map, "union", "")


TABLE: tuple[Annotation[Any], ...] = tuple(
    row for row in list(globals().values()) if isinstance(row, Annotation)
)
"""Every row above: a declaration is all that a new annotation needs here."""

FAMILIES: tuple[str, ...] = (
    "actions.",
    "conditions.",
    "transforms.",
    "listener-attributes.",
    "target-control-port.",
)
"""Dynamic keys: the rest names a backend's Service, with its port, or a listener."""
