"""Attributes of load balancers, target groups and listeners: what each takes, and its default.

Sources: LoadBalancerAttribute, TargetGroupAttribute and ListenerAttribute of the API reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from .forms import Choice, Limit, Number, Text, problem_of

ALB, NLB = "application", "network"
_BOTH = (ALB, NLB)
_FLAG = Choice(("true", "false"))
_VALUE = Text(1024)
_COUNT = 2_147_483_647
"""The most targets that a quota can grow to is not documented."""


class Attribute(msgspec.Struct, frozen=True):
    """A key, for the types of load balancer that have it."""

    key: str
    takes: Limit
    default: str | None
    """What AWS shows when nobody has set it; None where the API reference does not say."""
    kinds: tuple[str, ...] = (ALB,)
    only: tuple[str, ...] = ()
    """The protocol versions of a target group, or the protocols of a listener, that have it: all
    if empty.
    """


def _logs(name: str, kinds: tuple[str, ...] = (ALB,)) -> tuple[Attribute, ...]:
    return (
        Attribute(f"{name}.s3.enabled", _FLAG, "false", kinds),
        Attribute(f"{name}.s3.bucket", _VALUE, "", kinds),
        Attribute(f"{name}.s3.prefix", _VALUE, "", kinds),
    )


LOAD_BALANCER_ATTRIBUTES = (
    Attribute("deletion_protection.enabled", _FLAG, "false", _BOTH),
    # it cannot be changed
    Attribute("load_balancing.cross_zone.enabled", Choice(("true",)), "true"),
    Attribute("load_balancing.cross_zone.enabled", _FLAG, "false", (NLB,)),
    *_logs("access_logs", _BOTH),
    # true for internal ones
    Attribute("ipv6.deny_all_igw_traffic", _FLAG, "false", _BOTH),
    Attribute("zonal_shift.config.enabled", _FLAG, "false", _BOTH),
    Attribute("idle_timeout.timeout_seconds", Number(1, 4000), "60"),
    Attribute("client_keep_alive.seconds", Number(60, 604_800), "3600"),
    *_logs("connection_logs"),
    *_logs("health_check_logs"),
    Attribute(
        "routing.http.desync_mitigation_mode",
        Choice(("monitor", "defensive", "strictest")),
        "defensive",
    ),
    Attribute("routing.http.drop_invalid_header_fields.enabled", _FLAG, "false"),
    Attribute("routing.http.preserve_host_header.enabled", _FLAG, "false"),
    Attribute("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", _FLAG, "false"),
    Attribute("routing.http.x_amzn_tls_kx.enabled", _FLAG, "false"),
    Attribute("routing.http.xff_client_port.enabled", _FLAG, "false"),
    Attribute(
        "routing.http.xff_header_processing.mode",
        Choice(("append", "preserve", "remove")),
        "append",
    ),
    Attribute("routing.http2.enabled", _FLAG, "true"),
    Attribute("waf.fail_open.enabled", _FLAG, "false"),
    Attribute(
        "dns_record.client_routing_policy",
        Choice(
            (
                "availability_zone_affinity",
                "partial_availability_zone_affinity",
                "any_availability_zone",
            )
        ),
        None,
        (NLB,),
    ),
    Attribute("secondary_ips.auto_assigned.per_subnet", Number(0, 7), "0", (NLB,)),
)

_HEALTHY = "target_group_health"
TARGET_GROUP_ATTRIBUTES = (
    Attribute("deregistration_delay.timeout_seconds", Number(0, 3600), "300", _BOTH),
    Attribute("stickiness.enabled", _FLAG, "false", _BOTH),
    Attribute("stickiness.type", Choice(("lb_cookie", "app_cookie")), "lb_cookie"),
    Attribute("stickiness.type", Choice(("source_ip",)), "source_ip", (NLB,)),
    Attribute(
        "load_balancing.cross_zone.enabled",
        Choice(("true", "false", "use_load_balancer_configuration")),
        "use_load_balancer_configuration",
        _BOTH,
    ),
    Attribute(
        f"{_HEALTHY}.dns_failover.minimum_healthy_targets.count",
        Number(1, _COUNT, ("off",)),
        "1",
        _BOTH,
    ),
    Attribute(
        f"{_HEALTHY}.dns_failover.minimum_healthy_targets.percentage",
        Number(1, 100, ("off",)),
        "off",
        _BOTH,
    ),
    Attribute(
        f"{_HEALTHY}.unhealthy_state_routing.minimum_healthy_targets.count",
        Number(1, _COUNT),
        "1",
        _BOTH,
    ),
    Attribute(
        f"{_HEALTHY}.unhealthy_state_routing.minimum_healthy_targets.percentage",
        Number(1, 100, ("off",)),
        "off",
        _BOTH,
    ),
    Attribute(
        "load_balancing.algorithm.type",
        Choice(("round_robin", "least_outstanding_requests", "weighted_random")),
        "round_robin",
    ),
    # on: with weighted_random alone
    Attribute("load_balancing.algorithm.anomaly_mitigation", Choice(("on", "off")), "off"),
    Attribute("slow_start.duration_seconds", Number(30, 900, ("0",)), "0"),
    Attribute(
        "stickiness.app_cookie.cookie_name",
        Text(form=re.compile(r"(?!AWSALB).*"), texts="not begin with AWSALB"),
        "",
    ),
    Attribute("stickiness.app_cookie.duration_seconds", Number(1, 604_800), "86400"),
    Attribute("stickiness.lb_cookie.duration_seconds", Number(1, 604_800), "86400"),
    Attribute(
        "waf.http2.traffic_inspection_behavior",
        Choice(("inspect_immediately", "inspect_after_sufficient_data")),
        "inspect_immediately",
        only=("HTTP2",),
    ),
    Attribute(
        "routing.http2.rst_stream_error_forwarding.enabled",
        _FLAG,
        "false",
        only=("HTTP2", "GRPC"),
    ),
    # true for UDP and TCP_UDP
    Attribute("deregistration_delay.connection_termination.enabled", _FLAG, "false", (NLB,)),
    # false for addresses behind TCP and TLS
    Attribute("preserve_client_ip.enabled", _FLAG, "true", (NLB,)),
    Attribute("proxy_protocol_v2.enabled", _FLAG, "false", (NLB,)),
    Attribute(
        "target_health_state.unhealthy.connection_termination.enabled", _FLAG, "true", (NLB,)
    ),
    Attribute(
        "target_health_state.unhealthy.draining_interval_seconds",
        Number(0, 360_000),
        "0",
        (NLB,),
    ),
)

_REQUEST = "routing.http.request"
_RESPONSE = "routing.http.response"
LISTENER_ATTRIBUTES = (
    Attribute("tcp.idle_timeout.seconds", Number(60, 6000), "350", (NLB,)),
    *(
        Attribute(f"{_REQUEST}.{header}.header_name", Text(), None, only=("HTTPS",))
        for header in (
            "x_amzn_mtls_clientcert_serial_number",
            "x_amzn_mtls_clientcert_issuer",
            "x_amzn_mtls_clientcert_subject",
            "x_amzn_mtls_clientcert_validity",
            "x_amzn_mtls_clientcert_leaf",
            "x_amzn_mtls_clientcert",
            "x_amzn_tls_version",
            "x_amzn_tls_cipher_suite",
        )
    ),
    Attribute(f"{_RESPONSE}.server.enabled", _FLAG, None),
    *(
        Attribute(f"{_RESPONSE}.{header}.header_value", Text(), None)
        for header in (
            "strict_transport_security",
            "access_control_allow_origin",
            "access_control_allow_methods",
            "access_control_allow_headers",
            "access_control_allow_credentials",
            "access_control_expose_headers",
            "access_control_max_age",
            "content_security_policy",
            "x_content_type_options",
            "x_frame_options",
        )
    ),
)


def attribute_problem(rows: Iterable[Attribute], key: str, value: str, kind: str) -> str | None:
    """What is wrong with an attribute and what is allowed; None for one that AWS may take.

    AWS adds attributes: one that is in no table is AWS's to refuse.
    """
    known = [row for row in rows if row.key == key]
    mine = [row for row in known if kind in row.kinds]
    if known and not mine:
        return f"{key} is an attribute of {known[0].kinds[0]} load balancers alone"
    problem = problem_of(mine[0].takes, value) if mine else None
    return None if problem is None else f"{key} {problem}"
