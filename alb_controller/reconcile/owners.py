"""Who holds a name: looked up before a create, which AWS answers with somebody else's resource.

CreateLoadBalancer and CreateTargetGroup are idempotent: with a name that exists they succeed and
hand back what is there (Elastic Load Balancing v2 API reference).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from alb_controller.aws.inventory import Inventory
from alb_controller.errors import ForeignOwner, NotReady
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import TargetGroup
from alb_controller.model.ownership import belongs_to, ownership_of
from alb_controller.model.stack import Found, FoundLoadBalancer
from alb_controller.plan.changes import Delete, NameToClaim
from alb_controller.values import StackKey, Tags

FRESH_SECONDS = 10.0
"""A listing of this age still says who holds which name."""
_NOUNS = {
    "LoadBalancer": "load balancer",
    "TargetGroup": "target group",
    "SecurityGroup": "security group",
}


class BalancerNames(Protocol):
    """What is needed of `aws.elbv2.Elbv2`."""

    def load_balancers_by_name(self, name: str, /) -> FoundLoadBalancer | None: ...
    def target_group_by_name(self, name: str, /) -> Found[TargetGroup] | None: ...
    def target_group_users(self, arn: str, /) -> tuple[str, ...]: ...


class GroupNames(Protocol):
    """What is needed of `aws.ec2.Ec2`."""

    def security_group_by_name(self, group_name: str, /) -> Found[SecurityGroup] | None: ...
    def security_group_users(self, group_id: str, /) -> tuple[str, ...]: ...


class Owners:
    """Refuses creates whose name exists without the stack's tags."""

    def __init__(
        self, elbv2: BalancerNames, ec2: GroupNames, inventory: Inventory, cluster_name: str
    ) -> None:
        self._elbv2, self._ec2 = elbv2, ec2
        self._inventory, self._cluster_name = inventory, cluster_name

    def check(self, names: Iterable[NameToClaim], key: StackKey) -> None:
        """Raises ForeignOwner, or NotReady where the holder is our own and was not known.

        Names of security groups are not looked up: AWS refuses those that exist.
        """
        names = [name for name in names if name.kind != "SecurityGroup"]
        inventory = self._inventory
        is_known = inventory.lists_others and inventory.age_seconds < FRESH_SECONDS
        self._check(names, key, self._listed_holder if is_known else self._holder)

    def explain(self, names: Iterable[NameToClaim], key: StackKey) -> None:
        """After AWS has refused a name: as `check`, asking AWS for each."""
        self._check(names, key, self._holder)

    def users_of(self, step: Delete) -> tuple[str, ...]:
        """Who uses a target group or security group that cannot be deleted. Raises AwsError."""
        match step.kind:
            case "TargetGroup":
                return self._elbv2.target_group_users(step.found.identity)
            case "SecurityGroup":
                return self._ec2.security_group_users(step.found.identity)
            case _:
                return ()

    def _check(
        self,
        names: Iterable[NameToClaim],
        key: StackKey,
        holder: Callable[[NameToClaim], Found[Any] | None],
    ) -> None:
        for name in names:
            found = holder(name)
            if found is None:
                continue
            owner = owner_of(found.resource.tags)
            if belongs_to(found.resource.tags, self._cluster_name, key):
                if found.resource.id.name:
                    self._inventory.put(found)
                    raise NotReady(f"{name.kind} {name.name}, which exists already", 0.5)
                tag = ownership_of(key).resource_tag
                owner = f"it has no tag {tag}, {owner}"  # the plan leaves it alone
            raise ForeignOwner(_NOUNS[name.kind], name.name, owner)

    def _listed_holder(self, name: NameToClaim) -> Found[Any] | None:
        kind: Any = name.kind
        return self._inventory.by_name(kind, name.name)

    def _holder(self, name: NameToClaim) -> Found[Any] | None:
        match name.kind:
            case "LoadBalancer":
                return self._elbv2.load_balancers_by_name(name.name)
            case "TargetGroup":
                return self._elbv2.target_group_by_name(name.name)
            case _:
                return self._ec2.security_group_by_name(name.name)


def owner_of(tags: Tags) -> str:
    """What tags say of a resource's owner, for ForeignOwner."""
    shown = ", ".join(f"{key}={value}" for key, value in sorted(tags.items()))
    return f"its tags are {shown}" if shown else "it has no tags"
