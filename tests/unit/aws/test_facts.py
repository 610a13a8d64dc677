"""Questions are answered in few calls, and never from memory where something is missing."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, cast

import pytest

from alb_controller.aws.facts import NetworkFacts, NetworkQuery
from alb_controller.aws.network import RouteTable
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.queries import (
    SecurityGroupsById,
    SecurityGroupsByName,
    Subnet,
    SubnetsById,
    SubnetsByName,
    SubnetsByReachability,
    SubnetsByRole,
    SubnetsByTags,
)
from alb_controller.model.stack import Found
from tests.clocks import FakeClock
from tests.unit.aws import samples


class Vpc:
    """A VPC as far as facts are asked of it; `calls` are the reads."""

    def __init__(self) -> None:
        self.here: dict[str, dict[str, str]] = {}
        self.elsewhere: dict[str, dict[str, str]] = {}
        self.tables: list[RouteTable] = []
        self.groups: dict[str, str] = {}
        self.calls: list[str] = []

    def zone_types(self) -> dict[str, str]:
        self.calls.append("zones")
        return {"us-west-2a": "availability-zone"}

    def subnets(self, zone_types: Mapping[str, str]) -> tuple[Subnet, ...]:
        self.calls.append("subnets")
        return tuple(_subnet(name, self.here, zone_types) for name in self.here)

    def subnets_by_id(
        self, ids: Iterable[str], zone_types: Mapping[str, str]
    ) -> tuple[Subnet, ...]:
        self.calls.append(f"subnets {','.join(sorted(ids))}")
        both = {**self.here, **self.elsewhere}
        return tuple(_subnet(name, both, zone_types) for name in ids if name in both)

    def route_tables(self) -> tuple[RouteTable, ...]:
        self.calls.append("routes")
        return tuple(self.tables)

    def security_groups_by_id(self, ids: Iterable[str]) -> tuple[Found[SecurityGroup], ...]:
        self.calls.append(f"groups {','.join(sorted(ids))}")
        return tuple(_group(i, self.groups[i]) for i in ids if i in self.groups)

    def security_groups_by_name_tag(self, names: Iterable[str]) -> tuple[Found[SecurityGroup], ...]:
        self.calls.append(f"named {','.join(sorted(names))}")
        return tuple(_group(i, name) for i, name in self.groups.items() if name in names)


def _subnet(name: str, tags: Mapping[str, dict[str, str]], zone_types: Mapping[str, str]) -> Subnet:
    return Subnet(
        id=name,
        vpc_id="vpc-1",
        availability_zone="us-west-2a",
        zone_type=zone_types["us-west-2a"],
        available_ip_addresses=100,
        has_ipv6=False,
        tags=tags[name],
    )


def _group(group_id: str, name: str) -> Found[SecurityGroup]:
    return Found(identity=group_id, resource=samples.security_group(tags={"Name": name}))


@pytest.fixture
def vpc() -> Vpc:
    """Three subnets: b and a for internal load balancers, c for public ones."""
    vpc = Vpc()
    internal = {"kubernetes.io/role/internal-elb": "1"}
    vpc.here = {
        "b": {**internal, "Name": "blue", "zone": "one"},
        "a": {**internal, "Name": "amber", "zone": "two"},
        "c": {"kubernetes.io/role/elb": "", "Name": "cyan"},
    }
    return vpc


def _facts(vpc: Vpc, clock: FakeClock | None = None) -> NetworkFacts:
    return NetworkFacts(cast(Any, vpc), clock or FakeClock())  # as much of Ec2 as is asked


def _ids(facts: NetworkFacts, query: NetworkQuery) -> list[str]:
    answers: Any = facts.answer({query})
    return [one.id for one in answers[query]]


@pytest.mark.parametrize(
    "query,ids",
    [
        (SubnetsByRole("internal-elb"), ["a", "b"]),
        (SubnetsByRole("elb"), ["c"]),
        (SubnetsById(("c", "a")), ["a", "c"]),
        (SubnetsById(("c", "missing")), ["c"]),
        (SubnetsByName(("blue", "cyan")), ["b", "c"]),
        (SubnetsByName(("blue", "missing")), ["b"]),
        (SubnetsByTags((("zone", ("one", "three")),)), ["b"]),
        (SubnetsByTags((("zone", ("*",)), ("Name", ("?mber",)))), ["a"]),
        (SubnetsByTags((("Name", ("[a-z]mber", "\\*mber")),)), []),
    ],
    ids=str,
)
def test_subnets_are_chosen_in_memory(vpc: Vpc, query: NetworkQuery, ids: list[str]) -> None:
    """Each question gets the subnets that fit, sorted by id."""
    assert _ids(_facts(vpc), query) == ids


def test_tags_of_a_subnet_are_matched_at_once_whatever_the_patterns(vpc: Vpc) -> None:
    """The stars of an IngressClassParams object cannot be tried one against the other."""
    vpc.here["d"] = {"pattern": "a" * 256}
    facts, hostile = _facts(vpc), "*a" * 12 + "*b"
    began = time.thread_time()
    assert _ids(facts, SubnetsByTags((("pattern", (hostile, "?" * 255)),))) == []
    assert _ids(facts, SubnetsByTags((("pattern", (hostile, "*a")),))) == ["d"]
    assert time.thread_time() - began < 0.25


def test_one_listing_answers_all_questions_about_subnets(vpc: Vpc) -> None:
    """However many are asked, and however often within a minute."""
    clock = FakeClock()
    facts = _facts(vpc, clock)
    for _ in range(3):
        facts.answer({SubnetsByRole("elb"), SubnetsById(("a",)), SubnetsByName(("blue",))})
    assert sorted(vpc.calls) == ["subnets", "zones"]
    clock.advance(61)
    facts.answer({SubnetsByRole("elb")})
    assert sorted(vpc.calls) == ["subnets", "subnets", "zones"]


def test_subnets_of_another_vpc_are_found_by_id(vpc: Vpc) -> None:
    """Only what the VPC does not have is looked up by itself."""
    vpc.elsewhere = {"far": {}}
    facts = _facts(vpc)
    assert _ids(facts, SubnetsById(("a", "far"))) == ["a", "far"]
    assert vpc.calls[-1] == "subnets far"


@pytest.mark.parametrize(
    "query",
    [
        SubnetsByRole("new"),
        SubnetsById(("new",)),
        SubnetsByName(("new", "blue")),
        SubnetsByTags((("new", ("yes",)),)),
    ],
    ids=str,
)
def test_what_has_just_been_made_is_found(vpc: Vpc, query: NetworkQuery) -> None:
    """A subnet that was missing a second ago is found as soon as it is there."""
    clock = FakeClock()
    facts = _facts(vpc, clock)
    before = _ids(facts, query)
    clock.advance(1)
    vpc.here["new"] = {"kubernetes.io/role/new": "1", "Name": "new", "new": "yes"}
    assert _ids(facts, query) == sorted([*before, "new"])


def test_public_subnets_are_those_that_lead_to_the_internet(vpc: Vpc) -> None:
    """A subnet's own table counts; without one, the main table."""
    vpc.tables = [
        RouteTable(is_main=True, subnets=frozenset(), leads_to_internet=False),
        RouteTable(is_main=False, subnets=frozenset({"b", "c"}), leads_to_internet=True),
    ]
    facts = _facts(vpc)
    assert _ids(facts, SubnetsByReachability(public=True)) == ["b", "c"]
    assert _ids(facts, SubnetsByReachability(public=False)) == ["a"]
    assert vpc.calls.count("routes") == 1


def test_a_vpc_without_route_tables_has_no_public_subnets(vpc: Vpc) -> None:
    """What is not known to lead out is private."""
    assert _ids(_facts(vpc), SubnetsByReachability(public=False)) == ["a", "b", "c"]


def test_security_groups_are_asked_for_together(vpc: Vpc) -> None:
    """Ids of all questions go in one call and names in another; missing ones are asked again."""
    vpc.groups = {"sg-1": "web", "sg-2": "web", "sg-3": "db"}
    facts = _facts(vpc)
    one, other = SecurityGroupsById(("sg-3", "sg-1")), SecurityGroupsById(("sg-0", "sg-1"))
    named = SecurityGroupsByName(("web", "missing"))
    answers: Any = facts.answer({one, other, named})
    assert [group.id for group in answers[one]] == ["sg-1", "sg-3"]
    assert [group.id for group in answers[other]] == ["sg-1"]
    assert [group.id for group in answers[named]] == ["sg-1", "sg-2"]
    assert {group.tags["Name"] for group in answers[named]} == {"web"}
    assert sorted(vpc.calls) == ["groups sg-0,sg-1,sg-3", "named missing,web"]
    facts.answer({one, other, named})
    assert vpc.calls[2:] == ["groups sg-0", "named missing"]
