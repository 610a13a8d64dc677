"""The load balancing state of an account, in the corpus's words.

Names stand for ids, so that what two controllers made can be compared: subnets, security groups,
instances and certificates appear by their Name tag, group name or domain; lists that AWS keeps in
no order are sorted.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from alb_controller.model.limits import (
    LOAD_BALANCER_ATTRIBUTES,
    TARGET_GROUP_ATTRIBUTES,
    Attribute,
)
from tests.conformance.aws_account import Account

Shape = dict[str, Any]
# OwnerId is moto's; AWS never shows a client secret
HIDDEN = ("OwnerId", "ResponseMetadata", "ClientSecret")
TARGET_GROUP_FIELDS = (
    "Protocol",
    "ProtocolVersion",
    "Port",
    "TargetType",
    "IpAddressType",
    "VpcId",
    "TargetControlPort",
    "HealthCheckEnabled",
    "HealthCheckProtocol",
    "HealthCheckPort",
    "HealthCheckPath",
    "HealthCheckIntervalSeconds",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
    "Matcher",
)
_CERTIFICATES = ("list_certificates", "CertificateSummaryList")
SOURCES = {
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "UserIdGroupPairs": "GroupId",
    "PrefixListIds": "PrefixListId",
}
READ_ONLY_LISTENER_ATTRIBUTE = "tcp.idle_timeout.seconds"
OTHER_DEFAULTS = {
    LOAD_BALANCER_ATTRIBUTES: {
        ("load_balancing.cross_zone.enabled", "false"),
        ("ipv6.deny_all_igw_traffic", "true"),  # of internal ones
    },
    TARGET_GROUP_ATTRIBUTES: {
        ("waf.fail_open.enabled", "false"),
        # of target groups that hold a load balancer: they have TCP, and these are HTTP's
        ("load_balancing.algorithm.type", "round_robin"),
        ("slow_start.duration_seconds", "0"),
    },
}
"""What the recorded AWS showed otherwise than AWS does, and what depends on more than the type."""


def read_state(account: Account) -> Shape:
    """Load balancers, target groups and security groups, by name."""
    return _Reader(account).state()


def without_defaults(state: Shape) -> Shape:
    """The state without attributes at their defaults, of which the recorded AWS showed a few."""
    for balancer in state["LoadBalancers"].values():
        shown = (LOAD_BALANCER_ATTRIBUTES, balancer["Type"])
        balancer["Attributes"] = _changed(balancer["Attributes"], *shown)
    for group in state["TargetGroups"].values():
        kind = "application" if group.get("Protocol") in ("HTTP", "HTTPS") else "network"
        group["Attributes"] = _changed(group["Attributes"], TARGET_GROUP_ATTRIBUTES, kind)
    return state


def _changed(
    attributes: Mapping[str, str], table: tuple[Attribute, ...], kind: str
) -> dict[str, str]:
    defaults = {(row.key, row.default) for row in table if kind in row.kinds}
    return {
        key: value
        for key, value in attributes.items()
        if (key, value) not in defaults | OTHER_DEFAULTS[table]
    }


class _Reader:
    def __init__(self, account: Account) -> None:
        self.account, self.elbv2, self.wafv2 = account, account.elbv2, account.wafv2
        self.balancers = _all(account.elbv2, "describe_load_balancers", "LoadBalancers")
        self.target_groups = _all(account.elbv2, "describe_target_groups", "TargetGroups")
        self.security_groups = _all(account.ec2, "describe_security_groups", "SecurityGroups")
        shielded = account.shield.list_protections()["Protections"]
        self.shielded = {protection["ResourceArn"] for protection in shielded}
        self.aliases = _aliases(account) | {
            **{group["GroupId"]: "sg:" + group["GroupName"] for group in self.security_groups},
            **{g["TargetGroupArn"]: "tg:" + g["TargetGroupName"] for g in self.target_groups},
            **{lb["LoadBalancerArn"]: "lb:" + lb["LoadBalancerName"] for lb in self.balancers},
        }

    def state(self) -> Shape:
        """All of it, sorted by name."""
        groups = (group for group in self.security_groups if group["GroupName"] != "default")
        return {
            "LoadBalancers": _by("LoadBalancerName", self.balancers, self._balancer),
            "TargetGroups": _by("TargetGroupName", self.target_groups, self._target_group),
            "SecurityGroups": _by("GroupName", groups, self._security_group),
            **self._requested(),
        }

    def _requested(self) -> Shape:
        """Certificates that controllers have requested, and what is in hosted zones."""
        acm, route53 = self.account.acm, self.account.client("route53")
        certificates = {}
        for arn in [c["CertificateArn"] for c in _all(acm, *_CERTIFICATES)]:
            tags = _attributes(acm.list_tags_for_certificate(CertificateArn=arn)["Tags"])
            if tags:
                found = acm.describe_certificate(CertificateArn=arn)["Certificate"]
                certificates[found["DomainName"]] = {**self._certificate(found), "Tags": tags}
        zones = [zone["Id"] for zone in route53.list_hosted_zones()["HostedZones"]]
        records = [
            f"{record['Type']} {record['Name']} {record['TTL']}"
            for zone in zones
            for record in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
            if record["Type"] not in ("NS", "SOA")
        ]
        shown = {"Certificates": certificates, "Records": sorted(records)}
        return {key: value for key, value in shown.items() if value}

    def _certificate(self, found: Shape) -> Shape:
        shown: Shape = {"Status": found["Status"], "Type": found["Type"]}
        shown["SubjectAlternativeNames"] = sorted(found["SubjectAlternativeNames"])
        authority = found.get("CertificateAuthorityArn")
        if authority:
            made = self.account.client("acm-pca").describe_certificate_authority(
                CertificateAuthorityArn=authority
            )["CertificateAuthority"]
            configuration = made["CertificateAuthorityConfiguration"]
            shown["Authority"] = configuration["Subject"]["CommonName"]
        return shown

    def plain(self, value: Any) -> Any:
        """A value with names in place of ids."""
        if isinstance(value, Mapping):
            return {k: self.plain(v) for k, v in sorted(value.items()) if k not in HIDDEN}
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        return self.aliases.get(value, value) if isinstance(value, str) else value

    def _tags(self, arn: str) -> Shape:
        found = self.elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
        return {tag["Key"]: self.plain(tag["Value"]) for tag in sorted(found, key=_key)}

    def _balancer(self, balancer: Shape) -> Shape:
        arn = balancer["LoadBalancerArn"]
        attributes = self.elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)
        listeners = _all(self.elbv2, "describe_listeners", "Listeners", LoadBalancerArn=arn)
        shown = {str(listener["Port"]): self._listener(listener) for listener in listeners}
        return {
            "Type": balancer["Type"],
            "Scheme": balancer["Scheme"],
            "IpAddressType": balancer.get("IpAddressType"),
            "Subnets": sorted(
                self.plain(zone["SubnetId"]) for zone in balancer["AvailabilityZones"]
            ),
            "SecurityGroups": sorted(self.plain(balancer.get("SecurityGroups", []))),
            "Attributes": _attributes(attributes["Attributes"]),
            "Tags": self._tags(arn),
            "Listeners": dict(sorted(shown.items(), key=lambda item: int(item[0]))),
            **self._pools(balancer),
            **self._extras(arn),
        }

    def _pools(self, balancer: Shape) -> Shape:
        """Where its addresses come from, where that is not Amazon's pool."""
        names = ("CustomerOwnedIpv4Pool", "IpamPools")
        return {name: balancer[name] for name in names if balancer.get(name)}

    def _extras(self, arn: str) -> Shape:
        """Web ACLs, reserved capacity and Shield protection, where there are any."""
        extras: Shape = {}
        with contextlib.suppress(self.wafv2.exceptions.WAFNonexistentItemException):
            acl = self.wafv2.get_web_acl_for_resource(ResourceArn=arn).get("WebACL")
            if acl:
                extras["WebACL"] = acl["Name"]
        waf = self.account.client("waf-regional")
        classic = waf.get_web_acl_for_resource(ResourceArn=arn).get("WebACLSummary")
        if classic:
            extras["ClassicWebACL"] = classic["Name"]
        reserved = self.elbv2.describe_capacity_reservation(LoadBalancerArn=arn)
        units = (reserved.get("MinimumLoadBalancerCapacity") or {}).get("CapacityUnits")
        if units:
            extras["CapacityUnits"] = units
        if arn in self.shielded:
            extras["Shield"] = True
        return extras

    def _listener(self, listener: Shape) -> Shape:
        arn = listener["ListenerArn"]
        rules = _all(self.elbv2, "describe_rules", "Rules", ListenerArn=arn)
        shown = {
            "Protocol": listener["Protocol"],
            "Tags": self._tags(arn),
            "DefaultActions": self._actions(listener["DefaultActions"]),
            "Rules": [
                self._rule(rule)
                for rule in sorted(
                    (rule for rule in rules if not rule["IsDefault"]),
                    key=lambda rule: int(rule["Priority"]),
                )
            ],
        }
        if listener["Protocol"] in ("HTTPS", "TLS"):
            shown |= self._security(listener)
        found = self.elbv2.describe_listener_attributes(ListenerArn=arn)["Attributes"]
        attributes = _attributes(found)
        attributes.pop(READ_ONLY_LISTENER_ATTRIBUTE, None)
        return shown | ({"Attributes": attributes} if attributes else {})

    def _security(self, listener: Shape) -> Shape:
        found = _all(
            self.elbv2,
            "describe_listener_certificates",
            "Certificates",
            ListenerArn=listener["ListenerArn"],
        )
        default = [self.plain(c["CertificateArn"]) for c in listener.get("Certificates", [])][:1]
        shown: Shape = {
            "SslPolicy": listener.get("SslPolicy"),
            "DefaultCertificate": default,
            "ExtraCertificates": sorted(
                {self.plain(certificate["CertificateArn"]) for certificate in found} - set(default)
            ),
        }
        if listener.get("AlpnPolicy"):
            shown["AlpnPolicy"] = listener["AlpnPolicy"]
        mutual = listener.get("MutualAuthentication") or {}
        if mutual.get("Mode", "off") != "off":
            shown["MutualAuthentication"] = self.plain(mutual)
        return shown

    def _rule(self, rule: Shape) -> Shape:
        transforms = rule.get("Transforms")
        return {
            "Priority": int(rule["Priority"]),
            "Conditions": self._conditions(rule["Conditions"]),
            "Actions": self._actions(rule["Actions"]),
            **({"Transforms": self.plain(transforms)} if transforms else {}),
            "Tags": self._tags(rule["RuleArn"]),
        }

    def _actions(self, found: list[Shape]) -> list[Shape]:
        ordered = sorted(found, key=lambda action: action.get("Order", 1))
        return [self._action(action) for action in ordered]

    def _action(self, action: Shape) -> Shape:
        shown = {key: value for key, value in self.plain(action).items() if key != "Order"}
        forward = shown.pop("ForwardConfig", None)
        if shown.get("Type") == "forward":
            arn = shown.pop("TargetGroupArn", None)
            forward = forward or {}
            groups = forward.get("TargetGroups") or [{"TargetGroupArn": arn}]
            shown["TargetGroups"] = [
                {"TargetGroup": group["TargetGroupArn"], "Weight": group.get("Weight", 1)}
                for group in groups
            ]
            sticky = forward.get("TargetGroupStickinessConfig") or {}
            if sticky.get("Enabled"):
                shown["Stickiness"] = sticky.get("DurationSeconds")
        return shown

    def _conditions(self, found: list[Shape]) -> list[Shape]:
        shown = []
        for condition in self.plain(found):
            plain = {"Values": condition.get("Values", [])}
            config = next((v for k, v in condition.items() if k.endswith("Config")), plain)
            kept = {key: value for key, value in config.items() if value not in ([], None, "")}
            shown.append({condition["Field"]: kept})
        return sorted(shown, key=json.dumps)

    def _target_group(self, group: Shape) -> Shape:
        arn = group["TargetGroupArn"]
        attributes = self.elbv2.describe_target_group_attributes(TargetGroupArn=arn)
        health = self.elbv2.describe_target_health(TargetGroupArn=arn)
        return {
            **{key: self.plain(group[key]) for key in TARGET_GROUP_FIELDS if key in group},
            "Attributes": _attributes(attributes["Attributes"]),
            "Tags": self._tags(arn),
            "Targets": sorted(
                f"{self.plain(found['Target']['Id'])}:{found['Target'].get('Port')}"
                for found in health["TargetHealthDescriptions"]
                if found["TargetHealth"].get("State") != "draining"
            ),
        }

    def _security_group(self, group: Shape) -> Shape:
        return {
            "Description": group["Description"],
            "Tags": _attributes(group.get("Tags", [])),
            "Ingress": sorted(
                line for permission in group["IpPermissions"] for line in self._lines(permission)
            ),
        }

    def _lines(self, permission: Shape) -> list[str]:
        """`tcp:80-80 from 10.0.0.0/8 (note)`, one for each source."""
        protocol = permission["IpProtocol"]
        span = f"{permission.get('FromPort')}-{permission.get('ToPort')}"
        ports = "all" if protocol == "-1" else f"{protocol}:{span}"
        lines = []
        for kind, key in SOURCES.items():
            for source in permission.get(kind, []):
                note = source.get("Description")
                line = f"{ports} from {self.plain(source[key])}"
                lines.append(f"{line} ({note})" if note else line)
        return lines


def _aliases(account: Account) -> dict[str, str]:
    """Names of what no controller makes."""
    found: dict[str, str] = {}
    for subnet in _all(account.ec2, "describe_subnets", "Subnets"):
        found[subnet["SubnetId"]] = "subnet:" + _name(subnet, subnet["CidrBlock"])
    for reservation in _all(account.ec2, "describe_instances", "Reservations"):
        for instance in reservation["Instances"]:
            name = _name(instance, instance["PrivateIpAddress"])
            found[instance["InstanceId"]] = "instance:" + name
    for certificate in _all(account.acm, "list_certificates", "CertificateSummaryList"):
        found[certificate["CertificateArn"]] = "cert:" + certificate["DomainName"]
    for prefix_list in account.ec2.describe_managed_prefix_lists()["PrefixLists"]:
        found[prefix_list["PrefixListId"]] = "pl:" + prefix_list["PrefixListName"]
    for vpc in account.ec2.describe_vpcs()["Vpcs"]:
        found[vpc["VpcId"]] = "vpc:" + _name(vpc, "default")
    return found


def _all(client: Any, operation: str, key: str, **parameters: str) -> list[Shape]:
    pages = client.get_paginator(operation).paginate(**parameters)
    return [found for page in pages for found in page[key]]


def _by(name: str, found: Any, show: Any) -> Shape:
    return {item[name]: show(item) for item in sorted(found, key=lambda item: item[name])}


def _key(pair: Shape) -> str:
    return str(pair["Key"])


def _attributes(pairs: list[Shape]) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in sorted(pairs, key=_key)}


def _name(resource: Shape, default: str) -> str:
    return _attributes(resource.get("Tags", [])).get("Name", default)
