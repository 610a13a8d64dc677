"""Rules: priorities, conditions, transforms, and the limits of a rule and of a load balancer."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.elbv2.exceptions import (
    DuplicatePriorityError,
    ELBClientError,
    InvalidConditionValueError,
    PriorityInUseError,
    RuleNotFoundError,
)

from alb_controller.model.limits.requests.conditions import CONFIGS, values_of, wildcards_of

from .patching import Moto, Patch, is_true
from .refusals.quotas import ACCOUNT, too_many
from .surface import Backend, Response

LAST_PRIORITY = 50_000
_RULES = "rules-per-application-load-balancer"


def set_priorities_at_once(_moto: Moto, self: Any, rule_priorities: list[dict[str, Any]]) -> Any:
    """SetRulePriorities: the batch takes effect at once, so that rules may swap and move into each
    other's places. Only a rule outside the batch is in the way (PriorityInUse).
    """
    wanted = {pair["RuleArn"]: int(pair["Priority"]) for pair in rule_priorities}
    if len(set(wanted.values())) != len(rule_priorities):
        raise DuplicatePriorityError(str(next(iter(wanted.values()))))
    rules = [_rule(self, arn) for arn in wanted]
    for rule in rules:
        _check_priority(wanted[rule.arn])
        for other in self.describe_listeners(None, [rule.listener_arn])[0].rules.values():
            if other.arn not in wanted and other.priority == wanted[rule.arn]:
                raise PriorityInUseError
    for rule in rules:
        rule.priority = wanted[rule.arn]
    return rules


def check_priority_range(moto: Moto, self: Any, *args: Any, **kw: Any) -> Any:
    """CreateRule: a priority lies between 1 and 50,000."""
    kw["priority"] = int(kw["priority"])
    _check_priority(kw["priority"])
    return moto(self, *args, **kw)


def _check_priority(priority: int) -> None:
    if not 1 <= priority <= LAST_PRIORITY:
        raise ELBClientError(
            "ValidationError", f"'{priority}' must be between 1 and {LAST_PRIORITY} inclusive"
        )


def sort_by_priority(moto: Moto, self: Any, *args: Any, **kw: Any) -> list[Any]:
    """DescribeRules: in the order of their priorities, the default rule last."""
    found = moto(self, *args, **kw)
    return sorted(
        found, key=lambda rule: (rule.is_default, 0 if rule.is_default else rule.priority)
    )


def refuse_too_many_rules(moto: Moto, self: Any, listener_arn: str, *args: Any, **kw: Any) -> Any:
    """CreateRule: 100 rules on a load balancer, default rules not counted; then TooManyRules."""
    listener = self.describe_listeners(None, [listener_arn])[0]
    balancer = self.load_balancers[listener.load_balancer_arn]
    held = sum(len(found._non_default_rules) for found in balancer.listeners.values())
    if held >= ACCOUNT[_RULES]:
        too_many(_RULES, f"The maximum number of rules has been reached on '{balancer.arn}'")
    return moto(self, listener_arn, *args, **kw)


def limit_conditions(moto: Moto, self: Any, conditions: list[dict[str, Any]]) -> None:
    """CreateRule, ModifyRule: a rule has at most 5 condition values and 5 wildcards (`*` and `?`)
    over all its conditions; regular expressions have no wildcards. The user guide speaks of three
    values for a condition too; public reports show five taken, and six refused with these words.
    """
    moto(self, conditions)
    most = ACCOUNT["condition-values-per-alb-rule"]
    if sum(len(values_of(condition)) for condition in conditions) > most:
        raise InvalidConditionValueError(f"A rule can only have '{most}' condition values")
    most = ACCOUNT["condition-wildcards-per-alb-rule"]
    if sum(wildcards_of(condition) for condition in conditions) > most:
        raise InvalidConditionValueError(f"A rule can only have '{most}' condition wildcards")


def _allow_regex(field: str, moto: Moto, self: Any, condition: dict[str, Any]) -> None:
    if not condition.get(CONFIGS[field], {}).get("RegexValues"):
        moto(self, condition)


def take_regex_of_host(moto: Moto, self: Any, condition: dict[str, Any]) -> None:
    """HostHeaderConditionConfig: RegexValues may stand in for Values."""
    _allow_regex("host-header", moto, self, condition)


def take_regex_of_path(moto: Moto, self: Any, condition: dict[str, Any]) -> None:
    """PathPatternConditionConfig: RegexValues may stand in for Values."""
    _allow_regex("path-pattern", moto, self, condition)


def take_regex_of_header(moto: Moto, self: Any, condition: dict[str, Any]) -> None:
    """HttpHeaderConditionConfig: RegexValues may stand in for Values."""
    _allow_regex("http-header", moto, self, condition)


def take_jwt_validation(moto: Moto, self: Any, actions: list[Any]) -> None:
    """Action: jwt-validation is an action type."""
    moto(self, [action for action in actions if action.type != "jwt-validation"])


def keep_transforms(moto: Moto, self: Any) -> Any:
    """CreateRule: transforms are kept and shown."""
    params = self._get_params()  # moto's own way to parse them
    listener = self.elbv2_backend.describe_listeners(None, [params["ListenerArn"]])[0]
    before = set(listener.rules)
    answer = moto(self)
    for arn, rule in listener.rules.items():
        if arn not in before:
            rule.transforms = params.get("Transforms", [])
    return answer


def change_transforms(moto: Moto, self: Any) -> Any:
    """ModifyRule: transforms are replaced or reset, and may be all that changes."""
    params = self._get_params()
    rule = _rule(self.elbv2_backend, params["RuleArn"])
    of_transforms = "Transforms" in params or "ResetTransforms" in params
    if of_transforms and not params.get("Conditions") and not params.get("Actions"):
        answer = ActionResult({"Rules": [rule]})
    else:
        answer = moto(self)
    if is_true(params.get("ResetTransforms")):
        rule.transforms = []
    elif params.get("Transforms"):
        rule.transforms = params["Transforms"]
    return answer


def refuse_unknown_and_default(moto: Moto, self: Any, arn: str) -> None:
    """DeleteRule: an unknown rule is RuleNotFound; a default rule cannot be deleted
    (OperationNotPermitted).
    """
    if _rule(self, arn).is_default:
        raise ELBClientError("OperationNotPermitted", f"Default rule '{arn}' cannot be deleted")
    moto(self, arn)


def _rule(backend: Any, arn: str) -> Any:
    found = backend.describe_rules(listener_arn=None, rule_arns=[arn])
    if not found:
        raise RuleNotFoundError
    return found[0]


_QUOTAS = "Quotas for your Application Load Balancers"
PATCHES = (
    Patch(Backend, "set_rule_priorities", set_priorities_at_once, "SetRulePriorities"),
    Patch(Backend, "create_rule", refuse_too_many_rules, _QUOTAS),
    Patch(Backend, "create_rule", check_priority_range, "CreateRule"),
    Patch(Backend, "describe_rules", sort_by_priority, "DescribeRules"),
    Patch(Backend, "_validate_conditions", limit_conditions, _QUOTAS),
    Patch(
        Backend, "_validate_host_header_condition", take_regex_of_host, "HostHeaderConditionConfig"
    ),
    Patch(
        Backend,
        "_validate_path_pattern_condition",
        take_regex_of_path,
        "PathPatternConditionConfig",
    ),
    Patch(
        Backend,
        "_validate_http_header_condition",
        take_regex_of_header,
        "HttpHeaderConditionConfig",
    ),
    Patch(Backend, "_validate_actions", take_jwt_validation, "Action"),
    Patch(Response, "create_rule", keep_transforms, "CreateRule"),
    Patch(Response, "modify_rule", change_transforms, "ModifyRule"),
    Patch(Backend, "delete_rule", refuse_unknown_and_default, "DeleteRule"),
)
