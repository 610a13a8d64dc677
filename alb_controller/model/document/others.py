"""Security groups, bindings, add-ons and the front's targets in LBC's model JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from alb_controller.model.document.references import reference, without_empty
from alb_controller.model.ec2 import IngressRule, SecurityGroup
from alb_controller.model.elbv2 import LoadBalancer, TargetGroup
from alb_controller.model.kube import Binding
from alb_controller.model.refs import Ref

Document = dict[str, Any]
REGISTRATIONS = "FrontendNLBTargetGroup"
"""Type and id of the one resource that says what the front's target groups hold."""
_SOURCES = {
    "cidr": ("ipRanges", "cidrIP"),
    "cidr_v6": ("ipv6Ranges", "cidrIPv6"),
    "security_group": ("userIDGroupPairs", "groupID"),
    "prefix_list": ("prefixLists", "listID"),
}


def security_group(group: SecurityGroup) -> Document:
    """A SecurityGroupSpec."""
    return without_empty(
        groupName=group.name,
        description=group.description,
        tags=dict(group.tags),
        ingress=[_permission(rule) for rule in group.ingress or ()],
    )


def _permission(rule: IngressRule) -> Document:
    ranges, field = _SOURCES[rule.source_kind]
    return {
        "ipProtocol": rule.protocol,
        "fromPort": rule.from_port,
        "toPort": rule.to_port,
        ranges: [without_empty(**{field: rule.source, "description": rule.description})],
    }


def binding(made: Binding) -> Document:
    """A TargetGroupBindingTemplate; labels are the deployer's, not the model's."""
    spec = msgspec.to_builtins(made.spec)
    if made.peer is not None:
        for rule in spec.get("networking", {}).get("ingress", ()):
            for peer in rule["from"]:
                if peer == {"securityGroup": {}}:
                    peer["securityGroup"] = {"groupID": reference(made.peer)}
    return {
        "metadata": {"name": made.name, "namespace": made.namespace},
        "spec": {"targetGroupARN": reference(made.target_group), **spec},
    }


def addons(balancer: LoadBalancer) -> Iterator[tuple[str, Document]]:
    """Type and spec of what is declared of other services for a load balancer."""
    wanted, arn = balancer.addons, reference(Ref(balancer.id))
    if wanted.web_acl_arn is not None:
        spec = {"webACLARN": wanted.web_acl_arn, "resourceARN": arn}
        yield "AWS::WAFv2::WebACLAssociation", spec
    if wanted.regional_web_acl_id is not None:
        spec = {"webACLID": wanted.regional_web_acl_id, "resourceARN": arn}
        yield "AWS::WAFRegional::WebACLAssociation", spec
    if wanted.protection is not None:
        yield "AWS::Shield::Protection", {"enabled": wanted.protection == "on", "resourceARN": arn}


def registrations(groups: Iterable[TargetGroup]) -> Document:
    """What each target group of the front holds, by the group's name."""
    return {
        group.name: {
            "Name": group.name,
            "ARN": reference(Ref(group.id)),
            "Port": group.port,
            "TargetARN": reference(target.load_balancer),
            "TargetPort": target.port,
        }
        for group in groups
        for target in group.targets or ()
    }
