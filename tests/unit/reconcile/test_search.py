"""Who of several members is at fault for what is refused to them together."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alb_controller.errors import NotFound, QuotaExceeded, Rejected
from alb_controller.model.elbv2 import LoadBalancer
from alb_controller.objects.networking import Ingress
from tests.factories import member, path, rule, to
from tests.unit.reconcile.rich_aws import PickyAws
from tests.unit.reconcile.stack_world import World
from tests.unit.reconcile.test_refused_parts import is_published, sent

WRONG = Rejected("elbv2", "CreateListener", "ValidationError", "it is not valid")
SECURE = {"listen-ports": '[{"HTTPS": 443}]', "certificate-arn": "arn:cert/a"}
TRUST = json.dumps([{"port": 443, "mode": "verify", "trustStore": "arn:poison"}])


def asking(name: str, **alb: str) -> Ingress:
    """A member with one path, its name, and annotations in snake case."""
    rules = [rule("", path(f"/{name}", "Exact", to()))]
    return member(name, alb={key.replace("_", "-"): alb[key] for key in alb}, rules=rules)


def together(*members: Ingress, error: Any = WRONG) -> World:
    """A new group, at rest in an AWS that refuses calls with `poison` in them."""
    aws = PickyAws()
    aws.picky["*"] = ("poison", error)
    world = World(*members, aws=aws).settle().wait(30)
    aws.provisioning.clear()
    return world.wait(300)


def secure(name: str, **alb: str) -> Ingress:
    """A member of an HTTPS listener, of which each says something."""
    return asking(name, **{key.replace("-", "_"): SECURE[key] for key in SECURE}, **alb)


@pytest.mark.parametrize("bad", [{3}, {0}, {7}, {2, 5}, {0, 1}, {1, 6, 7}])
def test_of_eight_new_members_those_at_fault_stay_out(bad: set[int]) -> None:
    """They are found in one look, with few calls, and nobody else hears of it."""
    members = [
        secure(f"m{n}", ssl_policy="poison") if n in bad else secure(f"m{n}") for n in range(8)
    ]
    world = together(*members)
    good = [f"m{n}" for n in range(8) if n not in bad]
    assert world.aws.paths() == [f"/{name}" for name in good]
    assert all(is_published(world, name) for name in good)
    assert all(world.kube.warnings(name) == [] for name in good)
    assert all(len(world.kube.warnings(f"m{n}")) == 1 for n in bad)
    aws: Any = world.aws
    assert len(aws.not_taken) <= 5 * len(bad)
    world.forget_calls()
    aws.not_taken.clear()
    world.wait(3600)
    assert sent(world) == []


def test_what_is_wrong_with_each_of_two_has_a_warning_of_its_own() -> None:
    """One has a policy, the other a trust store, and AWS takes neither."""
    world = together(
        secure("a"),
        secure("b", ssl_policy="poison"),
        secure("c", mutual_authentication=TRUST),
    )
    assert world.aws.paths() == ["/a"]
    (of_b,), (of_c,) = world.kube.warnings("b"), world.kube.warnings("c")
    assert "alb.ingress.kubernetes.io/ssl-policy: AWS refuses" in of_b
    assert "alb.ingress.kubernetes.io/mutual-authentication: AWS refuses" in of_c


def test_the_answer_says_whose_value_it_is() -> None:
    """Of several settings of one member that is named which AWS mentions."""
    error = NotFound(
        "elbv2", "CreateListener", "TrustStoreNotFound", "policy 'poison' is not there"
    )
    settings = {
        "ssl_policy": "poison",
        "mutual_authentication": TRUST.replace("poison", "fine"),
        "inbound_cidrs": "10.0.0.0/8",
    }
    world = together(secure("a", **settings), error=error)
    (warning,) = world.kube.warnings("a")
    assert "due to alb.ingress.kubernetes.io/ssl-policy: AWS refuses" in warning


def test_what_all_set_alike_is_refused_to_all() -> None:
    """Nobody is searched for where all ask for the same: one call shows it, all are informed."""
    world = together(*(secure(name, ssl_policy="poison") for name in "abc"))
    aws: Any = world.aws
    assert aws.not_taken == ["create_listener"] * 5
    assert all(len(world.kube.warnings(name)) == 1 for name in "abc")


def test_a_quota_of_the_account_is_no_members_fault() -> None:
    """One has set the scheme, and there is no room whatever the scheme is."""
    full = QuotaExceeded("elbv2", "CreateLoadBalancer", "TooManyLoadBalancers", "50 at most")
    aws = PickyAws()
    aws.picky["create_load_balancer"] = ("", full)
    world = World(asking("a"), asking("b", scheme="internal"), aws=aws).settle()
    assert aws.not_taken == ["create_load_balancer"]
    aws.picky.clear()
    world.wait(2 * 3600)
    assert world.aws.paths() == ["/a", "/b"]
    assert len(world.kube.warnings("a")) == len(world.kube.warnings("b")) == 1


def test_who_was_blamed_for_what_nobody_could_have_is_not() -> None:
    """AWS takes no load balancer, whoever is left out: nobody stays rejected for it."""
    aws = PickyAws()
    aws.picky["create_load_balancer"] = ("", Rejected("elbv2", "C", "ValidationError", "no"))
    world = World(asking("a"), asking("b", scheme="internal"), aws=aws).settle()
    aws.picky.clear()
    world.wait(120)
    assert world.aws.paths() == ["/a", "/b"]


def test_a_load_balancer_is_not_replaced_again_for_what_was_refused() -> None:
    """Both have one name, so that it had to go before: only an edit is worth that."""
    aws = PickyAws()
    world = World(asking("a", load_balancer_name="front"), asking("b"), aws=aws).settle().wait(30)
    aws.provisioning.clear()
    aws.picky["create_load_balancer"] = (
        "scheme='internet-facing'",
        NotFound("elbv2", "CreateLoadBalancer", "SubnetNotFound", "it is not there"),
    )
    world.put(asking("b", scheme="internet-facing"))
    world.settle().wait(60)
    assert [one.scheme for one in aws.all(LoadBalancer).values()] == ["internal"]
    assert aws.paths() == ["/a", "/b"]
    aws.provisioning.clear()
    world.wait(300)
    world.forget_calls()
    world.wait(24 * 3600)
    assert world.aws.calls == []
    assert len(world.kube.warnings("b")) == 1
