"""Which security groups a load balancer has, and which one its targets admit (spec 6.4)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.build.context import needs_backend_group
from alb_controller.build.elbv2 import security_groups
from alb_controller.errors import Missing
from alb_controller.intent import (
    BalancerIntent,
    GivenSecurityGroups,
    InboundSources,
    ManagedSecurityGroup,
    SameSecurityGroups,
    Transport,
)
from alb_controller.model.ec2 import IngressRule
from alb_controller.model.queries import (
    SecurityGroupInfo,
    SecurityGroupsById,
    SecurityGroupsByName,
)
from alb_controller.model.refs import Ref, ResourceId
from alb_controller.settings import Settings
from tests.unit.build.intents import (
    FRONT,
    MAIN,
    NOTHING,
    SEED,
    WEB,
    balancer,
    context,
    listener,
    origin,
    stack_intent,
)

MANAGED = ResourceId("SecurityGroup", "ManagedLBSecurityGroup")
ANYONE = InboundSources(("0.0.0.0/0",), ("::/0",))


def given(*names: str, manage: bool = False) -> BalancerIntent:
    """A balancer whose Ingress names security groups."""
    return balancer(security=GivenSecurityGroups(names, manage, origin("security-groups")))


def info(id_: str, name: str = "") -> SecurityGroupInfo:
    """A group that AWS has."""
    return SecurityGroupInfo(id=id_, name_tag=name, tags={})


def groups(of: BalancerIntent, *found: SecurityGroupInfo, **known: Any) -> tuple[object, ...]:
    """The load balancer's groups where AWS has those found."""
    facts = {
        query: tuple(
            i
            for i in found
            if i.id in getattr(query, "ids", ()) or i.name_tag in getattr(query, "names", ())
        )
        for query in security_groups.queries(of)
    }
    return security_groups.of_load_balancer(of, stack_intent(of), context(**known), facts)


def test_without_given_groups_one_is_made() -> None:
    """With a managed group's tags, generated name and description, which LBC has too."""
    (made,) = security_groups.managed(stack_intent(balancer(tags={"team": "a"})), context())
    assert made.id == MANAGED
    assert made.name.startswith("k8s-shop-web-")
    assert made.description == "[k8s] Managed SecurityGroup for LoadBalancer"
    assert made.tags == {
        "team": "a",
        "elbv2.k8s.aws/cluster": "prod",
        "ingress.k8s.aws/stack": "shop/web",
        "ingress.k8s.aws/resource": "ManagedLBSecurityGroup",
    }


def test_given_groups_leave_nothing_to_make() -> None:
    """Nor does a stack that goes."""
    assert security_groups.managed(stack_intent(given("sg-1")), context()) == ()
    assert security_groups.managed(NOTHING, context()) == ()


@pytest.mark.parametrize(
    "type_,kinds",
    [
        ("ipv4", ["cidr", "prefix_list"]),
        ("dualstack", ["cidr", "cidr_v6", "prefix_list"]),
        ("dualstack-without-public-ipv4", ["cidr", "cidr_v6", "prefix_list"]),
    ],
)
def test_each_source_may_reach_each_port(type_: str, kinds: list[str]) -> None:
    """IPv6 only where the load balancer has it; descriptions are empty."""
    sources = InboundSources(("10.0.0.0/8",), ("2001:db8::/32",), ("pl-1",))
    by_kind = {"cidr": "10.0.0.0/8", "cidr_v6": "2001:db8::/32", "prefix_list": "pl-1"}
    listeners = (listener(443, inbound=sources), listener(80, inbound=sources))
    intent = stack_intent(balancer(ip_address_type=type_), listeners=listeners)
    (made,) = security_groups.managed(intent, context())
    assert [r.key for r in made.ingress or ()] == [
        ("tcp", port, port, kind, by_kind[kind]) for port in (80, 443) for kind in kinds
    ]
    assert {r.description for r in made.ingress or ()} == {""}


def test_a_managed_group_is_joined_by_the_shared_one() -> None:
    """The order is managed, shared; without the shared one the managed stands alone."""
    assert groups(balancer(), backend_security_group="sg-9") == (Ref(MANAGED), "sg-9")
    assert groups(balancer()) == (Ref(MANAGED),)


def test_ids_and_names_are_asked_for_apart() -> None:
    """Sorted and once each, so that equal ones share an answer; a managed group asks nothing."""
    queries = list(security_groups.queries(given("web", "sg-2", "db", "sg-1", "sg-2")))
    assert queries == [SecurityGroupsById(("sg-1", "sg-2")), SecurityGroupsByName(("db", "web"))]
    assert list(security_groups.queries(balancer())) == []
    assert list(security_groups.queries(given("web"))) == [SecurityGroupsByName(("web",))]


def test_ids_come_first_then_every_group_of_a_name() -> None:
    """A name that several groups have brings them all, a group comes once."""
    found = (info("sg-4", "web"), info("sg-3", "web"), info("sg-2"), info("sg-1", "web"))
    assert groups(given("web", "sg-2", "sg-1"), *found) == ("sg-2", "sg-1", "sg-3", "sg-4")


@pytest.mark.parametrize("missing", ["sg-9", "absent"])
def test_a_group_that_does_not_exist_is_named(missing: str) -> None:
    """The annotation is at fault; nothing else is taken instead."""
    with pytest.raises(Missing) as raised:
        groups(given("sg-1", missing), info("sg-1", "sg-9"))
    assert raised.value.origin == WEB
    assert str(raised.value) == (
        "alb.ingress.kubernetes.io/security-groups: "
        f"names security group '{missing}', which does not exist"
    )


def test_given_groups_are_joined_by_the_shared_one_if_we_manage_the_targets() -> None:
    """manage-backend-security-group-rules."""
    found = info("sg-1")
    assert groups(given("sg-1", manage=True), found, backend_security_group="sg-9") == (
        "sg-1",
        "sg-9",
    )
    assert groups(given("sg-1"), found) == ("sg-1",)
    assert groups(given("sg-1"), found, backend_security_group="sg-9") == ("sg-1",)


@pytest.mark.parametrize(
    "of,shared,needed",
    [
        (balancer(), True, True),
        (balancer(), False, False),
        (given("sg-1"), True, False),
        (given("sg-1", manage=True), True, True),
        (balancer(security=SameSecurityGroups(FRONT)), True, False),
        (None, True, False),
    ],
)
def test_the_shared_group_is_needed_where_we_open_the_targets(
    of: BalancerIntent | None, shared: bool, needed: bool
) -> None:
    """Not with given groups alone or another's, not if it is switched off, not for nothing."""
    settings = Settings(enable_backend_security_group=shared)
    intent = stack_intent(of) if of else NOTHING
    assert needs_backend_group(intent, settings) is needed


@pytest.mark.parametrize(
    "of,shared,peer",
    [
        (balancer(), "sg-9", "sg-9"),
        (balancer(), None, Ref(MANAGED)),
        (given("sg-1", manage=True), "sg-9", "sg-9"),
        (given("sg-1"), None, None),
        (given("sg-1"), "sg-9", None),
    ],
)
def test_targets_admit_the_group_that_the_traffic_comes_from(
    of: BalancerIntent, shared: str | None, peer: object
) -> None:
    """The shared one, else the managed one; with given groups the user opens them."""
    by = context(backend_security_group=shared)
    assert security_groups.of_targets(of, stack_intent(of), by) == peer


def test_targets_admit_the_groups_that_a_balancer_shares_with_another() -> None:
    """What is open to the one is open to the other (spec 1.1, frontend NLB)."""
    front = balancer(id=FRONT, security=SameSecurityGroups(MAIN))
    intent = msgspec.structs.replace(stack_intent(), balancers=(*stack_intent().balancers, front))
    assert security_groups.of_targets(front, intent, context()) == Ref(MANAGED)
    by = context(backend_security_group="sg-9")
    assert security_groups.of_targets(front, intent, by) == "sg-9"


def test_the_shared_group_has_no_rules_of_its_own() -> None:
    """It is a source in other groups' rules; the operator's tags come first (spec 6.5)."""
    made = security_groups.shared_backend(
        Settings(cluster_name="testCluster", default_tags={"z": "1", "a": "2"})
    )
    assert made.name == "k8s-traffic-testCluster-411a1bcdb1"
    assert made.description == "[k8s] Shared Backend SecurityGroup for LoadBalancer"
    assert made.ingress is None
    assert list(made.tags.items()) == [
        ("a", "2"),
        ("z", "1"),
        ("elbv2.k8s.aws/cluster", "testCluster"),
        ("elbv2.k8s.aws/resource", "backend-sg"),
    ]


@pytest.mark.parametrize(
    "protocols, opened", [(("UDP",), ["udp"]), (("TCP", "UDP"), ["tcp", "udp"])]
)
def test_a_port_is_open_to_the_protocols_that_it_serves(
    protocols: tuple[Transport, ...], opened: list[str]
) -> None:
    """As EC2 writes them; a listener of two has a rule for each."""
    sources = InboundSources(("0.0.0.0/0",), protocols=protocols)
    (made,) = security_groups.managed(
        stack_intent(listeners=(listener(53, inbound=sources),)), context()
    )
    assert [rule.protocol for rule in made.ingress or ()] == opened


def test_each_balancer_has_a_group_of_its_own() -> None:
    """Of the sources of its own listeners; targets admit the group of the one they are behind."""
    first = stack_intent(listeners=(listener(80, inbound=ANYONE),)).balancers[0]
    other = msgspec.structs.replace(
        first,
        id="Other",
        security=ManagedSecurityGroup(SEED, id="OtherGroup"),
        listeners=(listener(443, inbound=ANYONE),),
    )
    intent = msgspec.structs.replace(stack_intent(), balancers=(first, other))
    made = security_groups.managed(intent, context())
    assert [(one.id.name, [r.from_port for r in one.ingress or ()]) for one in made] == [
        (MANAGED.name, [80]),
        ("OtherGroup", [443]),
    ]
    assert [one.tags["ingress.k8s.aws/resource"] for one in made] == [MANAGED.name, "OtherGroup"]
    found = security_groups.of_targets(other, intent, context())
    assert found == Ref(ResourceId("SecurityGroup", "OtherGroup"))


def test_a_rule_is_one_source_on_one_port() -> None:
    """The world, on the listener's port, over TCP."""
    intent = stack_intent(listeners=(listener(8080, inbound=ANYONE),))
    (made,) = security_groups.managed(intent, context())
    assert made.ingress == (IngressRule("tcp", 8080, 8080, "cidr", "0.0.0.0/0"),)
