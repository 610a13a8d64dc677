"""Who may change what a group shares: the table of docs/reference/groups.md (ADR 35)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec
import pytest

from alb_controller.errors import Conflict
from alb_controller.frontends.ingress.load import LoadedMember
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.records.record import record_of
from alb_controller.frontends.translation import Translation
from alb_controller.intent import StackIntent
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.networking import Ingress
from alb_controller.objects.records import RECORD
from tests.factories import (
    HOSTNAME,
    changed,
    ingress_class,
    member,
    params,
    path,
    rule,
    service,
    to,
)
from tests.unit.frontends.ingress.translation import TEAM, balancer, reported, settings, translated

Time: TypeAlias = Literal["before publication", "after publication", "after a restart"]
TIMES: tuple[Time, ...] = ("before publication", "after publication", "after a restart")
NAMESPACES = ("shop", "guest")
CAPACITY = settings(gates={"lb_capacity_reservation": True})


class Shared(msgspec.Struct, frozen=True):
    """Values of an annotation of which members have one together; what they all say beside it."""

    one: str
    two: str
    three: str = ""
    """Empty where there are but two."""
    beside: Mapping[str, str] = {}


SECURE = {
    "listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}, {"HTTPS": 8443}, {"HTTPS": 9443}]',
    "certificate-arn": "arn:aws:acm:us-west-2:1:certificate/1",
}
FRONT = {"enable-frontend-nlb": "true"}
CHECK = "frontend-nlb-healthcheck-"
MUTUAL = '[{"port": 443, "mode": "passthrough"}]'
SHARED: dict[str, Shared] = {
    "load-balancer-name": Shared("one", "two", "three"),
    "scheme": Shared("internet-facing", "internal"),
    "ip-address-type": Shared("ipv4", "dualstack"),
    "subnets": Shared("web-1,web-2", "web-1", "web-2"),
    "customer-owned-ipv4-pool": Shared("one", "two", "three"),
    "security-groups": Shared("sg-1", "sg-2", "sg-3"),
    "manage-backend-security-group-rules": Shared(
        "true", "false", beside={"security-groups": "sg-1"}
    ),
    "ssl-redirect": Shared("443", "8443", "9443", SECURE),
    "ipam-ipv4-pool-id": Shared("one", "two", "three"),
    "wafv2-acl-arn": Shared("arn:1", "arn:2", "none"),
    "wafv2-acl-name": Shared("one", "two", "three"),
    "waf-acl-id": Shared("one", "two", "three"),
    "web-acl-id": Shared("one", "two", "three"),
    "shield-advanced-protection": Shared("true", "false"),
    "load-balancer-attributes": Shared("a=1", "a=2", "a=3"),
    "tags": Shared("a=1", "a=2", "a=3"),
    "listen-ports": Shared(
        '[{"HTTP": 443}]', '[{"HTTPS": 443}]', beside={"certificate-arn": "arn:1"}
    ),
    "minimum-load-balancer-capacity": Shared(
        "CapacityUnits=100", "CapacityUnits=200", "CapacityUnits=300"
    ),
    "inbound-cidrs": Shared("10.0.0.0/8", "11.0.0.0/8", "0.0.0.0/0"),
    "security-group-prefix-lists": Shared("pl-1", "pl-2", "pl-3"),
    "ssl-policy": Shared("one", "two", "three", SECURE),
    "mutual-authentication": Shared(MUTUAL, '[{"port": 443, "mode": "off"}]', beside=SECURE),
    "listener-attributes.HTTP-80": Shared("a=1", "a=2", "a=3"),
    "enable-frontend-nlb": Shared("true", "false"),
    "frontend-nlb-scheme": Shared("internet-facing", "internal", beside=FRONT),
    "frontend-nlb-subnets": Shared("web-1,web-2", "web-1", "web-2", FRONT),
    "frontend-nlb-security-groups": Shared("sg-1", "sg-2", "sg-3", FRONT),
    "frontend-nlb-eip-allocations": Shared("eipalloc-1", "eipalloc-2", "eipalloc-3", FRONT),
    "frontend-nlb-attributes": Shared("a=1", "a=2", "a=3", FRONT),
    "frontend-nlb-tags": Shared("a=1", "a=2", "a=3", FRONT),
    "frontend-nlb-listener-port-mapping": Shared("80=443", "80=8443", "80=9443", FRONT | SECURE),
    f"{CHECK}port": Shared("1", "2", "3", FRONT),
    f"{CHECK}protocol": Shared("HTTP", "HTTPS", beside=FRONT),
    f"{CHECK}path": Shared("/1", "/2", "/3", FRONT),
    f"{CHECK}interval-seconds": Shared("11", "12", "13", FRONT),
    f"{CHECK}timeout-seconds": Shared("3", "4", "6", FRONT),
    f"{CHECK}healthy-threshold-count": Shared("3", "4", "5", FRONT),
    f"{CHECK}unhealthy-threshold-count": Shared("3", "4", "5", FRONT),
    f"{CHECK}success-codes": Shared("201", "202", "203", FRONT),
}
ADDS_UP = frozenset({"certificate-arn"})
"""Every member's count."""
DEFAULTED = {"listen-ports", "frontend-nlb-listener-port-mapping"}
"""Without the annotation a member has ports all the same, and is not silent."""
REPLACING = {"load-balancer-name", "scheme", "frontend-nlb-scheme"}


def test_every_shared_annotation_has_a_row() -> None:
    """A new one must say who may change it."""
    shared = {row.suffix for row in rows.TABLE if row.merge != "per Ingress"}
    assert shared == (SHARED.keys() | ADDS_UP) - {"listener-attributes.HTTP-80"}


class Group:
    """Two members, the older of namespace shop, that set one annotation."""

    def __init__(self, suffix: str, namespace: str) -> None:
        self._suffix, self._namespace = suffix, namespace
        self._shared = SHARED[suffix]

    def older(self, value: str) -> Ingress:
        return self._member("older", "shop", value, 10)

    def younger(self, value: str) -> Ingress:
        return self._member("younger", self._namespace, value, 0)

    def _member(self, name: str, namespace: str, value: str, age: int) -> Ingress:
        stated = {self._suffix: value} if value else {}
        return member(
            name,
            namespace=namespace,
            alb={**self._shared.beside, **stated},
            rules=[rule(f"{name}.example", path())],
            age_minutes=age,
            shows=HOSTNAME,
        )

    def fresh(self, *members: Ingress) -> Translation[MemberIntent]:
        """What comes of members of whom AWS has nothing."""
        return translated(*members, service(namespace="guest"), by=CAPACITY)

    def edited(
        self, before: tuple[Ingress, ...], after: tuple[Ingress, ...], time: Time
    ) -> Translation[MemberIntent]:
        """What comes of an edit."""
        if time == "before publication":
            return self.fresh(*after)
        published = self.fresh(*before)
        assert reported(published) == {}
        if time == "after publication":
            apps = service(namespace="guest")
            return translated(*after, apps, by=CAPACITY, remembered=published.good)
        texts = {one.metadata.name: _record(one) for one in before}
        return self.fresh(*(_noted(one, texts.get(one.metadata.name, "")) for one in after))


def _record(one: Ingress) -> str:
    apps = {app.key: app for app in (service(), service(namespace="guest"))}
    return record_of(LoadedMember(ingress=one), apps).text(TEAM, one.metadata.uid)


def _noted(one: Ingress, text: str) -> Ingress:
    made: Ingress = changed(one, annotations={**one.metadata.annotations, RECORD: text})
    return made if text else one


def plain(intent: StackIntent) -> StackIntent:
    """Without the note that certificates of a member that is stopped stay as they are."""
    balancers = [
        msgspec.structs.replace(
            one,
            listeners=tuple(
                msgspec.structs.replace(
                    listener,
                    tls=listener.tls
                    and msgspec.structs.replace(listener.tls, keeps_certificates=False),
                )
                for listener in one.listeners
            ),
        )
        for one in intent.balancers
    ]
    return msgspec.structs.replace(intent, balancers=tuple(balancers))


def rejected(made: Translation[MemberIntent]) -> list[str]:
    """Who is, by name."""
    assert all(isinstance(one, Conflict) for one in made.problems)
    return sorted(one.origin.name for one in made.problems)


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("namespace", NAMESPACES)
@pytest.mark.parametrize("suffix", SHARED)
def test_who_contradicts_what_aws_has_is_rejected(suffix: str, namespace: str, time: Time) -> None:
    """Older or younger, and nothing changes; before there is anything the younger gives way."""
    group, shared = Group(suffix, namespace), SHARED[suffix]
    before = (group.older(shared.one), group.younger(shared.one))
    for editor in ("older", "younger"):
        after = (
            group.older(shared.two if editor == "older" else shared.one),
            group.younger(shared.two if editor == "younger" else shared.one),
        )
        made = group.edited(before, after, time)
        if time == "before publication":
            assert rejected(made) == ["younger"]
            assert plain(made.intent) == plain(group.fresh(after[0]).intent)
        else:
            assert rejected(made) == [editor]
            assert plain(made.intent) == plain(group.fresh(*before).intent)


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("namespace", NAMESPACES)
@pytest.mark.parametrize("suffix", SHARED)
def test_what_all_change_to_the_same_changes(suffix: str, namespace: str, time: Time) -> None:
    """Whoever comes first: until then it is rejected, and the other completes it."""
    group, shared = Group(suffix, namespace), SHARED[suffix]
    before = (group.older(shared.one), group.younger(shared.one))
    after = (group.older(shared.two), group.younger(shared.two))
    made = group.edited(before, after, time)
    assert rejected(made) == []
    assert plain(made.intent) == plain(group.fresh(*after).intent)


@pytest.mark.parametrize("time", TIMES[1:])
@pytest.mark.parametrize("namespace", NAMESPACES)
@pytest.mark.parametrize("suffix", [name for name, one in SHARED.items() if one.three])
def test_what_all_change_and_not_to_the_same_stays(suffix: str, namespace: str, time: Time) -> None:
    """All of them are rejected: a conflict changes nothing."""
    group, shared = Group(suffix, namespace), SHARED[suffix]
    before = (group.older(shared.one), group.younger(shared.one))
    made = group.edited(before, (group.older(shared.two), group.younger(shared.three)), time)
    assert rejected(made) == ["older", "younger"]
    assert plain(made.intent) == plain(group.fresh(*before).intent)


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("namespace", NAMESPACES)
@pytest.mark.parametrize("suffix", sorted(SHARED.keys() - DEFAULTED))
def test_what_the_others_are_silent_about_a_joiner_may_set(
    suffix: str, namespace: str, time: Time
) -> None:
    """But what would replace the load balancer of another namespace, once there is one."""
    group, shared = Group(suffix, namespace), SHARED[suffix]
    holder, joiner = group.older(""), group.younger(shared.one)
    made = group.edited((holder,), (holder, joiner), time)
    if suffix in REPLACING and namespace == "guest" and time != "before publication":
        assert rejected(made) == ["younger"]
        assert "would replace the load balancer, which is held by Ingress shop/older" in str(
            made.problems[0]
        )
        assert plain(made.intent) == plain(group.fresh(holder).intent)
    else:
        assert rejected(made) == []
        assert plain(made.intent) == plain(group.fresh(holder, joiner).intent)


@pytest.mark.parametrize("suffix", sorted(SHARED.keys() - DEFAULTED))
def test_who_set_it_alone_changes_it_alone(suffix: str) -> None:
    """Though another has asked for something else meanwhile: that one decides nothing."""
    group, shared = Group(suffix, "guest"), SHARED[suffix]
    before = (group.older(shared.one), group.younger(""))
    published = group.fresh(*before)
    pending = group.younger(shared.three or shared.one)
    after = group.older(shared.two)
    made = translated(
        after, pending, service(namespace="guest"), by=CAPACITY, remembered=published.good
    )
    assert rejected(made) == ["younger"]
    assert plain(made.intent) == plain(group.fresh(after, before[1]).intent)


@pytest.mark.parametrize("time", TIMES[1:])
@pytest.mark.parametrize("suffix", sorted(REPLACING))
def test_the_holders_namespace_may_have_it_replaced(suffix: str, time: Time) -> None:
    """By itself, with whoever says the same; and who says what is there already changes nothing."""
    group, shared = Group(suffix, "guest"), SHARED[suffix]
    silent = (group.older(""), group.younger(""))
    for after in (
        (group.older(shared.one), group.younger("")),
        (group.older(shared.one), group.younger(shared.one)),
    ):
        assert rejected(group.edited(silent, after, time)) == []
    left = (group.older(shared.one), group.younger(""))
    kept = (group.older(""), group.younger(shared.one))
    assert rejected(group.edited(left, kept, time)) == []


@pytest.mark.parametrize("spec", [{"scheme": "internet-facing"}, {"loadBalancerName": "edge"}])
def test_the_class_may_have_it_replaced(spec: dict[str, str]) -> None:
    """Whoever writes IngressClassParams decides for all who use them."""
    holder = member("older", age_minutes=9)
    own = (ingress_class("own", params="own"), params("own", **spec))
    joiner = member(
        "younger", namespace="guest", class_name="own", rules=[rule("g.example", path())]
    )
    remembered = translated(holder).good
    made = translated(holder, joiner, *own, service(namespace="guest"), remembered=remembered)
    assert rejected(made) == []
    shown = balancer(made.intent)
    assert (shown.scheme, shown.explicit_name) == (
        spec.get("scheme", "internal"),
        spec.get("loadBalancerName"),
    )


def test_a_default_backend_stays_whose_it_is() -> None:
    """An older member that comes to want one is rejected."""
    older, younger = member("a", age_minutes=9), member("b", default_backend=to())
    remembered = translated(older, younger).good
    late = member("a", default_backend=to(), age_minutes=9)
    made = translated(late, younger, remembered=remembered)
    assert rejected(made) == ["a"]
    assert "default backend of port 80 with Ingress shop/b" in str(made.problems[0])


def test_a_bad_member_defends_what_it_has() -> None:
    """And yields as soon as it is gone."""
    before = (member("a", alb={"tags": "t=1"}, age_minutes=9), member("b", alb={"tags": "t=1"}))
    remembered = translated(*before).good
    edited, bad = member("a", alb={"tags": "t=2"}, age_minutes=9), member("b", alb={"scheme": "x"})
    made = translated(edited, bad, remembered=remembered)
    assert list(reported(made)) == ["Ingress shop/b", "Ingress shop/a"]
    assert balancer(made.intent).tags == {"t": "1"}
    made = translated(edited, remembered=remembered)
    assert (reported(made), balancer(made.intent).tags) == ({}, {"t": "2"})
