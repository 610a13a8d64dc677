"""Errors say what to do, and the one table says what the loop does (errors.py)."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller import errors
from alb_controller.errors import handling_of
from alb_controller.values import ObjectRef

WEB = ObjectRef("Ingress", "shop", "web")
AWS = ("elbv2", "CreateListener", "Code", "message")
KUBE = (409, "Conflict", "message")
INVALID = (WEB, "field", "is wrong")


def test_an_object_that_anothers_problem_stops_is_reported_whose_it_is() -> None:
    """The same class of error, so that it is handled alike."""
    shop = ObjectRef("Ingress", "shop", "shop")
    for field, sentence in (
        ("scheme", "Ingress shop/web: scheme: no"),
        ("", "Ingress shop/web: no"),
    ):
        seen = errors.Missing(WEB, field, "no").seen_from(shop)
        assert (type(seen), seen.origin, str(seen)) == (errors.Missing, shop, sentence)


@pytest.mark.parametrize(
    "error,sentence",
    [
        (errors.Invalid(WEB, "scheme", "'x' is none"), "scheme: 'x' is none"),
        (errors.Invalid(WEB, "", "is none"), "is none"),
        (errors.NotReady("the load balancer", 2.0), "waiting for the load balancer"),
        (
            errors.ForeignOwner("load balancer", "mine", "stack other"),
            (
                "load balancer 'mine' exists already and is not this stack's (stack other): "
                "choose another name, or delete or retag it"
            ),
        ),
        (
            errors.DeletionProtected(WEB, "attributes: off"),
            (
                "deletion_protection is enabled, cannot delete the ingress: shop/web; add "
                "`attributes: off` to it"
            ),
        ),
        (
            errors.ProtectedInAws("arn:lb", "attributes: off"),
            (
                "deletion protection of arn:lb is on, so it is not deleted and nothing is changed: "
                "add `attributes: off`, or switch the protection off in AWS"
            ),
        ),
        (
            errors.ProtectedInAws("arn:lb", ""),
            (
                "deletion protection of arn:lb is on, so it is not deleted and nothing is changed: "
                "switch the protection off in AWS"
            ),
        ),
        (errors.AwsError(*AWS), "elbv2 CreateListener: Code: message"),
        (errors.AwsError(*AWS, "r-1"), "elbv2 CreateListener: Code: message (request r-1)"),
        (errors.KubeError(*KUBE), "Kubernetes API: 409 Conflict: message"),
    ],
)
def test_an_error_is_one_sentence(error: errors.ControllerError, sentence: str) -> None:
    """Made of its fields, and such that somebody can act on it."""
    assert str(error) == sentence


@pytest.mark.parametrize(
    "error,requeue,event",
    [
        (errors.Invalid(*INVALID), "never", True),
        (errors.InvalidAnnotation(*INVALID), "never", True),
        (errors.Conflict(*INVALID), "never", True),
        (errors.Missing(*INVALID), "slow", True),
        (errors.NotReady("x", 1.0), "after", False),
        (errors.DeletionProtected(WEB, ""), "slow", True),
        (errors.ProtectedInAws("arn", ""), "slow", True),
        (errors.ReplacesProtected(WEB, "", errors.ProtectedInAws("arn", "")), "slow", True),
        (errors.ForeignOwner("lb", "n", "o"), "slow", True),
        (errors.Throttled(*AWS), "backoff", True),
        (errors.Unavailable(*AWS), "backoff", True),
        (errors.QuotaExceeded(*AWS), "slow", True),
        (errors.AccessDenied(*AWS), "soon", True),
        (errors.InUse(*AWS), "backoff", False),
        (errors.Rejected(*AWS), "backoff", True),
        (errors.Stale(*KUBE), "backoff", False),
        (errors.Forbidden(*KUBE), "backoff", False),
        (errors.NotLeading(), "never", False),
        (errors.Stopping("elbv2 CreateListener"), "never", False),
    ],
)
def test_each_class_of_error_has_one_treatment(error: Any, requeue: str, event: bool) -> None:
    """A user's mistake waits for the user, AWS's refusals for a while, the rest backs off."""
    handling = handling_of(error)
    assert (handling.requeue, handling.event) == (requeue, event)


def test_whatever_we_did_not_raise_is_a_bug() -> None:
    """Logged as an error, tried again, reported to nobody."""
    handling = handling_of(KeyError("x"))
    assert (handling.label, handling.log_level) == ("bug", "error")
    assert (handling.requeue, handling.event) == ("backoff", False)


def test_every_class_of_error_is_in_the_table() -> None:
    """None falls through to the treatment of bugs."""

    def below(of: type[BaseException]) -> list[type[BaseException]]:
        return [of, *(deeper for child in of.__subclasses__() for deeper in below(child))]

    ours = [c for c in below(errors.ControllerError)[1:] if c.__module__ == errors.__name__]
    assert {handling_of(c.__new__(c)).label for c in ours}.isdisjoint({"bug"})
    assert len(ours) > 20
