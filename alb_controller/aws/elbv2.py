"""What the controller writes to Elastic Load Balancing v2, in the model's values.

A method is one API operation, or as many calls of it as its limits ask for. Resources to write
name no Ref any more. Errors are those of `Sender.call`.
Source: the Elastic Load Balancing v2 API reference (2015-12-01).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from alb_controller.aws.batches import chunks, for_each_part
from alb_controller.aws.client import Sender
from alb_controller.aws.codecs import elbv2 as codec
from alb_controller.aws.codecs.guards import Raw
from alb_controller.aws.codecs.rules import (
    encode_actions,
    encode_conditions,
    encode_transforms,
    identity_of,
)
from alb_controller.aws.elbv2_reads import Elbv2Reads
from alb_controller.errors import AwsError, NotFound
from alb_controller.model.actions import Transform
from alb_controller.model.elbv2 import (
    Action,
    Condition,
    Listener,
    ListenerRule,
    LoadBalancer,
    Target,
    TargetGroup,
)
from alb_controller.model.stack import Found, FoundLoadBalancer
from alb_controller.values import Tags

PERMISSIONS = frozenset(
    f"elasticloadbalancing:{operation}"
    for operation in (
        "AddListenerCertificates",
        "AddTags",
        "CreateListener",
        "CreateLoadBalancer",
        "CreateRule",
        "CreateTargetGroup",
        "DeleteListener",
        "DeleteLoadBalancer",
        "DeleteRule",
        "DeleteTargetGroup",
        "DeregisterTargets",
        "ModifyCapacityReservation",
        "ModifyIpPools",
        "ModifyListener",
        "ModifyListenerAttributes",
        "ModifyLoadBalancerAttributes",
        "ModifyRule",
        "ModifyTargetGroup",
        "ModifyTargetGroupAttributes",
        "RegisterTargets",
        "RemoveListenerCertificates",
        "RemoveTags",
        "SetIpAddressType",
        "SetRulePriorities",
        "SetSecurityGroups",
        "SetSubnets",
    )
)
"""IAM actions of the operations called here."""

_TARGETS_A_CALL = 200
_ATTRIBUTES_A_CALL = 20
"""Of load balancers (ModifyLoadBalancerAttributes); for others the API reference has no bound."""


class Elbv2(Elbv2Reads):
    """All operations, on the account and region of the sender; thread-safe as the sender is."""

    def __init__(self, sender: Sender, vpc_id: str, *, is_weighted: bool = True) -> None:
        """`is_weighted` as for `encode_actions`."""
        super().__init__(sender, vpc_id)
        self._is_weighted = is_weighted

    # ---- load balancers

    def create_load_balancer(self, balancer: LoadBalancer) -> FoundLoadBalancer:
        """Make it with its tags; attributes are set by `modify_load_balancer_attributes`."""
        answer = self._call("CreateLoadBalancer", **codec.encode_load_balancer(balancer))
        return codec.decode_load_balancer(answer["LoadBalancers"][0], balancer.tags)

    def modify_load_balancer_attributes(self, arn: str, changed: Mapping[str, str]) -> None:
        """Set these attributes, 20 a call, and leave the others alone.

        In their order, so that the bucket of a log goes with what enables it.
        """
        for part in chunks(codec.encode_attributes(changed), _ATTRIBUTES_A_CALL):
            self._call("ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=list(part))

    def set_subnets(self, arn: str, subnets: Sequence[str]) -> None:
        """Replace the subnets."""
        mappings = codec.encode_subnets(subnets)
        self._call("SetSubnets", LoadBalancerArn=arn, SubnetMappings=mappings)

    def set_security_groups(self, arn: str, group_ids: Sequence[str]) -> None:
        """Replace the security groups."""
        self._call("SetSecurityGroups", LoadBalancerArn=arn, SecurityGroups=list(group_ids))

    def set_ip_address_type(self, arn: str, ip_address_type: str) -> None:
        """`ipv4`, `dualstack` or `dualstack-without-public-ipv4`."""
        self._call("SetIpAddressType", LoadBalancerArn=arn, IpAddressType=ip_address_type)

    def modify_ip_pools(self, arn: str, ipv4_ipam_pool_id: str | None) -> None:
        """Take public IPv4 addresses from this IPAM pool, or with None from no pool any more."""
        self._call("ModifyIpPools", LoadBalancerArn=arn, **codec.encode_ip_pools(ipv4_ipam_pool_id))

    def reserve_capacity(self, arn: str, units: int) -> None:
        """Reserve capacity units; 0 gives back what is reserved."""
        self._call("ModifyCapacityReservation", LoadBalancerArn=arn, **codec.encode_capacity(units))

    def delete_load_balancer(self, arn: str) -> None:
        """Delete it with its listeners and rules. Raises Rejected under deletion protection."""
        self._delete("DeleteLoadBalancer", LoadBalancerArn=arn)

    # ---- target groups

    def create_target_group(self, group: TargetGroup) -> Found[TargetGroup]:
        """Make it with its tags; attributes are set by `modify_target_group_attributes`."""
        answer = self._call("CreateTargetGroup", **codec.encode_target_group(group))
        return codec.decode_target_group(answer["TargetGroups"][0], group.tags)

    def modify_target_group(self, arn: str, group: TargetGroup) -> None:
        """Set the whole health check: nothing else of a group can be changed."""
        check = codec.encode_health_check(group.health_check, group.protocol_version)
        self._call("ModifyTargetGroup", TargetGroupArn=arn, **check)

    def modify_target_group_attributes(self, arn: str, changed: Mapping[str, str]) -> None:
        """Set these attributes and leave the others alone."""
        attributes = codec.encode_attributes(changed)
        self._call("ModifyTargetGroupAttributes", TargetGroupArn=arn, Attributes=attributes)

    def delete_target_group(self, arn: str) -> None:
        """Raises InUse while a listener or rule forwards to it."""
        self._delete("DeleteTargetGroup", TargetGroupArn=arn)

    # ---- listeners

    def create_listener(self, listener: Listener) -> Found[Listener]:
        """Make it with its tags and all its certificates."""
        fields = codec.encode_listener(listener, is_weighted=self._is_weighted)
        answer = self._call("CreateListener", **fields)
        raw, more = answer["Listeners"][0], listener.certificates[1:]
        self.add_listener_certificates(raw["ListenerArn"], more)
        return codec.decode_listener(raw, listener.tags, more)

    def modify_listener(self, arn: str, listener: Listener) -> None:
        """Set port, protocol, default actions, default certificate and policy."""
        fields = codec.encode_listener_settings(listener, is_weighted=self._is_weighted)
        self._call("ModifyListener", ListenerArn=arn, **fields)

    def modify_listener_attributes(self, arn: str, changed: Mapping[str, str]) -> None:
        """Set these attributes and leave the others alone."""
        attributes = codec.encode_attributes(changed)
        self._call("ModifyListenerAttributes", ListenerArn=arn, Attributes=attributes)

    def add_listener_certificates(self, arn: str, certificates: Iterable[str]) -> None:
        """Add certificates besides the default one; AWS takes one a call."""
        for certificate in certificates:
            self._call(
                "AddListenerCertificates",
                ListenerArn=arn,
                Certificates=[{"CertificateArn": certificate}],
            )

    def remove_listener_certificates(self, arn: str, certificates: Iterable[str]) -> None:
        """Remove certificates that are not the default one; AWS takes one a call."""
        for certificate in certificates:
            self._call(
                "RemoveListenerCertificates",
                ListenerArn=arn,
                Certificates=[{"CertificateArn": certificate}],
            )

    def delete_listener(self, arn: str) -> None:
        """Delete it with its rules."""
        self._delete("DeleteListener", ListenerArn=arn)

    # ---- rules

    def create_rule(self, rule: ListenerRule) -> Found[ListenerRule]:
        """Make it with its tags. Raises AlreadyExists where the priority is taken."""
        fields = codec.encode_rule(rule, is_weighted=self._is_weighted)
        answer = self._call("CreateRule", **fields)
        return codec.decode_rule(answer["Rules"][0], identity_of(rule.listener), rule.tags)

    def modify_rule(
        self,
        arn: str,
        conditions: Sequence[Condition],
        actions: Sequence[Action],
        transforms: Sequence[Transform] = (),
    ) -> None:
        """Replace conditions, actions and transforms; no transforms takes away those it had."""
        replaced: Raw = {"Transforms": encode_transforms(transforms)}
        self._call(
            "ModifyRule",
            RuleArn=arn,
            Conditions=encode_conditions(conditions),
            Actions=encode_actions(actions, is_weighted=self._is_weighted),
            **(replaced if transforms else {"ResetTransforms": True}),
        )

    def set_rule_priorities(self, priorities: Mapping[str, int]) -> None:
        """Move rules (ARN -> priority) of one listener, all at once."""
        pairs = [
            {"RuleArn": arn, "Priority": priority}
            for arn, priority in sorted(priorities.items(), key=lambda pair: pair[1])
        ]
        self._call("SetRulePriorities", RulePriorities=pairs)

    def delete_rule(self, arn: str) -> None:
        """Delete it; its priority is free at once."""
        self._delete("DeleteRule", RuleArn=arn)

    # ---- tags

    def add_tags(self, arns: Iterable[str], tags: Tags) -> None:
        """Add or change tags. One resource a call: AWS refuses more, whatever the list suggests."""
        for arn in arns:
            self._call("AddTags", ResourceArns=[arn], Tags=codec.encode_tags(tags))

    def remove_tags(self, arns: Iterable[str], keys: Iterable[str]) -> None:
        """Remove tags by key. One resource a call, as `add_tags`."""
        gone = sorted(keys)
        for arn in arns:
            self._call("RemoveTags", ResourceArns=[arn], TagKeys=gone)

    # ---- targets

    def register_targets(self, arn: str, targets: Iterable[Target]) -> None:
        """Register targets, 200 a call.

        AWS refuses a whole call for one bad target (an instance that has just gone), so the good
        ones are registered without it. Raises Rejected for the bad ones, after that.
        """
        failures: list[AwsError] = []
        for part in chunks(list(targets), _TARGETS_A_CALL):
            failures += for_each_part(part, self._target_sender("RegisterTargets", arn), _is_bad)
        if failures:
            raise failures[0]

    def deregister_targets(self, arn: str, targets: Iterable[Target]) -> None:
        """Deregister targets, 200 a call; one that is not registered is success."""
        for part in chunks(list(targets), _TARGETS_A_CALL):
            for_each_part(part, self._target_sender("DeregisterTargets", arn), _is_bad)

    def _delete(self, operation: str, **params: Any) -> None:
        try:
            self._call(operation, **params)
        except NotFound:
            return

    def _target_sender(self, operation: str, arn: str) -> Callable[[Sequence[Target]], None]:
        def send(targets: Sequence[Target]) -> None:
            encoded = [codec.encode_target(target) for target in targets]
            self._call(operation, TargetGroupArn=arn, Targets=encoded)

        return send


def _is_bad(error: AwsError) -> bool:
    return error.code == "InvalidTarget"
