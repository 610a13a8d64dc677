"""What a member may say for members of other namespaces (spec 12.1 #4)."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.errors import Invalid
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.translation import Translation, with_warnings
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.core import ref
from alb_controller.objects.events import Reason
from alb_controller.objects.networking import Ingress
from tests.factories import ingress_class, member, params, path, rule
from tests.unit.frontends.ingress.translation import (
    balancer,
    only_listener,
    reported,
    settings,
    translated,
)

STRICT = settings(group_trust="namespace")
PATHS: dict[str, Any] = {"rules": [rule("a.example", path("/held"))]}


def older(**fields: Any) -> Ingress:
    """The group's holder, of namespace shop, with a host of its own."""
    fields = {"rules": [rule("a.example", path())], **fields}
    return member("holder", age_minutes=10, **fields)


def younger(namespace: str = "guest", **fields: Any) -> Ingress:
    """A later member, of another namespace unless given."""
    fields = {"rules": [rule("b.example", path("/own"))], **fields}
    return member("late", namespace=namespace, **fields)


def trust_warnings(made: Translation[MemberIntent], name: str) -> list[str]:
    """What Warnings of trust say of a member; nobody is rejected."""
    assert made.problems == ()
    found = [event for event in made.warnings if event.reason == "GroupTrust"]
    return [event.message for event in found if event.ref.name == name]


def untrusted(made: Translation[MemberIntent]) -> list[str]:
    """The same of the younger member."""
    return trust_warnings(made, "late")


@pytest.mark.parametrize(
    "alb",
    [
        {"scheme": "internet-facing"},
        {"load-balancer-attributes": "idle_timeout.timeout_seconds=1"},
        {"security-groups": "sg-1"},
        {"inbound-cidrs": "10.0.0.0/8, 0.0.0.0/0"},
        {"inbound-cidrs": "10.0.0.0/8"},
        {"security-group-prefix-lists": "pl-1"},
        {"listener-attributes.HTTP-80": "a=b"},
        {"ip-address-type": "dualstack"},
    ],
)
def test_a_value_of_the_whole_load_balancer_is_the_holders_to_set(alb: dict[str, str]) -> None:
    """Unless an older member has set it already, and then to the same."""
    (key,) = alb
    (sentence,) = untrusted(translated(older(), younger(alb=alb)))
    assert sentence == (
        f"{PREFIX}{key} decides for the load balancer, which is held by Ingress shop/holder"
    )
    message_to_holder = trust_warnings(translated(older(), younger(alb=alb)), "holder")
    assert message_to_holder == [f"Ingress guest/late: {sentence}"]
    assert untrusted(translated(older(alb=alb), younger(alb=alb))) == []
    assert untrusted(translated(older(), younger("shop", alb=alb))) == []


@pytest.mark.parametrize(
    "alb",
    [
        {"listen-ports": '[{"HTTP": 8080}]', "inbound-cidrs": "0.0.0.0/0"},
        {"listen-ports": '[{"HTTP": 8080}]', "listener-attributes.HTTP-8080": "a=b"},
        {"group.order": "5"},
        {"healthcheck-path": "/healthy"},
    ],
)
def test_a_guest_decides_for_itself(alb: dict[str, str]) -> None:
    """Ports of its own, its place and its targets."""
    assert untrusted(translated(older(), younger(alb=alb))) == []


def test_a_port_of_the_frontend_nlb_is_its_first_members() -> None:
    """By the number of that port, not by that of a port behind it."""
    front = {"enable-frontend-nlb": "true", "frontend-nlb-listener-port-mapping": "8080=80"}
    check = {"frontend-nlb-healthcheck-path": "/x"}
    (sentence,) = untrusted(translated(older(alb=front), younger(alb={**front, **check})))
    assert sentence == (
        f"{PREFIX}frontend-nlb-healthcheck-path decides for the load balancer, which is held by "
        "Ingress shop/holder"
    )
    own = {"listen-ports": '[{"HTTP": 81}]', "frontend-nlb-listener-port-mapping": "80=81"}
    (sentence,) = untrusted(translated(older(alb=front), younger(alb={**own, **check})))
    assert "healthcheck-path" not in sentence


def test_tags_of_the_shared_load_balancer_are_its_holders() -> None:
    """Both hear of those that a guest adds; with strict trust they stay on its own resources."""
    theirs = {"tags": "team=guest,cost=1"}
    late = younger(alb=theirs)
    sentence = (
        f"{PREFIX}tags sets cost, team on the load balancer, which is held by Ingress shop/holder"
    )
    made = translated(older(), late)
    assert untrusted(made) == [sentence]
    assert trust_warnings(made, "holder") == [f"Ingress guest/late: {sentence}"]
    assert balancer(made.intent).tags == {"team": "guest", "cost": "1"}
    made = translated(older(alb={"tags": "team=shop"}), late, by=STRICT)
    assert untrusted(made) == [f"{sentence} (ignored by --group-trust=namespace)"]
    assert trust_warnings(made, "holder") == []
    assert balancer(made.intent).tags == only_listener(made.intent).tags == {"team": "shop"}
    own = [r.tags for r in only_listener(made.intent).routes if r.origin.ref.name == "late"]
    assert own == [{"team": "guest", "cost": "1"}]
    assert untrusted(translated(older(alb=theirs), late, by=STRICT)) == []
    assert untrusted(translated(older(), younger("shop", alb=theirs), by=STRICT)) == []


def test_long_lists_are_cut() -> None:
    """Three of a kind are named, the rest is counted."""
    alb = {
        "scheme": "internal",
        "ip-address-type": "dualstack",
        "tags": "a=b",
        "wafv2-acl-arn": "x",
    }
    made = translated(older(), younger(alb=alb))
    assert "and 1 more like these" in trust_warnings(made, "holder")[0]


def test_strict_trust_refuses_the_guest_alone() -> None:
    """It is rejected with what it goes too far with; the holder is served as before."""
    late = younger(**PATHS, alb={"scheme": "internet-facing"})
    made = translated(older(**PATHS), late, by=STRICT)
    assert made.served == {"uid-holder"}
    ((sentence,),) = reported(made).values()
    assert "/held on port 80 is held by Ingress shop/holder" in sentence
    assert f"{PREFIX}scheme decides for the load balancer" in sentence
    assert sentence.endswith("(refused by --group-trust=namespace)")
    assert translated(older(**PATHS), by=STRICT).intent == made.intent
    assert not made.warnings


def test_strict_trust_takes_a_modest_guest() -> None:
    """Paths of its own are what a shared group is for."""
    made = translated(older(**PATHS), younger(), by=STRICT)
    assert made.served == {"uid-holder", "uid-late"}
    assert made.problems == ()


def test_a_refused_guest_holds_nothing() -> None:
    """Who is stopped has no say: the next one may have the place."""
    refused = member(
        "guest",
        namespace="guest",
        age_minutes=5,
        alb={"scheme": "internal"},
        rules=[rule("c", path())],
    )
    last = member("last", namespace="third", rules=[rule("c", path())])
    made = translated(older(), refused, last, by=STRICT)
    assert made.served == {"uid-holder", "uid-last"}


def test_what_the_class_decides_is_the_administrators_choice() -> None:
    """A class that both use says the same of both."""
    spec: dict[str, Any] = {"scheme": "internet-facing", "group": {"name": "team"}}
    made = translated(older(), younger(), ingress_class(params="params"), params(**spec), by=STRICT)
    assert made.served == {"uid-holder", "uid-late"}


def test_what_is_found_later_is_in_one_event_with_the_rest() -> None:
    """One for each object; those of others stay."""
    made = translated(older(**PATHS), younger(**PATHS))
    (first,) = untrusted(made)
    found = [Invalid(ref("Ingress", younger()), "actions.x", "names it")]
    more = with_warnings(made, Reason.GROUP_TRUST, found)
    assert untrusted(more) == [f"{first}; actions.x: names it"]
    assert trust_warnings(more, "holder") == trust_warnings(made, "holder")
    assert with_warnings(made, Reason.GROUP_TRUST, []) is made
