"""Load balancers, target groups, listeners, tags, attributes, permissions: what AWS refuses."""

from __future__ import annotations

from typing import Any

from tests.sandbox.aws.refusals.standing import (
    GONE_CERTIFICATE,
    Case,
    Params,
    balancer,
    group,
    listener,
    secure,
)

_INVALID, _CONFIGURATION = "ValidationError", "InvalidConfigurationRequest"
_CHECKED = "failed to satisfy constraint: Member must"


def _names() -> list[Case]:
    check = "refuse_load_balancer_name"
    wrong = ("a" * 33, "a_b", "-a", "a-", "internal-a", "a b", "a.b")
    return [
        Case(check, "CreateLoadBalancer", balancer("a" * 33), _INVALID, "longer than '32'"),
        *(Case(check, "CreateLoadBalancer", balancer(name), _INVALID) for name in wrong),
        *(
            Case("moto", "CreateTargetGroup", group(name), _INVALID)
            for name in ("a" * 33, "a_b", "-a", "a-")
        ),
    ]


def _tagged(check: str, pairs: list[Params], code: str = "", message: str = "") -> list[Case]:
    return [
        Case(check, "AddTags", {"ResourceArns": ["<alb>"], "Tags": pairs}, code, message),
        Case(check, "CreateLoadBalancer", balancer(f"t{len(pairs)}", Tags=pairs), code, message),
        Case(check, "CreateTargetGroup", group(f"t{len(pairs)}", Tags=pairs), code, message),
    ]


def _tag(key: str, value: str = "") -> Params:
    return {"Key": key, "Value": value}


def _groups(check: str, given: Params, code: str = "", message: str = "") -> list[Case]:
    """A target group that is new, and one that is changed."""
    created = group("checked", **given)
    changed = {"TargetGroupArn": "<group>", **given}
    return [
        Case(check, "CreateTargetGroup", created, code, message),
        Case(check, "ModifyTargetGroup", changed, code, message),
    ]


def _attribute(kind: str, arn: str, key: str, value: str, *refusal: str) -> Case:
    operation, name = {
        "lb": ("ModifyLoadBalancerAttributes", "LoadBalancerArn"),
        "tg": ("ModifyTargetGroupAttributes", "TargetGroupArn"),
        "ls": ("ModifyListenerAttributes", "ListenerArn"),
    }[kind]
    check = {
        "lb": "refuse_load_balancer_attributes",
        "tg": "refuse_target_group_attributes",
        "ls": "refuse_listener_attributes",
    }[kind]
    given = {name: arn, "Attributes": [{"Key": key, "Value": value}]}
    return Case(check, operation, given, *refusal)


def _certificates(check: str, certificates: list[Params], code: str) -> list[Case]:
    return [
        Case(check, "CreateListener", {**secure(), "Certificates": certificates}, code),
        Case(
            check, "ModifyListener", {"ListenerArn": "<https>", "Certificates": certificates}, code
        ),
        Case(
            check,
            "AddListenerCertificates",
            {"ListenerArn": "<https>", "Certificates": certificates},
            code,
        ),
    ]


def _policies() -> list[Case]:
    check, unknown = "refuse_security_policies", "SSLPolicyNotFound"
    return [
        Case(
            check, "CreateListener", secure(Port=8443, SslPolicy="ELBSecurityPolicy-None"), unknown
        ),
        Case(check, "ModifyListener", {"ListenerArn": "<https>", "SslPolicy": "a"}, unknown),
        Case(check, "CreateListener", listener(SslPolicy="ELBSecurityPolicy-2016-08"), _INVALID),
        Case(
            check,
            "ModifyListener",
            {"ListenerArn": "<http>", "SslPolicy": "ELBSecurityPolicy-2016-08"},
            _INVALID,
        ),
    ]


def permit(*blocks: str, kind: str = "IpRanges", **given: Any) -> Params:
    """Of AuthorizeSecurityGroupIngress: port 80 from blocks."""
    key = "CidrIp" if kind == "IpRanges" else "CidrIpv6"
    sources = [{key: block, **given} for block in blocks]
    ports = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    return {"GroupId": "<sg>", "IpPermissions": [{**ports, kind: sources}]}


def _ingress(check: str, given: Params, code: str, message: str = "") -> Case:
    return Case(check, "AuthorizeSecurityGroupIngress", given, code, message, "ec2")


def _new_group(**given: str) -> Case:
    params = {"GroupName": "new", "Description": "new", "VpcId": "<vpc>", **given}
    check = "refuse_security_group_names"
    return Case(check, "CreateSecurityGroup", params, "InvalidParameterValue", "", "ec2")


_SECONDS = "refuse_health_check_seconds"
_SLOW = "Health check interval must be greater than the timeout."
REFUSED = (
    *_names(),
    *_tagged("refuse_reserved_tags", [_tag("aws:a")], _INVALID),
    *_tagged("refuse_repeated_tags", [_tag("a"), _tag("a", "b")], "DuplicateTagKeys"),
    *_tagged("check_shapes", [_tag("")], _INVALID, "at 'tags.1.member.key' failed"),
    *_tagged("check_shapes", [_tag(129 * "a")], _INVALID, "less than or equal to 128"),
    *_tagged("check_shapes", [_tag("a", 257 * "a")], _INVALID, "less than or equal to 256"),
    *_tagged("check_shapes", [_tag("a", "b\n")], _INVALID, "regular expression pattern"),
    *_tagged("check_shapes", [_tag("a#")], _INVALID, "regular expression pattern"),
    *_tagged("refuse_too_many_at_birth", [_tag(str(n)) for n in range(51)], "TooManyTags"),
    Case("check_shapes", "CreateListener", listener(Port=65536), _INVALID, "equal to 65535"),
    Case("check_shapes", "CreateLoadBalancer", {"Name": "a", "Scheme": "open"}, _INVALID, _CHECKED),
    Case(
        "check_shapes",
        "ModifyLoadBalancerAttributes",
        {
            "LoadBalancerArn": "<alb>",
            "Attributes": [{"Key": f"a{n}", "Value": ""} for n in range(21)],
        },
        _INVALID,
        "Member must have length less than or equal to 20",
    ),
    *_groups("check_shapes", {"HealthCheckPath": ""}, _INVALID, "greater than or equal to 1"),
    *_groups("check_shapes", {"HealthCheckPath": "/" + 1024 * "a"}, _INVALID, _CHECKED),
    *_groups("check_shapes", {"HealthCheckIntervalSeconds": 4}, _INVALID, "or equal to 5"),
    *_groups(
        "check_shapes",
        {"HealthCheckIntervalSeconds": 301},
        _INVALID,
        "Value '301' at 'healthCheckIntervalSeconds' failed to satisfy constraint: Member must "
        "have value less than or equal to 300",
    ),
    *_groups("check_shapes", {"HealthCheckTimeoutSeconds": 1}, _INVALID, _CHECKED),
    *_groups("check_shapes", {"HealthCheckTimeoutSeconds": 121}, _INVALID, _CHECKED),
    *_groups("check_shapes", {"HealthyThresholdCount": 1}, _INVALID, _CHECKED),
    *_groups("check_shapes", {"UnhealthyThresholdCount": 11}, _INVALID, _CHECKED),
    *_groups(
        _SECONDS,
        {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 5},
        _INVALID,
        _SLOW,
    ),
    *_groups(_SECONDS, {"HealthCheckIntervalSeconds": 5}, _INVALID, _SLOW),
    *_groups(_SECONDS, {"HealthCheckTimeoutSeconds": 30}, _INVALID, _SLOW),
    Case(
        _SECONDS,
        "CreateTargetGroup",
        group(Protocol="TCP", HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=6),
        _INVALID,
        "Health check timeout '6' must be smaller than or equal to the interval '5'",
    ),
    *_groups("refuse_health_check_target", {"HealthCheckPort": "0"}, _INVALID),
    *_groups("refuse_health_check_target", {"HealthCheckPort": "http"}, _INVALID),
    *_groups("refuse_health_check_target", {"HealthCheckPath": "health"}, _INVALID),
    *_groups("refuse_health_check_target", {"HealthCheckPath": "/health\n"}, _INVALID),
    *_groups("refuse_health_check_protocol", {"HealthCheckProtocol": "TCP"}, _INVALID),
    *_groups("refuse_health_check_protocol", {"HealthCheckProtocol": "UDP"}, _INVALID),
    *_groups("refuse_health_check_protocol", {"HealthCheckEnabled": False}, _INVALID),
    Case("refuse_health_check_protocol", "CreateTargetGroup", group(ProtocolVersion="1"), _INVALID),
    *(
        case
        for codes in ("199", "500", "200-500", "299-200", "200,", "2xx", "200-201-202")
        for case in _groups("refuse_matcher", {"Matcher": {"HttpCode": codes}}, _INVALID)
    ),
    *_groups(
        "refuse_matcher",
        {"Matcher": {"HttpCode": ""}},
        _INVALID,
        "Health check matcher HTTP code cannot be empty",
    ),
    *_groups("refuse_matcher", {"Matcher": {"GrpcCode": "0"}}, _INVALID),
    Case(
        "refuse_matcher",
        "CreateTargetGroup",
        group(ProtocolVersion="GRPC", Matcher={"GrpcCode": "0-100"}),
        _INVALID,
    ),
    Case(
        "refuse_matcher",
        "ModifyTargetGroup",
        {"TargetGroupArn": "<grpc>", "Matcher": {"HttpCode": "200"}},
        _INVALID,
    ),
    Case(
        "refuse_matcher",
        "CreateTargetGroup",
        group(Protocol="TCP", HealthCheckProtocol="HTTP", Matcher={"HttpCode": "200-600"}),
        _INVALID,
    ),
    *_certificates(
        "refuse_unknown_certificates",
        [{"CertificateArn": GONE_CERTIFICATE}],
        "CertificateNotFound",
    ),
    *_certificates(
        "demand_one_certificate",
        [{"CertificateArn": "<cert>"}, {"CertificateArn": "<cert-2>"}],
        _INVALID,
    ),
    *_certificates(
        "demand_one_certificate", [{"CertificateArn": "<cert>", "IsDefault": True}], _INVALID
    ),
    *_policies(),
    _attribute("lb", "<alb>", "idle_timeout", "60", _INVALID, "key 'idle_timeout' is not recog"),
    _attribute("lb", "<alb>", "idle_timeout.timeout_seconds", "0", _INVALID, "between '1-4000'"),
    _attribute("lb", "<alb>", "idle_timeout.timeout_seconds", "4001", _INVALID),
    _attribute("lb", "<alb>", "idle_timeout.timeout_seconds", "60s", _INVALID),
    _attribute("lb", "<alb>", "client_keep_alive.seconds", "59", _INVALID),
    _attribute("lb", "<alb>", "routing.http2.enabled", "True", _INVALID, "one of [true, false]"),
    _attribute("lb", "<alb>", "routing.http.desync_mitigation_mode", "off", _INVALID),
    _attribute("lb", "<alb>", "load_balancing.cross_zone.enabled", "false", _INVALID),
    _attribute(
        "lb",
        "<alb>",
        "dns_record.client_routing_policy",
        "any_availability_zone",
        _CONFIGURATION,
        "is not supported on load balancers with type 'application'",
    ),
    _attribute("lb", "<nlb>", "idle_timeout.timeout_seconds", "60", _CONFIGURATION),
    _attribute("lb", "<nlb>", "secondary_ips.auto_assigned.per_subnet", "8", _INVALID),
    *(
        Case(
            "demand_log_bucket",
            "ModifyLoadBalancerAttributes",
            {
                "LoadBalancerArn": "<alb>",
                "Attributes": [
                    {"Key": "access_logs.s3.enabled", "Value": "true"},
                    {"Key": "access_logs.s3.bucket", "Value": bucket},
                ],
            },
            _CONFIGURATION,
            message,
        )
        for bucket, message in (("gone", "Access Denied for bucket: gone"), ("", "cannot be empty"))
    ),
    _attribute("tg", "<group>", "stickiness", "true", _INVALID, "key 'stickiness' is not recog"),
    _attribute("tg", "<group>", "slow_start.duration_seconds", "29", _INVALID, "between '30-900'"),
    _attribute("tg", "<group>", "slow_start.duration_seconds", "901", _INVALID),
    _attribute("tg", "<group>", "deregistration_delay.timeout_seconds", "3601", _INVALID),
    _attribute("tg", "<group>", "stickiness.lb_cookie.duration_seconds", "0", _INVALID),
    _attribute("tg", "<group>", "stickiness.app_cookie.cookie_name", "AWSALBX", _INVALID),
    _attribute("tg", "<group>", "stickiness.type", "cookie", _INVALID, "[lb_cookie, app_cookie]"),
    _attribute("tg", "<group>", "load_balancing.algorithm.type", "random", _INVALID),
    _attribute(
        "tg", "<group>", "load_balancing.algorithm.anomaly_mitigation", "on", _CONFIGURATION
    ),
    _attribute("tg", "<group>", "preserve_client_ip.enabled", "true", _CONFIGURATION),
    _attribute("tg", "<tcp>", "slow_start.duration_seconds", "30", _CONFIGURATION),
    _attribute(
        "tg",
        "<group>",
        "waf.http2.traffic_inspection_behavior",
        "inspect_immediately",
        _CONFIGURATION,
    ),
    _attribute("ls", "<http>", "routing.http.response.server", "true", _INVALID, "not recognized"),
    _attribute("ls", "<http>", "routing.http.response.server.enabled", "yes", _INVALID),
    _attribute("ls", "<http>", "tcp.idle_timeout.seconds", "350", _CONFIGURATION),
    _attribute(
        "ls", "<http>", "routing.http.request.x_amzn_tls_version.header_name", "X-V", _CONFIGURATION
    ),
    _attribute("ls", "<nlb-listener>", "tcp.idle_timeout.seconds", "59", _INVALID),
    _ingress(
        "canonicalize_blocks",
        permit("10.0.0.0/33"),
        "InvalidParameterValue",
        "CIDR block 10.0.0.0/33 is malformed",
    ),
    _ingress(
        "refuse_repeated_permissions",
        permit("10.0.0.1/8", "10.0.0.2/8"),
        "InvalidParameterValue",
        "The same permission must not appear multiple times",
    ),
    _ingress(
        "refuse_rule_descriptions",
        permit("10.0.0.0/8", Description="ä"),
        "InvalidParameterValue",
    ),
    _ingress(
        "refuse_rule_descriptions",
        permit("10.0.0.0/8", Description=256 * "a"),
        "InvalidParameterValue",
    ),
    _ingress(
        "refuse_too_many_permissions",
        permit(*(f"10.0.{number}.0/24" for number in range(61))),
        "RulesPerSecurityGroupLimitExceeded",
    ),
    _new_group(GroupName="sg-a"),
    _new_group(GroupName=256 * "a"),
    _new_group(Description="a\tb"),
)

TAKEN = (
    Case("refuse_load_balancer_name", "CreateLoadBalancer", balancer("a" * 32)),
    Case("refuse_load_balancer_name", "CreateLoadBalancer", balancer("internal")),
    *_tagged("check_shapes", [_tag(128 * "ä", 256 * "9"), _tag("a b_.:/=+-@")]),
    *_groups(
        _SECONDS,
        {
            "HealthCheckIntervalSeconds": 300,
            "HealthCheckTimeoutSeconds": 120,
            "HealthyThresholdCount": 10,
            "UnhealthyThresholdCount": 2,
        },
    ),
    Case(
        _SECONDS,
        "CreateTargetGroup",
        group(Protocol="TCP", HealthCheckIntervalSeconds=10, HealthCheckTimeoutSeconds=10),
    ),
    *_groups("refuse_health_check_target", {"HealthCheckPort": "65535"}),
    *_groups("refuse_health_check_target", {"HealthCheckPath": "/a?b=c"}),
    *_groups("refuse_matcher", {"Matcher": {"HttpCode": "200,300-499"}}),
    Case(
        "refuse_matcher",
        "CreateTargetGroup",
        group(ProtocolVersion="GRPC", Matcher={"GrpcCode": "0,12-99"}),
    ),
    _attribute("lb", "<alb>", "routing.http.x_amzn_tls_kx.enabled", "true"),
    _attribute("lb", "<alb>", "idle_timeout.timeout_seconds", "4000"),
    _attribute("lb", "<nlb>", "load_balancing.cross_zone.enabled", "true"),
    _attribute("tg", "<group>", "slow_start.duration_seconds", "0"),
    _attribute("tg", "<tcp>", "stickiness.type", "source_ip"),
    _attribute("tg", "<http2>", "waf.http2.traffic_inspection_behavior", "inspect_immediately"),
    _attribute(
        "tg", "<group>", "target_group_health.dns_failover.minimum_healthy_targets.count", "off"
    ),
    _attribute("ls", "<https>", "routing.http.request.x_amzn_tls_version.header_name", "X-V"),
    _attribute("ls", "<nlb-listener>", "tcp.idle_timeout.seconds", "6000"),
    Case(
        "take_security_policies",
        "ModifyListener",
        {"ListenerArn": "<https>", "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04"},
    ),
)
