"""The network load balancer in front: annotations, and what a group makes of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.build.elbv2.names import balancer_name, generated_name
from alb_controller.intent import (
    FRONTEND_NLB,
    LOAD_BALANCER,
    BalancerBackendIntent,
    BalancerIntent,
    DiscoveredSubnets,
    ForwardIntent,
    ForwardTarget,
    GivenSecurityGroups,
    NamedSubnets,
    NetworkOptions,
    Origin,
    SameSecurityGroups,
    StackIntent,
    SubnetAddresses,
)
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.core import KubeObject
from alb_controller.values import ObjectRef
from tests.factories import ingress
from tests.unit.frontends.ingress.translation import (
    WEB,
    alone,
    balancer,
    refused,
    reported,
    settings,
    translated,
    wanted,
)

REF = ObjectRef("Ingress", "shop", "web", "uid-web")
ON = {"enable-frontend-nlb": "true"}
FRONT = "frontend-nlb-"
CHECK = FRONT + "healthcheck-"
TWO_PORTS = {"listen-ports": '[{"HTTP": 80}, {"HTTP": 8080}]'}


def has_front(intent: StackIntent) -> bool:
    """Whether there is one."""
    return any(one.id == FRONTEND_NLB for one in intent.balancers)


def front_of(intent: StackIntent) -> BalancerIntent:
    """The front, which must be there."""
    return intent.balancer(FRONTEND_NLB)


def with_front(**alb: str) -> StackIntent:
    """What an Ingress alone wants; keys without `frontend-nlb-`, `_` for `-`."""
    stated = {FRONT + key.replace("_", "-"): value for key, value in alb.items()}
    return alone(alb={**ON, **stated})


def forwards(intent: StackIntent) -> list[tuple[int, BalancerBackendIntent]]:
    """The ports of the front, each with where it sends everything."""
    by_id = {one.id: one for one in intent.balancer_backends}
    found = []
    for entry in front_of(intent).listeners:
        assert isinstance(entry.default.action, ForwardIntent)
        (target,) = entry.default.action.targets
        assert target == ForwardTarget("balancer", target.value)
        assert (entry.protocol, entry.routes) == ("TCP", ())
        found.append((entry.port, by_id[target.value]))
    return found


def member(name: str, **alb: str) -> KubeObject:
    """A member of group team that asks for a front; keys as in `front`."""
    stated = {FRONT + key.replace("_", "-"): value for key, value in alb.items()}
    return ingress(name, alb={"group.name": "team", **ON, **stated})


def test_nobody_has_a_front_unasked() -> None:
    """Other annotations of it count for nothing then, malformed ones neither."""
    assert not has_front(alone())
    assert not has_front(alone(alb={"enable-frontend-nlb": "false"}))
    assert not has_front(alone(alb={CHECK + "port": "no port", FRONT + "scheme": "nowhere"}))


def test_a_front_forwards_every_port_by_default() -> None:
    """Scheme of the flag, subnets found, groups and tags of the one behind, TCP by port."""
    intent = alone(alb={**ON, **TWO_PORTS, "scheme": "internet-facing", "tags": "team=a"})
    made = front_of(intent)
    assert made.options == NetworkOptions()
    assert (made.family, made.scheme) == ("network", "internal")
    assert made.subnets == DiscoveredSubnets()
    assert made.security == SameSecurityGroups(LOAD_BALANCER)
    assert made.tags == {"team": "a"}
    assert {port: (to.balancer, to.balancer_port, to.port) for port, to in forwards(intent)} == {
        80: (LOAD_BALANCER, 80, 80),
        8080: (LOAD_BALANCER, 8080, 8080),
    }
    assert [one.tags for one in made.listeners] == [{"team": "a"}] * 2
    assert [one.tags for one in intent.balancer_backends] == [{"team": "a"}] * 2
    public = settings(default_load_balancer_scheme="internet-facing")
    assert front_of(alone(alb=ON, by=public)).scheme == "internet-facing"


def test_the_parts_have_the_references_ids() -> None:
    """What is in AWS is found by them (spec 6.8)."""
    intent = alone(alb=ON)
    assert (front_of(intent).id, front_of(intent).listeners[0].id) == (
        "FrontendNlb",
        "FrontendNlb-ls-TCP-80",
    )
    assert [one.id for one in intent.balancer_backends] == ["FrontendNlb-tg-TCP-80"]


@pytest.mark.parametrize("name, front", [("mine", "mine-nlb"), ("a" * 32, "a" * 28 + "-nlb")])
def test_its_name_is_that_of_the_one_behind(name: str, front: str) -> None:
    """Generated or given, and `-nlb` (spec 6.1)."""
    intent = alone(alb={**ON, "load-balancer-name": name})
    made, behind = front_of(intent), balancer(intent)
    assert (made.explicit_name, made.name) == (behind.explicit_name, behind.name)
    assert balancer_name(made) == front


@pytest.mark.parametrize(
    "behind, before",
    [
        ("ipv4", "ipv4"),
        ("dualstack", "dualstack"),
        ("dualstack-without-public-ipv4", "dualstack"),
    ],
)
def test_a_front_has_the_families_of_the_one_behind(behind: str, before: str) -> None:
    """A network load balancer has no dual stack without public IPv4."""
    made = front_of(alone(alb={**ON, "ip-address-type": behind}))
    assert made.ip_address_type == before


def test_what_the_annotations_say() -> None:
    """Each has its place in the intent."""
    intent = with_front(
        scheme="internet-facing",
        subnets="subnet-1, subnet-2",
        security_groups="sg-1,edge",
        eip_allocations="eip-1,eip-2",
        attributes="dns_record.client_routing_policy=any_availability_zone",
        tags="a=1",
    )
    made = front_of(intent)
    assert made.scheme == "internet-facing"
    assert isinstance(made.subnets, NamedSubnets)
    assert made.subnets.names == ("subnet-1", "subnet-2")
    assert isinstance(made.security, GivenSecurityGroups)
    assert made.security.names == ("sg-1", "edge")
    assert not made.security.manage_backend_rules
    addresses = SubnetAddresses(("eip-1", "eip-2"), Origin(REF, PREFIX + FRONT + "eip-allocations"))
    assert made.options == NetworkOptions(elastic_ips=addresses)
    assert made.attributes == {"dns_record.client_routing_policy": "any_availability_zone"}
    assert made.tags == {"a": "1"}


def test_empty_tags_are_no_tags() -> None:
    """The annotation takes the place of the tags behind, even where it has none (spec 1.1)."""
    intent = alone(alb={**ON, "tags": "team=a", FRONT + "tags": ""})
    assert front_of(intent).tags == {}


def test_ports_are_mapped() -> None:
    """Port in front by port behind; what the Ingress does not listen on is passed over."""
    mapped = {**ON, **TWO_PORTS, FRONT + "listener-port-mapping": "81=80,443=8443"}
    assert [(port, to.balancer_port) for port, to in forwards(alone(alb=mapped))] == [(81, 80)]


def test_checks_have_defaults() -> None:
    """As LBC has them; its documentation says 3 for the thresholds (spec 1.1)."""
    ((_, to),) = forwards(with_front())
    assert msgspec.structs.asdict(to.health_check) == {
        "port": "traffic-port",
        "protocol": "HTTP",
        "path": "/",
        "interval_seconds": 15,
        "timeout_seconds": 5,
        "healthy_threshold": 2,
        "unhealthy_threshold": 2,
        "matcher": "200",
    }


def test_checks_say_what_the_annotations_say() -> None:
    """Every field has one."""
    intent = with_front(
        healthcheck_port="8081",
        healthcheck_protocol="HTTPS",
        healthcheck_path="/ready",
        healthcheck_interval_seconds="10",
        healthcheck_timeout_seconds="4",
        healthcheck_healthy_threshold_count="5",
        healthcheck_unhealthy_threshold_count="6",
        healthcheck_success_codes="200-299",
    )
    ((_, to),) = forwards(intent)
    values = tuple(msgspec.structs.asdict(to.health_check).values())
    assert values == ("8081", "HTTPS", "/ready", 10, 4, 5, 6, "200-299")


@pytest.mark.parametrize(
    "key, raw, allowed",
    [
        ("enable-frontend-nlb", "maybe", "true or false"),
        (FRONT + "scheme", "public", "internal, internet-facing"),
        (FRONT + "listener-port-mapping", "http=80", "pairs of ports"),
        (FRONT + "listener-port-mapping", "80=70000", "pairs of ports"),
        (CHECK + "port", "http", "traffic-port or a number"),
        (CHECK + "protocol", "TCP", "HTTP, HTTPS"),
        (CHECK + "interval-seconds", "10s", "5 to 300"),
        (FRONT + "attributes", "dns_record.client_routing_policy=nearest", "must be one of"),
    ],
)
def test_what_cannot_be_read_is_reported(key: str, raw: str, allowed: str) -> None:
    """With the key, the value and what is allowed."""
    (problem,) = refused(alb={**ON, key: raw})
    assert problem.startswith(f"{PREFIX}{key}: {raw!r}")
    assert allowed in problem


def test_all_that_cannot_be_read_is_reported_at_once() -> None:
    """Beside what is wrong elsewhere, and the switch itself."""
    bad = {"scheme": "open", CHECK + "port": "no port", FRONT + "scheme": "nowhere"}
    assert len(refused(alb={**ON, **bad})) == 3
    (scheme, switch) = refused(alb={**bad, "enable-frontend-nlb": "on"})
    assert "scheme" in scheme
    assert "enable-frontend-nlb" in switch


def test_tags_that_others_manage_are_refused() -> None:
    """As on every other resource; LBC takes them here (spec 12.1 #19)."""
    by = settings(external_managed_tags=("owner",))
    (problem,) = refused(alb={**ON, FRONT + "tags": "owner=me"}, by=by)
    assert "'owner' is managed by others" in problem


@pytest.mark.parametrize(
    "key, one, other",
    [
        ("scheme", "internal", "internet-facing"),
        ("subnets", "a,b", "a,c"),
        ("security_groups", "sg-1,sg-2", "sg-2,sg-1"),
        ("eip_allocations", "eip-1", "eip-2"),
        ("attributes", "a=1", "a=2"),
        ("tags", "a=1", "a=2"),
        ("listener_port_mapping", "80=80", "80=8080"),
        ("healthcheck_path", "/a", "/b"),
        ("healthcheck_success_codes", "200", "201"),
    ],
)
def test_members_must_agree(key: str, one: str, other: str) -> None:
    """The older wins, the younger is rejected."""
    ports = {"listen-ports": TWO_PORTS["listen-ports"]}
    group = [member("a", **{key: one}), member("b", **{key: other})]
    for made in group:
        made.metadata.annotations.update({PREFIX + k: v for k, v in ports.items()})
    translation = translated(*group)
    assert list(reported(translation)) == ["Ingress shop/b"]
    assert has_front(translation.intent)


@pytest.mark.parametrize(
    "key, one, other",
    [
        ("subnets", "a,b", "b,a"),
        ("eip_allocations", "eip-1,eip-2", "eip-2,eip-1"),
        ("healthcheck_success_codes", "200", "200"),
    ],
)
def test_the_same_in_another_order_is_agreement(key: str, one: str, other: str) -> None:
    """Success codes conflict with themselves in LBC (spec 12.1 #19)."""
    assert has_front(wanted(member("a", **{key: one}), member("b", **{key: other})))


def test_one_member_may_decide_for_all() -> None:
    """Attributes need not be repeated (spec 12.1 #19), and a word beats silence field by field."""
    group = [
        member("a", attributes="a=1"),
        member("b", attributes="b=2", healthcheck_path="/b"),
        ingress("c", alb={"group.name": "team"}),
    ]
    intent = wanted(*group)
    assert front_of(intent).attributes == {"a": "1", "b": "2"}
    assert [to.health_check.path for _, to in forwards(intent)] == ["/b"]


def test_who_wants_none_disagrees_with_who_wants_one() -> None:
    """As on every value of the whole group (spec 1.1)."""
    no = ingress("b", alb={"group.name": "team", "enable-frontend-nlb": "false"})
    assert list(reported(translated(member("a"), no))) == ["Ingress shop/b"]


def test_a_malformed_value_counts_once_somebody_wants_a_front() -> None:
    """Until then it hurts nobody."""
    bad = ingress("bad", alb={"group.name": "team", CHECK + "port": "http"})
    assert not has_front(wanted(bad))
    assert list(reported(translated(bad, member("a")))) == ["Ingress shop/bad"]


def test_what_members_say_now_decides_whether_a_front_is_wanted() -> None:
    """Not what they said before: their words on a front disagree only where one is wanted."""
    scheme, team = FRONT + "scheme", {"group.name": "team"}
    silent = ingress("a", alb={**team, scheme: "internal"})
    asking = ingress("a", alb={**team, scheme: "internal", **ON})
    other = ingress("b", alb={**team, scheme: "internet-facing"})
    before, after = translated(silent, other), translated(asking, other)
    assert (list(reported(before)), list(reported(after))) == ([], ["Ingress shop/b"])
    changed = translated(asking, other, remembered=before.good)
    assert list(reported(changed)) == ["Ingress shop/a"], "whose change they disagree for"
    assert reported(translated(silent, other, remembered=after.good)) == {}


def test_names_of_target_groups() -> None:
    """Hash over cluster, group, port, kinds and check; prefixes by the kind of group (spec 6.1)."""
    ((_, to),) = forwards(with_front())
    assert to.name.hashed == ("prod", str(WEB), "80", "alb", "TCP", "traffic-port", "HTTP")
    assert generated_name(to.name).startswith("k8s-shop-web-")
    ((_, shared),) = forwards(wanted(member("a")))
    assert generated_name(shared.name).startswith("k8s-team-")


def test_the_one_behind_is_as_without_a_front() -> None:
    """A front changes nothing of it."""
    assert balancer(alone(alb=ON)) == balancer(alone())
    intent = alone(alb=ON)
    without: dict[str, Any] = {"balancers": intent.balancers[:1], "balancer_backends": ()}
    assert msgspec.structs.replace(intent, **without) == alone()
