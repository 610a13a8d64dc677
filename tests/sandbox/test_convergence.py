"""What is still missing has a name, and nothing is missing when all is there."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from types import SimpleNamespace
from typing import Any

import pytest

from alb_controller.sandbox.applying import apply_all
from alb_controller.sandbox.aws import Account, AwsServer
from alb_controller.sandbox.convergence import missing_in, problems, wait_until_at_rest
from alb_controller.sandbox.kubeapi import ApiServer
from alb_controller.sandbox.manifests import read_crds
from alb_controller.sandbox.state import Ingress, State, Target, TargetGroup

GROUP = TargetGroup(
    arn="arn:tg",
    name="pods",
    kind="ip",
    backend="shop/web:http",
    targets=(Target("10.0.0.1", 80, "healthy"),),
    is_in_use=True,
)
WEB = Ingress("shop/web", "web.example", "")
WHOLE = State(ingresses=(WEB,), target_groups={"arn:tg": GROUP}, ready_endpoints={"shop/web": 1})


def test_nothing_is_missing_when_all_is_there() -> None:
    """Addresses, targets, health."""
    assert list(missing_in(WHOLE)) == []
    assert problems(WHOLE) == []


@pytest.mark.parametrize(
    "state, texts",
    [
        (
            replace(WHOLE, ingresses=(replace(WEB, host_name=""),)),
            "Ingress shop/web has no load balancer yet",
        ),
        (
            replace(WHOLE, ready_endpoints={"shop/web": 3}),
            "target group pods has 1 of 3 Pods of shop/web:http",
        ),
        (replace(WHOLE, ready_endpoints={}), "target group pods has 1 of 0 Pods of shop/web:http"),
        (
            replace(
                WHOLE,
                target_groups={
                    "arn:tg": replace(GROUP, targets=(Target("10.0.0.1", 80, "initial"),))
                },
            ),
            "target 10.0.0.1:80 of shop/web:http is initial",
        ),
    ],
)
def test_what_is_missing_is_named(state: State, texts: str) -> None:
    """One line for each thing."""
    assert list(missing_in(state)) == [texts]


def test_targets_of_a_group_that_nobody_uses_rest() -> None:
    """A binding of the user's own need not be behind a load balancer."""
    unused = replace(GROUP, is_in_use=False, targets=(Target("10.0.0.1", 80, "unused"),))
    assert list(missing_in(replace(WHOLE, target_groups={"arn:tg": unused}))) == []


def test_instance_targets_are_not_counted_by_pods() -> None:
    """A group of instances has the nodes, however many Pods there are."""
    nodes = replace(GROUP, kind="instance", targets=(Target("i-1", 30080, "healthy"),))
    state = replace(WHOLE, target_groups={"arn:tg": nodes}, ready_endpoints={"shop/web": 9})
    assert list(missing_in(state)) == []


def test_a_refused_ingress_is_a_problem_and_not_waited_for() -> None:
    """Waiting does not help it; its warning is the reason."""
    bad = Ingress("shop/bad", "", "FailedBuildModel: no")
    state = replace(WHOLE, ingresses=(WEB, bad))
    assert list(missing_in(state)) == []
    assert problems(state) == ["Ingress shop/bad was refused: FailedBuildModel: no"]


def test_all_rests_only_when_the_data_plane_serves_what_was_read() -> None:
    """AWS changes by being looked at: what is served is compared after that, not before."""
    looks: list[str] = []

    def is_current() -> bool:
        looks.append("data plane")
        return looks.count("data plane") > 1

    with ApiServer() as kube, AwsServer(observe=lambda _: looks.append("AWS")) as aws:
        apply_all(kube.api, read_crds(), looks.append)
        looks.clear()
        idle = SimpleNamespace(is_idle=lambda: True)
        world: Any = SimpleNamespace(
            check=lambda: None,
            controllers=idle,
            controller=idle,
            kube=kube,
            account=Account(aws.url),
            data_plane=SimpleNamespace(is_current=is_current),
        )
        notes: list[str] = []
        wait_until_at_rest(world, 60, notes.append)
    assert notes == ["the data plane follows AWS"]
    assert [one for one, _ in groupby(looks)] == ["AWS", "data plane", "AWS", "data plane"]
