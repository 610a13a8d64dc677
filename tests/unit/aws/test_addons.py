"""WAF and Shield: how they are asked, and how long an answer is good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from alb_controller.aws.addons.services import AddonFacts, AddonServices
from alb_controller.aws.client import Sender, SenderSettings
from alb_controller.errors import AlreadyExists, AwsError, NotFound, Unavailable
from alb_controller.model.addons import Addons
from alb_controller.model.queries import AddonOffered, Offer, WebAclByName, WebAclInfo
from tests.clocks import FakeClock

LB, ACL = "arn:lb", "arn:acl"
OURS, LEGACY = "managed by aws-load-balancer-controller", "managed by aws-alb-ingress-controller"
Answer = Mapping[str, Any] | type[AwsError]


class Aws:
    """Answers by operation; `calls` are those that were made."""

    def __init__(self, **answers: Answer) -> None:
        self.answers: dict[str, Answer] = dict(answers)
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.offered = True

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        self.calls.append((service, operation, params))
        answer = self.answers.get(operation, {})
        if isinstance(answer, Mapping):
            return dict(answer)
        raise answer(service, operation, answer.__name__, "no")

    def is_offered(self, _service: str) -> bool:
        return self.offered

    def operations(self) -> list[str]:
        """The operations so far, then forgotten."""
        made, self.calls = [operation for _, operation, _ in self.calls], []
        return made


def services(aws: Aws) -> AddonServices:
    """All add-ons over that account."""
    return AddonServices.of(cast(Sender, aws))


def protection(name: str) -> dict[str, Any]:
    """An answer of DescribeProtection."""
    return {"Protection": {"Id": "p-1", "Name": name}}


@pytest.mark.parametrize(
    "answers, found",
    [
        ({"GetWebACLForResource": {"WebACL": {"ARN": ACL}}}, Addons(web_acl_arn=ACL)),
        ({"GetWebACLForResource": {}}, Addons(web_acl_arn="")),
        ({"GetWebACLForResource": NotFound}, Addons(web_acl_arn="")),
    ],
)
def test_a_web_acl_is_read(answers: dict[str, Any], found: Addons) -> None:
    """None is an answer too."""
    assert services(Aws(**answers)).read(LB, ("web_acl_arn",)) == found


def test_a_classic_web_acl_is_read_and_written() -> None:
    """By id, and an empty one takes it away."""
    aws = Aws(GetWebACLForResource={"WebACLSummary": {"WebACLId": "acl"}})
    waf = services(aws).waf_regional
    assert waf.web_acl_of(LB) == "acl"
    waf.set_web_acl(LB, "other")
    waf.set_web_acl(LB, "")
    assert aws.calls[1:] == [
        ("waf-regional", "AssociateWebACL", {"WebACLId": "other", "ResourceArn": LB}),
        ("waf-regional", "DisassociateWebACL", {"ResourceArn": LB}),
    ]
    assert services(Aws(GetWebACLForResource=NotFound)).waf_regional.web_acl_of(LB) == ""


@pytest.mark.parametrize(
    "answer, state",
    [
        (NotFound, "off"),
        (protection(OURS), "on"),
        (protection(LEGACY), "on"),
        (protection("by hand"), "foreign"),
    ],
)
def test_a_protection_is_ours_by_its_name(answer: Answer, state: str) -> None:
    """Also by the v1 controller's (spec 6.7)."""
    assert services(Aws(DescribeProtection=answer)).shield.protection_of(LB) == state


def test_protection_is_made_under_our_name() -> None:
    """One that there is already is success."""
    aws = Aws()
    services(aws).shield.set_protection(LB, protected=True)
    assert aws.calls == [("shield", "CreateProtection", {"Name": OURS, "ResourceArn": LB})]
    services(Aws(CreateProtection=AlreadyExists)).shield.set_protection(LB, protected=True)


@pytest.mark.parametrize(
    "answer, operations",
    [
        (protection(OURS), ["DescribeProtection", "DeleteProtection"]),
        (protection("by hand"), ["DescribeProtection"]),
        (NotFound, ["DescribeProtection"]),
    ],
)
def test_only_our_protection_is_deleted(answer: Answer, operations: list[str]) -> None:
    """That of others stays, and one that is gone is gone."""
    aws = Aws(DescribeProtection=answer, DeleteProtection=NotFound)
    services(aws).shield.set_protection(LB, protected=False)
    assert aws.operations() == operations


EDGE, OTHER = WebAclByName("edge"), WebAclByName("other")


def test_names_are_looked_up_together_and_remembered() -> None:
    """For an hour; a name that nobody has is asked for each time (spec 11.4)."""
    aws, clock = Aws(ListWebACLs={"WebACLs": [{"Name": "edge", "ARN": ACL}]}), FakeClock()
    facts = AddonFacts(services(aws), clock)
    found = {EDGE: (WebAclInfo(name="edge", arn=ACL),), OTHER: ()}
    assert facts.answer([EDGE, OTHER]) == found
    assert aws.operations() == ["ListWebACLs"]
    facts.answer([EDGE])
    assert aws.operations() == []
    facts.answer([OTHER])
    clock.advance(3601)
    facts.answer([EDGE])
    assert aws.operations() == ["ListWebACLs", "ListWebACLs"]


SHIELD, CLASSIC = AddonOffered("shield"), AddonOffered("waf-regional")


@pytest.mark.parametrize(
    "answer, expected",
    [
        ({"SubscriptionState": "ACTIVE"}, (Offer(service="shield"),)),
        ({"SubscriptionState": "INACTIVE"}, ()),
        (Unavailable, ()),
    ],
)
def test_shield_is_had_by_who_has_subscribed(answer: Answer, expected: tuple[Offer, ...]) -> None:
    """What cannot be asked is not had: an add-on stops no load balancer (spec 6.7)."""
    facts = AddonFacts(services(Aws(GetSubscriptionState=answer)), FakeClock())
    assert facts.answer([SHIELD]) == {SHIELD: expected}


def test_the_subscription_is_asked_once_in_two_hours() -> None:
    """A year's contract does not change more often (spec 11.4)."""
    aws, clock = Aws(GetSubscriptionState={"SubscriptionState": "ACTIVE"}), FakeClock()
    facts = AddonFacts(services(aws), clock)
    for seconds in (0, 7199, 2):
        clock.advance(seconds)
        facts.answer([SHIELD])
    assert aws.operations() == ["GetSubscriptionState"] * 2


@pytest.mark.parametrize("region, has_it", [("us-west-2", True), ("ap-southeast-7", False)])
def test_waf_classic_is_in_some_regions(region: str, has_it: bool) -> None:
    """By the SDK's own list, without a call (spec 6.7)."""
    sender = Sender(SenderSettings(region=region, loopback_only=True))
    facts = AddonFacts(AddonServices.of(sender), FakeClock())
    assert bool(facts.answer([CLASSIC])[CLASSIC]) is has_it


def test_an_unknown_region_has_everything() -> None:
    """The SDK may be older than the region."""
    sender = Sender(SenderSettings(region="moon-base-1", loopback_only=True))
    assert sender.is_offered("waf-regional")


def test_web_acls_are_listed_page_by_page() -> None:
    """WAFv2 has a marker of its own."""
    pages: list[dict[str, Any]] = [
        {"WebACLs": [{"Name": "a", "ARN": "1"}], "NextMarker": "m"},
        {"WebACLs": []},
    ]

    class Paged(Aws):
        def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
            super().call(service, operation, **params)
            return pages[len(self.calls) - 1]

    aws = Paged()
    assert services(aws).wafv2.web_acls_by_name() == {"a": "1"}
    assert [params.get("NextMarker") for _, _, params in aws.calls] == [None, "m"]
