"""Rules: priorities, conditions, transforms, and the limits of a rule and of a load balancer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.elbv2.exceptions import (
    DuplicatePriorityError,
    ELBClientError,
    InvalidConditionValueError,
    PriorityInUseError,
    RuleNotFoundError,
)

from .mending import Mend, Moto, is_true
from .surface import Backend, Response

MOST_RULES = 100
MOST_VALUES = 5
MOST_WILDCARDS = 5
MOST_TARGET_GROUPS = 5
LAST_PRIORITY = 50_000
WITH_WILDCARDS = ("host-header", "path-pattern", "http-header", "query-string")
_CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}


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
    if held >= MOST_RULES:
        raise ELBClientError(
            "TooManyRules", f"The maximum number of rules has been reached on '{balancer.arn}'"
        )
    return moto(self, listener_arn, *args, **kw)


def limit_conditions(moto: Moto, self: Any, conditions: list[dict[str, Any]]) -> None:
    """CreateRule, ModifyRule: a rule has at most 5 condition values and 5 wildcards (`*` and `?`)
    over all its conditions.
    """
    moto(self, conditions)
    values = [(c["Field"], value) for c in conditions for value in _values(c)]
    if len(values) > MOST_VALUES:
        raise InvalidConditionValueError(f"A rule can only have '{MOST_VALUES}' condition values")
    plain = [text for field, text in values if field in WITH_WILDCARDS]
    if sum(text.count("*") + text.count("?") for text in plain) > MOST_WILDCARDS:
        raise InvalidConditionValueError(
            f"A rule can only have '{MOST_WILDCARDS}' condition wildcards"
        )


def _values(condition: dict[str, Any]) -> Iterator[str]:
    config = condition.get(_CONFIGS.get(condition.get("Field", ""), "")) or condition
    for value in (*config.get("Values", ()), *config.get("RegexValues", ())):
        if isinstance(value, dict):
            yield f"{value.get('Key', '')}={value['Value']}"
        else:
            yield value


def _allow_regex(field: str, moto: Moto, self: Any, condition: dict[str, Any]) -> None:
    if not condition.get(_CONFIGS[field], {}).get("RegexValues"):
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


def limit_target_groups(moto: Moto, self: Any, actions: list[Any]) -> None:
    """A forward action has 5 target groups at most. The quota is documented; the code of the
    refusal is not, and is a guess here.
    """
    for action in actions:
        groups = (action.data.get("ForwardConfig") or {}).get("TargetGroups") or []
        if len(groups) > MOST_TARGET_GROUPS:
            raise ELBClientError(
                "TooManyTargetGroups",
                f"An action can have at most {MOST_TARGET_GROUPS} target groups",
            )
    moto(self, actions)


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
MENDS = (
    Mend(Backend, "set_rule_priorities", set_priorities_at_once, "SetRulePriorities"),
    Mend(Backend, "create_rule", refuse_too_many_rules, _QUOTAS),
    Mend(Backend, "create_rule", check_priority_range, "CreateRule"),
    Mend(Backend, "describe_rules", sort_by_priority, "DescribeRules"),
    Mend(Backend, "_validate_conditions", limit_conditions, _QUOTAS),
    Mend(
        Backend, "_validate_host_header_condition", take_regex_of_host, "HostHeaderConditionConfig"
    ),
    Mend(
        Backend,
        "_validate_path_pattern_condition",
        take_regex_of_path,
        "PathPatternConditionConfig",
    ),
    Mend(
        Backend,
        "_validate_http_header_condition",
        take_regex_of_header,
        "HttpHeaderConditionConfig",
    ),
    Mend(Backend, "_validate_actions", take_jwt_validation, "Action"),
    Mend(Backend, "_validate_actions", limit_target_groups, _QUOTAS),
    Mend(Response, "create_rule", keep_transforms, "CreateRule"),
    Mend(Response, "modify_rule", change_transforms, "ModifyRule"),
    Mend(Backend, "delete_rule", refuse_unknown_and_default, "DeleteRule"),
)
