"""In-memory AWS and bindings that behave: a plan is applied to it by the rules that AWS has.

Names are unique, priorities distinct at every step, a target group serves one load balancer and
goes only when nothing refers to it. It records the calls, and fails the one that a test names.
Source: the Elastic Load Balancing v2 and EC2 API references.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from alb_controller.errors import (
    AlreadyExists,
    InUse,
    NotFound,
    NotReady,
    ObjectExists,
    ObjectMissing,
    QuotaExceeded,
    Rejected,
)
from alb_controller.model.actions import Transform
from alb_controller.model.addons import Addons
from alb_controller.model.ec2 import IngressRule, SecurityGroup
from alb_controller.model.elbv2 import (
    Action,
    BalancerTarget,
    Condition,
    ForwardAction,
    Listener,
    ListenerRule,
    LoadBalancer,
    MutualAuthentication,
    Target,
    TargetGroup,
)
from alb_controller.model.kube import Binding
from alb_controller.model.ownership import resource_name
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import Found, FoundLoadBalancer, Resource
from alb_controller.values import Tags
from tests.world_store import Store, nothing, refuse, refuse_if

_NO_ADDONS = Addons(web_acl_arn="", regional_web_acl_id="", protection="off")


class World(Store):
    """One region of one account, and the bindings of one cluster. Implements `Operations`."""

    # ---- load balancers

    def create_load_balancer(self, balancer: LoadBalancer) -> FoundLoadBalancer:
        names = [one.name for one in self.all(LoadBalancer).values()]

        def check() -> None:
            refuse_if(balancer.name in names, AlreadyExists, balancer.name)
            self._refuse_over("load_balancers", len(names) + 1, "TooManyLoadBalancers")

        made = self._add(
            "CreateLoadBalancer",
            "arn:lb/",
            msgspec.structs.replace(balancer, attributes={}, capacity_units=0, addons=_NO_ADDONS),
            check,
        )
        unread = msgspec.structs.replace(
            made.resource, attributes=None, capacity_units=None, addons=Addons()
        )
        self.provisioning.add(made.identity)
        return FoundLoadBalancer(identity=made.identity, resource=unread, state="provisioning")

    def modify_load_balancer_attributes(self, arn: str, changed: Mapping[str, str]) -> None:
        self._set_attributes("ModifyLoadBalancerAttributes", LoadBalancer, arn, changed)

    def set_subnets(self, arn: str, subnets: Sequence[str]) -> None:
        self._edit("SetSubnets", LoadBalancer, arn, subnets=tuple(subnets))

    def set_security_groups(self, arn: str, group_ids: Sequence[str]) -> None:
        self._edit("SetSecurityGroups", LoadBalancer, arn, security_groups=tuple(group_ids))

    def set_ip_address_type(self, arn: str, ip_address_type: str) -> None:
        self._edit("SetIpAddressType", LoadBalancer, arn, ip_address_type=ip_address_type)

    def modify_ip_pools(self, arn: str, ipv4_ipam_pool_id: str | None) -> None:
        self._edit("ModifyIpPools", LoadBalancer, arn, ipv4_ipam_pool_id=ipv4_ipam_pool_id)

    def await_active(self, arn: str) -> None:
        """Reading is no write: it is not counted, and fails while `provisioning` says so."""
        self._get(LoadBalancer, arn)
        if arn in self.provisioning:
            raise NotReady(f"load balancer {arn}", 120.0)

    def reserve_capacity(self, arn: str, units: int) -> None:
        refuse_if(arn in self.provisioning, Rejected, f"{arn} is provisioning")
        self._edit("ModifyCapacityReservation", LoadBalancer, arn, capacity_units=units)

    def set_web_acl(self, arn: str, web_acl_arn: str) -> None:
        self._set_addon("AssociateWebACL", arn, web_acl_arn=web_acl_arn)

    def set_regional_web_acl(self, arn: str, web_acl_id: str) -> None:
        self._set_addon("AssociateRegionalWebACL", arn, regional_web_acl_id=web_acl_id)

    def set_protection(self, arn: str, *, protected: bool) -> None:
        name = "CreateProtection" if protected else "DeleteProtection"
        self._set_addon(name, arn, protection="on" if protected else "off")

    def _set_addon(self, name: str, arn: str, **fields: Any) -> None:
        def effect() -> None:
            now = self._get(LoadBalancer, arn)
            addons = msgspec.structs.replace(now.addons, **fields)
            self.things[arn] = msgspec.structs.replace(now, addons=addons)

        self._write(name, effect)

    def delete_load_balancer(self, arn: str) -> None:
        def check() -> None:
            holders = [
                group
                for group, one in self.all(TargetGroup).items()
                if any(target.load_balancer == arn for target in one.targets or ())
            ]
            refuse_if(bool(holders), InUse, f"{arn} is a target of {holders}")
            attributes = self._get(LoadBalancer, arn).attributes or {}
            if attributes.get("deletion_protection.enabled") == "true":
                refuse(Rejected, "deletion protection is enabled", "OperationNotPermitted")

        self._drop("DeleteLoadBalancer", arn, check)

    def _set_attributes(
        self, name: str, kind: type[Any], arn: str, changed: Mapping[str, str]
    ) -> None:
        now = getattr(self.things.get(arn), "attributes", None) or {}
        self._edit(name, kind, arn, attributes={**now, **changed})

    # ---- target groups

    def create_target_group(self, group: TargetGroup) -> Found[TargetGroup]:
        names = [one.name for one in self.all(TargetGroup).values()]

        def check() -> None:
            refuse_if(group.name in names, AlreadyExists, group.name)
            self._refuse_over("target_groups", len(names) + 1, "TooManyTargetGroups")

        made = self._add(
            "CreateTargetGroup",
            "arn:tg/",
            msgspec.structs.replace(
                group, attributes={}, targets=() if group.target_type == "alb" else None
            ),
            check,
        )
        return Found(
            identity=made.identity, resource=msgspec.structs.replace(group, attributes=None)
        )

    def modify_target_group(self, arn: str, group: TargetGroup) -> None:
        self._edit("ModifyTargetGroup", TargetGroup, arn, health_check=group.health_check)

    def modify_target_group_attributes(self, arn: str, changed: Mapping[str, str]) -> None:
        self._set_attributes("ModifyTargetGroupAttributes", TargetGroup, arn, changed)

    def register_targets(self, arn: str, targets: Iterable[Target]) -> None:
        more = [BalancerTarget(one.id, one.port) for one in targets]

        def effect() -> None:
            now = self._get(TargetGroup, arn)
            held = list(dict.fromkeys([*(now.targets or ()), *more]))
            refuse_if(len(held) > 1, QuotaExceeded, f"{arn} holds one load balancer at a time")
            for one in more:
                self._get(LoadBalancer, str(one.load_balancer))
                refuse_if(one.load_balancer in self.provisioning, Rejected, "is provisioning")
            self.things[arn] = msgspec.structs.replace(now, targets=tuple(held))

        self._write("RegisterTargets", effect)

    def deregister_targets(self, arn: str, targets: Iterable[Target]) -> None:
        gone = [BalancerTarget(one.id, one.port) for one in targets]
        held = getattr(self.things.get(arn), "targets", None) or ()
        left = tuple(one for one in held if one not in gone)
        self._edit("DeregisterTargets", TargetGroup, arn, targets=left)

    def delete_target_group(self, arn: str) -> None:
        def check() -> None:
            users = [name for name, one in self.things.items() if arn in self._groups_of(one)]
            refuse_if(bool(users), InUse, f"{arn} is in use by {users}")

        self._drop("DeleteTargetGroup", arn, check)

    def _groups_of(self, resource: Resource) -> set[str]:
        """Target groups that a resource refers to."""
        if isinstance(resource, Binding):
            return {str(resource.target_group)}
        if isinstance(resource, Listener):
            return groups_of(resource.default_actions)
        return groups_of(resource.actions) if isinstance(resource, ListenerRule) else set()

    def _check_groups(
        self, load_balancer: str, actions: Iterable[Action], instead_of: str = ""
    ) -> None:
        """They exist, and serve no other load balancer (TargetGroupAssociationLimit).

        `instead_of` is the rule or listener whose actions they become.
        """
        mine = {
            name: one
            for name, one in self.things.items()
            if name != instead_of and self._balancer_of(one) == load_balancer
        }
        used = {group for one in mine.values() for group in self._groups_of(one)}
        count = len(used | groups_of(actions))
        self._refuse_over("groups_used", count, "TooManyUniqueTargetGroupsPerLoadBalancer")
        for arn in groups_of(actions):
            self._get(TargetGroup, arn)
            for listener in self.all(Listener).values():
                if listener.load_balancer != load_balancer:
                    is_used = arn in groups_of(listener.default_actions)
                    refuse_if(is_used, QuotaExceeded, f"{arn} serves {listener.load_balancer}")
            for rule in self.all(ListenerRule).values():
                owner = self._get(Listener, str(rule.listener)).load_balancer
                if owner != load_balancer:
                    refuse_if(arn in groups_of(rule.actions), QuotaExceeded, f"{arn}: {owner}")

    def _balancer_of(self, resource: Resource) -> object:
        if isinstance(resource, ListenerRule):
            resource = self._get(Listener, str(resource.listener))
        return resource.load_balancer if isinstance(resource, Listener) else None

    # ---- listeners

    def create_listener(self, listener: Listener) -> Found[Listener]:
        def check() -> None:
            self._get(LoadBalancer, str(listener.load_balancer))
            self._check_listener(listener)
            ports = {
                one.port
                for one in self.all(Listener).values()
                if one.load_balancer == listener.load_balancer
            }
            refuse_if(listener.port in ports, AlreadyExists, f"port {listener.port}")
            self._refuse_over("listeners", len(ports) + 1, "TooManyListeners")

        shown = msgspec.structs.replace(
            listener, attributes={}, mutual_authentication=shown_mutual_tls(listener, None)
        )
        made = self._add("CreateListener", "arn:ls/", shown, check)
        return Found(
            identity=made.identity, resource=msgspec.structs.replace(shown, attributes=None)
        )

    def modify_listener(self, arn: str, listener: Listener) -> None:
        def effect() -> None:
            now = self._get(Listener, arn)
            self._check_listener(listener, arn)
            secure = bool(listener.certificates)
            self.things[arn] = msgspec.structs.replace(
                now,
                port=listener.port,
                protocol=listener.protocol,
                default_actions=listener.default_actions,
                certificates=(
                    (*listener.certificates[:1], *now.certificates[1:]) if secure else ()
                ),
                ssl_policy=(listener.ssl_policy or now.ssl_policy) if secure else None,
                mutual_authentication=shown_mutual_tls(listener, now) if secure else None,
            )

        self._write("ModifyListener", effect)

    def _check_listener(self, listener: Listener, arn: str = "") -> None:
        self._check_groups(str(listener.load_balancer), listener.default_actions, arn)
        is_secure = listener.protocol == "HTTPS"
        refuse_if(is_secure != bool(listener.certificates), Rejected, "certificates")

    def modify_listener_attributes(self, arn: str, changed: Mapping[str, str]) -> None:
        self._set_attributes("ModifyListenerAttributes", Listener, arn, changed)

    def add_listener_certificates(self, arn: str, certificates: Iterable[str]) -> None:
        (certificate,) = certificates

        def effect() -> None:
            now = self._get(Listener, arn)
            refuse_if(now.protocol != "HTTPS", Rejected, f"{now.protocol} has no certificates")
            more = sorted({*now.certificates[1:], certificate})
            others = sum(
                len(one.certificates[1:])
                for other, one in self.all(Listener).items()
                if other != arn and one.load_balancer == now.load_balancer
            )
            self._refuse_over("certificates", others + len(more), "TooManyCertificates")
            self.things[arn] = msgspec.structs.replace(
                now, certificates=(*now.certificates[:1], *more)
            )

        self._write("AddListenerCertificates", effect)

    def remove_listener_certificates(self, arn: str, certificates: Iterable[str]) -> None:
        (certificate,) = certificates

        def effect() -> None:
            now = self._get(Listener, arn)
            refuse_if(certificate == now.certificates[0], Rejected, "the default certificate")
            left = tuple(one for one in now.certificates[1:] if one != certificate)
            self.things[arn] = msgspec.structs.replace(
                now, certificates=(*now.certificates[:1], *left)
            )

        self._write("RemoveListenerCertificates", effect)

    def delete_listener(self, arn: str) -> None:
        self._drop("DeleteListener", arn, nothing)

    # ---- rules

    def create_rule(self, rule: ListenerRule) -> Found[ListenerRule]:
        def check() -> None:
            listener = self._get(Listener, str(rule.listener))
            self._check_groups(str(listener.load_balancer), rule.actions)
            self._check_values(rule.conditions)
            count = len(self.rules_below(str(listener.load_balancer)))
            if count >= self.rule_limit:
                refuse(QuotaExceeded, f"{count} rules", "TooManyRules")
            places = [one.priority for one in self.rules_of(str(rule.listener))]
            check_places([*places, rule.priority])

        return self._add("CreateRule", "arn:lr/", rule, check)

    def modify_rule(
        self,
        arn: str,
        conditions: Sequence[Condition],
        actions: Sequence[Action],
        transforms: Sequence[Transform] = (),
    ) -> None:
        def effect() -> None:
            now = self._get(ListenerRule, arn)
            self._check_values(conditions)
            owner = self._get(Listener, str(now.listener)).load_balancer
            self._check_groups(str(owner), actions, arn)
            self.things[arn] = msgspec.structs.replace(
                now,
                conditions=tuple(conditions),
                actions=tuple(actions),
                transforms=tuple(transforms),
            )

        self._write("ModifyRule", effect)

    def _check_values(self, conditions: Iterable[Condition]) -> None:
        count = sum(len(one.values) for one in conditions)
        most = self.limits.get("condition_values", count)
        refuse_if(count > most, Rejected, f"A rule can only have '{most}' condition values")

    def set_rule_priorities(self, priorities: Mapping[str, int]) -> None:
        def effect() -> None:
            moved = {arn: self._get(ListenerRule, arn) for arn in priorities}
            (listener,) = {str(one.listener) for one in moved.values()}
            staying = [
                one.priority
                for arn, one in self.all(ListenerRule).items()
                if one.listener == listener and arn not in priorities
            ]
            check_places([*staying, *priorities.values()])
            for arn, one in moved.items():
                self.things[arn] = msgspec.structs.replace(one, priority=priorities[arn])

        self._write("SetRulePriorities", effect)

    def delete_rule(self, arn: str) -> None:
        self._drop("DeleteRule", arn, nothing)

    def rules_of(self, listener: str) -> list[ListenerRule]:
        """In the order in which they are asked."""
        found = [one for one in self.all(ListenerRule).values() if one.listener == listener]
        return sorted(found, key=lambda one: one.priority)

    def rules_below(self, load_balancer: str) -> list[ListenerRule]:
        """All rules of a load balancer: they count towards one quota."""
        listeners = self.all(Listener).items()
        mine = [arn for arn, one in listeners if one.load_balancer == load_balancer]
        return [rule for arn in mine for rule in self.rules_of(arn)]

    # ---- tags

    def add_tags(self, arns: Iterable[str], tags: Tags) -> None:
        (arn,) = arns
        self._tag("AddTags", arn, lambda now: {**now, **tags})

    def remove_tags(self, arns: Iterable[str], keys: Iterable[str]) -> None:
        (arn,), gone = arns, set(keys)
        self._tag("RemoveTags", arn, lambda now: {k: now[k] for k in now if k not in gone})

    def create_tags(self, ids: Iterable[str], tags: Tags) -> None:
        (one,) = ids
        self._tag("CreateTags", one, lambda now: {**now, **tags})

    def delete_tags(self, ids: Iterable[str], keys: Iterable[str]) -> None:
        (one,), gone = ids, set(keys)
        self._tag("DeleteTags", one, lambda now: {k: now[k] for k in now if k not in gone})

    def _tag(self, name: str, identity: str, edit: Callable[[Tags], Tags]) -> None:
        def effect() -> None:
            now: Any = self.things.get(identity)
            if now is None:
                refuse(NotFound, identity)
            tags = edit(now.tags)
            named = ResourceId(now.id.kind, resource_name(tags))
            self.things[identity] = msgspec.structs.replace(now, tags=tags, id=named)

        self._write(name, effect)

    # ---- security groups

    def create_security_group(self, group: SecurityGroup) -> Found[SecurityGroup]:
        names = {one.name for one in self.all(SecurityGroup).values()}
        return self._add(
            "CreateSecurityGroup",
            "sg-",
            msgspec.structs.replace(group, ingress=()),
            lambda: refuse_if(group.name in names, AlreadyExists, group.name),
        )

    def authorize_ingress(self, group_id: str, rules: Iterable[IngressRule]) -> None:
        more = set(rules)

        def effect() -> None:
            now = self._get(SecurityGroup, group_id)
            there = {rule.key for rule in now.ingress or ()}
            rules = {*(now.ingress or ()), *(rule for rule in more if rule.key not in there)}
            if len(rules) > self.ingress_limit:
                refuse(QuotaExceeded, "too many", "RulesPerSecurityGroupLimitExceeded")
            self.things[group_id] = msgspec.structs.replace(now, ingress=tuple(sorted(rules)))

        self._write("AuthorizeSecurityGroupIngress", effect)

    def revoke_ingress(self, group_id: str, rules: Iterable[IngressRule]) -> None:
        gone = {rule.key for rule in rules}
        now = getattr(self.things.get(group_id), "ingress", None) or ()
        left = tuple(rule for rule in now if rule.key not in gone)
        self._edit("RevokeSecurityGroupIngress", SecurityGroup, group_id, ingress=left)

    def delete_security_group(self, group_id: str) -> None:
        def check() -> None:
            users = self.all(LoadBalancer).values()
            used = any(group_id in one.security_groups for one in users)
            refuse_if(used, InUse, f"{group_id} has a dependent object")

        self._drop("DeleteSecurityGroup", group_id, check)

    # ---- bindings

    def create_binding(self, binding: Binding) -> Found[Binding]:
        identity = f"{binding.namespace}/{binding.name}"

        def effect() -> Found[Binding]:
            if identity in self.things:
                raise ObjectExists(409, "AlreadyExists", identity)
            self.things[identity] = binding
            return Found(identity=identity, resource=binding)

        made: Found[Binding] = self._write("CreateBinding", effect)
        return made

    def update_binding(self, identity: str, binding: Binding) -> None:
        def effect() -> None:
            if identity not in self.things:
                raise ObjectMissing(404, "NotFound", identity)
            self.things[identity] = binding

        self._write("UpdateBinding", effect)

    def delete_binding(self, identity: str) -> None:
        def effect() -> None:
            if identity in self.things:
                self.terminating.add(identity)

        self._write("DeleteBinding", effect)


def shown_mutual_tls(wanted: Listener, before: Listener | None) -> MutualAuthentication | None:
    """What AWS has after a request: unsaid it stays, and off is nothing."""
    if wanted.mutual_authentication is None:
        return before.mutual_authentication if before else None
    is_off = wanted.mutual_authentication.mode == "off"
    return None if is_off else wanted.mutual_authentication


def groups_of(actions: Iterable[Action]) -> set[str]:
    """ARNs that actions forward to."""
    forwards = [action for action in actions if isinstance(action, ForwardAction)]
    return {str(one.target_group) for action in forwards for one in action.target_groups}


def check_places(places: Sequence[int]) -> None:
    """Priorities are distinct, from 1 to 50000."""
    refuse_if(len(set(places)) != len(places), AlreadyExists, f"priorities {sorted(places)}")
    refuse_if(not all(1 <= place <= 50_000 for place in places), Rejected, f"{places}")
