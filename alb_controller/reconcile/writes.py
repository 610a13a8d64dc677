"""How each step of a plan is written, over both edges: AWS and the Kubernetes API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import singledispatch
from typing import Protocol, assert_never

import msgspec

from alb_controller.errors import AwsError, NotReady, ProtectedInAws
from alb_controller.model.actions import Transform
from alb_controller.model.ec2 import IngressRule, SecurityGroup
from alb_controller.model.elbv2 import (
    Action,
    BalancerTarget,
    Condition,
    Listener,
    ListenerRule,
    LoadBalancer,
    Target,
    TargetGroup,
)
from alb_controller.model.kube import Binding
from alb_controller.model.protection import DELETION_PROTECTION, DeletionChoice
from alb_controller.model.refs import ResourceKind
from alb_controller.model.stack import Found, FoundLoadBalancer, Observed, Resource
from alb_controller.plan import changes
from alb_controller.plan.changes import Step
from alb_controller.plan.policies import settled
from alb_controller.plan.references import unresolved
from alb_controller.values import Tags

_BINDINGS_SECONDS = 5.0


class Operations(Protocol):
    """What a plan writes with; errors are those of `alb_controller.errors`.

    Deleting what is gone is success. Methods of AWS are as in `aws.elbv2` and `aws.ec2`.
    """

    def create_load_balancer(self, balancer: LoadBalancer) -> FoundLoadBalancer: ...
    def modify_load_balancer_attributes(self, arn: str, changed: Mapping[str, str]) -> None: ...
    def set_subnets(self, arn: str, subnets: Sequence[str]) -> None: ...
    def set_security_groups(self, arn: str, group_ids: Sequence[str]) -> None: ...
    def set_ip_address_type(self, arn: str, ip_address_type: str) -> None: ...
    def modify_ip_pools(self, arn: str, ipv4_ipam_pool_id: str | None) -> None: ...
    def reserve_capacity(self, arn: str, units: int) -> None: ...
    def await_active(self, arn: str) -> None:
        """Raises NotReady while AWS provisions the load balancer."""

    def set_web_acl(self, arn: str, web_acl_arn: str) -> None: ...
    def set_regional_web_acl(self, arn: str, web_acl_id: str) -> None: ...
    def set_protection(self, arn: str, *, protected: bool) -> None: ...
    def delete_load_balancer(self, arn: str) -> None: ...
    def create_target_group(self, group: TargetGroup) -> Found[TargetGroup]: ...
    def modify_target_group(self, arn: str, group: TargetGroup) -> None: ...
    def modify_target_group_attributes(self, arn: str, changed: Mapping[str, str]) -> None: ...
    def register_targets(self, arn: str, targets: Iterable[Target]) -> None: ...
    def deregister_targets(self, arn: str, targets: Iterable[Target]) -> None: ...
    def delete_target_group(self, arn: str) -> None: ...
    def create_listener(self, listener: Listener) -> Found[Listener]: ...
    def modify_listener(self, arn: str, listener: Listener) -> None: ...
    def modify_listener_attributes(self, arn: str, changed: Mapping[str, str]) -> None: ...
    def add_listener_certificates(self, arn: str, certificates: Iterable[str]) -> None: ...
    def remove_listener_certificates(self, arn: str, certificates: Iterable[str]) -> None: ...
    def delete_listener(self, arn: str) -> None: ...
    def create_rule(self, rule: ListenerRule) -> Found[ListenerRule]: ...
    def modify_rule(
        self,
        arn: str,
        conditions: Sequence[Condition],
        actions: Sequence[Action],
        transforms: Sequence[Transform] = (),
    ) -> None: ...
    def set_rule_priorities(self, priorities: Mapping[str, int]) -> None: ...
    def delete_rule(self, arn: str) -> None: ...
    def add_tags(self, arns: Iterable[str], tags: Tags) -> None: ...
    def remove_tags(self, arns: Iterable[str], keys: Iterable[str]) -> None: ...
    def create_security_group(self, group: SecurityGroup) -> Found[SecurityGroup]: ...
    def authorize_ingress(self, group_id: str, rules: Iterable[IngressRule]) -> None: ...
    def revoke_ingress(self, group_id: str, rules: Iterable[IngressRule]) -> None: ...
    def create_tags(self, ids: Iterable[str], tags: Tags) -> None: ...
    def delete_tags(self, ids: Iterable[str], keys: Iterable[str]) -> None: ...
    def delete_security_group(self, group_id: str) -> None: ...
    def create_binding(self, binding: Binding) -> Found[Binding]: ...
    def update_binding(self, identity: str, binding: Binding) -> None: ...
    def delete_binding(self, identity: str) -> None:
        """Ask for its deletion; it is gone when the cluster shows it no more."""


def run(step: Step, observed: Observed, operations: Operations) -> Found[Resource] | None:
    """Do one step that names no Ref any more; what it has made, if it makes something."""
    for ref in unresolved(step):
        raise RuntimeError(f"{type(step).__name__} names {ref.id}, which no step has made")
    if isinstance(step, changes.Create):
        return _create(step.resource, operations)
    if isinstance(step, changes.AwaitBindingsGone):
        _await_gone(step, observed)
    else:
        _write(step, operations)
    return None


def _create(resource: Resource, operations: Operations) -> Found[Resource]:
    """What was made, under the id that the stack has for it."""
    made = _make(resource, operations)
    known = msgspec.structs.replace(made.resource, id=resource.id)
    return msgspec.structs.replace(made, resource=known)


def _make(resource: Resource, operations: Operations) -> Found[Resource]:
    match resource:
        case SecurityGroup():
            return operations.create_security_group(resource)
        case TargetGroup():
            return operations.create_target_group(resource)
        case LoadBalancer():
            return operations.create_load_balancer(resource)
        case Listener():
            return operations.create_listener(resource)
        case ListenerRule():
            return operations.create_rule(resource)
        case Binding():
            return operations.create_binding(settled(resource))
        case _:
            assert_never(resource)


def _await_gone(step: changes.AwaitBindingsGone, observed: Observed) -> None:
    left = {one.identity for one in observed.bindings} & set(step.bindings)
    if left:
        raise NotReady(
            f"the deletion of TargetGroupBinding {', '.join(sorted(left))}", _BINDINGS_SECONDS
        )


@singledispatch
def _write(step: Step, _operations: Operations) -> None:
    raise TypeError(f"no way to write {type(step).__name__}")


@_write.register
def _(step: changes.ModifyAttributes, operations: Operations) -> None:
    write = {
        "LoadBalancer": operations.modify_load_balancer_attributes,
        "TargetGroup": operations.modify_target_group_attributes,
        "Listener": operations.modify_listener_attributes,
    }[step.kind]
    write(str(step.target), step.changed)


@_write.register
def _(step: changes.SetSubnets, operations: Operations) -> None:
    operations.set_subnets(step.target, step.subnets)


@_write.register
def _(step: changes.SetSecurityGroups, operations: Operations) -> None:
    operations.set_security_groups(step.target, [str(one) for one in step.security_groups])


@_write.register
def _(step: changes.SetIpAddressType, operations: Operations) -> None:
    operations.set_ip_address_type(step.target, step.ip_address_type)


@_write.register
def _(step: changes.ModifyIpPools, operations: Operations) -> None:
    operations.modify_ip_pools(step.target, step.ipv4_ipam_pool_id)


@_write.register
def _(step: changes.ReserveCapacity, operations: Operations) -> None:
    operations.reserve_capacity(str(step.target), step.capacity_units)


@_write.register
def _(step: changes.AwaitActive, operations: Operations) -> None:
    operations.await_active(str(step.target))


@_write.register
def _(step: changes.SetWebAcl, operations: Operations) -> None:
    operations.set_web_acl(str(step.target), step.web_acl_arn)


@_write.register
def _(step: changes.SetRegionalWebAcl, operations: Operations) -> None:
    operations.set_regional_web_acl(str(step.target), step.regional_web_acl_id)


@_write.register
def _(step: changes.SetProtection, operations: Operations) -> None:
    operations.set_protection(str(step.target), protected=step.protection == "on")


@_write.register
def _(step: changes.RegisterBalancers, operations: Operations) -> None:
    operations.register_targets(str(step.target), _as_targets(step.targets))


@_write.register
def _(step: changes.DeregisterBalancers, operations: Operations) -> None:
    operations.deregister_targets(step.target, _as_targets(step.targets))


def _as_targets(balancers: Iterable[BalancerTarget]) -> list[Target]:
    return [Target(str(one.load_balancer), one.port) for one in balancers]


@_write.register
def _(step: changes.ModifyTargetGroup, operations: Operations) -> None:
    operations.modify_target_group(step.target, step.resource)


@_write.register
def _(step: changes.ModifyListener, operations: Operations) -> None:
    operations.modify_listener(step.target, step.resource)


@_write.register
def _(step: changes.AddCertificates, operations: Operations) -> None:
    operations.add_listener_certificates(str(step.target), [step.certificate])


@_write.register
def _(step: changes.RemoveCertificates, operations: Operations) -> None:
    operations.remove_listener_certificates(step.target, [step.certificate])


@_write.register
def _(step: changes.ModifyRule, operations: Operations) -> None:
    rule = step.resource
    operations.modify_rule(step.target, rule.conditions, rule.actions, rule.transforms)


@_write.register
def _(step: changes.SetRulePriorities, operations: Operations) -> None:
    operations.set_rule_priorities({str(rule): place for rule, place in step.priorities})


@_write.register
def _(step: changes.AuthorizeIngress, operations: Operations) -> None:
    operations.authorize_ingress(str(step.target), step.rules)


@_write.register
def _(step: changes.RevokeIngress, operations: Operations) -> None:
    operations.revoke_ingress(str(step.target), step.rules)


@_write.register
def _(step: changes.AddTags, operations: Operations) -> None:
    add = operations.create_tags if step.kind == "SecurityGroup" else operations.add_tags
    add([step.target], step.tags)


@_write.register
def _(step: changes.RemoveTags, operations: Operations) -> None:
    remove = operations.delete_tags if step.kind == "SecurityGroup" else operations.remove_tags
    remove([step.target], step.keys)


@_write.register
def _(step: changes.UpdateBinding, operations: Operations) -> None:
    operations.update_binding(step.target, settled(step.resource))


@_write.register
def _(step: changes.Delete, operations: Operations) -> None:
    if step.kind == "LoadBalancer":
        _delete_load_balancer(operations, step.found.identity, step.protection)
        return
    delete: dict[ResourceKind, Callable[[str], None]] = {
        "SecurityGroup": operations.delete_security_group,
        "TargetGroup": operations.delete_target_group,
        "Listener": operations.delete_listener,
        "ListenerRule": operations.delete_rule,
        "Binding": operations.delete_binding,
    }
    delete[step.kind](step.found.identity)


def _delete_load_balancer(operations: Operations, arn: str, protection: DeletionChoice) -> None:
    """Protection is taken off first, where some source says so (ADR 33)."""
    try:
        operations.delete_load_balancer(arn)
    except AwsError as error:
        if error.code != "OperationNotPermitted" or "deletion protection" not in error.message:
            raise
        if not protection.is_off:
            raise ProtectedInAws(arn, protection.setting) from error
        operations.modify_load_balancer_attributes(arn, {DELETION_PROTECTION: "false"})
        operations.delete_load_balancer(arn)
