"""Who is in a group, who leaves it, and who gets a Warning that it is in none (spec 2.1, 2.3)."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.frontends.ingress.load import LoadedMember, Snapshot, load
from alb_controller.objects.networking import Ingress, IngressBackend
from tests.factories import (
    BORN,
    cluster,
    deleted,
    ingress,
    ingress_class,
    member,
    params,
    path,
    rule,
    service,
    to,
    with_status,
)
from tests.unit.frontends.ingress.translation import TEAM, WEB, snapshot
from tests.unreadable import turn_unreadable

HOLDS_TEAM: dict[str, Any] = {"finalizers": ["group.ingress.k8s.aws/team"]}
HOLDS_WEB: dict[str, Any] = {"finalizers": ["ingress.k8s.aws/resources"]}


def names(loaded: Snapshot) -> tuple[list[str], list[str], int]:
    """Members, inactive ones, and the number of rejected ones."""
    members = [m.ingress.metadata.name for m in loaded.members]
    return members, [i.metadata.name for i in loaded.inactive], len(loaded.rejected)


def test_an_explicit_group_has_members_in_all_namespaces() -> None:
    """By the name alone; Ingresses of other groups are not in it."""
    others = (member("c", group="other"), ingress("d"), ingress("team"))
    loaded = snapshot(TEAM, member("a"), member("b", namespace="other"), *others)
    assert names(loaded) == (["b", "a"], [], 0)


def test_an_implicit_group_is_its_ingress() -> None:
    """Of that namespace and name; without it the group is empty."""
    assert names(snapshot(WEB, ingress("web"), ingress("other"))) == (["web"], [], 0)
    assert names(snapshot(WEB, ingress("other"))) == ([], [], 0)


@pytest.mark.parametrize(
    "left",
    [
        deleted(member("x", **HOLDS_TEAM)),
        member("x", group="other", **HOLDS_TEAM),
        ingress("x", **HOLDS_TEAM),
        member("x", group="-bad-", **HOLDS_TEAM),
        member("x", class_name="theirs", **HOLDS_TEAM),
    ],
    ids=["deleted", "moved", "alone", "bad group", "another controller's"],
)
def test_who_holds_the_finalizer_and_is_no_member_leaves(left: Ingress) -> None:
    """What it had is cleaned up, then the finalizer goes."""
    theirs = ingress_class("theirs", controller="k8s.io/nginx")
    assert names(snapshot(TEAM, member("a"), left, theirs)) == (["a"], ["x"], 0)


@pytest.mark.parametrize(
    "of", [deleted(member("x")), member("x", group="-bad-"), member("x", class_name="gone")]
)
def test_who_holds_nothing_leaves_nothing(of: Ingress) -> None:
    """It is neither a member nor leaving."""
    assert names(snapshot(TEAM, of)) == ([], [], 0)


@pytest.mark.parametrize("class_name", ["gone", "params-gone"])
def test_a_member_whose_class_is_lost_stays_with_a_problem(class_name: str) -> None:
    """A class deleted by accident must not take a load balancer with it."""
    lost = ingress_class("params-gone", params="gone")
    loaded = snapshot(TEAM, member("a"), member("x", class_name=class_name, **HOLDS_TEAM), lost)
    assert names(loaded) == (["a", "x"], [], 0)
    assert [m.problem is None for m in loaded.members] == [True, False]


def test_who_is_in_no_group_is_reported_by_its_own_key() -> None:
    """A bad group name, or parameters of our class that are missing."""
    lost = ingress_class("params-gone", params="gone")
    assert names(snapshot(WEB, member("web", group="-bad-"))) == ([], [], 1)
    assert names(snapshot(WEB, ingress(class_name="params-gone"), lost)) == ([], [], 1)
    assert names(snapshot(TEAM, member("web", group="-bad-"))) == ([], [], 0)


def test_a_class_that_is_nobodys_is_not_ours_to_complain_of() -> None:
    """Another controller may be about to serve it."""
    assert names(snapshot(WEB, ingress(class_name="gone"))) == ([], [], 0)


def test_a_lost_class_is_reported_once_by_the_group_that_holds_the_ingress() -> None:
    """Not by its own key as well."""
    lost = ingress_class("params-gone", params="gone")
    of = member("web", class_name="params-gone", **HOLDS_TEAM)
    assert names(snapshot(TEAM, of, lost)) == (["web"], [], 0)
    assert names(snapshot(WEB, of, lost)) == ([], [], 0)


def test_a_bad_group_name_is_reported_though_the_old_group_is_left() -> None:
    """The old group only cleans up."""
    of = member("web", group="-bad-", **HOLDS_WEB)
    assert names(snapshot(WEB, of)) == ([], ["web"], 1)


def test_members_come_by_age_and_leavers_by_name() -> None:
    """Equal ages by namespace and name; without an age last; whatever the store's order."""
    objects = [
        member("c"),
        member("b", age_minutes=5),
        member("a"),
        member("z", creation_timestamp=None),
        *(deleted(member(name, **HOLDS_TEAM)) for name in ("y", "x")),
    ]
    expected = (["b", "a", "c", "z"], ["x", "y"], 0)
    assert names(snapshot(TEAM, *objects)) == expected
    assert names(snapshot(TEAM, *reversed(objects))) == expected


def test_a_members_age_is_its_creation() -> None:
    """Its uid is what it is remembered by."""
    loaded = LoadedMember(ingress=ingress("web"))
    assert loaded.uid == "uid-web"
    assert loaded.age_key == (BORN, True, "shop", "web")


def test_the_services_that_members_name_are_loaded() -> None:
    """Of the Ingress's namespace; what does not exist is not there, a resource names none."""
    rules = [rule("", path(), path("/n", backend=to("absent"))), rule("empty")]
    of = ingress(rules=rules, default_backend=to("blog"))
    resource = ingress(rules=[rule("", path("/", "Exact", IngressBackend()))])
    objects = (service("blog"), service("blog", namespace="other"), service("unused"))
    assert set(snapshot(WEB, of, *objects).services) == {("shop", "app"), ("shop", "blog")}
    assert snapshot(WEB, resource).services == {}


def test_parameters_are_those_of_the_class() -> None:
    """They travel with the member."""
    made = params(scheme="internal")
    (found,) = snapshot(WEB, ingress(), ingress_class(params="params"), made).members
    assert found.params == made


def test_of_one_second_the_served_member_is_the_older() -> None:
    """Timestamps are in whole seconds; its status shows that it was there before."""
    served = LoadedMember(ingress=with_status(ingress("z"), "lb.example"))
    assert served.age_key < LoadedMember(ingress=ingress("a")).age_key


def test_an_ingress_alone_that_cannot_be_read_is_no_member_and_not_gone() -> None:
    """Nobody is in its group, and nobody has left it."""
    stores = cluster(ingress_class(), service(), ingress())
    turn_unreadable(stores, ingress())
    seen = load(WEB, stores, "alb")
    assert (seen.members, seen.inactive) == ((), ())
