"""Names of load balancers, and tags."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .asking import VALIDATION, Params, admits, asked_first, refuse

_RESERVED = "aws:"


def refuse_load_balancer_name(params: Params, _backend: Any) -> None:
    """CreateLoadBalancer: a name has at most 32 letters, digits and hyphens, begins and ends with
    no hyphen, and does not begin with `internal-`.
    """
    name = params["Name"]
    if len(name) > 32:
        refuse(VALIDATION, f"The load balancer name '{name}' cannot be longer than '32' characters")
    if not admits("LoadBalancer.Name", name):
        refuse(
            VALIDATION,
            f"The load balancer name '{name}' can only contain characters that are alphanumeric "
            "characters and hyphens(-), and cannot begin or end with '-' or begin with 'internal-'",
        )


def refuse_repeated_tags(params: Params, _backend: Any) -> None:
    """AddTags and creations: a key that is given twice is DuplicateTagKeys."""
    counted = Counter(tag["Key"] for tag in params.get("Tags", ()))
    twice = [key for key, count in counted.items() if count > 1]
    if twice:
        refuse("DuplicateTagKeys", f"Tag key was specified more than once: {', '.join(twice)}")


def refuse_reserved_tags(params: Params, _backend: Any) -> None:
    """AddTags, RemoveTags and creations: the prefix `aws:` of keys is reserved for AWS. Code and
    words of the refusal are not documented; that values may not begin so either is, and is not
    checked here.
    """
    keys = [*(tag["Key"] for tag in params.get("Tags", ())), *params.get("TagKeys", ())]
    reserved = [key for key in keys if key.lower().startswith(_RESERVED)]
    if reserved:
        refuse(VALIDATION, f"Tag keys may not begin with 'aws:': {', '.join(reserved)}")


_TAG_PAGE = "Tag an Application Load Balancer"
_TAGGED = (
    "add_tags",
    "create_load_balancer",
    "create_target_group",
    "create_listener",
    "create_rule",
)
PATCHES = (
    *asked_first(refuse_load_balancer_name, "CreateLoadBalancer", "create_load_balancer"),
    *asked_first(refuse_repeated_tags, "AddTags", *_TAGGED),
    *asked_first(refuse_reserved_tags, _TAG_PAGE, "remove_tags", *_TAGGED),
)
