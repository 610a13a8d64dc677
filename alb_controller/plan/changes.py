"""A plan: steps in their order, each at most one API write, so that plans print and count.

`target` is an identity (ARN, group id, `namespace/name`), or a Ref to what the plan creates.
Resources within steps name those that exist by identity and those to come by Ref.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from alb_controller.model.ec2 import IngressRule, SecurityGroup
from alb_controller.model.elbv2 import (
    Attributes,
    BalancerTarget,
    Listener,
    ListenerRule,
    LoadBalancer,
    TargetGroup,
)
from alb_controller.model.kube import Binding
from alb_controller.model.origins import Origins
from alb_controller.model.protection import DeletionChoice
from alb_controller.model.refs import Reference, ResourceKind
from alb_controller.model.stack import Found, Resource
from alb_controller.plan.replacing.waits import Replacing, Wait
from alb_controller.values import IpAddressType, Tags, Value

Limit: TypeAlias = Literal[
    "rules",
    "ingress",
    "certificates",
    "listeners",
    "used-target-groups",
    "target-groups",
    "load-balancers",
]
"""A quota that a plan can live with: of a load balancer its rules, certificates, listeners, and the
target groups that these use; the rules of a security group; target groups and load balancers of the
account."""


class PlanPolicy(Value, frozen=True):
    """What the planner must know besides the stack and what was found."""

    cluster: str
    external_managed_tags: frozenset[str] = frozenset()
    """Tag keys that are somebody else's to add, change and remove."""
    tag_listeners_and_rules: bool = True
    """The gate ListenerRulesTagging."""
    replace_for_health_checks: bool = False
    """The gate NLBHealthCheckAdvancedConfig, off: what an NLB's health check is made with stays."""
    limits_reached: frozenset[Limit] = frozenset()
    """Limits that an earlier plan ran into: make room first, at the price of a gap."""
    replacing: Replacing = Replacing()
    """How far target groups are that take the place of others."""


class _Step(Value, frozen=True, kw_only=True):
    """What every step has; its resource, where it has one, is without `asked_by`."""

    asked_by: Origins = ()
    """Who asked for what it writes, the most precise first."""
    by_setting: Mapping[str, Origins] = {}
    """Who asked for each of several settings (`model.origins`)."""


class Create(_Step, frozen=True):
    """Make a resource with its tags; a listener with its default certificate alone."""

    resource: Resource


class ModifyAttributes(_Step, frozen=True):
    """Set these attributes; the others keep their values."""

    kind: Literal["LoadBalancer", "TargetGroup", "Listener"]
    target: Reference
    changed: Attributes


class SetSubnets(_Step, frozen=True):
    """Replace the subnets of a load balancer."""

    target: str
    subnets: tuple[str, ...]


class SetSecurityGroups(_Step, frozen=True):
    """Replace the security groups of a load balancer."""

    target: str
    security_groups: tuple[Reference, ...]


class SetIpAddressType(_Step, frozen=True):
    """Change a load balancer's address type."""

    target: str
    ip_address_type: IpAddressType


class ModifyIpPools(_Step, frozen=True):
    """Take public IPv4 addresses from an IPAM pool, or from none any more."""

    target: str
    ipv4_ipam_pool_id: str | None


class ModifyTargetGroup(_Step, frozen=True):
    """Set the whole health check: nothing else of a target group can be modified."""

    target: str
    resource: TargetGroup


class ModifyListener(_Step, frozen=True):
    """Set protocol, default actions, default certificate and policy."""

    target: str
    resource: Listener


class AddCertificates(_Step, frozen=True):
    """One certificate besides the default one."""

    target: Reference
    certificate: str


class RemoveCertificates(_Step, frozen=True):
    """One certificate that is not the default one."""

    target: str
    certificate: str


class ModifyRule(_Step, frozen=True):
    """Replace conditions, actions and transforms; the rule stays where it is."""

    target: str
    resource: ListenerRule


class SetRulePriorities(_Step, frozen=True):
    """Move rules of one listener, all at once; those not named stay."""

    listener: Reference
    priorities: tuple[tuple[Reference, int], ...]


class AuthorizeIngress(_Step, frozen=True):
    """Add rules to a security group, in one call."""

    target: Reference
    rules: tuple[IngressRule, ...]


class RevokeIngress(_Step, frozen=True):
    """Take rules from a security group, in one call."""

    target: Reference
    rules: tuple[IngressRule, ...]


class AddTags(_Step, frozen=True):
    """Add or change tags of one resource (AWS takes one a call)."""

    kind: ResourceKind
    target: str
    tags: Tags


class RemoveTags(_Step, frozen=True):
    """Remove tags of one resource by key."""

    kind: ResourceKind
    target: str
    keys: tuple[str, ...]


class UpdateBinding(_Step, frozen=True):
    """Set the spec and the labels of a TargetGroupBinding."""

    target: str
    resource: Binding


class Delete(_Step, frozen=True):
    """Delete it; a load balancer goes with its listeners, a listener with its rules."""

    kind: ResourceKind
    found: Found[Resource]
    protection: DeletionChoice = DeletionChoice()
    """Of a load balancer: whether its deletion protection may be switched off for it."""


class SetWebAcl(_Step, frozen=True):
    """Associate a load balancer with a WAFv2 web ACL; an empty ARN takes it away."""

    target: Reference
    web_acl_arn: str


class SetRegionalWebAcl(_Step, frozen=True):
    """The same with a web ACL of WAF Classic, by id."""

    target: Reference
    regional_web_acl_id: str


class SetProtection(_Step, frozen=True):
    """Make or delete our Shield Advanced protection of a load balancer."""

    target: Reference
    protection: Literal["on", "off"]


class AwaitActive(_Step, frozen=True):
    """Go on with what needs this load balancer only when AWS has provisioned it."""

    target: Reference


class ReserveCapacity(_Step, frozen=True):
    """Reserve capacity units for a load balancer; 0 gives back what is reserved."""

    target: Reference
    capacity_units: int


class RegisterBalancers(_Step, frozen=True):
    """Put application load balancers into a target group of that type."""

    target: Reference
    targets: tuple[BalancerTarget, ...]


class DeregisterBalancers(_Step, frozen=True):
    """Take application load balancers out of a target group."""

    target: str
    targets: tuple[BalancerTarget, ...]


class AwaitBindingsGone(_Step, frozen=True):
    """Go on only when these bindings have left Kubernetes: their groups' targets need them."""

    bindings: tuple[str, ...]


LateStep: TypeAlias = (
    SetWebAcl
    | SetRegionalWebAcl
    | SetProtection
    | AwaitActive
    | ReserveCapacity
    | RegisterBalancers
)
"""What no other step needs."""
Step: TypeAlias = (
    Create
    | ModifyAttributes
    | SetSubnets
    | SetSecurityGroups
    | SetIpAddressType
    | ModifyIpPools
    | ModifyTargetGroup
    | ModifyListener
    | AddCertificates
    | RemoveCertificates
    | ModifyRule
    | SetRulePriorities
    | AuthorizeIngress
    | RevokeIngress
    | AddTags
    | RemoveTags
    | UpdateBinding
    | DeregisterBalancers
    | Delete
    | AwaitBindingsGone
    | LateStep
)


class NameToClaim(msgspec.Struct, frozen=True, order=True):
    """A name that a plan creates: AWS hands back what bears it already, whosever it is."""

    kind: ResourceKind
    name: str


class Plan(Value, frozen=True):
    """Steps in the order in which they are to be applied, and what is worth reporting."""

    steps: tuple[Step, ...] = ()
    late: tuple[LateStep, ...] = ()
    """Done after the others, whether these succeed or not; each may fail alone."""
    notes: tuple[str, ...] = ()
    waits: tuple[Wait, ...] = ()
    """What has to come to pass before a later plan goes on."""
    postponed: tuple[Delete, ...] = ()
    """What goes then."""
    gaps: tuple[str, ...] = ()
    """What is taken away before its successor serves, and why: sentences for users."""

    def __bool__(self) -> bool:
        return bool(self.steps or self.late)

    @property
    def names_to_claim(self) -> tuple[NameToClaim, ...]:
        """Names whose owners are to be looked at before the plan is applied.

        Not those that the plan frees before it takes them: their owner is the stack itself.
        """
        freed: set[NameToClaim] = set()
        claimed: list[NameToClaim] = []
        for step in self.steps:
            match step:
                case Delete(found=Found(resource=resource)):
                    freed.update(_name_of(resource))
                case Create(resource=resource):
                    claimed += [name for name in _name_of(resource) if name not in freed]
        return tuple(claimed)

    @property
    def deletes_to_check(self) -> tuple[Delete, ...]:
        """Load balancers of which AWS may refuse the deletion when other steps are done already.

        A refusal of the first step leaves everything as it is.
        """
        begun = any(isinstance(one, Create) and _is_balancer(one.resource) for one in self.steps)
        return tuple(
            step
            for step in (*self.steps[1:], *(self.postponed if begun else ()))
            if isinstance(step, Delete)
            and step.kind == "LoadBalancer"
            and not step.protection.is_off
        )


def _is_balancer(resource: Resource) -> bool:
    return isinstance(resource, LoadBalancer)


def _name_of(resource: Resource) -> tuple[NameToClaim, ...]:
    """The name in AWS, of what has one there."""
    if isinstance(resource, LoadBalancer | TargetGroup | SecurityGroup):
        return (NameToClaim(resource.id.kind, resource.name),)
    return ()
