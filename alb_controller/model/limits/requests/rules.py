"""A whole request for a new rule: kinds, the checks, single fields, the quotas of a rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from alb_controller.model.limits.fields import FIELDS
from alb_controller.model.limits.quotas import QUOTAS

from . import actions, authentication, conditions, transforms
from .asking import VALIDATION, Front, Params, Refused, Row, actions_of, groups_of, refuse
from .conditions import values_of, wildcards_of

_REQUIRED = {
    "RedirectConfig": ("StatusCode",),
    "FixedResponseConfig": ("StatusCode",),
    "AuthenticateOidcConfig": (
        "Issuer",
        "AuthorizationEndpoint",
        "TokenEndpoint",
        "UserInfoEndpoint",
        "ClientId",
    ),
    "AuthenticateCognitoConfig": ("UserPoolArn", "UserPoolClientId", "UserPoolDomain"),
    "JwtValidationConfig": ("JwksEndpoint", "Issuer"),
}
_TYPES = (
    "forward",
    "redirect",
    "fixed-response",
    "authenticate-oidc",
    "authenticate-cognito",
    "jwt-validation",
)
_CLAIM_FORMATS = ("single-string", "string-array", "space-separated-values")


class Listened(NamedTuple):
    """A listener by protocol and port, and the versions of target groups that are known."""

    protocol: str
    port: str
    versions: Mapping[str, str | None] = {}

    def group_version(self, arn: str) -> str | None:
        """The protocol version of a target group; None: HTTP1, or not known."""
        return self.versions.get(arn)


def refuse_unknown_kinds(params: Params, _front: Front) -> None:
    """CreateRule: conditions, transforms, actions and claims are of the kinds that there are."""
    for condition in params.get("Conditions", ()):
        field = condition.get("Field")
        if field and field not in conditions.CONFIGS:
            refuse(VALIDATION, f"Condition field '{field}' is not one")
    for transform in params.get("Transforms", ()):
        if transform.get("Type") not in transforms.CONFIGS:
            refuse(VALIDATION, f"Transform type '{transform.get('Type')}' is not one")
    if not params.get("Actions"):
        refuse(VALIDATION, "An action must be specified")
    for action in params["Actions"]:
        if action.get("Type") not in _TYPES:
            refuse(VALIDATION, f"Action type '{action.get('Type')}' is not one")
        for claim in (action.get("JwtValidationConfig") or {}).get("AdditionalClaims", ()):
            if claim.get("Format") not in _CLAIM_FORMATS or not {"Name", "Values"} <= set(claim):
                refuse(VALIDATION, f"The claim '{claim.get('Name')}' is not valid")


def refuse_fields_of_rule(params: Params, _front: Front) -> None:
    """CreateRule: the priority is 1 to 50,000; what a structure requires is there, and each value
    is within its limit.
    """
    _demand("Rule.Priority", params.get("Priority"))
    for action in params["Actions"]:
        if "Order" in action:
            _demand("Action.Order", action["Order"])
        for name, required in _REQUIRED.items():
            config = action.get(name) or {}
            missing = [field for field in required if config and field not in config]
            if missing:
                refuse(VALIDATION, f"'{name}' must have '{missing[0]}'")
            for field, value in _limited(name, config):
                _demand(field, value)


def _limited(name: str, config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    structure = name.replace("Config", "ActionConfig")
    for key, value in config.items():
        for field in (f"{structure}.{key}", key):
            if field in FIELDS:
                yield field, value


def _demand(field: str, value: Any) -> None:
    problem = FIELDS[field].problem("" if value is None else value)
    if problem is not None:
        refuse(VALIDATION, f"{field} {problem}")


def refuse_too_much_in_a_rule(params: Params, _front: Front) -> None:
    """A rule has 2 actions, 5 values and 5 wildcards of conditions; a forward action has 5 target
    groups.
    """
    for name, count in (
        ("actions-per-rule", len(actions_of(params))),
        ("condition-values-per-alb-rule", sum(len(values_of(c)) for c in _conditions(params))),
        ("condition-wildcards-per-alb-rule", sum(wildcards_of(c) for c in _conditions(params))),
        *(
            ("target-groups-per-action-on-application-load-balancer", len([*groups_of(action)]))
            for action in actions_of(params)
        ),
    ):
        if count > QUOTAS[name].most:
            refuse(QUOTAS[name].code, f"{name}: {count}, at most {QUOTAS[name].most}")


def _conditions(params: Params) -> list[Mapping[str, Any]]:
    return [*params.get("Conditions", ())]


CHECKS = (
    Row(refuse_unknown_kinds, "CreateRule"),
    *actions.CHECKS,
    *actions.AFTER_GROUPS,
    *authentication.CHECKS,
    *conditions.CHECKS,
    *transforms.CHECKS,
    Row(refuse_fields_of_rule, "CreateRule"),
    Row(refuse_too_much_in_a_rule, "Quotas for your Application Load Balancers"),
)


def refusal(params: Params, front: Front) -> Refused | None:
    """Why AWS would not create the rule; None for one that it takes."""
    for row in CHECKS:
        try:
            row.check(params, front)
        except Refused as error:
            return error
    return None
