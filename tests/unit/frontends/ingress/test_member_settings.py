"""What one Ingress says of its load balancer: annotations, and the class that replaces them."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.intent import (
    ApplicationOptions,
    DiscoveredSubnets,
    GivenSecurityGroups,
    InboundSources,
    ManagedSecurityGroup,
    NamedSubnets,
    NameSeed,
    Origin,
    TaggedSubnets,
)
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.values import ObjectRef
from tests.factories import (
    ingress_class,
    member,
    params,
    service,
)
from tests.unit.frontends.ingress.translation import (
    alone,
    balancer,
    of_class,
    only_listener,
    refused,
    settings,
    wanted,
)

REF = ObjectRef("Ingress", "shop", "web", "uid-web")


def test_without_annotations_the_defaults_hold() -> None:
    """Internal, IPv4, discovered subnets, a managed group, HTTP 80 open to all, 404 (spec 1.1)."""
    intent = alone()
    made = balancer(intent)
    assert (made.scheme, made.ip_address_type, made.explicit_name) == ("internal", "ipv4", None)
    assert made.subnets == DiscoveredSubnets()
    assert isinstance(made.security, ManagedSecurityGroup)
    assert (made.attributes, made.tags, made.options) == ({}, {}, ApplicationOptions())
    listener = only_listener(intent)
    assert (listener.port, listener.protocol) == (80, "HTTP")
    assert listener.inbound == InboundSources(("0.0.0.0/0",), ("::/0",))
    assert str(intent.key) == "shop/web"


def test_the_operator_chooses_the_default_scheme() -> None:
    """--default-load-balancer-scheme; it is part of the generated name."""
    made = balancer(alone(by=settings(default_load_balancer_scheme="internet-facing")))
    assert made.scheme == "internet-facing"
    assert made.name.hashed == ("prod", "shop/web", "internet-facing")


def test_names_are_made_of_the_group() -> None:
    """Implicit: namespace and name; explicit: the group's name. Security groups lack the scheme."""
    made = balancer(alone())
    assert made.name == NameSeed((("shop", 8), ("web", 8)), ("prod", "shop/web", "internal"))
    assert isinstance(made.security, ManagedSecurityGroup)
    assert made.security.name == NameSeed((("shop", 8), ("web", 8)), ("prod", "shop/web"))
    explicit = balancer(wanted(member("web")))
    assert explicit.name == NameSeed((("team", 17),), ("prod", "team", "internal"))


@pytest.mark.parametrize(
    "suffix,raw,field,value",
    [
        ("scheme", "internet-facing", "scheme", "internet-facing"),
        ("ip-address-type", "dualstack", "ip_address_type", "dualstack"),
        ("load-balancer-name", "mine", "explicit_name", "mine"),
        (
            "customer-owned-ipv4-pool",
            "pool",
            "options",
            ApplicationOptions(customer_owned_ipv4_pool="pool"),
        ),
        ("load-balancer-attributes", "a=1, b=2", "attributes", {"a": "1", "b": "2"}),
        ("tags", "a=1,b=", "tags", {"a": "1", "b": ""}),
        (
            "subnets",
            "subnet-1, web",
            "subnets",
            NamedSubnets(("subnet-1", "web"), Origin(REF, PREFIX + "subnets")),
        ),
        ("subnets", "", "subnets", NamedSubnets((), Origin(REF, PREFIX + "subnets"))),
        (
            "security-groups",
            "sg-1,web",
            "security",
            GivenSecurityGroups(("sg-1", "web"), False, Origin(REF, PREFIX + "security-groups")),
        ),
    ],
)
def test_annotations_say_what_the_load_balancer_is(
    suffix: str, raw: str, field: str, value: Any
) -> None:
    """One by one; an empty list of subnets is said, too."""
    assert getattr(balancer(alone(alb={suffix: raw})), field) == value


def test_an_empty_list_of_security_groups_asks_for_the_managed_one() -> None:
    """As LBC takes it (spec 1.1)."""
    made = balancer(alone(alb={"security-groups": " , "}))
    assert isinstance(made.security, ManagedSecurityGroup)


@pytest.mark.parametrize(
    "raw,flag,manage", [(None, True, True), (None, False, False), ("true", False, True)]
)
def test_rules_on_targets_are_managed_if_the_annotation_or_the_flag_says_so(
    raw: str | None, flag: bool, manage: bool
) -> None:
    """Only with given security groups does it matter."""
    alb = {"security-groups": "sg-1"}
    if raw is not None:
        alb["manage-backend-security-group-rules"] = raw
    by = settings(enable_manage_backend_security_group_rules=flag)
    security = balancer(alone(alb=alb, by=by)).security
    assert isinstance(security, GivenSecurityGroups)
    assert security.manage_backend_rules is manage


def test_managed_rules_need_the_shared_group() -> None:
    """The flag that has switched it off is named; without given groups the word does not count."""
    off = settings(enable_backend_security_group=False)
    alb = {"security-groups": "sg-1", "manage-backend-security-group-rules": "true"}
    (problem,) = refused(alb=alb, by=off)
    assert problem.startswith(PREFIX + "manage-backend-security-group-rules: 'true' needs")
    assert "--enable-backend-security-group=false" in problem
    without = {"manage-backend-security-group-rules": "true"}
    assert isinstance(balancer(alone(alb=without, by=off)).security, ManagedSecurityGroup)
    alb["manage-backend-security-group-rules"] = "false"
    assert isinstance(balancer(alone(alb=alb, by=off)).security, GivenSecurityGroups)


@pytest.mark.parametrize(
    "suffix,raw,allowed",
    [
        ("scheme", "public", "must be one of internal, internet-facing"),
        ("ip-address-type", "ipv6", "must be one of ipv4, dualstack, dualstack-without-public-"),
        ("load-balancer-name", "x" * 33, "cannot be longer than 32 characters"),
        ("customer-owned-ipv4-pool", "", "must not be empty"),
        ("load-balancer-attributes", "idle", "must be a list of key=value separated by commas"),
        ("tags", "a", "must be a list of key=value separated by commas"),
        ("group.order", "1001", "must be a whole number from -1000 to 1000"),
        ("inbound-cidrs", "10.0.0.1", "is not a list of CIDRs"),
        ("listen-ports", '[{"TCP": 80}]', "allowed are HTTP and HTTPS"),
        ("manage-backend-security-group-rules", "yes", "must be true or false"),
    ],
)
def test_a_bad_value_is_reported_once(suffix: str, raw: str, allowed: str) -> None:
    """With the key, the value and what is allowed; the Ingress is left out whole."""
    (problem,) = refused(alb={suffix: raw})
    assert problem.startswith(f"{PREFIX}{suffix}: {raw!r} ")
    assert allowed in problem


def test_everything_that_is_wrong_is_reported_at_once() -> None:
    """Nobody corrects one mistake to read of the next."""
    alb = {"scheme": "public", "inbound-cidrs": "x", "listen-ports": "80", "tags": "a"}
    problems = refused(alb=alb, rules=[], default_backend=None)
    assert sorted(p.partition(":")[0].removeprefix(PREFIX) for p in problems) == sorted(alb)


def test_tags_that_others_manage_are_refused() -> None:
    """--external-managed-tags: the keys, once each however many backends there are."""
    by = settings(external_managed_tags=("cost", "owner"))
    (problem,) = refused(alb={"tags": "owner=me"}, by=by)
    assert problem == (f"{PREFIX}tags: tag 'owner' is managed by others (--external-managed-tags)")
    assert balancer(alone(alb={"tags": "mine=1"}, by=by)).tags == {"mine": "1"}


@pytest.mark.parametrize(
    "spec,alb,field,value",
    [
        ({"scheme": "internet-facing"}, {"scheme": "internal"}, "scheme", "internet-facing"),
        ({"scheme": "internal"}, {"scheme": "not read"}, "scheme", "internal"),
        (
            {"ipAddressType": "dualstack"},
            {"ip-address-type": "not read"},
            "ip_address_type",
            "dualstack",
        ),
        ({"loadBalancerName": "mine"}, {"load-balancer-name": "x" * 33}, "explicit_name", "mine"),
        (
            {"tags": [{"key": "a", "value": "class"}]},
            {"tags": "a=1,b=2"},
            "tags",
            {"a": "class", "b": "2"},
        ),
        (
            {"loadBalancerAttributes": [{"key": "a", "value": "class"}]},
            {"load-balancer-attributes": "a=1,b=2"},
            "attributes",
            {"a": "class", "b": "2"},
        ),
        (
            {"subnets": {"ids": ["subnet-2", "subnet-1"]}},
            {"subnets": "web"},
            "subnets",
            NamedSubnets(("subnet-2", "subnet-1"), Origin(REF, "IngressClassParams spec.subnets")),
        ),
        (
            {"subnets": {"tags": {"tier": ["web", "edge"], "a": ["b"]}}},
            {"subnets": "web"},
            "subnets",
            TaggedSubnets(
                (("a", ("b",)), ("tier", ("web", "edge"))),
                Origin(REF, "IngressClassParams spec.subnets"),
            ),
        ),
    ],
)
def test_the_class_replaces_the_annotation(
    spec: dict[str, Any], alb: dict[str, str], field: str, value: Any
) -> None:
    """Which is not read then, good or bad; tags and attributes by key (spec 2.2)."""
    assert getattr(balancer(of_class(alb=alb, spec=spec)), field) == value


@pytest.mark.parametrize(
    "spec,cidrs,lists",
    [
        ({}, ("10.0.0.0/8",), ("pl-9",)),
        ({"inboundCIDRs": []}, ("10.0.0.0/8",), ("pl-9",)),
        ({"inboundCIDRs": ["192.168.0.0/16"]}, ("192.168.0.0/16",), ("pl-9",)),
        ({"prefixListsIDs": ["pl-2", "pl-1"]}, ("10.0.0.0/8",), ("pl-1", "pl-2")),
        ({"PrefixListsIDs": ["pl-3"]}, ("10.0.0.0/8",), ("pl-3",)),
        ({"prefixListsIDs": ["pl-2"], "PrefixListsIDs": ["pl-3"]}, ("10.0.0.0/8",), ("pl-2",)),
    ],
)
def test_the_class_may_say_who_connects(
    spec: dict[str, Any], cidrs: tuple[str, ...], lists: tuple[str, ...]
) -> None:
    """Each of the two on its own; the new spelling of the prefix lists before the old one."""
    alb = {"inbound-cidrs": "10.0.0.0/8", "security-group-prefix-lists": "pl-9"}
    inbound = only_listener(of_class(alb=alb, spec=spec)).inbound
    assert (inbound.cidrs_v4, inbound.prefix_lists) == (cidrs, lists)


@pytest.mark.parametrize(
    "spec,complaint",
    [
        ({"inboundCIDRs": ["10.0.0.1"]}, "spec.inboundCIDRs: '10.0.0.1' is not a CIDR"),
        ({"loadBalancerName": "x" * 33}, "spec.loadBalancerName: 'xxxxx"),
        ({"sslRedirectPort": "no"}, "spec.sslRedirectPort: 'no' must be a whole number"),
        (
            {"minimumLoadBalancerCapacity": {"capacityUnits": -1}},
            "spec.minimumLoadBalancerCapacity.capacityUnits: -1 must be 0 or more",
        ),
    ],
)
def test_what_is_wrong_with_the_class_is_reported_to_the_ingress(
    spec: dict[str, Any], complaint: str
) -> None:
    """The field of the parameters is named."""
    (problem,) = refused(ingress_class(params="params"), params(**spec))
    assert problem.startswith(f"IngressClassParams {complaint}")


def test_the_class_may_choose_the_target_type() -> None:
    """Over the annotations of both Ingress and Service."""
    app = service(alb={"target-type": "instance"})
    intent = of_class(app, alb={"target-type": "not read"}, spec={"targetType": "ip"})
    assert [b.target_type for b in intent.backends] == ["ip"]
