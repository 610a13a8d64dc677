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
    OwnPart,
    StatusDocument,
    document_of,
    error_note,
    own_part,
    problem_note,
    written,
)
from alb_controller.model.stack import Found, Observed, Stack
from alb_controller.objects.core import ref
from alb_controller.objects.notes import STATUS
from alb_controller.values import ObjectRef, Origin
from tests.factories import changed, ingress, member
from tests.resources import target_group
from tests.unit.frontends.ingress.test_status import APP, WEB, alike, observed, with_front
from tests.unit.frontends.ingress.translation import TEAM, translated
from tests.unit.frontends.ingress.translation import WEB as LONE

QUOTA = QuotaExceeded("elbv2", "CreateListener", "TooManyListeners", "50 at most", "request-1")
FAILING = StatusDocument(group="shop/web").failing(error_note(QUOTA))
OTHERWISE = FAILING.failing(ErrorNote(category="aws", message="another"))
ALL = OwnPart(
    ports=frozenset({80, 443}),
    certificates=frozenset({"arn:m", "arn:a", "arn:z"}),
    backends=(),
)
SECURE = {"listen-ports": '[{"HTTPS": 443}]', "certificate-arn": "arn:c"}
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> StatusDocument:
    """FAILING, to be tried again then."""
    return FAILING.tried_again(NOW, timedelta(seconds=seconds))


def stated(explanation: StatusDocument) -> Any:
    """What a reader of the annotation gets."""
    return json.loads(explanation.text())


def test_it_names_the_load_balancers_and_each_listener() -> None:
    """ARNs; the listeners are those of the load balancer that has the rules."""
    assert stated(document_of(LONE, with_front(observed(80, 443)), ALL)) == {
        "group": "shop/web",
        "loadBalancer": "arn:lb",
        "frontLoadBalancer": "arn:nlb",
        "listeners": {"80": {"arn": "arn:80"}, "443": {"arn": "arn:443"}},
    }


def test_load_balancers_are_distinguished_by_their_ids() -> None:
    """Not by their types."""
    found = with_front(observed(80))
    assert document_of(LONE, alike(found), ALL) == document_of(LONE, found, ALL)


def test_certificates_are_listed_the_same_whatever_order_aws_has() -> None:
    """The default one first, the others sorted: another order is no change."""
    (found,) = observed(443).listeners
    for order in (("arn:m", "arn:a", "arn:z"), ("arn:m", "arn:z", "arn:a")):
        secure = msgspec.structs.replace(found.resource, certificates=order)
        seen = msgspec.structs.replace(
            observed(443), listeners=(Found(identity="arn:443", resource=secure),)
        )
        shown = stated(document_of(LONE, seen, ALL))["listeners"]["443"]
        assert shown == {"arn": "arn:443", "certificates": ["arn:m", "arn:a", "arn:z"]}


def test_target_groups_are_those_of_the_ingress_itself() -> None:
    """By Service and port, as the Ingress writes them; not those of the other members."""
    intent = translated(member("a"), member("b")).intent
    backends = intent.backends
    found = [Found(identity=f"arn:{one.id}", resource=target_group(one.id)) for one in backends]
    own = own_part(ref("Ingress", member("a")), intent, Stack(key=TEAM))
    made = document_of(TEAM, Observed(target_groups=tuple(found)), own)
    assert stated(made) == {"group": "team", "targetGroups": {"app:80": "arn:shop/a-app:80"}}


def secure(*arns: str) -> tuple[Stack, Observed]:
    """Port 443 with certificates, each asked for by the Ingress of the same name."""
    (found,) = observed(443).listeners
    asked = {f"certificates.{arn}": (Origin(_named(arn)),) for arn in arns if arn != "kept"}
    wanted = msgspec.structs.replace(found.resource, certificates=arns, asked_by=asked)
    live = Found(
        identity="arn:443", resource=msgspec.structs.replace(found.resource, certificates=arns)
    )
    seen = msgspec.structs.replace(observed(443), listeners=(live,))
    return Stack(key=TEAM, listeners=(wanted,)), seen


def _named(name: str) -> ObjectRef:
    return ref("Ingress", member(name))


@pytest.mark.parametrize("name,shown", [("a", ["a"]), ("b", ["b"]), ("c", [])])
def test_a_member_is_shown_its_own_certificates(name: str, shown: list[str]) -> None:
    """Not those of the other members, whichever is the default one; nor one that nobody named."""
    intent = translated(*(member(one, alb=SECURE) for one in "abc")).intent
    stack, seen = secure("b", "a", "kept")
    (listener,) = stated(document_of(TEAM, seen, own_part(_named(name), intent, stack)))[
        "listeners"
    ].values()
    assert listener.get("certificates", []) == shown


def test_a_sole_member_is_shown_what_nobody_named() -> None:
    """Certificates that stay from before are its own: there is no other member."""
    intent = translated(member("a", alb=SECURE)).intent
    stack, seen = secure("a", "kept")
    shown = stated(document_of(TEAM, seen, own_part(_named("a"), intent, stack)))["listeners"][
        "443"
    ]
    assert shown["certificates"] == ["a", "kept"]


def test_a_member_is_shown_the_listeners_that_it_asks_for() -> None:
    """Other ports of the load balancer are others' business."""
    intent = translated(member("a", alb=SECURE), member("b")).intent
    for name, ports in (("a", ["443"]), ("b", ["80"])):
        own = own_part(_named(name), intent, Stack(key=TEAM))
        assert list(stated(document_of(TEAM, observed(80, 443), own))["listeners"]) == ports


def test_an_error_says_what_aws_answered_and_when_the_next_try_is() -> None:
    """Without the request id of that attempt, and in whole seconds of UTC (RFC 3339)."""
    assert stated(FAILING.tried_again(NOW, timedelta(seconds=300.7))) == {
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


@pytest.mark.parametrize("seconds,is_reported", [(0.0, False), (29.9, False), (30.0, True)])
def test_a_try_within_30_s_is_not_reported(seconds: float, is_reported: bool) -> None:
    """The first ones of a backoff come by the second: each would be a write."""
    assert ("nextRetry" in stated(at(seconds))["error"]) is is_reported


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


def test_all_problems_of_an_ingress_are_reported() -> None:
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
    made = document_of(LONE, observed(80), ALL)
    seen = written(changed(ingress(), annotations={STATUS: made.text()}), LONE)
    assert seen == made
    assert made.failing(error_note(QUOTA)).served() == made
