"""What an Ingress's annotation says of AWS and of its last error: the same for the same state."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from alb_controller.errors import InvalidAnnotation, Missing, QuotaExceeded
from alb_controller.frontends.status_document import (
    ErrorNote,
    StatusDocument,
    document_of,
    error_note,
    problem_note,
    written,
)
from alb_controller.model.stack import Found, Observed
from alb_controller.objects.notes import STATUS
from tests.factories import changed, ingress, member
from tests.resources import target_group
from tests.unit.frontends.ingress.test_status import APP, WEB, alike, observed, with_front
from tests.unit.frontends.ingress.translation import TEAM, translated
from tests.unit.frontends.ingress.translation import WEB as LONE

QUOTA = QuotaExceeded("elbv2", "CreateListener", "TooManyListeners", "50 at most", "request-1")
FAILING = StatusDocument(group="shop/web").failing(error_note(QUOTA))
OTHERWISE = FAILING.failing(ErrorNote(category="aws", message="another"))
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> StatusDocument:
    """FAILING, to be tried again then."""
    return FAILING.tried_again(NOW, timedelta(seconds=seconds))


def said(explanation: StatusDocument) -> Any:
    """What a reader of the annotation gets."""
    return json.loads(explanation.text())


def test_it_names_the_load_balancers_and_each_listener() -> None:
    """ARNs; the listeners are those of the load balancer that has the rules."""
    assert said(document_of(LONE, with_front(observed(80, 443)), ())) == {
        "group": "shop/web",
        "loadBalancer": "arn:lb",
        "frontLoadBalancer": "arn:nlb",
        "listeners": {"80": {"arn": "arn:80"}, "443": {"arn": "arn:443"}},
    }


def test_load_balancers_are_told_apart_by_their_ids() -> None:
    """Not by their types."""
    found = with_front(observed(80))
    assert document_of(LONE, alike(found), ()) == document_of(LONE, found, ())


def test_certificates_are_listed_the_same_whatever_order_aws_has() -> None:
    """The default one first, the others sorted: another order is no change."""
    (found,) = observed(443).listeners
    for order in (("arn:m", "arn:a", "arn:z"), ("arn:m", "arn:z", "arn:a")):
        secure = msgspec.structs.replace(found.resource, certificates=order)
        seen = msgspec.structs.replace(
            observed(443), listeners=(Found(identity="arn:443", resource=secure),)
        )
        shown = said(document_of(LONE, seen, ()))["listeners"]["443"]
        assert shown == {"arn": "arn:443", "certificates": ["arn:m", "arn:a", "arn:z"]}


def test_target_groups_are_those_of_the_ingress_itself() -> None:
    """By Service and port, as the Ingress writes them; not those of the other members."""
    backends = translated(member("a"), member("b")).intent.backends
    found = [Found(identity=f"arn:{one.id}", resource=target_group(one.id)) for one in backends]
    own = [one for one in backends if one.origin.ref.name == "a"]
    made = document_of(TEAM, Observed(target_groups=tuple(found)), own)
    assert said(made) == {"group": "team", "targetGroups": {"app:80": "arn:shop/a-app:80"}}


def test_an_error_says_what_aws_said_and_when_the_next_try_is() -> None:
    """Without the request id of that attempt, and in whole seconds of UTC (RFC 3339)."""
    assert said(FAILING.tried_again(NOW, timedelta(seconds=300.7))) == {
        "group": "shop/web",
        "state": "failing",
        "error": {
            "category": "quota",
            "code": "TooManyListeners",
            "operation": "CreateListener",
            "message": "elbv2 CreateListener: TooManyListeners: 50 at most",
            "nextRetry": "2026-03-01T12:05:00Z",
        },
    }


@pytest.mark.parametrize("seconds,is_told", [(0.0, False), (29.9, False), (30.0, True)])
def test_a_try_within_30_s_is_not_told(seconds: float, is_told: bool) -> None:
    """The first ones of a backoff come by the second: each would be a write."""
    assert ("nextRetry" in said(at(seconds))["error"]) is is_told


@pytest.mark.parametrize(
    "new,standing,is_news",
    [
        (FAILING, "", True),
        (FAILING, "no JSON", True),
        (FAILING, FAILING.text(), False),
        (FAILING, at(300).text(), False),
        (FAILING, OTHERWISE.text(), True),
        (FAILING, FAILING.served().text(), True),
        (at(300), FAILING.text(), True),
        (at(300), at(300).text(), False),
        (at(300), at(60).text(), True),
        (at(300), at(304).text(), False),
        (at(300), at(306).text(), True),
        (at(300), at(300).text().replace("00Z", "00"), True),
        (FAILING.served(), at(300).text(), True),
    ],
)
def test_a_time_is_news_and_its_absence_is_none(
    new: StatusDocument, standing: str, is_news: bool
) -> None:
    """Another error always is, and so is its end; one that is tried by the second, once."""
    assert new.is_news(standing) is is_news


def test_all_problems_of_an_ingress_are_told() -> None:
    """As in its event, under the category of the first one."""
    note = problem_note([Missing(APP, "a", "is gone"), InvalidAnnotation(WEB, "b", "is bad")])
    assert note is not None
    assert (note.message, note.category) == ("a: is gone; b: is bad", "missing")
    assert problem_note([]) is None
    long = problem_note([InvalidAnnotation(WEB, "b", "is bad " * 1000)])
    assert long is not None
    assert len(long.message) == 1024


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"group":"team"}', "[" * 9000])
def test_what_others_wrote_there_is_not_ours(text: str) -> None:
    """Text that we cannot read, and that of another group, count as nothing."""
    assert written(changed(ingress(), annotations={STATUS: text}), LONE) is None


def test_what_we_wrote_is_read_back() -> None:
    """An error is added to what is known of AWS, and taken away again."""
    made = document_of(LONE, observed(80), ())
    seen = written(changed(ingress(), annotations={STATUS: made.text()}), LONE)
    assert seen == made
    assert made.failing(error_note(QUOTA)).served() == made
