"""The writes of a plan over both edges: AWS and the Kubernetes API."""

from __future__ import annotations

from collections.abc import Callable

from alb_controller.aws.addons.services import AddonServices
from alb_controller.aws.ec2 import Ec2
from alb_controller.aws.elbv2 import Elbv2
from alb_controller.errors import NotReady
from alb_controller.model.elbv2 import TargetGroup
from alb_controller.model.stack import Found
from alb_controller.reconcile.bindings import Bindings


class StackOperations:
    """An `apply.Operations`: each write goes to the edge that it belongs to."""

    def __init__(
        self,
        elbv2: Elbv2,
        ec2: Ec2,
        addons: AddonServices,
        bindings: Bindings,
        *,
        on_created: Callable[[Found[TargetGroup]], None],
        provisioning_seconds: float,
    ) -> None:
        """`on_created` is called with each new target group before its binding is made.

        `provisioning_seconds` lie between two looks at a load balancer that AWS provisions.
        """
        self._elbv2, self._on_created = elbv2, on_created
        self._provisioning_seconds = provisioning_seconds
        self.create_load_balancer = elbv2.create_load_balancer
        self.modify_load_balancer_attributes = elbv2.modify_load_balancer_attributes
        self.set_subnets = elbv2.set_subnets
        self.set_security_groups = elbv2.set_security_groups
        self.set_ip_address_type = elbv2.set_ip_address_type
        self.modify_ip_pools = elbv2.modify_ip_pools
        self.reserve_capacity = elbv2.reserve_capacity
        self.set_web_acl = addons.wafv2.set_web_acl
        self.set_regional_web_acl = addons.waf_regional.set_web_acl
        self.set_protection = addons.shield.set_protection
        self.delete_load_balancer = elbv2.delete_load_balancer
        self.modify_target_group = elbv2.modify_target_group
        self.modify_target_group_attributes = elbv2.modify_target_group_attributes
        self.register_targets = elbv2.register_targets
        self.deregister_targets = elbv2.deregister_targets
        self.delete_target_group = elbv2.delete_target_group
        self.create_listener = elbv2.create_listener
        self.modify_listener = elbv2.modify_listener
        self.modify_listener_attributes = elbv2.modify_listener_attributes
        self.add_listener_certificates = elbv2.add_listener_certificates
        self.remove_listener_certificates = elbv2.remove_listener_certificates
        self.delete_listener = elbv2.delete_listener
        self.create_rule = elbv2.create_rule
        self.modify_rule = elbv2.modify_rule
        self.set_rule_priorities = elbv2.set_rule_priorities
        self.delete_rule = elbv2.delete_rule
        self.add_tags = elbv2.add_tags
        self.remove_tags = elbv2.remove_tags
        self.create_security_group = ec2.create_security_group
        self.authorize_ingress = ec2.authorize_ingress
        self.revoke_ingress = ec2.revoke_ingress
        self.create_tags = ec2.create_tags
        self.delete_tags = ec2.delete_tags
        self.delete_security_group = ec2.delete_security_group
        self.create_binding = bindings.create_binding
        self.update_binding = bindings.update_binding
        self.delete_binding = bindings.delete_binding

    def create_target_group(self, group: TargetGroup) -> Found[TargetGroup]:
        """Create it, and report it: who works on its targets need not ask AWS."""
        made = self._elbv2.create_target_group(group)
        self._on_created(made)
        return made

    def await_active(self, arn: str) -> None:
        """Raises NotReady while AWS provisions the load balancer; nothing waits here."""
        if self._elbv2.load_balancer_state(arn) == "provisioning":
            raise NotReady(f"AWS to provision {arn}", self._provisioning_seconds)
