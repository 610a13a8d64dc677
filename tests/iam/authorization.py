"""What AWS asks of a caller's policy for a call: actions, resources and condition keys.

Source: the Service Authorization Reference (actions, resource types and condition keys of Elastic
Load Balancing V2, EC2, WAF V2, WAF Regional, Shield, ACM and Route 53).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from alb_controller.sandbox.aws import Call
from tests.iam.evaluator import Asked

Params = Mapping[str, Any]
Tags = Mapping[str, str]

ANYTHING = "*"
WITHOUT_TAGS = frozenset(
    {
        "elasticloadbalancing:SetWebAcl",
        "shield:CreateProtection",
        "waf-regional:AssociateWebACL",
        "waf-regional:DisassociateWebACL",
        "wafv2:AssociateWebACL",
        "wafv2:DisassociateWebACL",
    }
)
"""Writes for which AWS looks at no tag of the load balancer: no policy can keep clusters apart."""
MAKING = {
    "CreateListener": "listener/app/new/0/0",
    "CreateLoadBalancer": "loadbalancer/app/new/0",
    "CreateRule": "listener-rule/app/new/0/0/0",
    "CreateSecurityGroup": "security-group/new",
    "CreateTargetGroup": "targetgroup/new/0",
    "RequestCertificate": "certificate/new",
}
"""What is made, as the end of its ARN."""
_HERE = "arn:aws:{service}:us-west-2:123456789012:{rest}"
_PREFIXES = {"tagging": "tag"}
"""Of actions, where it is not the name that requests are signed with."""
_NAMED = {
    "CertificateArn": "{}",
    "ProtectionId": "arn:aws:shield::123456789012:protection/{}",
    "ResourceArn": "{}",
    "WebACLArn": "{}",
    "WebACLId": "arn:aws:waf-regional:us-west-2:123456789012:webacl/{}",
}
"""Parameters of the other services that name a resource, and its ARN."""
_REST = {
    r"GET /2013-04-01/hostedzone": "ListHostedZones",
    r"POST /2013-04-01/hostedzone/([^/]+)/rrset/?": "ChangeResourceRecordSets",
}
"""Operations of Route 53 by method and path, the hosted zone in brackets."""
_TAGGING = {
    "acm": "acm:AddTagsToCertificate",
    "ec2": "ec2:CreateTags",
    "elasticloadbalancing": "elasticloadbalancing:AddTags",
}
_OF_ELBV2 = ("LoadBalancerArn", "ListenerArn", "RuleArn", "TargetGroupArn")
"""The parameter that names the resource, the first that is there."""


def requests_of(call: Call, tags: Mapping[str, Tags]) -> list[Asked]:
    """All that must be allowed; `tags` are those that each resource has before the call.

    A write that no controller of ours sends is asked for on anything, which no policy allows.
    """
    if call.service == "route53":
        return _dns_requests(call)
    name = f"{_PREFIXES.get(call.service, call.service)}:{call.operation}"
    if not call.is_write:
        return [Asked(name, ANYTHING, {})]
    given = _request_tags(call)
    reports = name not in WITHOUT_TAGS
    asked = [
        Asked(name, arn, {**_resource_tags(tags.get(arn, {}) if reports else {}), **given})
        for arn in _resources(call.service, call.operation, call.params)
    ]
    if given and call.operation in MAKING:
        asked += _tagging(call, given)
    if call.operation in ("AssociateWebACL", "DisassociateWebACL"):
        asked.append(Asked("elasticloadbalancing:SetWebAcl", ANYTHING, {}))
    return asked


def _dns_requests(call: Call) -> list[Asked]:
    for form, operation in _REST.items():
        found = re.fullmatch(form, call.operation)
        if found is None:
            continue
        name = f"route53:{operation}"
        if not found.groups():
            return [Asked(name, ANYTHING, {})]
        text = str(call.params["Body"])
        context = {
            f"{name}NormalizedRecordNames": re.findall(r"<Name>(.*?)\.?</Name>", text),
            f"{name}RecordTypes": re.findall(r"<Type>(.*?)</Type>", text),
        }
        return [Asked(name, f"arn:aws:route53:::hostedzone/{found[1]}", context)]
    return [Asked(f"route53:{call.operation}", ANYTHING, {})]


def arn(service: str, rest: str) -> str:
    """An ARN of the account that calls were recorded in."""
    return _HERE.format(service=service, rest=rest)


def group_arn(group_id: str) -> str:
    """Of a security group."""
    return arn("ec2", f"security-group/{group_id}")


def _resources(service: str, operation: str, params: Params) -> list[str]:
    match service:
        case "elasticloadbalancing":
            return _balancing_resources(operation, params)
        case "ec2":
            return _security_groups(operation, params)
        case _:
            named = [form.format(params[key]) for key, form in _NAMED.items() if key in params]
            return named or [ANYTHING]


def _balancing_resources(operation: str, params: Params) -> list[str]:
    match operation:
        case "CreateLoadBalancer":
            family = {"network": "net"}.get(str(params.get("Type")), "app")
            return [arn("elasticloadbalancing", f"loadbalancer/{family}/{params['Name']}/0")]
        case "CreateTargetGroup":
            return [arn("elasticloadbalancing", f"targetgroup/{params['Name']}/0")]
        case "AddTags" | "RemoveTags":
            return list(_numbered(params, "ResourceArns.member.{}"))
        case "SetRulePriorities":
            return list(_numbered(params, "RulePriorities.member.{}.RuleArn"))
        case _:
            return [next((params[key] for key in _OF_ELBV2 if key in params), ANYTHING)]


def _security_groups(operation: str, params: Params) -> list[str]:
    match operation:
        case "CreateSecurityGroup":
            return [group_arn("new"), arn("ec2", f"vpc/{params['VpcId']}")]
        case "CreateTags" | "DeleteTags":
            return [group_arn(found) for found in _numbered(params, "ResourceId.{}")]
        case _:
            return [group_arn(params["GroupId"])] if "GroupId" in params else [ANYTHING]


def _tagging(call: Call, given: Mapping[str, str]) -> list[Asked]:
    """Tags in a request that makes something are asked for as an action of their own."""
    by = {f"{call.service}:CreateAction": call.operation, **given}
    action = _TAGGING[call.service]
    return [Asked(action, arn(call.service, MAKING[call.operation]), by)]


def _request_tags(call: Call) -> dict[str, str]:
    if isinstance(listed := call.params.get("Tags"), list):
        return {f"aws:RequestTag/{tag['Key']}": tag.get("Value", "") for tag in listed}
    pattern = re.compile(r"(?:Tags\.member|TagSpecification\.1\.Tag|Tag)\.(\d+)\.Key")
    found = {key: str(text) for key, text in call.params.items() if pattern.fullmatch(key)}
    values = {text: str(call.params.get(f"{key[:-3]}Value", "")) for key, text in found.items()}
    gone = dict.fromkeys(_numbered(call.params, "TagKeys.member.{}"), "")
    return {f"aws:RequestTag/{key}": value for key, value in {**gone, **values}.items()}


def _resource_tags(tags: Tags) -> dict[str, str]:
    return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}


def _numbered(params: Params, form: str) -> Iterator[str]:
    number = 1
    while (key := form.format(number)) in params:
        yield str(params[key])
        number += 1


def swapped(asked: Asked, key: str, value: str) -> Asked:
    """The same request on a resource that carries another value of a tag."""
    return asked._replace(context={**asked.context, f"aws:ResourceTag/{key}": value})
