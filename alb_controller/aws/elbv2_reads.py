"""What the controller reads from Elastic Load Balancing v2, in the model's values.

Errors are those of `Sender.call`. Source: the Elastic Load Balancing v2 API reference (2015-12-01).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from alb_controller.aws.batches import chunks, for_each_part
from alb_controller.aws.client import Sender, pages
from alb_controller.aws.codecs import elbv2 as codec
from alb_controller.aws.codecs.guards import Raw
from alb_controller.errors import NotFound
from alb_controller.model.elbv2 import (
    Attributes,
    Listener,
    ListenerRule,
    Target,
    TargetGroup,
    TargetHealth,
)
from alb_controller.model.queries import BoundTargetGroup
from alb_controller.model.stack import BalancerState, Found, FoundLoadBalancer
from alb_controller.values import Tags

PERMISSIONS = frozenset(
    f"elasticloadbalancing:{operation}"
    for operation in (
        "DescribeAccountLimits",
        "DescribeCapacityReservation",
        "DescribeListenerAttributes",
        "DescribeListenerCertificates",
        "DescribeListeners",
        "DescribeLoadBalancerAttributes",
        "DescribeLoadBalancers",
        "DescribeRules",
        "DescribeTags",
        "DescribeTargetGroupAttributes",
        "DescribeTargetGroups",
        "DescribeTargetHealth",
        "DescribeTrustStores",
    )
)
"""IAM actions of the operations called here."""

_TAGS_A_CALL = 20
_NAMES_A_CALL = 20
_ARNS_A_CALL = 20


class ListenersAndRules(msgspec.Struct, frozen=True):
    """What sits below one load balancer; listeners by port, rules by listener and priority."""

    listeners: tuple[Found[Listener], ...]
    rules: tuple[Found[ListenerRule], ...]


class Elbv2Reads:
    """The reading half of `Elbv2`; identities are ARNs."""

    def __init__(self, sender: Sender, vpc_id: str) -> None:
        self._sender = sender
        self._vpc_id = vpc_id

    def account_limits(self) -> dict[str, int]:
        """The account's quotas by AWS's names."""
        listed = self._pages("DescribeAccountLimits", "Limits")
        return {raw["Name"]: int(raw["Max"]) for raw in listed}

    def load_balancers(self) -> tuple[FoundLoadBalancer, ...]:
        """All application and network load balancers of our VPC, ours or not, with their tags."""
        return self._found_load_balancers(
            raw for raw in self._pages("DescribeLoadBalancers", "LoadBalancers") if self._is_of(raw)
        )

    def load_balancers_of(self, tags: Mapping[str, Tags]) -> tuple[FoundLoadBalancer, ...]:
        """Of these ARNs, whose tags are known, those that are there, in our VPC."""
        described = self._described(list(tags), "DescribeLoadBalancers", "LoadBalancer")
        return tuple(
            codec.decode_load_balancer(raw, tags[raw["LoadBalancerArn"]])
            for raw in described
            if self._is_of(raw)
        )

    def load_balancers_by_name(self, name: str) -> FoundLoadBalancer | None:
        """The account's load balancer of that name, in whatever VPC, with its tags."""
        try:
            raw = self._pages("DescribeLoadBalancers", "LoadBalancers", Names=[name])
        except NotFound:
            return None
        return next(iter(self._found_load_balancers(raw)), None)

    def load_balancer_state(self, arn: str) -> BalancerState:
        """Whether AWS has provisioned it. Raises NotFound."""
        answer = self._call("DescribeLoadBalancers", LoadBalancerArns=[arn])
        return codec.decode_state(answer["LoadBalancers"][0])

    def capacity_units(self, arn: str) -> int:
        """The capacity units that are reserved for a load balancer."""
        answer = self._call("DescribeCapacityReservation", LoadBalancerArn=arn)
        return codec.decode_capacity(answer)

    def target_groups(self) -> tuple[Found[TargetGroup], ...]:
        """All target groups of our VPC, ours or not, with their tags."""
        return self._found_target_groups(
            raw for raw in self._pages("DescribeTargetGroups", "TargetGroups") if self._is_of(raw)
        )

    def target_groups_of(self, tags: Mapping[str, Tags]) -> tuple[Found[TargetGroup], ...]:
        """Of these ARNs, whose tags are known, those that are there, in our VPC."""
        described = self._described(list(tags), "DescribeTargetGroups", "TargetGroup")
        return tuple(
            codec.decode_target_group(raw, tags[raw["TargetGroupArn"]])
            for raw in described
            if self._is_of(raw)
        )

    def target_group_by_name(self, name: str) -> Found[TargetGroup] | None:
        """The account's target group of that name, in whatever VPC, with its tags."""
        try:
            raw = self._pages("DescribeTargetGroups", "TargetGroups", Names=[name])
        except NotFound:
            return None
        return next(iter(self._found_target_groups(raw)), None)

    def target_group_users(self, arn: str) -> tuple[str, ...]:
        """The load balancers that forward to it."""
        raw = self._pages("DescribeTargetGroups", "TargetGroups", TargetGroupArns=[arn])
        return tuple(user for one in raw for user in one.get("LoadBalancerArns", ()))

    def bound_target_group(self, *, arn: str = "", name: str = "") -> BoundTargetGroup | None:
        """The target group of an ARN, or else of a name, without its tags: one call."""
        by = {"TargetGroupArns": [arn]} if arn else {"Names": [name]}
        try:
            raw = self._pages("DescribeTargetGroups", "TargetGroups", **by)
        except NotFound:
            return None
        return next((codec.decode_bound_target_group(one) for one in raw), None)

    def listeners_and_rules(self, balancer: FoundLoadBalancer) -> ListenersAndRules:
        """Its listeners with all their certificates, and their rules without the default ones.

        Tags of both are read together, 20 resources a call.
        """
        listeners = self._raw_listeners(balancer.identity)
        has_rules = balancer.resource.type == "application"
        rules = {
            raw["ListenerArn"]: self._raw_rules(raw["ListenerArn"]) if has_rules else []
            for raw in listeners
        }
        arns = [*rules, *(raw["RuleArn"] for made in rules.values() for raw in made)]
        tags = self._tags(arns)
        return ListenersAndRules(
            self._found_listeners(listeners, tags),
            tuple(
                found
                for listener_arn, made in rules.items()
                for found in _found_rules(made, listener_arn, tags)
            ),
        )

    def listeners(self, balancer: FoundLoadBalancer) -> tuple[Found[Listener], ...]:
        """Its listeners by port, with tags and all their certificates."""
        raw = self._raw_listeners(balancer.identity)
        return self._found_listeners(raw, self._tags([one["ListenerArn"] for one in raw]))

    def rules(self, listener: Found[Listener]) -> tuple[Found[ListenerRule], ...]:
        """Its rules by priority, with tags, without the default rule."""
        raw = self._raw_rules(listener.identity)
        return _found_rules(raw, listener.identity, self._tags([one["RuleArn"] for one in raw]))

    def load_balancer_attributes(self, arn: str) -> Attributes:
        """All attributes of a load balancer."""
        return codec.decode_attributes(
            self._call("DescribeLoadBalancerAttributes", LoadBalancerArn=arn)
        )

    def target_group_attributes(self, arn: str) -> Attributes:
        """All attributes of a target group."""
        return codec.decode_attributes(
            self._call("DescribeTargetGroupAttributes", TargetGroupArn=arn)
        )

    def listener_attributes(self, arn: str) -> Attributes:
        """All attributes of a listener."""
        return codec.decode_attributes(self._call("DescribeListenerAttributes", ListenerArn=arn))

    def target_health(self, arn: str, targets: Sequence[Target] = ()) -> tuple[TargetHealth, ...]:
        """Every target of a group, draining ones too; or these, registered or not."""
        named = [{"Id": target.id, "Port": target.port} for target in targets]
        some = {"Targets": named} if named else {}
        answer = self._call("DescribeTargetHealth", TargetGroupArn=arn, **some)
        return tuple(
            codec.decode_target_health(raw) for raw in answer.get("TargetHealthDescriptions") or ()
        )

    def tags_of(self, arn: str) -> Tags:
        """The tags of one resource; none where it is not there."""
        return self._tags([arn]).get(arn, {})

    def trust_stores_by_name(self, names: Sequence[str]) -> dict[str, str]:
        """Name -> ARN of those that there are."""
        found: dict[str, str] = {}

        def read(part: Sequence[str]) -> None:
            for raw in self._pages("DescribeTrustStores", "TrustStores", Names=list(part)):
                found[raw["Name"]] = raw["TrustStoreArn"]

        for part in chunks(names, _NAMES_A_CALL):
            for_each_part(part, read, lambda error: isinstance(error, NotFound))
        return found

    # ---- one call and its answer

    def _call(self, operation: str, **params: Any) -> Raw:
        return self._sender.call("elbv2", operation, **params)

    def _pages(self, operation: str, items: str, **params: Any) -> list[Raw]:
        return pages(self._sender.call, "elbv2", operation, items, **params)

    def _is_of(self, raw: Raw) -> bool:
        return raw.get("VpcId") == self._vpc_id and raw.get("Type") != "gateway"

    def _described(self, arns: Sequence[str], operation: str, kind: str) -> list[Raw]:
        """What is there of these, 20 a call: one that is gone would fail the whole call."""
        found: list[Raw] = []

        def read(part: Sequence[str]) -> None:
            found.extend(self._pages(operation, f"{kind}s", **{f"{kind}Arns": list(part)}))

        for part in chunks(arns, _ARNS_A_CALL):
            for_each_part(part, read, lambda error: isinstance(error, NotFound))
        return found

    def _tags(self, arns: Sequence[str]) -> dict[str, dict[str, str]]:
        """ARN -> tags, 20 a call; what has been deleted since it was listed is not in it."""
        found: dict[str, dict[str, str]] = {}

        def read(part: Sequence[str]) -> None:
            described = self._call("DescribeTags", ResourceArns=list(part)).get("TagDescriptions")
            by_arn = {one["ResourceArn"]: codec.decode_tags(one["Tags"]) for one in described or ()}
            found.update((arn, by_arn.get(arn, {})) for arn in part)

        for part in chunks(arns, _TAGS_A_CALL):
            for_each_part(part, read, lambda error: isinstance(error, NotFound))
        return found

    def _found_load_balancers(self, raw: Iterable[Raw]) -> tuple[FoundLoadBalancer, ...]:
        by_arn = {one["LoadBalancerArn"]: one for one in raw}
        tags = self._tags(list(by_arn))
        return tuple(codec.decode_load_balancer(by_arn[arn], tags[arn]) for arn in tags)

    def _found_target_groups(self, raw: Iterable[Raw]) -> tuple[Found[TargetGroup], ...]:
        by_arn = {one["TargetGroupArn"]: one for one in raw}
        tags = self._tags(list(by_arn))
        return tuple(codec.decode_target_group(by_arn[arn], tags[arn]) for arn in tags)

    def _raw_listeners(self, load_balancer_arn: str) -> list[Raw]:
        found = self._pages("DescribeListeners", "Listeners", LoadBalancerArn=load_balancer_arn)
        return sorted(found, key=lambda raw: int(raw.get("Port", 0)))

    def _raw_rules(self, listener_arn: str) -> list[Raw]:
        found = self._pages("DescribeRules", "Rules", ListenerArn=listener_arn)
        ours = [raw for raw in found if not raw.get("IsDefault") and raw["Priority"] != "default"]
        return sorted(ours, key=lambda raw: int(raw["Priority"]))

    def _found_listeners(
        self, raw: Iterable[Raw], tags: Mapping[str, Tags]
    ) -> tuple[Found[Listener], ...]:
        return tuple(
            codec.decode_listener(one, tags[one["ListenerArn"]], self._more_certificates(one))
            for one in raw
            if one["ListenerArn"] in tags
        )

    def _more_certificates(self, listener: Raw) -> Iterator[str]:
        if listener.get("Protocol") not in codec.SECURE_PROTOCOLS:
            return
        found = self._pages(
            "DescribeListenerCertificates", "Certificates", ListenerArn=listener["ListenerArn"]
        )
        yield from (raw["CertificateArn"] for raw in found if not raw.get("IsDefault"))


def _found_rules(
    raw: Iterable[Raw], listener_arn: str, tags: Mapping[str, Tags]
) -> tuple[Found[ListenerRule], ...]:
    return tuple(
        codec.decode_rule(one, listener_arn, tags[one["RuleArn"]])
        for one in raw
        if one["RuleArn"] in tags
    )
