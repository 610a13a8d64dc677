"""Whose rule answers a request that rules of several namespaces match (ADR 34)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.translation import Translation
from alb_controller.objects.networking import Ingress
from alb_controller.objects.records import RECORD
from tests.factories import changed, member, path, rule, service
from tests.unit.frontends.ingress.translation import TEAM, reported, settings, translated

STRICT = settings(group_trust="namespace")
SHOP, SHOP_PATH = rule("shop.example.com", path()), rule("shop.example.com", path("/pay"))
OWN = rule("own.example.com", path())
REGEX = [{"field": "host-header", "hostHeaderConfig": {"regexValues": ["^shop.*$"]}}]
FIRST = {"group.order": "-10"}


def holder(**fields: Any) -> Ingress:
    """The older member, of namespace shop."""
    return member("holder", **{"age_minutes": 10, "rules": [SHOP], **fields})


def guest(**fields: Any) -> Ingress:
    """The younger member, of namespace guest, which comes first."""
    return member("guest", namespace="guest", **{"rules": [OWN], **fields})


def strict(
    *objects: Ingress, remembered: Mapping[str, MemberIntent] | None = None
) -> Translation[MemberIntent]:
    """The group where no namespace trusts another."""
    return translated(*objects, service(namespace="guest"), by=STRICT, remembered=remembered)


def published(*objects: Ingress) -> dict[str, MemberIntent]:
    """What AWS has of members, each as if it were alone there."""
    return {uid: one for obj in objects for uid, one in strict(obj).good.items()}


THEFTS: dict[str, Ingress] = {
    "no host": guest(rules=[rule("", path())]),
    "a wildcard": guest(rules=[rule("*.example.com", path())]),
    "a deeper path": guest(rules=[SHOP_PATH]),
    "the same": guest(rules=[rule("SHOP.example.com", path())]),
    "a host expression": guest(rules=[rule("", path())], alb={"conditions.app": json.dumps(REGEX)}),
    "a low order": guest(rules=[SHOP], alb=FIRST),
    "a path expression": guest(
        rules=[rule("", path("/x", "ImplementationSpecific"))], alb={"use-regex-path-match": "true"}
    ),
    "one of several": guest(rules=[OWN, SHOP_PATH]),
}


@pytest.mark.parametrize("thief", THEFTS.values(), ids=THEFTS)
def test_a_rule_in_front_of_a_held_host_is_rejected_or_reported(thief: Ingress) -> None:
    """It alone is rejected, with the rule, the host and path, and whose they are; without trust
    between namespaces not asked for, both hear of it.
    """
    made = strict(holder(), thief)
    assert made.served == {"uid-holder"}
    ((sentence,),) = reported(made).values()
    assert "shop.example.com / on port 80 is held by Ingress shop/holder" in sentence
    assert sentence.startswith("spec.rules[")
    assert sentence.endswith("(refused by --group-trust=namespace)")
    made = translated(holder(), thief)
    assert made.served == {"uid-holder", "uid-guest"}
    events = {str(e.ref): e.message for e in made.warnings if e.reason == "GroupTrust"}
    assert events["Ingress guest/guest"] == sentence.removesuffix(
        " (refused by --group-trust=namespace)"
    )
    assert (
        "spec.rules[0].http.paths[0] and takes requests for shop" in events["Ingress shop/holder"]
    )


@pytest.mark.parametrize(
    "neighbour",
    [
        guest(),
        guest(rules=[rule("*.example.org", path())]),
        guest(rules=[SHOP], alb={"listen-ports": '[{"HTTP": 81}]'}),
        guest(rules=[rule("", path())], alb={"group.order": "1"}),
        guest(rules=[SHOP_PATH], alb={"group.order": "1"}),
        guest(rules=[]),
        changed(guest(rules=[SHOP_PATH]), namespace="shop"),
    ],
    ids=["host", "wildcard", "port", "behind", "deeper behind", "nothing", "own namespace"],
)
def test_what_takes_nothing_is_served_silently(neighbour: Ingress) -> None:
    """Other hosts and ports, whatever comes later, and the holder's own namespace."""
    for by in (STRICT, settings()):
        made = translated(holder(), neighbour, service(namespace="guest"), by=by)
        assert made.served == {"uid-holder", "uid-guest"}
        assert not [event for event in made.warnings if event.reason == "GroupTrust"]


def test_methods_and_sources_can_keep_rules_apart_and_headers_cannot() -> None:
    """A request has one method and address, and may have a header twice."""

    def limited(field: str, *values: str) -> dict[str, str]:
        config = {
            "http-request-method": "httpRequestMethodConfig",
            "source-ip": "sourceIpConfig",
            "http-header": "httpHeaderConfig",
        }[field]
        name = {"httpHeaderName": "x"} if field == "http-header" else {}
        return {
            "conditions.app": json.dumps([{"field": field, config: {**name, "values": values}}])
        }

    for field, one, other, apart in (
        ("http-request-method", "GET", "PUT", True),
        ("http-request-method", "GET", "GET", False),
        ("source-ip", "10.0.0.0/8", "11.0.0.0/8", True),
        ("source-ip", "10.0.0.0/8", "10.1.0.0/16", False),
        ("http-header", "1", "2", False),
    ):
        made = strict(
            holder(alb=limited(field, one)), guest(rules=[SHOP], alb=limited(field, other))
        )
        assert ("uid-guest" in made.served) is apart, field


def test_whose_rule_aws_has_holds_its_requests_against_older_members() -> None:
    """The younger came into AWS first: an edit of an older member takes nothing from it, neither
    now nor by its age after a restart.
    """
    younger, before = guest(rules=[SHOP], alb={"group.order": "5"}), holder(rules=[OWN])
    for late in (holder(), holder(alb={"group.order": "9"})):
        made = strict(late, younger, remembered=published(before, younger))
        ((sentence,),) = reported(made).values()
        assert "spec.rules[0].http.paths[0] comes late: shop.example.com / on port 80" in sentence
        assert made.problems[0].origin.name == "holder"
        assert made.served == {"uid-holder", "uid-guest"}  # by its last known good
    other = guest(rules=[OWN])
    assert not strict(holder(), younger, remembered=published(before, other)).problems
    default = translated(holder(), younger, remembered=published(before, younger))
    assert {e.ref.name for e in default.warnings if e.reason == "GroupTrust"} == {"holder", "guest"}
    behind = holder(alb={"group.order": "9"})
    default = translated(behind, younger, remembered=published(before, younger))
    assert {e.ref.name for e in default.warnings if e.reason == "GroupTrust"} == {"holder", "guest"}
    assert reported(strict(behind, younger, remembered=published(behind, younger))).keys() == {
        "Ingress guest/guest"
    }


def test_an_order_that_overtakes_or_falls_behind_is_rejected() -> None:
    """The older stays in front of the younger; two that move at once stay where they were."""
    behind, front = guest(rules=[SHOP_PATH], alb={"group.order": "5"}), guest(rules=[SHOP_PATH])
    known = published(holder(), behind)
    assert reported(strict(holder(), front, remembered=known)).keys() == {"Ingress guest/guest"}
    moved = holder(alb={"group.order": "9"})
    assert reported(strict(moved, behind, remembered=known)).keys() == {"Ingress shop/holder"}
    first = guest(rules=[SHOP_PATH], alb={"group.order": "-5"})
    both = strict(moved, first, remembered=known)  # the one as it is, the other as it was
    assert reported(both).keys() == {"Ingress guest/guest", "Ingress shop/holder"}
    nearer = holder(alb={"group.order": "4"})
    assert not strict(nearer, behind, remembered=known).problems
    assert not strict(holder(alb=FIRST), behind, remembered=known).problems


def test_a_record_that_users_could_write_holds_nothing() -> None:
    """After a restart the ages decide, whatever the objects note of themselves."""
    thief = guest(rules=[SHOP])
    noted = strict(thief).good["uid-guest"].source
    assert noted is not None
    forged = changed(
        thief,
        annotations={**thief.metadata.annotations, RECORD: noted.text(TEAM, thief.metadata.uid)},
    )
    made = strict(holder(), forged)
    assert made.served == {"uid-holder"}
    assert reported(made).keys() == {"Ingress guest/guest"}


def test_what_a_namespace_answers_already_it_may_divide() -> None:
    """A stranger's rule behind for all hosts does not stop it; one for new hosts it does."""
    behind = guest(rules=[rule("", path())], alb={"group.order": "9"})
    known = published(holder(), behind)
    divided = holder(rules=[SHOP_PATH, SHOP])
    assert not strict(divided, behind, remembered=known).problems
    assert not strict(divided, behind).problems
    more = member("more", rules=[SHOP_PATH])
    assert not strict(holder(), behind, more, remembered=known).problems
    assert not strict(holder(), changed(behind, creation_timestamp=None), more).problems
    taken = holder(rules=[SHOP, OWN])
    assert reported(strict(taken, behind, remembered=known)).keys() == {"Ingress shop/holder"}
    assert reported(strict(holder(), behind, member("more", rules=[OWN]))).keys() == {
        "Ingress shop/more"
    }


def takers(*objects: Ingress) -> dict[str, str]:
    """By name, what members hear where namespaces trust each other."""
    made = translated(*objects, service(namespace="guest"))
    return {one.ref.name: one.message for one in made.warnings if one.reason == "GroupTrust"}


def test_a_younger_rule_of_its_namespace_excuses_nobody() -> None:
    """What was taken from the holder is no part to be divided: who takes more of it hears so."""
    first = guest(rules=[SHOP], alb=FIRST)
    more = member("more", namespace="guest", rules=[SHOP_PATH], alb={"group.order": "-20"})
    heard = takers(holder(), first, changed(more, creation_timestamp=None))
    assert heard.keys() == {"holder", "guest", "more"}
    assert "held by Ingress shop/holder" in heard["more"]


def test_an_older_rule_of_its_namespace_that_comes_behind_excuses_nobody() -> None:
    """The holder answers in front of it now, so that the requests are taken from the holder."""
    behind = guest(rules=[rule("", path())], alb={"group.order": "9"}, age_minutes=20)
    more = member("more", namespace="guest", rules=[SHOP_PATH], alb=FIRST)
    heard = takers(behind, holder(), more)
    assert heard.keys() == {"holder", "guest", "more"}
    assert "held by Ingress shop/holder" in heard["more"]


def test_each_port_is_looked_at() -> None:
    """On one of two its namespace may divide what it has; on the other it has nothing."""
    both = {"listen-ports": '[{"HTTP": 80}, {"HTTP": 81}]'}
    first = guest(rules=[rule("", path())], age_minutes=20)
    owner = holder(alb={**both, "group.order": "5"})
    more = member("more", namespace="guest", rules=[SHOP_PATH], alb={**both, **FIRST})
    ((sentence,),) = reported(strict(first, owner, more)).values()
    assert "shop.example.com / on port 81 is held by Ingress shop/holder" in sentence
