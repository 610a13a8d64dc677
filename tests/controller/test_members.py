"""Members of a group fail alone: what one gets wrong touches no other, and takes nothing away."""

from __future__ import annotations

import pytest

from alb_controller.objects.records import RECORD
from tests.controller.manifests import NAMESPACE, app, ingress, ingress_class
from tests.controller.rig import Rig

BAD = {"scheme": "open"}


def _two(rig: Rig) -> None:
    """A group of two members that serve /a and /b."""
    rig.apply(ingress("a", ["/a"], group="g"), ingress("b", ["/b"], group="g"))


def test_a_member_that_turns_invalid_keeps_what_it_has(rig: Rig) -> None:
    """Its last known good settings stay as others change; once corrected, its new ones count."""
    _two(rig)
    with rig.running() as controller:
        controller.settle()
        rig.apply(ingress("b", ["/wrong"], group="g", **BAD))
        rig.apply(ingress("a", ["/a", "/more"], group="g"))
        controller.settle()
        assert sorted(rig.aws.paths()) == ["/a", "/b", "/more"]
        assert len(rig.warnings("b")) == 1
        rig.apply(ingress("b", ["/right"], group="g", scheme="internal"))
        controller.settle()
        assert sorted(rig.aws.paths()) == ["/a", "/more", "/right"]
    assert rig.warnings("a") == []


def test_a_member_that_never_was_valid_is_left_out(rig: Rig) -> None:
    """Also after a restart: it has no load balancer in its status, so nothing is held for it."""
    rig.apply(ingress("a", ["/a"], group="g"), ingress("b", ["/b"], group="g", **BAD))
    for paths in (["/a"], ["/a", "/more"]):
        with rig.running() as controller:
            rig.apply(ingress("a", paths, group="g"))
            controller.settle()
            assert sorted(rig.aws.paths()) == paths
    assert rig.hostname("b") == ""


def _restart_with_a_bad_member(rig: Rig) -> None:
    _two(rig)
    with rig.running() as controller:
        controller.settle()
    rig.apply(ingress("b", ["/wrong"], group="g", **BAD))


@pytest.mark.parametrize("cure", ["correct", "delete"])
def test_a_member_that_is_bad_at_a_restart_holds_nobody(rig: Rig, cure: str) -> None:
    """Others change, join and leave; it keeps what its record says, until it is valid or gone."""
    _restart_with_a_bad_member(rig)
    with rig.running() as controller:
        controller.settle()
        mark = rig.mark()
        rig.apply(ingress("a", ["/a", "/more"], group="g"), ingress("c", ["/c"], group="g"))
        controller.settle()
        assert sorted(rig.aws.paths()) == ["/a", "/b", "/c", "/more"]
        assert not {"DeleteRule", "ModifyRule"} & set(rig.since(mark).aws)
        rig.delete("Ingress", "a")
        controller.settle()
        assert rig.is_gone("Ingress", "a")
        assert sorted(rig.aws.paths()) == ["/b", "/c"]
        assert len(rig.warnings("b")) == 1
        assert rig.warnings("c") == []
        if cure == "correct":
            rig.apply(ingress("b", ["/right"], group="g", scheme="internal"))
        else:
            rig.delete("Ingress", "b")
        controller.settle()
    assert sorted(rig.aws.paths()) == (["/c", "/right"] if cure == "correct" else ["/c"])
    assert rig.is_gone("Ingress", "b") == (cure == "delete")


@pytest.mark.parametrize("cure", ["correct", "delete"])
def test_what_a_member_may_have_is_kept_while_it_is_not_known(rig: Rig, cure: str) -> None:
    """As an older version leaves it, which notes nothing: the others go on."""
    _restart_with_a_bad_member(rig)
    for name in "ab":
        rig.merge("Ingress", name, {"metadata": {"annotations": {RECORD: None}}})
    with rig.running() as controller:
        controller.settle()
        mark = rig.mark()
        rig.apply(ingress("a", ["/a", "/more"], group="g"))
        rig.apply(*app("app", {"192.168.100.10": "node-a", "192.168.165.10": "node-c"}))
        controller.settle()
        assert "DeleteRule" not in rig.since(mark).aws
        assert rig.aws.targets() == {"192.168.100.10", "192.168.165.10"}
        assert sorted(rig.aws.paths()) == ["/a", "/b", "/more"]
        (reported,) = rig.warnings("a")
        assert "shop/b" in reported
        assert len(rig.warnings("b")) == 1
        if cure == "correct":
            rig.apply(ingress("b", ["/right"], group="g", scheme="internal"))
        else:
            rig.delete("Ingress", "b")
        controller.settle()
    patched = ["/right"] if cure == "correct" else []
    assert sorted(rig.aws.paths()) == sorted(["/a", "/more", *patched])
    assert rig.is_gone("Ingress", "b") == (cure == "delete")


def test_the_last_member_can_be_deleted_though_it_is_bad(rig: Rig) -> None:
    """Deleting needs no valid word: all of AWS goes, before and after a restart."""
    rig.apply(ingress("web"))
    with rig.running() as controller:
        controller.settle()
        rig.annotate("web", scheme="open")
        controller.settle()
    with rig.running() as controller:
        controller.settle()
        assert len(rig.aws.load_balancers()) == 1
        rig.delete("Ingress", "web")
        controller.settle()
    assert rig.is_gone("Ingress", "web")
    assert rig.aws.load_balancers() == []
    assert rig.aws.made_groups() == []


@pytest.mark.parametrize("is_restarted", [False, True], ids=["one process", "a restart between"])
def test_a_class_that_vanishes_takes_nothing_with_it(rig: Rig, *, is_restarted: bool) -> None:
    """Its Ingress keeps its load balancer, gets a Warning with the reason, and can be deleted."""
    rig.apply(ingress_class("other"), ingress("web", class_name="other"))
    with rig.running() as controller:
        controller.settle()
        rig.delete("IngressClass", "other")
        controller.settle()
        assert len(rig.aws.load_balancers()) == 1
        if not is_restarted:
            rig.delete("Ingress", "web")
            controller.settle()
    if is_restarted:
        with rig.running() as controller:
            controller.settle()
            assert len(rig.aws.load_balancers()) == 1
            rig.delete("Ingress", "web")
            controller.settle()
    (message,) = rig.warnings("web")
    assert "'other'" in message
    assert rig.is_gone("Ingress", "web")
    assert rig.aws.load_balancers() == []


def test_a_subnet_that_does_not_exist_stops_the_member_that_names_it(rig: Rig) -> None:
    """What only AWS can say is the member's own problem too."""
    rig.apply(
        ingress("a", ["/a"], group="g"),
        ingress("b", ["/b"], group="g", subnets="private-a,nowhere"),
    )
    with rig.running() as controller:
        controller.settle()
        assert rig.aws.paths() == ["/a"]
    assert rig.warnings("a") == []
    (message,) = rig.warnings("b")
    assert "subnets" in message
    assert "nowhere" in message


def test_a_bad_member_is_deleted_from_a_group_that_stays(rig: Rig) -> None:
    """What AWS had for it goes with it; the others are served as before."""
    _two(rig)
    with rig.running() as controller:
        controller.settle()
        rig.apply(ingress("b", ["/wrong"], group="g", **BAD))
        controller.settle()
        rig.cluster.delete("Ingress", NAMESPACE, "b")
        controller.settle()
        assert rig.is_gone("Ingress", "b")
        assert rig.aws.paths() == ["/a"]


def test_a_held_group_keeps_the_shared_security_group(rig: Rig) -> None:
    """Nobody knows whether it needs the group, so it stays when all others have gone."""
    rig.apply(ingress("web"), ingress("other"))
    with rig.running() as controller:
        controller.settle()
    rig.annotate("web", scheme="open")
    with rig.running() as controller:
        controller.settle()
        rig.delete("Ingress", "other")
        controller.settle()
        assert len(rig.aws.load_balancers()) == 1
        rig.delete("Ingress", "web")
        controller.settle()
    assert rig.aws.made_groups() == []


READS_QUOTAS = "--read-aws-quotas=true"


def _paths(name: str, count: int) -> list[str]:
    return [f"/{name}{number}" for number in range(count)]


@pytest.mark.parametrize("flags", [(), (READS_QUOTAS,)], ids=["learned", "read"])
def test_only_the_newcomer_is_rejected_where_the_rule_quota_is_reached(
    rig: Rig, flags: tuple[str, ...]
) -> None:
    """`quota-rules-newcomer.yaml`; with the account's quota read, nothing is written before."""
    big = ingress("big", _paths("big", 90), group="g", **{"group.order": "1"})
    late = ingress("late", _paths("late", 20), group="g", **{"group.order": "5"})
    rig.apply(big, ingress("small", ["/s"], group="g", **{"group.order": "9"}))
    with rig.running(*flags) as controller:
        controller.settle()
        mark = rig.mark()
        rig.apply(late)
        controller.settle()
        assert ("CreateRule" in rig.since(mark).aws) == (not flags)
        rig.apply(ingress("small", ["/t"], group="g", **{"group.order": "9"}))
        controller.settle()
        assert sorted(rig.aws.paths()) == sorted([*_paths("big", 90), "/t"])
        (warning,) = rig.warnings("late")
        assert "AWS quota rules-per-application-load-balancer is 100" in warning
        assert "91 are used by others, and this Ingress needs 20" in warning
        rig.delete("Ingress", "big")
        rig.until(lambda: rig.is_gone("Ingress", "big"))
        controller.settle()
        assert sorted(rig.aws.paths()) == sorted([*_paths("late", 20), "/t"])
    assert rig.warnings("small") == rig.warnings("big") == []
