"""Attributes: keys and values that AWS refuses, and the defaults that it shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.backends import get_backend

from alb_controller.model.limits import (
    LISTENER_ATTRIBUTES,
    LOAD_BALANCER_ATTRIBUTES,
    TARGET_GROUP_ATTRIBUTES,
    Attribute,
    Choice,
    Number,
)
from alb_controller.sandbox.aws.moto_patches.patching import Moto, Patch, is_true
from alb_controller.sandbox.aws.moto_patches.surface import (
    Backend,
    Listener,
    LoadBalancer,
    TargetGroup,
)

from .asking import (
    CONFIGURATION,
    VALIDATION,
    Params,
    asked_first,
    load_balancer,
    refuse,
)

_ALB, _NLB = "application", "network"
_LOGS = ("access_logs", "connection_logs", "health_check_logs")
_EVERY_VERSION = ""


def refuse_load_balancer_attributes(params: Params, backend: Any) -> None:
    """ModifyLoadBalancerAttributes: "Load balancer attribute key 'X' is not recognized" is a
    ValidationError; one of another type of load balancer is InvalidConfigurationRequest, and so is
    a value that cannot be set. Ranges and words are those of LoadBalancerAttribute.
    """
    balancer = load_balancer(backend, params["LoadBalancerArn"])
    for key, value in _asked(params).items():
        rows = [row for row in LOAD_BALANCER_ATTRIBUTES if row.key == key]
        if not rows:
            refuse(VALIDATION, f"Load balancer attribute key '{key}' is not recognized")
        mine = [row for row in rows if balancer.type in row.kinds]
        if not mine:
            refuse(
                CONFIGURATION,
                f"Load balancer attribute key '{key}' is not supported on load balancers with type "
                f"'{balancer.type}'",
            )
        _check_value(mine[0], value)


def demand_log_bucket(params: Params, backend: Any) -> None:
    """ModifyLoadBalancerAttributes: logs that are enabled need a bucket that exists and lets the
    load balancer write; otherwise "Access Denied for bucket: X. Please check S3bucket permission"
    is InvalidConfigurationRequest.
    """
    balancer = load_balancer(backend, params["LoadBalancerArn"])
    wanted = {**balancer.attrs, **_asked(params)}
    for name in _LOGS:
        bucket = wanted.get(f"{name}.s3.bucket")
        if not is_true(wanted.get(f"{name}.s3.enabled")):
            continue
        if not bucket:
            refuse(CONFIGURATION, f"The value of '{name}.s3.bucket' cannot be empty")
        if bucket not in get_backend("s3")[backend.account_id]["aws"].buckets:
            refuse(
                CONFIGURATION,
                f"Access Denied for bucket: {bucket}. Please check S3bucket permission",
            )


def refuse_target_group_attributes(params: Params, backend: Any) -> None:
    """ModifyTargetGroupAttributes: "Target group attribute key 'X' is not recognized" is a
    ValidationError; one that the group's protocol does not have is InvalidConfigurationRequest.
    Ranges and words are those of TargetGroupAttribute. Anomaly mitigation is on with
    weighted_random alone.
    """
    group = backend.target_groups.get(params["TargetGroupArn"])
    for key, value in _asked(params).items() if group else ():
        rows = [row for row in TARGET_GROUP_ATTRIBUTES if row.key == key]
        if not rows:
            refuse(VALIDATION, f"Target group attribute key '{key}' is not recognized")
        mine = [row for row in rows if _of_group(row, group)]
        if not mine:
            refuse(CONFIGURATION, "The provided target group attribute is not supported")
        _check_value(mine[0], value)
    wanted = {**(group.attributes if group else {}), **_asked(params)}
    algorithm = wanted.get("load_balancing.algorithm.type")
    if wanted.get("load_balancing.algorithm.anomaly_mitigation") == "on" and (
        algorithm != "weighted_random"
    ):
        refuse(CONFIGURATION, f"Anomaly mitigation is not supported with '{algorithm}'")


def refuse_listener_attributes(params: Params, backend: Any) -> None:
    """ModifyListenerAttributes: a key that is unknown or of another type of load balancer, or of
    HTTPS on an HTTP listener, is refused; codes and words as with load balancers, since they are
    not documented. Ranges are those of ListenerAttribute.
    """
    listener = backend.describe_listeners(None, [params["ListenerArn"]])[0]
    kind = load_balancer(backend, listener.load_balancer_arn).type
    for key, value in _asked(params).items():
        rows = [row for row in LISTENER_ATTRIBUTES if row.key == key]
        if not rows:
            refuse(VALIDATION, f"Listener attribute key '{key}' is not recognized")
        if kind not in rows[0].kinds or not _applies(rows[0], listener.protocol):
            refuse(
                CONFIGURATION,
                f"Listener attribute key '{key}' is not supported on {listener.protocol} listeners "
                f"of load balancers with type '{kind}'",
            )
        _check_value(rows[0], value)


def _asked(params: Params) -> dict[str, str]:
    return {pair["Key"]: pair.get("Value", "") for pair in params.get("Attributes", ())}


def _check_value(row: Attribute, value: str) -> None:
    takes = row.takes
    if takes.admits(value):
        return
    if isinstance(takes, Number):
        refuse(
            VALIDATION,
            f"'{row.key}' value '{value}' must be between '{takes.least}-{takes.most}' inclusive",
        )
    allowed = f"one of [{', '.join(takes.values)}]" if isinstance(takes, Choice) else "valid"
    refuse(VALIDATION, f"'{row.key}' value '{value}' must be {allowed}")


def _of_group(row: Attribute, group: Any) -> bool:
    kind = _ALB if group.protocol in ("HTTP", "HTTPS", None) else _NLB
    return kind in row.kinds and _applies(row, group.protocol_version or _EVERY_VERSION)


def _applies(row: Attribute, version: str) -> bool:
    return not row.only or version in row.only


def take_load_balancer_attributes(
    _moto: Moto, self: Any, arn: str, attrs: dict[str, str]
) -> dict[str, str]:
    """ModifyLoadBalancerAttributes: every documented attribute is kept and shown."""
    balancer = load_balancer(self, arn)
    balancer.attrs.update(attrs)
    shown: dict[str, str] = balancer.attrs
    return shown


def show_load_balancer_defaults(moto: Moto, self: Any, *args: Any, **kw: Any) -> None:
    """DescribeLoadBalancerAttributes: shows every attribute of the type of load balancer, with its
    default if nobody has set it.
    """
    moto(self, *args, **kw)
    self.attrs = _defaults(row for row in LOAD_BALANCER_ATTRIBUTES if self.type in row.kinds)
    self.attrs["ipv6.deny_all_igw_traffic"] = "true" if self.scheme == "internal" else "false"


def show_target_group_defaults(moto: Moto, self: Any, *args: Any, **kw: Any) -> None:
    """DescribeTargetGroupAttributes: shows every attribute that the group's protocol has, with its
    default if nobody has set it.
    """
    moto(self, *args, **kw)
    defaults = _defaults(row for row in TARGET_GROUP_ATTRIBUTES if _of_group(row, self))
    if self.target_type == "lambda":
        defaults = dict(self.attributes)
    elif self.protocol in ("UDP", "TCP_UDP"):
        defaults["deregistration_delay.connection_termination.enabled"] = "true"
    elif self.target_type == "ip" and self.protocol in ("TCP", "TLS"):
        defaults["preserve_client_ip.enabled"] = "false"
    self.attributes = defaults


def show_listener_defaults(moto: Moto, self: Any, *args: Any, **kw: Any) -> None:
    """DescribeListenerAttributes: tcp.idle_timeout.seconds belongs to Network Load Balancers; of
    the others the API reference has no defaults.
    """
    moto(self, *args, **kw)
    if self.protocol in ("HTTP", "HTTPS"):
        self.attributes = {}


def _defaults(rows: Iterator[Attribute]) -> dict[str, str]:
    return {row.key: row.default for row in rows if row.default is not None}


_LOAD_BALANCER = ("LoadBalancerAttribute", "modify_load_balancer_attributes")
PATCHES = (
    Patch(Backend, _LOAD_BALANCER[1], take_load_balancer_attributes, _LOAD_BALANCER[0]),
    Patch(LoadBalancer, "__init__", show_load_balancer_defaults, _LOAD_BALANCER[0]),
    Patch(TargetGroup, "__init__", show_target_group_defaults, "TargetGroupAttribute"),
    Patch(Listener, "__init__", show_listener_defaults, "ListenerAttribute"),
    *asked_first(demand_log_bucket, *_LOAD_BALANCER),
    *asked_first(refuse_load_balancer_attributes, *_LOAD_BALANCER),
    *asked_first(
        refuse_target_group_attributes, "TargetGroupAttribute", "modify_target_group_attributes"
    ),
    *asked_first(refuse_listener_attributes, "ListenerAttribute", "modify_listener_attributes"),
)
