"""What the local AWS has, as a state document: read at once and unasked, for who follows it.

It is read where moto keeps it, since a follower that asked over HTTP would be seen among the calls,
and would see one half of a change and then the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from moto.acm.models import acm_backends
from moto.elbv2.models import elbv2_backends

from .account import REGION

Json = dict[str, Any]
VERSION = 1
_ACCOUNT = "123456789012"
"""moto's, for keys that name none."""
_CURVES = {"prime256v1": 256, "secp384r1": 384, "secp521r1": 521}


def read_document() -> Json:
    """Load balancers and all that decides about their requests. Hold the server's lock."""
    backend: Any = elbv2_backends[_ACCOUNT][REGION]
    groups = backend.target_groups.values()
    return {
        "version": VERSION,
        "load_balancers": [_balancer(one) for one in backend.load_balancers.values()],
        "target_groups": {one.name: _group(one, backend.ec2_backend) for one in groups},
        "certificates": dict(_certificates()),
        "trust_stores": {
            one["TrustStoreArn"]: [name]
            for name, one in vars(backend).get("trust_stores", {}).items()
        },
    }


def _balancer(one: Any) -> Json:
    return {
        "LoadBalancerArn": one.arn,
        "LoadBalancerName": one.name,
        "DNSName": one.dns_name,
        "Type": one.type,
        "Scheme": one.scheme,
        "IpAddressType": one.ip_address_type or "ipv4",
        "Attributes": _settings(one.attrs),
        "Listeners": [_listener(each) for each in one.listeners.values()],
    }


def _listener(one: Any) -> Json:
    return {
        "ListenerArn": one.arn,
        "Port": int(one.port),
        "Protocol": one.protocol,
        "Certificates": [{"CertificateArn": arn} for arn in one.certificates or ()],
        "MutualAuthentication": getattr(one, "mutual_authentication", None) or {"Mode": "off"},
        "Attributes": _settings(one.attributes),
        "DefaultActions": _actions(one.default_actions),
        "Rules": [_rule(rule) for rule in one.rules.values() if not rule.is_default],
    }


def _rule(one: Any) -> Json:
    return {
        "RuleArn": one.arn,
        "Priority": int(one.priority),
        "Conditions": list(one.conditions),
        "Actions": _actions(one.actions),
        "Transforms": list(getattr(one, "transforms", None) or ()),
    }


def _actions(actions: Iterable[Any]) -> list[Json]:
    return [dict(action.data) for action in actions]


def _group(one: Any, ec2: Any) -> Json:
    found = {
        "TargetGroupArn": one.arn,
        "Protocol": one.protocol,
        "ProtocolVersion": one.protocol_version,
        "Port": one.port and int(one.port),
        "TargetType": one.target_type,
    }
    shown = {name: value for name, value in found.items() if value is not None}
    targets = [_target(one, target, ec2) for target in one.targets.values()]
    return shown | {"Attributes": _settings(one.attributes), "Targets": targets}


def _target(group: Any, target: Mapping[str, Any], ec2: Any) -> Json:
    health = group.health_for(target, ec2)
    zone = target.get("AvailabilityZone")
    shown = {"Id": target["Id"], "Port": int(target["Port"]), "State": health.status}
    return shown | ({"AvailabilityZone": zone} if zone else {})


def _settings(attributes: Mapping[str, Any]) -> Json:
    return {name: value for name, value in attributes.items() if value is not None}


def _certificates() -> Iterator[tuple[str, Json]]:
    backend: Any = acm_backends[_ACCOUNT][REGION]
    for arn, one in vars(backend)["_certificates"].items():
        shown = one.describe()["Certificate"]
        name = shown["DomainName"]
        domains = dict.fromkeys([name, *(shown.get("SubjectAlternativeNames") or ())])
        kind, _, size = shown["KeyAlgorithm"].partition("_")
        key = f"EC-P{_CURVES.get(size, 256)}" if kind == "EC" else f"RSA-{size}"
        yield arn, {"name": name, "domains": list(domains), "key": key}
