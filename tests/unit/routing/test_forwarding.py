"""Groups and targets: weights, health, zones, stickiness, protocol versions."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.routing.outcome import Outcome
from tests.unit.routing.asked import (
    Document,
    asked,
    balancer,
    fixed,
    forward,
    group,
    to_target,
)

STICKY = {"stickiness.enabled": "true", "stickiness.type": "lb_cookie"}
_MINIMUM = "target_group_health.unhealthy_state_routing.minimum_healthy_targets"


def weighted(weights: dict[str, int], *, is_sticky: bool = False) -> Document:
    """A load balancer with a group for each weight."""
    tuples = [{"TargetGroupArn": name, "Weight": weight} for name, weight in weights.items()]
    sticky = {"Enabled": is_sticky, "DurationSeconds": 60}
    action = {
        "Type": "forward",
        "ForwardConfig": {"TargetGroups": tuples, "TargetGroupStickinessConfig": sticky},
    }
    groups = {name: group(f"10.0.0.{n}") for n, name in enumerate(weights)}
    return balancer(groups=groups, default=action)


@pytest.mark.parametrize("at, chosen", [(0.0, "a"), (0.24, "a"), (0.26, "b"), (0.99, "b")])
def test_groups_share_by_weight(at: float, chosen: str) -> None:
    """One in four and three in four, and nothing for weight 0."""
    outcome = asked(weighted({"a": 1, "none": 0, "b": 3}), at=at)
    assert outcome.target_group == chosen
    assert outcome.weights == {"a": 1, "none": 0, "b": 3}
    assert not outcome.cookies


def test_a_group_alone_gets_all_and_no_weight_is_one() -> None:
    """What AWS fills in by itself."""
    assert asked(weighted({"a": 0})).weights == {"a": 1}
    document = weighted({"a": 2, "b": 1})
    del document["listeners"][0]["DefaultActions"][0]["ForwardConfig"]["TargetGroups"][1]["Weight"]
    assert asked(document).weights == {"a": 2, "b": 1}


def test_no_weight_at_all_is_503() -> None:
    """All weights 0: there is no group."""
    outcome = asked(weighted({"a": 0, "b": 0}))
    assert (outcome.action, outcome.status, outcome.target_group) == ("forward", 503, None)


def cookie(outcome: Outcome) -> dict[str, str]:
    """What a client sends back."""
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in outcome.cookies.items())}


def test_a_sticky_group_stays_and_is_renewed() -> None:
    """The cookie names the group, whatever chance says; both cookies are set each time."""
    document = weighted({"a": 1, "b": 1}, is_sticky=True)
    first = asked(document, at=0.9)
    assert (first.target_group, set(first.cookies)) == ("b", {"AWSALBTG", "AWSALBTGCORS"})
    again = asked(document, at=0.0, headers=cookie(first))
    assert (again.target_group, again.weights) == ("b", {"b": 1})
    assert again.cookies == first.cookies


@pytest.mark.parametrize("weights", [{"a": 1, "c": 1}, {"a": 1, "b": 0}])
def test_a_cookie_of_a_group_that_gets_nothing_is_forgotten(weights: dict[str, int]) -> None:
    """A group that left the action, or has weight 0 now, is not chosen."""
    first = asked(weighted({"a": 1, "b": 1}, is_sticky=True), at=0.9)
    again = asked(weighted(weights, is_sticky=True), headers=cookie(first))
    assert again.target_group == "a"


def test_no_failover_from_a_group_without_targets() -> None:
    """The group chosen decides."""
    document = weighted({"a": 0, "b": 1})
    document["target_groups"]["b"]["Targets"] = []
    outcome = asked(document)
    assert (outcome.status, outcome.target_group, outcome.targets) == (503, None, ())


def states(*given: str, zone: str | None = None, **attributes: str) -> Outcome:
    """What becomes of a request to targets of these states, `state@zone`."""
    targets = []
    for number, one in enumerate(given):
        state, _, of = one.partition("@")
        targets.append({"Id": f"t{number}", "State": state, "AvailabilityZone": of or None})
    groups = {"web": group(*targets, Attributes=attributes)}
    return asked(balancer(groups=groups, default=forward("web")), zone=zone)


def ids(outcome: Outcome) -> list[str]:
    """The targets that may get the request."""
    return [one.target.id for one in outcome.targets]


@pytest.mark.parametrize(
    "given, expected",
    [
        (["healthy", "unhealthy"], ["t0"]),
        (["unhealthy", "unhealthy"], ["t0", "t1"]),
        (["unhealthy", "draining", "initial"], ["t0"]),
        (["initial", "healthy"], ["t1"]),
        (["draining", "healthy", "unhealthy.draining"], ["t1"]),
        (["unavailable", "unhealthy"], ["t0"]),
        (["initial"], []),
        (["draining", "unused"], []),
        ([], []),
    ],
)
def test_health_decides_who_gets_requests(given: list[str], expected: list[str]) -> None:
    """Healthy ones; if none is, all (fail open); never new ones and those that leave."""
    outcome = states(*given)
    assert ids(outcome) == expected
    assert (outcome.status == 503) is not bool(expected)
    assert outcome.is_open is (
        bool(expected) and "healthy" not in given + ["healthy"][:0] and "unavailable" not in given
    )


@pytest.mark.parametrize(
    "name, value, is_open",
    [
        ("count", "2", True),
        ("count", "1", False),
        ("percentage", "34", True),
        ("percentage", "33", False),
        ("percentage", "off", False),
    ],
)
def test_below_a_minimum_all_get_requests(name: str, value: str, is_open: bool) -> None:
    """By count or by percentage, either is enough."""
    outcome = states("healthy", "unhealthy", "unhealthy", **{f"{_MINIMUM}.{name}": value})
    assert ids(outcome) == (["t0", "t1", "t2"] if is_open else ["t0"])
    assert outcome.is_open is is_open


@pytest.mark.parametrize(
    "zone, expected",
    [
        ("a", ["t0", "t4"]),
        ("b", ["t1", "t2", "t4"]),
        ("c", ["t4"]),
        (None, ["t0", "t1", "t2", "t4"]),
    ],
)
def test_cross_zone_off_keeps_requests_in_their_zone(zone: str | None, expected: list[str]) -> None:
    """Health counts in each zone by itself; a target of `all` is in every one."""
    outcome = states(
        "healthy@a", "unhealthy@b", "unhealthy@b", "draining@a", "healthy@all",
        zone=zone, **{"load_balancing.cross_zone.enabled": "false"},
    )  # fmt: skip
    assert ids(outcome) == [one for one in expected if one not in ("t1", "t2")]


def test_a_zone_without_healthy_targets_fails_open_by_itself() -> None:
    """Other zones' healthy targets do not help; a zone without targets has none."""
    off = {"load_balancing.cross_zone.enabled": "false"}
    assert ids(states("healthy@a", "unhealthy@b", zone="b", **off)) == ["t1"]
    assert states("healthy@a", zone="b", **off).status == 503
    assert states(zone=None, **off).status == 503


def test_cross_zone_is_on_by_default_and_as_the_load_balancer_has_it() -> None:
    """A group may say so too."""
    for setting in ({}, {"load_balancing.cross_zone.enabled": "true"}):
        assert ids(states("healthy@a", "healthy@b", zone="a", **setting)) == ["t0", "t1"]


def sticky_group(**attributes: str) -> Document:
    """A load balancer with two targets that are sticky."""
    groups = {"web": group("10.0.0.1", "10.0.0.2", Attributes={**STICKY, **attributes})}
    return balancer(groups=groups, default=forward("web"))


def test_a_sticky_target_stays() -> None:
    """AWSALB is set on every answer, and names the target."""
    first = asked(sticky_group(), at=0.9)
    assert set(first.cookies) == {"AWSALB", "AWSALBCORS"}
    again = asked(sticky_group(), headers=cookie(first))
    assert again.target == first.target
    assert again.targets == (first.target,)
    assert again.cookies == first.cookies


@pytest.mark.parametrize("value", ["nonsense", "%%%", "_w", "bm90Cm91cnM"])
def test_a_cookie_that_names_no_target_is_replaced(value: str) -> None:
    """It cannot be decoded, or is of another group."""
    outcome = asked(sticky_group(), headers={"Cookie": f"a; AWSALB={value}; AWSALB=late"})
    assert ids(outcome) == ["10.0.0.1", "10.0.0.2"]
    assert "AWSALB" in outcome.cookies


@pytest.mark.parametrize("state", ["unhealthy", "draining"])
def test_a_sticky_target_that_gets_nothing_is_left(state: str) -> None:
    """Unhealthy or deregistered: another target, another cookie."""
    first = asked(sticky_group())
    document = sticky_group()
    document["target_groups"]["web"]["Targets"][0]["State"] = state
    again = asked(document, headers=cookie(first))
    assert ids(again) == ["10.0.0.2"]
    assert again.cookies != first.cookies


def test_an_application_cookie_is_renewed_and_not_begun() -> None:
    """It counts beside the application's own, and what the target sets is not known."""
    app = {"stickiness.type": "app_cookie", "stickiness.app_cookie.cookie_name": "SID"}
    document = sticky_group(**app)
    assert not asked(document).cookies
    ours = asked(sticky_group(), at=0.9).cookies["AWSALB"]
    both = asked(document, headers={"Cookie": f"SID=1; AWSALBAPP-0={ours}"})
    assert ids(both) == ["10.0.0.2"]
    assert set(both.cookies) == {"AWSALBAPP-0"}
    assert len(ids(asked(document, headers={"Cookie": f"AWSALBAPP-0={ours}"}))) == 2


@pytest.mark.parametrize(
    "version, request_, status",
    [
        ("HTTP1", {}, None),
        ("HTTP1", {"http_version": "1.0"}, None),
        ("HTTP1", {"http_version": "2"}, None),
        ("HTTP2", {}, 464),
        ("HTTP2", {"http_version": "2"}, None),
        ("GRPC", {"method": "POST"}, 464),
        ("GRPC", {"http_version": "2"}, 464),
        ("GRPC", {"http_version": "2", "method": "POST"}, None),
        ("HTTP1", {"http_version": "2", "method": "POST", "headers": "grpc"}, 464),
        ("HTTP2", {"http_version": "2", "method": "POST", "headers": "grpc"}, None),
        ("HTTP1", {"method": "POST", "headers": "grpc"}, None),
    ],
)
def test_a_group_takes_requests_of_its_version(
    version: str, request_: dict[str, Any], status: int | None
) -> None:
    """What cannot be turned into the group's version is 464."""
    if "headers" in request_:
        request_ = {**request_, "headers": {"Content-Type": "application/grpc+proto"}}
    document = to_target(Port=443)
    document["target_groups"]["web"]["ProtocolVersion"] = version
    outcome = asked(document, **request_)
    assert outcome.status == status
    if status is None:
        assert outcome.version_seen == ("1.1" if version == "HTTP1" else "2")
    else:
        assert outcome.target_group is None


def test_http2_that_is_switched_off_is_http_1() -> None:
    """No client speaks it then."""
    document = to_target(Port=443, attributes={"routing.http2.enabled": "false"})
    document["target_groups"]["web"]["ProtocolVersion"] = "HTTP2"
    assert asked(document, http_version="2").status == 464


def test_a_rule_without_an_action_answers_500() -> None:
    """A document can say what AWS would refuse."""
    document = balancer(default=fixed())
    document["listeners"][0]["DefaultActions"] = []
    assert asked(document).status == 500
