"""The table of webhooks: the path, the name and the review of each.

Bindings and pods are the controller's own; what users write is reviewed by its front end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from prometheus_client import Counter

from alb_controller.frontends.review import ALLOWED, AdmissionResponse, Review, Reviews, refuse
from alb_controller.objects.cluster import Cluster
from alb_controller.settings import Settings
from alb_controller.telemetry.metrics import (
    WEBHOOK_MUTATION_FAILURES,
    WEBHOOK_VALIDATION_FAILURES,
)
from alb_controller.webhooks import pods
from alb_controller.webhooks.bindings import BindingReviews
from alb_controller.webhooks.reviews import Request
from alb_controller.webhooks.server import VALUE_BYTES, Hook, Hooks

Respond: TypeAlias = Callable[[Request], AdmissionResponse]
_BINDING = "elbv2-k8s-aws-v1beta1-targetgroupbinding"


class Webhook(NamedTuple):
    """A row; a path begins with `/mutate-` or `/validate-`."""

    path: str
    name: str
    """The label `webhook_name` of the metrics."""
    respond: Respond
    value_bytes: int = VALUE_BYTES
    forged: Callable[[Request], str] = lambda _: ""
    """What only the controller may ask for, in a sentence."""


def own_webhooks(
    bindings: BindingReviews, cluster: Cluster, settings: Settings
) -> Iterator[Webhook]:
    """Those of no front end, by LBC's paths (spec 10.1)."""
    yield Webhook(
        "/mutate-v1-pod",
        "podReadinessGate",
        partial(pods.review, cluster=cluster, settings=settings),
        pods.VALUE_BYTES,
    )
    yield Webhook(f"/mutate-{_BINDING}", "targetGroupBinding", bindings.complete)
    yield Webhook(f"/validate-{_BINDING}", "targetGroupBinding", bindings.validate)


def front_end_webhooks(reviews: Reviews, cluster: Cluster, settings: Settings) -> Iterator[Webhook]:
    """Those of front ends, by their own paths."""
    for path, review in reviews.items():
        yield Webhook(
            path,
            review.name,
            partial(_validate, review, cluster=cluster, settings=settings),
            forged=partial(_forged, review),
        )


def _validate(
    review: Review[Any], request: Request, *, cluster: Cluster, settings: Settings
) -> AdmissionResponse:
    new, old = request.new(review.kind), request.old(review.kind)
    return review.validate(new, old, cluster, settings)


def _forged(review: Review[Any], request: Request) -> str:
    return review.forged(request.new(review.kind), request.old(review.kind))


def hooks_of(
    webhooks: Iterable[Webhook],
    passes: Callable[[Request], bool],
    knows_own: Callable[[], bool] = lambda: False,
) -> Hooks:
    """By path, as the server has them; `passes` says what need not be looked at.

    `knows_own` says whether what does not pass is not the controller's own for certain.
    """
    return {one.path: _hook(one, passes, knows_own) for one in webhooks}


def _hook(
    webhook: Webhook, passes: Callable[[Request], bool], knows_own: Callable[[], bool]
) -> Hook:
    failures = _failures(webhook.path)

    def review(request: Request) -> AdmissionResponse:
        if passes(request):
            return ALLOWED
        problem = webhook.forged(request) if knows_own() else ""
        return refuse(problem) if problem else webhook.respond(request)

    return Hook(
        review=review,
        count_failure=lambda category: failures.labels(webhook.name, category).inc(),
        value_bytes=webhook.value_bytes,
    )


def _failures(path: str) -> Counter:
    mutates = path.startswith("/mutate-")
    return WEBHOOK_MUTATION_FAILURES if mutates else WEBHOOK_VALIDATION_FAILURES
