"""What is replaced serves until its successor does: over the wire, at every write."""

from __future__ import annotations

import pytest

from tests.controller.aws_front import Call
from tests.controller.manifests import PODS, app, ingress
from tests.controller.rig import Rig

FLAGS = ("--replacement-ready-timeout=60s", "--replacement-drain=2s")
BOTH = sorted(PODS)


def web(service: str, **alb: str) -> dict[str, object]:
    """One path to a Service, whose targets are let go at once."""
    delay = "deregistration_delay.timeout_seconds=1"
    return ingress("web", {"/a": service}, target_group_attributes=delay, **alb)


class Served:
    """Whether who looks at the status meets a load balancer, a rule and a target, at each write."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.gaps: list[str] = []
        self.answers: list[str] = []
        """The scheme of the load balancer and the targets behind, whenever they are others."""

    def look(self, call: Call) -> None:
        """Called when a write has taken effect."""
        found = self.answer()
        if not found.endswith("]") or found.endswith("[]"):
            self.gaps.append(f"after {call.operation}: {found}")
        if found not in self.answers:
            self.answers.append(found)

    def answer(self) -> str:
        """Of the only path."""
        host, aws = self.rig.hostname(), self.rig.aws
        named = [one for one in aws.load_balancers() if one["DNSName"].lower() == host]
        if not named:
            return f"nothing is at {host}"
        elbv2, balancer = aws.account.elbv2, named[0]
        listeners = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])
        rules = [
            rule
            for one in listeners["Listeners"]
            for rule in elbv2.describe_rules(ListenerArn=one["ListenerArn"])["Rules"]
            if not rule["IsDefault"]
        ]
        if not rules:
            return "no rule"
        groups = rules[0]["Actions"][-1]["ForwardConfig"]["TargetGroups"]
        targets = {
            one["Target"]["Id"]
            for group in groups
            if group["Weight"] != 0
            for one in elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])[
                "TargetHealthDescriptions"
            ]
            if one["TargetHealth"].get("State") != "draining"
        }
        return f"{balancer['Scheme']} {sorted(targets)}"


@pytest.mark.parametrize(
    "before, after, answers",
    [
        (
            web("app"),
            web("api"),
            [f"internal {BOTH}", "internal ['192.168.165.10']"],
        ),
        (
            web("app"),
            web("app", scheme="internet-facing"),
            [
                f"internal {BOTH}",
                f"internet-facing {BOTH}",
            ],
        ),
    ],
    ids=["another Service", "another scheme"],
)
def test_who_is_served_is_so_at_every_write(
    rig: Rig, before: dict[str, object], after: dict[str, object], answers: list[str]
) -> None:
    """By the old one and then by the new one; in the end nothing of the old one is there."""
    rig.apply(*app("api", {"192.168.165.10": "node-c"}), before)
    served = Served(rig)
    with rig.running(*FLAGS) as controller:
        controller.settle()
        rig.aws.front.on_write = served.look
        rig.apply(after)
        controller.settle()
    assert (served.gaps, served.answers) == ([], answers)
    assert len(rig.aws.load_balancers()) == len(rig.aws.target_groups()) == 1
    assert len(rig.cluster.list("TargetGroupBinding")) == 1
