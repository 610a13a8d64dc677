"""Tags of load balancers, target groups, listeners and rules."""

from __future__ import annotations

from typing import Any

from moto.elbv2.exceptions import ELBClientError, TooManyTagsError

from .patching import Moto, Patch
from .refusals.quotas import ACCOUNT
from .surface import Backend

_TAGS = "tags-per-resource"
MOST_RESOURCES = 20


def allow_fifty_tags(
    _moto: Moto, self: Any, resource_arns: list[str], tags: list[dict[str, str]]
) -> None:
    """AddTags: a resource has 50 tags at most; then TooManyTags. All resources must exist."""
    added = self.tagging_service.flatten_tag_list(tags)
    for arn in resource_arns:
        _check_exists(self, arn)
        held = self.tagging_service.get_tag_dict_for_resource(arn)
        if len({**held, **added}) > ACCOUNT[_TAGS]:
            raise TooManyTagsError
    for arn in resource_arns:
        self.tagging_service.tag_resource(arn, tags)


def describe_known_resources(moto: Moto, self: Any, arns: list[str]) -> Any:
    """DescribeTags: 20 resources at most in a call, and one that does not exist makes it fail
    (LoadBalancerNotFound, TargetGroupNotFound, ListenerNotFound, RuleNotFound).
    """
    if len(arns) > MOST_RESOURCES:
        raise ELBClientError(
            "ValidationError", f"At most {MOST_RESOURCES} resources can be described at once"
        )
    for arn in arns:
        _check_exists(self, arn)
    return moto(self, arns)


def refuse_too_many_at_birth(moto: Moto, self: Any, *args: Any, **kw: Any) -> Any:
    """CreateLoadBalancer, CreateListener, CreateRule: 50 tags at most; then TooManyTags."""
    if len(kw.get("tags") or ()) > ACCOUNT[_TAGS]:
        raise TooManyTagsError
    return moto(self, *args, **kw)


def _check_exists(backend: Any, arn: str) -> None:
    backend._get_resource_by_arn(arn)


PATCHES = (
    Patch(Backend, "add_tags", allow_fifty_tags, "AddTags"),
    Patch(Backend, "describe_tags", describe_known_resources, "DescribeTags"),
    *(
        Patch(Backend, method, refuse_too_many_at_birth, "AddTags")
        for method in ("create_load_balancer", "create_listener", "create_rule")
    ),
)
