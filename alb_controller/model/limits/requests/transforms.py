"""Regular expressions: what the load balancer's dialect lacks, and the transforms that use them."""

from __future__ import annotations

from alb_controller.model.limits.expressions import is_beyond_dialect
from alb_controller.model.regex import compiled

from .asking import VALIDATION, Front, Params, Row, admits, refuse

CONFIGS = {
    "url-rewrite": "UrlRewriteConfig",
    "host-header-rewrite": "HostHeaderRewriteConfig",
}


def check_expression(text: str, longest: int) -> None:
    """Refuse an expression that is too long, not one, or beyond the dialect."""
    if len(text) > longest:
        refuse(VALIDATION, f"The regular expression is too long; the limit is '{longest}'")
    if is_beyond_dialect(text) or compiled(text) is None:
        refuse(VALIDATION, f"Regular expression '{text}' is not valid")


def refuse_transforms(params: Params, _front: Front) -> None:
    """CreateRule, ModifyRule: a rule has one transform of each type at most, which has the
    structure of its type; an expression and its replacement have 1,024 characters at most, and the
    expression is of the dialect of conditions. Transforms and ResetTransforms exclude each other.
    Code and words of the refusals are not documented.
    """
    transforms = params.get("Transforms", ())
    if transforms and params.get("ResetTransforms"):
        refuse(VALIDATION, "'Transforms' and 'ResetTransforms' cannot be specified together")
    types = [transform["Type"] for transform in transforms]
    if len(set(types)) < len(types):
        refuse(VALIDATION, "A rule can have one transform of each type")
    for transform in transforms:
        rewrites = (transform.get(CONFIGS[transform["Type"]]) or {}).get("Rewrites", ())
        if not rewrites:
            refuse(VALIDATION, f"A '{CONFIGS[transform['Type']]}' must be specified")
        for rewrite in rewrites:
            check_expression(rewrite["Regex"], 1024)
            if not admits("RewriteConfig.Replace", rewrite["Replace"]):
                refuse(VALIDATION, "The 'Replace' value is too long; the limit is '1024'")


CHECKS = (Row(refuse_transforms, "Transforms for listener rules"),)
