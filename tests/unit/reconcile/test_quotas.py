"""A group at a quota: who fits stays, the newcomer that does not is rejected with the numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from alb_controller.errors import QuotaExceeded
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import Listener, ListenerRule, PathPattern, TargetGroup
from alb_controller.objects.core import Service
from alb_controller.objects.networking import Ingress
from tests.factories import BORN, changed, member, path, rule, service, to
from tests.unit.reconcile.rich_aws import RichAws
from tests.unit.reconcile.stack_world import World

HOUR = 3600.0
EARLY = BORN - timedelta(days=1)
RULES = "rules-per-application-load-balancer"
GROUPS = "target-groups-per-application-load-balancer"


def of(name: str, count: int, *, host: str = "", backend: str = "app", order: int = 0) -> Ingress:
    """A member with so many rules."""
    paths = [path(f"/{name}/{number}", "Exact", to(backend)) for number in range(count)]
    alb = {"group.order": str(order)} if order else {}
    return member(name, alb=alb, rules=[rule(host or f"{name}.example", *paths)])


def answering(name: str, *paths: str, hosts: Sequence[str] = ()) -> Ingress:
    """A member that needs no target group; of one path it may serve more hosts."""
    answer = {"type": "fixed-response", "fixedResponseConfig": {"statusCode": "200"}}
    alb = {"actions.ok": json.dumps(answer)}
    if hosts[1:]:
        config = {"field": "host-header", "hostHeaderConfig": {"values": hosts[1:]}}
        alb["conditions.ok"] = json.dumps([config])
    served = [path(one, "Exact", to("ok", "use-annotation")) for one in paths]
    return member(name, alb=alb, rules=[rule("".join(hosts[:1]), *served)])


def group(*members: Ingress, rules: int = 10, **flags: Any) -> World:
    """A group that has come to rest, on a load balancer that holds so many rules."""
    world = World(*members, **flags)
    world.aws.rule_limit = rules
    return world.settle()


def rules_of(world: World, name: str) -> int:
    """How many rules a member has in AWS."""
    return sum(one.startswith(f"/{name}/") for one in world.aws.paths())


def test_the_newcomer_alone_is_rejected_and_an_edit_that_fits_is_served() -> None:
    """`quota-rules-newcomer.yaml`: the newcomer comes before the edited member in the group."""
    world = group(of("big", 9, order=1), of("small", 1, order=9))
    world.put(of("late", 2, order=5), of("small", 1, host="new.example", order=9))
    world.settle()
    assert [rules_of(world, name) for name in ("big", "small", "late")] == [9, 1, 0]
    hosts = {c.values for r in world.aws.all(ListenerRule).values() for c in r.conditions[:1]}
    assert hosts == {("big.example",), ("new.example",)}
    (warning,) = world.kube.warnings("late")
    assert f"{RULES} is 10" in warning
    assert "10 are used by others, and this Ingress needs 2" in warning
    assert world.kube.warnings("small") == world.kube.warnings("big") == []


def test_what_a_refusal_has_shown_is_counted_before_the_next_write() -> None:
    """The first newcomer is asked of AWS, the second is not."""
    world = group(of("big", 9))
    world.put(of("late", 2))
    world.settle()
    world.forget_calls()
    world.put(of("later", 3))
    world.settle()
    assert world.aws.calls == []
    assert "this Ingress needs 3" in world.kube.warnings("later")[0]


def test_a_small_newcomer_fits_behind_a_large_one() -> None:
    """Only those that do not fit stay out."""
    world = group(of("big", 8))
    world.put(of("large", 4), of("tiny", 2))
    world.settle()
    assert [rules_of(world, name) for name in ("big", "large", "tiny")] == [8, 0, 2]


def test_an_edit_that_does_not_fit_leaves_what_aws_has() -> None:
    """The last known good of the edited member stays; that of others too."""
    world = group(of("a", 5), of("b", 4))
    world.put(of("b", 6))
    world.settle()
    assert [rules_of(world, name) for name in ("a", "b")] == [5, 4]
    (warning,) = world.kube.warnings("b")
    assert "5 are used by others, and this Ingress needs 6" in warning
    world.put(of("a", 4))
    world.settle()
    assert [rules_of(world, name) for name in ("a", "b")] == [4, 6]


def test_after_a_restart_what_aws_has_stays() -> None:
    """The process remembers nothing, and an older newcomer takes nobody's place."""
    world = group(of("new", 1), of("a", 5), of("b", 4))
    world.put(of("new", 4))
    world.settle()
    assert rules_of(world, "new") == 1
    world.remove("new")
    world.settle()
    world.put(changed(of("older", 2), creation_timestamp=EARLY))
    world.start()
    world.settle()
    assert [rules_of(world, name) for name in ("a", "b", "older")] == [5, 4, 0]


def test_a_deletion_makes_room_in_the_same_pass() -> None:
    """At the quota one goes and one comes; whoever waits is served when there is room."""
    world = group(of("a", 5), of("b", 5))
    world.put(of("c", 5))
    world.remove("b")
    world.settle()
    assert [rules_of(world, name) for name in ("a", "b", "c")] == [5, 0, 5]
    assert world.ingress("b") is None
    assert world.kube.warnings("c") == []


def test_a_group_over_the_quota_can_always_be_deleted() -> None:
    """AWS takes less than there is: what is served stays, what goes goes."""
    world = group(of("a", 3), of("b", 2))
    world.aws.rule_limit = 1
    world.put(of("c", 1))
    world.settle()
    assert rules_of(world, "c") == 0
    world.remove("a", "b", "c")
    world.settle().wait(60)
    assert world.aws.kinds() == []
    assert world.ingress("a") is None


def test_the_operators_number_is_counted_before_any_write() -> None:
    """Nothing is asked of AWS."""
    world = group(of("a", 3), aws_quotas={RULES: 4})
    world.forget_calls()
    world.put(of("b", 2))
    world.settle()
    assert world.aws.calls == []
    assert f"{RULES} is 4" in world.kube.warnings("b")[0]


def test_an_account_with_more_than_the_default_is_not_held_to_it() -> None:
    """AWS is asked, and takes it."""
    world = group(of("a", 99), of("b", 20), rules=200)
    assert [rules_of(world, name) for name in ("a", "b")] == [99, 20]
    assert world.kube.warnings("b") == []


def test_a_raised_quota_is_found_and_until_then_two_calls_an_hour_are_made() -> None:
    """What a refusal has shown is asked again, the later the more calls that takes."""
    world = group(of("a", 9))
    world.put(of("late", 2))
    world.settle()
    world.forget_calls()
    world.wait(10 * HOUR)
    assert len(world.aws.calls) <= 20
    world.aws.rule_limit = 20
    world.wait(10 * HOUR)
    assert rules_of(world, "late") == 2


def test_at_the_quota_of_ingress_rules_nobody_is_shut_out() -> None:
    """A newcomer narrows who may connect, to more sources than there is room for: all who could
    connect can at each moment.
    """
    world = World(of("a", 1))
    world.settle()
    world.aws.ingress_limit = 1
    sources: list[tuple[str, ...]] = []

    def look() -> None:
        (found,) = (one for one in world.aws.all(SecurityGroup).values() if one.ingress)
        sources.append(tuple(rule.source for rule in found.ingress or ()))

    world.aws.on_write.append(look)
    new = {"inbound-cidrs": "10.1.0.0/16,10.2.0.0/16"}
    world.put(member("new", alb=new, rules=[rule("", path("/new/0", "Exact", to()))]))
    world.settle().wait(3 * HOUR)
    look()
    assert set(sources) == {("0.0.0.0/0",)}
    assert [rules_of(world, name) for name in ("a", "new")] == [1, 0]
    assert "inbound-cidrs" in world.kube.warnings("new")[0]
    assert world.kube.warnings("a") == []


def backends(count: int) -> list[Service]:
    """Services, each of which gets a target group."""
    return [service(f"s{number}") for number in range(count)]


def test_at_exactly_a_hundred_target_groups_one_goes_and_one_comes() -> None:
    """In one pass; a hundred and first harms nobody, and a group used twice counts once."""
    members = [of(f"m{n}", 1, backend=f"s{n}") for n in range(100)]
    world = World(*backends(103), *members)
    world.aws.rule_limit = 1000
    world.aws.limits["groups_used"] = 100
    world.settle()
    assert len(world.aws.all(TargetGroup)) == 100
    world.remove("m7")
    world.put(of("new", 1, backend="s100"))
    world.settle().wait(60)
    assert [rules_of(world, one) for one in ("m7", "new")] == [0, 1]
    world.put(of("more", 1, backend="s101"), of("m8", 2, backend="s8"), of("m9", 2, backend="s9"))
    world.settle().wait(60)
    assert [rules_of(world, one) for one in ("more", "m8", "m9")] == [0, 2, 2]
    assert len(world.aws.all(TargetGroup)) == 100
    (warning,) = world.kube.warnings("more")
    assert f"{GROUPS} is 100: 100 are used by others, and this Ingress needs 1" in warning
    assert all(world.kube.warnings(f"m{n}") == [] for n in range(100))


def secure(name: str, *certificates: str, order: int = 0) -> Ingress:
    """A member with certificates for its hosts, the first of the group being the default one."""
    arns = ",".join(f"arn:aws:acm:us-west-2:123456789012:certificate/{one}" for one in certificates)
    alb = {"certificate-arn": arns, "listen-ports": '[{"HTTPS": 443}]', "group.order": str(order)}
    return member(name, alb=alb, rules=[rule("", path(f"/{name}/0", "Exact", to()))])


def test_at_exactly_twenty_five_certificates_one_goes_and_one_comes() -> None:
    """Beside the default one; a twenty-sixth harms nobody, and one in use twice counts once."""
    members = [secure(f"m{n}", f"c{n}", order=n + 1) for n in range(26)]
    world = World(*members)
    world.aws.limits["certificates"] = 25
    world.settle()
    world.remove("m7")
    world.put(secure("new", "new", order=50))
    world.settle().wait(60)
    assert [rules_of(world, one) for one in ("m7", "new")] == [0, 1]
    world.put(secure("more", "more", "c9", order=51), secure("m8", "c8", "c9", order=9))
    world.settle().wait(60)
    assert [rules_of(world, one) for one in ("more", "m8")] == [0, 1]
    (shown,) = world.aws.all(Listener).values()
    assert len(shown.certificates) == 26
    (warning,) = world.kube.warnings("more")
    assert "certificate-arn" in warning
    assert "is 25: 25 are used by others, and this Ingress needs 1" in warning
    assert all(world.kube.warnings(f"m{n}") == [] for n in range(26))


def test_of_fifty_members_those_that_are_refused_harm_nobody() -> None:
    """Three are refused in different ways, one is edited, one deleted: in one pass the edit is live
    and AWS has nothing of the deleted one but what its targets hold, which a binding lets go of.
    """
    members = [of(f"m{n}", 1) for n in range(47)]
    world = group(*members, rules=48)
    world.aws.refused_path = "/refused"
    full = QuotaExceeded("elbv2", "CreateTargetGroup", "TooManyTargetGroups", "3000 at most")
    world.aws.refuse("CreateTargetGroup", *[full] * 100)
    world.put(
        service("api"),
        of("group", 1, backend="api"),
        answering("path", "/refused"),
        answering("rules", *(f"/rules/{number}" for number in range(5))),
        of("m1", 2),
    )
    world.remove("m2")
    world.pass_once()
    assert rules_of(world, "m1") == 2
    assert rules_of(world, "m2") == 0
    world.settle()
    assert world.ingress("m2") is None
    assert [rules_of(world, name) for name in ("m2", "group", "rules")] == [0, 0, 0]
    assert sum(rules_of(world, f"m{n}") for n in range(47)) == 47
    warned = [one for one in ("group", "path", "rules") for _ in world.kube.warnings(one)]
    assert warned == ["group", "path", "rules"]
    world.forget_calls()
    world.wait(2 * HOUR)
    assert set(world.aws.calls) <= {"CreateTargetGroup", "CreateRule", "DeleteRule"}
    assert world.aws.calls.count("CreateTargetGroup") <= 4
    assert len(world.aws.calls) <= 8


def forwarding(name: str, count: int) -> Ingress:
    """A member with one rule that forwards to so many target groups."""
    groups = [{"serviceName": f"s{n}", "servicePort": 80, "weight": 1} for n in range(count)]
    action = {"type": "forward", "forwardConfig": {"targetGroups": groups}}
    rules = [rule("", path(f"/{name}/0", "Exact", to("act", "use-annotation")))]
    return member(name, alb={"actions.act": json.dumps(action)}, rules=rules)


def test_target_groups_of_one_action_are_counted_before_any_write() -> None:
    """Whoever forwards to more is rejected with the numbers, and no call is made."""
    name = "target-groups-per-action-on-application-load-balancer"
    world = World(*backends(6), forwarding("a", 5), aws_quotas={name: 5}).settle()
    world.forget_calls()
    world.put(forwarding("b", 6))
    world.settle()
    assert world.aws.calls == []
    assert [rules_of(world, one) for one in "ab"] == [1, 0]
    (warning,) = world.kube.warnings("b")
    assert f"actions.act: AWS quota {name} is 5: 0 are used by others, and this" in warning
    world.put(forwarding("a", 6))
    world.settle()
    assert world.aws.calls == []
    assert "Ingress needs 6" in world.kube.warnings("a")[0]


def test_security_groups_of_a_load_balancer_are_counted_before_any_write() -> None:
    """The one that is made for the group counts too."""
    name = "security-groups-per-load-balancer"
    world = World(of("a", 1), aws=RichAws(), aws_quotas={name: 5}).settle()
    world.forget_calls()
    ids = ",".join(f"sg-{number}" for number in range(6))
    many = {"security-groups": ids}
    world.put(member("b", alb=many, rules=[rule("", path("/b/0", "Exact", to()))]))
    world.settle()
    assert world.aws.calls == []
    (warning,) = world.kube.warnings("b")
    assert f"security-groups: AWS quota {name} is 5: " in warning
    assert rules_of(world, "a") == 1
    assert world.kube.warnings("a") == []


def test_more_condition_values_than_a_rule_may_have_are_several_rules() -> None:
    """The refusal shows how many; AWS gets rules that take the same requests, one after another."""
    hosts = [f"h{number}.example" for number in range(7)]
    world = World(of("a", 1), answering("many", "/many", hosts=hosts), of("z", 1))
    world.aws.limits["condition_values"] = 5
    world.settle()
    found = [
        (one.conditions[0].values, one.actions)
        for one in sorted(world.aws.all(ListenerRule).values(), key=lambda one: one.priority)
        if one.conditions[1:] == (PathPattern(("/many",)),)
    ]
    assert {host for some, _ in found for host in some} == set(hosts)
    assert len(found) == 2
    assert len({actions for _, actions in found}) == 1
    assert world.kube.warnings("many") == []
    assert world.aws.calls.count("CreateRule") == 5
    world.forget_calls()
    world.put(of("z", 2))
    world.settle()
    assert world.aws.calls == ["CreateRule"]


def test_more_conditions_than_a_rule_may_have_values_are_rejected() -> None:
    """No splitting helps: the member is refused by AWS, and the others are served."""
    world = World(of("a", 1), answering("many", "/many", hosts=["h.example"]))
    world.aws.limits["condition_values"] = 1
    world.put(member("b", rules=[rule("", path("/b", "Exact", to()))]))
    world.settle()
    assert world.aws.paths() == ["/b"]
    assert "can only have '1' condition values" in world.kube.warnings("many")[0]
