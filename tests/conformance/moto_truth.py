"""Where moto 5.2.5 departs from AWS on calls that load balancer controllers make, put right.

Each mend names the AWS rule. Sources: the Elastic Load Balancing, EC2 and Shield API references.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2 import models as ec2_models
from moto.ec2.exceptions import DependencyViolationError
from moto.elbv2 import exceptions, models, responses
from moto.elbv2.exceptions import ELBClientError
from moto.shield import responses as shield_responses

# Any: the mends replace methods, which a type checker rightly forbids elsewhere
Backend: Any = models.ELBv2Backend
Response: Any = responses.ELBV2Response
Ec2: Any = ec2_models.EC2Backend
Shield: Any = shield_responses.ShieldResponse
IP_ADDRESS_TYPES = ("ipv4", "dualstack", "dualstack-without-public-ipv4")
REGEX_CONDITIONS = {
    "host_header": "HostHeaderConfig",
    "path_pattern": "PathPatternConfig",
    "http_header": "HttpHeaderConfig",
}
MOTO: dict[str, Any] = {
    "create_rule": Response.create_rule,
    "modify_rule": Response.modify_rule,
    "create_listener": Response.create_listener,
    "modify_listener": Response.modify_listener,
    "validate_actions": Backend._validate_actions,
    "modify_listener_backend": Backend.modify_listener,
    "create_load_balancer": Backend.create_load_balancer,
    "delete_load_balancer": Backend.delete_load_balancer,
    "delete_security_group": Ec2.delete_security_group,
}
"""moto's own, which the mends call."""


def mend() -> None:
    """Put the mends in place, before anything is served."""
    Backend.set_rule_priorities = set_rule_priorities
    Response.create_rule, Response.modify_rule = create_rule, modify_rule
    for name, config in REGEX_CONDITIONS.items():
        _allow_regex_values(f"_validate_{name}_condition", config)
    Backend._validate_actions = validate_actions
    for shape in ("CreateListener", "DescribeListeners", "ModifyListener"):
        path = f"{shape}Output.Listeners.Listener.Certificates"
        Response.RESPONSE_KEY_PATH_TO_TRANSFORMER[path] = default_certificate
    Backend.modify_listener = keep_sni_certificates
    Response.create_listener, Response.modify_listener = create_listener, modify_listener
    Backend.set_ip_address_type = set_ip_address_type
    Backend.create_load_balancer = create_load_balancer
    Backend.delete_load_balancer = delete_load_balancer
    Response.describe_capacity_reservation = describe_capacity_reservation
    Response.modify_capacity_reservation = modify_capacity_reservation
    Ec2.delete_security_group = delete_security_group
    Shield.get_subscription_state = subscription_state


def set_rule_priorities(self: Any, rule_priorities: list[dict[str, Any]]) -> list[Any]:
    """SetRulePriorities: the batch takes effect at once, so rules may swap.

    Only a rule outside the batch can be in the way.
    """
    wanted = {pair["RuleArn"]: pair["Priority"] for pair in rule_priorities}
    if len(set(wanted.values())) != len(wanted):
        raise exceptions.DuplicatePriorityError(next(iter(wanted.values())))
    rules = []
    for arn in wanted:
        found = self.describe_rules(listener_arn=None, rule_arns=[arn])
        if not found:
            raise exceptions.RuleNotFoundError
        rules.append(found[0])
    for rule in rules:
        for other in self.describe_listeners(None, [rule.listener_arn])[0].rules.values():
            if other.arn not in wanted and other.priority == wanted[rule.arn]:
                raise exceptions.PriorityInUseError
    for rule in rules:
        rule.priority = wanted[rule.arn]
    return rules


def create_rule(self: Any) -> Any:
    """CreateRule: transforms are kept."""
    params = self._get_params()
    listener = self.elbv2_backend.describe_listeners(None, [params["ListenerArn"]])[0]
    before = set(listener.rules)
    answer = MOTO["create_rule"](self)
    for arn, rule in listener.rules.items():
        if arn not in before:
            rule.transforms = params.get("Transforms", [])
    return answer


def modify_rule(self: Any) -> Any:
    """ModifyRule: transforms are kept, and may be all that changes."""
    params = self._get_params()
    rules = self.elbv2_backend.describe_rules(listener_arn=None, rule_arns=[params["RuleArn"]])
    of_transforms = "Transforms" in params or "ResetTransforms" in params
    if rules and of_transforms and not params.get("Conditions") and not params.get("Actions"):
        answer = ActionResult({"Rules": rules})
    else:
        answer = MOTO["modify_rule"](self)
    for rule in rules:
        if _is_true(params.get("ResetTransforms")):
            rule.transforms = []
        elif params.get("Transforms"):
            rule.transforms = params["Transforms"]
    return answer


def _allow_regex_values(name: str, config: str) -> None:
    """RegexValues stand in for Values in a condition."""
    plain = getattr(Backend, name)

    def validate(self: Any, condition: dict[str, Any]) -> None:
        if not condition.get(config, {}).get("RegexValues"):
            plain(self, condition)

    setattr(Backend, name, validate)


def validate_actions(self: Any, actions: list[Any]) -> None:
    """Actions: jwt-validation is an action type."""
    MOTO["validate_actions"](
        self, [action for action in actions if action.type != "jwt-validation"]
    )


def default_certificate(arns: list[str]) -> list[dict[str, str]] | None:
    """DescribeListeners shows the default certificate alone."""
    return [{"CertificateArn": arns[0]}] if arns else None


def keep_sni_certificates(self: Any, arn: str, *args: Any, **kwargs: Any) -> Any:
    """ModifyListener: a new default certificate leaves the SNI certificates."""
    others = list(self.describe_listeners(None, [arn])[0].certificates or [])[1:]
    listener = MOTO["modify_listener_backend"](self, arn, *args, **kwargs)
    if listener.certificates:
        default = listener.certificates[0]
        listener.certificates = [default, *(c for c in dict.fromkeys(others) if c != default)]
    return listener


def create_listener(self: Any) -> Any:
    """CreateListener: mutual authentication is kept; an HTTP listener has no SSL policy."""
    params = self._get_params()
    balancers = self.elbv2_backend.load_balancers
    before = set(getattr(balancers.get(params["LoadBalancerArn"]), "listeners", ()))
    answer = MOTO["create_listener"](self)
    for arn, listener in balancers[params["LoadBalancerArn"]].listeners.items():
        if arn not in before and listener.protocol in ("HTTPS", "TLS"):
            listener.mutual_authentication = params.get("MutualAuthentication", {"Mode": "off"})
        elif arn not in before:
            listener.ssl_policy = None
    return answer


def modify_listener(self: Any) -> Any:
    """ModifyListener: the same."""
    params = self._get_params()
    answer = MOTO["modify_listener"](self)
    listener = self.elbv2_backend.describe_listeners(None, [params["ListenerArn"]])[0]
    if params.get("MutualAuthentication"):
        listener.mutual_authentication = params["MutualAuthentication"]
    if listener.protocol not in ("HTTPS", "TLS"):
        listener.ssl_policy = None
    return answer


def set_ip_address_type(self: Any, arn: str, ip_type: str) -> None:
    """SetIpAddressType: dualstack-without-public-ipv4 is a type."""
    if ip_type not in IP_ADDRESS_TYPES:
        raise ELBClientError("ValidationError", f"'{ip_type}' is not an IP address type")
    if arn not in self.load_balancers:
        raise exceptions.LoadBalancerNotFoundError
    self.load_balancers[arn].ip_address_type = ip_type


def create_load_balancer(self: Any, **asked: Any) -> Any:
    """CreateLoadBalancer: names are unique; the same settings again hand back what is there.

    Tags are not among the settings: it keeps its own.
    """
    for balancer in self.load_balancers.values():
        if balancer.name == asked["name"]:
            settings = (set(asked["security_groups"]), set(asked["subnet_ids"]))
            if settings != (set(balancer.security_groups), {s.id for s in balancer.subnets}):
                raise exceptions.DuplicateLoadBalancerName
            return balancer
    return MOTO["create_load_balancer"](self, **asked)


def delete_load_balancer(self: Any, arn: str) -> None:
    """DeleteLoadBalancer: refused under deletion protection."""
    balancer = self.load_balancers.get(arn)
    if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
        raise ELBClientError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    MOTO["delete_load_balancer"](self, arn)


def describe_capacity_reservation(self: Any) -> ActionResult:
    """DescribeCapacityReservation: the units are kept on the load balancer."""
    balancer = self.elbv2_backend.load_balancers[self._get_param("LoadBalancerArn")]
    units = getattr(balancer, "capacity_units", None) or 0
    return ActionResult(
        {
            "MinimumLoadBalancerCapacity": {"CapacityUnits": units},
            "CapacityReservationState": [{"State": {"Code": "provisioned"}}],
        }
    )


def modify_capacity_reservation(self: Any) -> ActionResult:
    """ModifyCapacityReservation: sets or resets them."""
    params = self._get_params()
    balancer = self.elbv2_backend.load_balancers[params["LoadBalancerArn"]]
    if _is_true(params.get("ResetCapacityReservation")):
        balancer.capacity_units = None
    elif params.get("MinimumLoadBalancerCapacity"):
        balancer.capacity_units = int(params["MinimumLoadBalancerCapacity"]["CapacityUnits"])
    return describe_capacity_reservation(self)


def delete_security_group(self: Any, name: str | None = None, group_id: str | None = None) -> Any:
    """DeleteSecurityGroup: refused while a load balancer, interface or rule uses the group."""
    if group_id and _is_used(self, group_id):
        raise DependencyViolationError(f"resource {group_id} has a dependent object")
    return MOTO["delete_security_group"](self, name=name, group_id=group_id)


def _is_used(backend: Any, group_id: str) -> bool:
    balancers = models.elbv2_backends[backend.account_id][backend.region_name].load_balancers
    if any(group_id in balancer.security_groups for balancer in balancers.values()):
        return True
    if any(group_id in [g.id for g in card.group_set] for card in backend.enis.values()):
        return True
    groups = itertools.chain.from_iterable(made.values() for made in backend.groups.values())
    return any(
        rule.source_group.get("GroupId") == group_id
        for group in groups
        if group.id != group_id
        for rule in group.ingress_rules
    )


def subscription_state(_self: Any) -> str:
    """GetSubscriptionState: the account has Shield Advanced."""
    return json.dumps({"SubscriptionState": "ACTIVE"})


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"
