"""What is noted of an Ingress counts only as far as the Ingress could ask for it (ADR 32)."""

from __future__ import annotations

import base64
import zlib
from datetime import UTC, datetime

import pytest

from alb_controller.frontends.ingress.load import LoadedMember
from alb_controller.frontends.ingress.member import Place
from alb_controller.frontends.ingress.records.record import Record, record_of, recorded
from alb_controller.objects.networking import Ingress
from alb_controller.objects.notes import STATUS
from alb_controller.objects.records import RECORD, group_of, pack
from alb_controller.values import Joined
from tests.factories import HOSTNAME, changed, member, path, rule, service, to
from tests.unit.frontends.ingress.translation import TEAM, balancer, reported, settings, translated
from tests.unit.frontends.ingress.translation import paths as paths_of

BAD = {"scheme": "public"}
APP = {("shop", "app"): service()}


def noted(one: Ingress, text: str) -> Ingress:
    """The Ingress with this record."""
    made: Ingress = changed(one, annotations={**one.metadata.annotations, RECORD: text})
    return made


def text_of(one: Ingress) -> str:
    """The record of an Ingress as it is."""
    return record_of(LoadedMember(ingress=one), APP).text(TEAM, one.metadata.uid)


def broken(name: str, was: Ingress) -> Ingress:
    """The Ingress turned bad, with the record of what it was."""
    return noted(
        member(name, alb=BAD, shows=HOSTNAME, namespace=was.metadata.namespace), text_of(was)
    )


def test_a_record_reads_as_what_was_written() -> None:
    """Without what is ours, what nobody reads, and what Services are used for."""
    one = member("a", alb={"tags": "t=1"}, annotations={STATUS: "{}", "team": "x"})
    found = recorded(noted(one, text_of(one)), TEAM)
    assert found == record_of(LoadedMember(ingress=one), APP)
    assert sorted(found.annotations) == [
        "alb.ingress.kubernetes.io/group.name",
        "alb.ingress.kubernetes.io/tags",
    ]
    assert [one.key for one in found.services] == [("shop", "app")]
    assert text_of(one) == text_of(one)


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode()


BOMB = _packed(zlib.compress(b" " * (3 << 20)))
STRANGE = Record("", {}, member("a").spec, (service(namespace="other"),)).text(TEAM, "uid-a")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v1",
        "v1:team",
        "v1:team:",
        "v1:team:uid-a",
        "v1:team:uid-a:",
        "v1:team:uid-a::",
        "v1:team:uid-a::%",
        "v1:team:uid-a::é",
        "v1:team:uid-a::" + _packed(b"no zlib"),
        "v1:team:uid-a::" + _packed(zlib.compress(b"cut off")[:-3]),
        "v1:team:uid-a::" + BOMB,
        pack("team", "uid-a", None, b"no json"),
        pack("team", "uid-a", None, b'{"spec": 1}'),
        pack("team", "uid-a", None, b"[" * 100_000),
        pack("other", "uid-a", None, b"{}"),
        "v2:team:",
        STRANGE,
    ],
    ids=range(18),
)
def test_what_we_have_not_written_is_no_record(text: str) -> None:
    """Whatever it is, and nothing breaks: of a Service of another namespace neither."""
    assert recorded(noted(member("a"), text), TEAM) is None
    made = translated(member("b"), noted(member("a", alb=BAD, shows=HOSTNAME), text))
    assert [one.name for one in made.blocked_by] == ["a"]


def test_the_group_of_a_record_is_read_without_the_rest() -> None:
    """None where the form is another."""
    assert group_of("v1:team:") == "team"
    assert (group_of("v1:team"), group_of("v2:team:"), group_of("")) == (None, None, None)


def test_a_record_stands_in_for_a_member_that_turned_bad() -> None:
    """And the group goes on; what the process remembers of it comes first."""
    was = member("a", rules=[rule("", path("/was", "Exact"))])
    made = translated(member("b"), broken("a", was))
    assert (paths_of(made.intent), made.blocked_by) == (["/was", "/*"], ())
    assert list(made.standing) == ["uid-a"]
    known = translated(member("a"))
    made = translated(broken("a", was), remembered=known.good)
    assert paths_of(made.intent) == ["/*"]


def test_a_record_that_is_not_valid_itself_counts_for_nothing() -> None:
    """It is read as if the object said so; the group is held, as AWS may have something."""
    made = translated(member("b"), broken("a", member("a", alb={"target-type": "pod"})))
    assert [one.name for one in made.blocked_by] == ["a"]
    assert reported(made) == {
        "Ingress shop/a": [
            "alb.ingress.kubernetes.io/scheme: 'public' must be one of internal, internet-facing"
        ]
    }


def test_a_record_takes_nothing_from_others() -> None:
    """Where the trust in a group is by namespace: a forged one is not served."""
    by = settings(group_trust="namespace")
    holder = member("holder", rules=[rule("", path("/held", "Exact"))], age_minutes=9)
    forged = member("a", namespace="evil", rules=[rule("", path("/held", "Exact", to()))])
    made = translated(holder, broken("a", forged), service(namespace="evil"), by=by)
    assert "uid-a" not in made.served
    fair = member("a", namespace="evil", rules=[rule("", path("/own", "Exact", to()))])
    made = translated(holder, broken("a", fair), service(namespace="evil"), by=by)
    assert "uid-a" in made.served


def test_what_a_record_sets_counts_for_those_that_join() -> None:
    """As any last known good one."""
    was = member("a", alb={"tags": "t=a,u=a"})
    made = translated(member("b", alb={"tags": "t=b"}, age_minutes=5), broken("a", was))
    assert balancer(made.intent).tags == {"t": "a", "u": "a"}
    assert sorted(reported(made)) == ["Ingress shop/a", "Ingress shop/b"]


def test_when_a_member_joined_is_nothing_that_it_asks_for() -> None:
    """Places of two times are equal and of one hash, so that members compare by what they ask."""
    early, late = (
        Place(joined=Joined(since=datetime(2026, 1, day, tzinfo=UTC), late=0)) for day in (1, 2)
    )
    assert early == late != "a place"
    assert len({early, late, Place()}) == 1
