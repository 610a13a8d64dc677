"""Every step of a plan knows who asked for it: the member, and the field where one setting did."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from alb_controller.frontends.ingress.frontend import IngressFrontEnd
from alb_controller.model.origins import Origins
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.core import KubeObject, Service, ref
from alb_controller.objects.kinds import WATCHED
from alb_controller.objects.networking import Ingress
from alb_controller.plan.changes import Step
from alb_controller.values import ObjectRef, StackKey
from tests.conformance.corpus import DELETE, all_names, steps
from tests.corpus_objects import deleted_in, objects_of
from tests.factories import ingress, member, path, rule, service, to
from tests.unit.reconcile.rich_aws import RichAws
from tests.unit.reconcile.stack_world import World

TEAM, WEB = StackKey("ingress", "", "team"), StackKey("ingress", "shop", "web")
KINDS = {kind.name: kind.struct for kind in WATCHED}


def planned(world: World, key: StackKey) -> Iterator[Step]:
    """What the next pass over a stack will do."""
    plan = world.compile(key)
    yield from (*plan.steps, *plan.late)


def concerned(world: World, key: StackKey) -> tuple[set[ObjectRef], set[ObjectRef]]:
    """The Ingresses of a group, those that leave it too; the Services that they may use."""
    found = IngressFrontEnd(world.settings).load(key, world.kube.stores, {})
    group = {ref("Ingress", one.ingress) for one in found.members}
    group |= {ref("Ingress", one) for one in found.inactive}
    namespaces = {one.namespace for one in group}
    services = (one for one in world.kube.stores.list(Service) if one.key[0] in namespaces)
    return group, {ref("Service", one) for one in services}


@pytest.mark.parametrize("case", all_names())
def test_every_step_names_a_member_of_the_group(case: str) -> None:
    """In the recorded cases, from the first deploy to the end."""
    world = World(aws=RichAws())
    world.kube.remove(Service, "app")
    for step in steps(case):
        if step.name == DELETE:
            gone = [("Ingress", *one.key) for one in world.kube.stores.list(Ingress)]
        else:
            gone = deleted_in(step)
            world.put(*objects_of(step))
        for kind, namespace, name in gone:
            world.kube.remove(KINDS[kind], name, namespace)
        for key in sorted(IngressFrontEnd(world.settings).keys(world.kube.stores)):
            group, services = concerned(world, key)
            for one in planned(world, key):
                named = {origin.ref for origin in one.asked_by}
                assert named & group, (case, step.name, one)
                assert named <= group | services, (case, step.name, one)
        world.settle().wait(30)
    assert world.aws.things == {}


HTTPS = {"listen-ports": '[{"HTTPS": 443}]', "certificate-arn": "arn:cert/a"}
CHECK, NLB = "healthcheck-path", "frontend-nlb-"
TRUST = '[{"port": 443, "mode": "passthrough"}]'
FIXED = {"type": "fixed-response", "fixedResponseConfig": {"statusCode": "200"}}
METHOD = {"field": "http-request-method", "httpRequestMethodConfig": {"values": ["GET"]}}


def shown(asked_by: Origins) -> list[str]:
    """Of each its member, and what it set without the prefix."""
    return [f"{one.ref.name} {one.field.removeprefix(PREFIX)}".strip() for one in asked_by]


def change(
    before: Mapping[str, str], setting: Mapping[str, str], *objects: KubeObject
) -> dict[str, list[str]]:
    """Who asked for each kind of step, where b, the younger member of a group of two, sets
    something; `before` is what both say already.
    """

    def of_b(alb: Mapping[str, str]) -> Ingress:
        rules = [rule("b.example", path("/b", backend=to("blog")))]
        return member("b", alb={**before, **alb}, rules=rules)

    older = member("a", alb=before, age_minutes=5)
    world = World(older, of_b({}), service("blog"), *objects, aws=RichAws())
    world.settle().wait(30)
    world.aws.provisioning.clear()
    world.wait(300)
    assert list(planned(world, TEAM)) == []
    world.put(of_b(setting))
    return {_kind(step): shown(step.asked_by) for step in planned(world, TEAM)}


def _kind(step: Step) -> str:
    """With what it is about, where that can be several things."""
    of = getattr(step, "kind", "") or getattr(getattr(step, "resource", None), "id", "")
    return f"{type(step).__name__} {getattr(of, 'kind', of)}".strip()


@pytest.mark.parametrize(
    "before, setting, step, field",
    [
        ({}, {"ip-address-type": "dualstack"}, "SetIpAddressType", "ip-address-type"),
        ({}, {"subnets": "subnet-a,subnet-b"}, "SetSubnets", "subnets"),
        ({}, {"security-groups": "sg-1"}, "SetSecurityGroups", "security-groups"),
        (
            {},
            {"load-balancer-attributes": "idle_timeout.timeout_seconds=9"},
            "ModifyAttributes LoadBalancer",
            "load-balancer-attributes",
        ),
        ({}, {"tags": "team=b"}, "AddTags LoadBalancer", "tags"),
        ({}, {"tags": "team=b"}, "AddTags SecurityGroup", "tags"),
        ({}, {"tags": "team=b"}, "AddTags Listener", "tags"),
        ({}, {"tags": "team=b"}, "AddTags ListenerRule", "tags"),
        ({}, {"tags": "team=b"}, "AddTags TargetGroup", "tags"),
        ({}, {"inbound-cidrs": "10.0.0.0/8"}, "AuthorizeIngress", "inbound-cidrs"),
        ({}, {"inbound-cidrs": "10.0.0.0/8"}, "RevokeIngress", "inbound-cidrs"),
        ({}, {"wafv2-acl-arn": "arn:acl"}, "SetWebAcl", "wafv2-acl-arn"),
        ({}, {"wafv2-acl-name": "edge"}, "SetWebAcl", "wafv2-acl-name"),
        ({}, {"waf-acl-id": "acl"}, "SetRegionalWebAcl", "waf-acl-id"),
        ({}, {"shield-advanced-protection": "true"}, "SetProtection", "shield-advanced-protection"),
        (
            {},
            {"minimum-load-balancer-capacity": "CapacityUnits=9"},
            "ReserveCapacity",
            "minimum-load-balancer-capacity",
        ),
        ({}, {"ipam-ipv4-pool-id": "ipam-pool-1"}, "ModifyIpPools", "ipam-ipv4-pool-id"),
        ({}, {CHECK: "/up"}, "ModifyTargetGroup TargetGroup", CHECK),
        (
            {},
            {"target-group-attributes": "slow_start.duration_seconds=30"},
            "ModifyAttributes TargetGroup",
            "target-group-attributes",
        ),
        (
            {},
            {"listener-attributes.HTTP-80": "routing.http.response.server.enabled=false"},
            "ModifyAttributes Listener",
            "listener-attributes.HTTP-80",
        ),
        (HTTPS, {"certificate-arn": "arn:cert/b"}, "AddCertificates", "certificate-arn"),
        (HTTPS, {"ssl-policy": "ELBSecurityPolicy-X"}, "ModifyListener Listener", "ssl-policy"),
        (
            HTTPS,
            {"mutual-authentication": TRUST},
            "ModifyListener Listener",
            "mutual-authentication",
        ),
        (
            {},
            {"conditions.blog": json.dumps([METHOD])},
            "ModifyRule ListenerRule",
            "conditions.blog",
        ),
        ({}, {"enable-frontend-nlb": "true"}, "Create LoadBalancer", "enable-frontend-nlb"),
        (
            {"enable-frontend-nlb": "true"},
            {NLB + CHECK: "/up"},
            "ModifyTargetGroup TargetGroup",
            NLB + CHECK,
        ),
        (
            {"enable-frontend-nlb": "true"},
            {NLB + "attributes": "dns_record.client_routing_policy=any_availability_zone"},
            "ModifyAttributes LoadBalancer",
            NLB + "attributes",
        ),
    ],
)
def test_a_setting_is_asked_for_by_the_member_that_set_it(
    before: dict[str, str], setting: dict[str, str], step: str, field: str
) -> None:
    """First, and by no other member of the group."""
    first, *more = change(before, setting)[step]
    assert first == f"b {field}"
    assert {one.split()[0] for one in more} <= {"b"}


def test_a_creation_is_asked_for_by_all_that_it_sends() -> None:
    """Not by what has a step of its own: attributes, web ACLs, who may come in."""
    sent = {"scheme": "internet-facing", "tags": "team=a"}
    later = {"load-balancer-attributes": "a=1", "wafv2-acl-arn": "arn:acl", "inbound-cidrs": "::/0"}
    world = World(member("a", alb={**HTTPS, **sent, **later}), member("b"), aws=RichAws())
    asked = {_kind(step): shown(step.asked_by) for step in planned(world, TEAM)}
    assert asked["Create LoadBalancer"] == ["a scheme", "a tags", "a", "b"]
    assert asked["Create SecurityGroup"] == ["a tags", "a", "b"]


def test_another_default_certificate_is_asked_for_by_who_names_it() -> None:
    """The listener is modified for it."""
    world = World(ingress("web", alb=HTTPS), aws=RichAws()).settle()
    world.put(ingress("web", alb={**HTTPS, "certificate-arn": "arn:cert/b"}))
    asked = {_kind(step): shown(step.asked_by) for step in planned(world, WEB)}
    assert asked["ModifyListener Listener"] == ["web certificate-arn"]


def test_a_member_asks_for_what_its_services_say() -> None:
    """The Service that says it is named first: it is what a user has to change."""
    world = World(ingress("web"), aws=RichAws()).settle()
    world.put(service(alb={CHECK: "/up"}))
    (step,) = planned(world, WEB)
    assert shown(step.asked_by) == [f"app {CHECK}", "web"]


def test_a_path_asks_for_the_login_of_its_service() -> None:
    """The Service is named first here too."""
    arn = "arn:aws:cognito-idp:us-west-2:123456789012:userpool/us-west-2_p"
    pool = {"userPoolARN": arn, "userPoolClientID": "c", "userPoolDomain": "d"}
    login = {"auth-type": "cognito", "auth-idp-cognito": json.dumps(pool)}
    world = World(ingress("web", alb=HTTPS), aws=RichAws()).settle()
    world.put(service(alb=login))
    (step,) = planned(world, WEB)
    assert shown(step.asked_by) == ["app auth-idp-cognito", "web spec.rules[0].http.paths[0]"]


def test_what_is_wanted_no_more_concerns_all_who_stay_or_else_those_who_go() -> None:
    """Nobody asks for a deletion."""
    world = World(member("a"), member("b"), aws=RichAws()).settle()
    world.remove("b")
    left = {_kind(step): shown(step.asked_by) for step in planned(world, TEAM)}
    assert left["Delete TargetGroup"] == ["a"]
    assert left["Delete ListenerRule"] == ["a listen-ports"]
    world.remove("a")
    assert {tuple(shown(step.asked_by)) for step in planned(world, TEAM)} == {("a", "b")}
