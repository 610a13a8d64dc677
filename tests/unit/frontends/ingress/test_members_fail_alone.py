"""A member with a problem is stopped, never the group: the worst outage of LBC."""

from __future__ import annotations

import pytest

from alb_controller.errors import Conflict, InvalidAnnotation, Missing
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.translation import Translation
from alb_controller.intent import NamedSubnets
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.core import ref
from tests.factories import (
    HOSTNAME,
    deleted,
    ingress_class,
    member,
    params,
    path,
    rule,
    service,
    to,
)
from tests.unit.frontends.ingress.translation import (
    balancer,
    owners,
    paths,
    reported,
    translated,
)

BAD = {"scheme": "public"}
HELD = ["group.ingress.k8s.aws/team"]
BAD_SCHEME = f"{PREFIX}scheme: 'public' must be one of internal, internet-facing"


def names(made: Translation[MemberIntent]) -> list[str]:
    """The members that the intent serves, by name."""
    return sorted(uid.removeprefix("uid-") for uid in made.served)


def test_a_member_that_never_was_valid_is_left_out() -> None:
    """The others are served as if it were not there."""
    good = [member("a"), member("c")]
    made = translated(*good, member("b", alb=BAD))
    assert made.intent == translated(*good).intent
    assert reported(made) == {"Ingress shop/b": [BAD_SCHEME]}
    assert (names(made), sorted(made.good), made.blocked_by) == (["a", "c"], ["uid-a", "uid-c"], ())


def test_a_member_that_turns_invalid_keeps_its_last_good_intent() -> None:
    """All of it, and only its own problem is reported; edits of the others come through."""
    before = [member("a"), member("b", alb={"tags": "b=1"})]
    known = translated(*before)
    edited = member("a", rules=[rule("", path("/new", "Exact"))])
    made = translated(edited, member("b", alb=BAD, rules=[], shows=HOSTNAME), remembered=known.good)
    assert paths(made.intent) == ["/new", "/*"]
    assert balancer(made.intent).tags == {"b": "1"}
    assert (names(made), sorted(made.good), made.blocked_by) == (["a", "b"], ["uid-a"], ())
    assert reported(made) == {"Ingress shop/b": [BAD_SCHEME]}


def test_a_member_that_nobody_remembers_holds_the_group() -> None:
    """It shows a load balancer, so it was good before this process began: nothing may change."""
    broken = member("b", alb=BAD, shows=HOSTNAME)
    made = translated(member("a"), broken)
    assert made.blocked_by == (ref("Ingress", broken),)
    assert reported(made) == {"Ingress shop/b": [BAD_SCHEME]}


def test_a_newcomer_that_is_invalid_holds_no_group_that_is_known() -> None:
    """Its status shows the load balancer of the group that it came from."""
    known = translated(member("a"))
    newcomer = member("b", alb=BAD, shows=HOSTNAME)
    made = translated(member("a"), newcomer, remembered=known.good)
    assert (names(made), made.blocked_by) == (["a"], ())


def test_a_held_group_is_free_once_the_member_is_corrected_or_gone() -> None:
    """Correcting and deleting always work."""
    good = member("a")
    assert translated(good, member("b", shows=HOSTNAME)).blocked_by == ()
    gone = deleted(member("b", alb=BAD, shows=HOSTNAME, finalizers=HELD))
    made = translated(good, gone)
    assert (made.blocked_by, made.problems) == ((), ())
    assert made.intent == translated(good).intent


def test_deleting_a_bad_member_ends_what_is_remembered_of_it() -> None:
    """Its last good intent does not outlive it."""
    known = translated(member("a"), member("b"))
    gone = deleted(member("b", alb=BAD, finalizers=HELD))
    made = translated(member("a"), gone, remembered=known.good)
    assert owners(made.intent) == ["a"]
    assert made.problems == ()


def test_a_group_of_bad_members_alone_wants_nothing() -> None:
    """None was ever valid, so there is nothing to keep."""
    made = translated(member("a", alb=BAD), member("b", alb=BAD))
    assert not made.intent.balancers
    assert sorted(reported(made)) == ["Ingress shop/a", "Ingress shop/b"]


def test_a_member_that_is_stopped_decides_nothing_for_the_others() -> None:
    """It would redirect plain HTTP, where default backends do not matter; so they do."""
    ports = {"listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]', "certificate-arn": "arn:one"}
    made = translated(
        member("a", alb={"scheme": "internal"}, default_backend=to()),
        member("b", default_backend=to()),
        member("c", alb={**ports, "ssl-redirect": "443", "scheme": "internet-facing"}),
    )
    assert sorted(reported(made)) == ["Ingress shop/b", "Ingress shop/c"]
    assert "default backend of port 80" in reported(made)["Ingress shop/b"][0]
    assert names(made) == ["a"]


def test_a_member_whose_class_is_lost_keeps_what_it_has() -> None:
    """Its last good intent, or the whole group if nobody remembers it."""
    known = translated(member("a"), member("b"))
    lost = member("b", class_name="gone", finalizers=HELD, shows=HOSTNAME)
    made = translated(member("a"), lost, remembered=known.good)
    assert made.intent == known.intent
    assert list(reported(made)) == ["Ingress shop/b"]
    assert translated(member("a"), lost).blocked_by == (ref("Ingress", lost),)


def test_a_member_that_the_builder_found_at_fault_is_stopped() -> None:
    """With the builder's problem; before that it was good."""
    bad = member("b", alb={"subnets": "absent"})
    problem = Missing(ref("Ingress", bad), PREFIX + "subnets", "names subnet 'absent'")
    made = translated(member("a"), bad, stopped={problem.origin: problem})
    assert made.problems == (problem,)
    assert names(made) == ["a"]
    assert not isinstance(balancer(made.intent).subnets, NamedSubnets)


CONFLICTS = [
    ("scheme", "internal", "internet-facing", "scheme"),
    ("ip-address-type", "ipv4", "dualstack", "ip address type"),
    ("load-balancer-name", "one", "two", "load balancer name"),
    ("subnets", "web-1, web-2", "web-1", "subnets"),
    ("security-groups", "sg-1,sg-2", "sg-2,sg-1", "security groups"),
    ("security-groups", "", "sg-1", "security groups"),
    ("customer-owned-ipv4-pool", "one", "two", "address pool"),
    ("load-balancer-attributes", "a=1,k=1", "b=1,k=2", "attribute k"),
    ("tags", "a=1,k=1", "b=1,k=2", "tag k"),
    ("inbound-cidrs", "10.0.0.0/8", "10.0.0.0/8,::/0", "inbound CIDRs of port 80"),
    ("security-group-prefix-lists", "pl-1", "pl-2", "prefix lists of port 80"),
]


@pytest.mark.parametrize("suffix,older,younger,subject", CONFLICTS)
def test_of_two_members_that_disagree_the_older_wins(
    suffix: str, older: str, younger: str, subject: str
) -> None:
    """The younger is rejected whole, with who asks for what; names and order play no part."""
    old = member("z", alb={suffix: older, "group.order": "9"}, age_minutes=1)
    young = member("a", alb={suffix: younger})
    made = translated(old, young)
    assert made.intent == translated(old).intent
    (problem,) = made.problems
    assert isinstance(problem, Conflict)
    assert (problem.origin.name, problem.field) == ("a", PREFIX + suffix)
    assert f"disagrees on {subject} with Ingress shop/z of the same group" in problem.problem


def test_a_setting_on_the_rules_of_security_groups_counts_where_some_are_named() -> None:
    """Without `security-groups` nobody reads it, so nobody disagrees (spec 1.1)."""
    key = "manage-backend-security-group-rules"
    old, young = {key: "true"}, {key: "false"}
    made = translated(member("z", alb=old, age_minutes=1), member("a", alb=young))
    assert (made.problems, names(made)) == ((), ["a", "z"])
    old["security-groups"] = "sg-1"
    (problem,) = translated(member("z", alb=old, age_minutes=1), member("a", alb=young)).problems
    assert "disagrees on backend rules with Ingress shop/z" in str(problem)


def test_two_members_never_share_a_target_group() -> None:
    """Their names with those of Services may read alike: the younger would serve the other's."""
    old = member("a-b", rules=[rule("", path("/", backend=to("c")))], age_minutes=1)
    young = member("a", rules=[rule("", path("/", backend=to("b-c")))])
    made = translated(old, young, service("c"), service("b-c"))
    assert names(made) == ["a-b"]
    (problem,) = made.problems
    assert "disagrees on target group shop/a-b-c:80 with Ingress shop/a-b" in str(problem)


def test_a_conflict_is_reported_with_both_values() -> None:
    """As the users wrote them."""
    old = member("z", alb={"subnets": "web-1, web-2"}, age_minutes=1)
    (problem,) = translated(old, member("a", alb={"subnets": "web-3"})).problems
    assert str(problem) == (
        f"{PREFIX}subnets: 'web-3' disagrees on subnets with Ingress shop/z of the same group, "
        "which is older and says 'web-1, web-2'"
    )
    cidrs = [{"inbound-cidrs": "::/0,10.0.0.0/8"}, {"inbound-cidrs": "::/0"}]
    (problem,) = translated(
        member("z", alb=cidrs[0], age_minutes=1), member("a", alb=cidrs[1])
    ).problems
    assert "'::/0' disagrees" in str(problem)
    assert str(problem).endswith("says '10.0.0.0/8, ::/0'")


def test_equal_ages_are_settled_by_name() -> None:
    """So that the result depends on nothing else."""
    a, b = member("a", alb={"tags": "t=1"}), member("b", alb={"tags": "t=2"})
    for objects in ((a, b), (b, a)):
        made = translated(*objects)
        assert (names(made), [p.origin.name for p in made.problems]) == (["a"], ["b"])


def test_who_is_stopped_decides_nothing() -> None:
    """A third member may say what the stopped one said."""
    oldest = member("a", alb={"scheme": "internal"}, age_minutes=9)
    middle = member("b", alb={"scheme": "internet-facing", "tags": "t=b"}, age_minutes=5)
    youngest = member("c", alb={"tags": "t=c"})
    made = translated(oldest, middle, youngest)
    assert names(made) == ["a", "c"]
    assert balancer(made.intent).tags == {"t": "c"}


def test_two_default_backends_on_one_port_disagree() -> None:
    """Even if they are the same Service: the older has the port's default (spec 3.5)."""
    made = translated(
        member("a", default_backend=to(), age_minutes=1), member("b", default_backend=to())
    )
    (problem,) = made.problems
    assert (problem.origin.name, problem.field) == ("b", "spec.defaultBackend")
    assert "default backend of port 80 with Ingress shop/a" in problem.problem
    assert owners(made.intent) == ["a"]


def test_subnets_by_class_and_by_annotation_disagree() -> None:
    """Even if they name the same ones (spec 1.1)."""
    of_class = (ingress_class("c", params="c"), params("c", subnets={"ids": ["subnet-1"]}))
    of_tags = (ingress_class("t", params="t"), params("t", subnets={"tags": {"a": ["b"]}}))
    old = member("a", class_name="c", age_minutes=1)
    by_name = member("b", alb={"subnets": "subnet-1"})
    by_tags = member("b", class_name="t")
    for other in (by_name, by_tags):
        made = translated(old, other, *of_class, *of_tags)
        assert [p.origin.name for p in made.problems] == ["b"]
        assert "says 'subnet-1'" in str(made.problems[0])


def test_a_member_that_starts_a_conflict_keeps_its_last_good_intent() -> None:
    """As any other that turns invalid."""
    a, b = member("a", alb={"scheme": "internal"}, age_minutes=1), member("b")
    known = translated(a, b)
    made = translated(a, member("b", alb={"scheme": "internet-facing"}), remembered=known.good)
    assert made.intent == known.intent
    assert (names(made), sorted(made.good)) == (["a", "b"], ["uid-a"])
    assert [p.origin.name for p in made.problems] == ["b"]


def test_the_last_known_good_of_an_older_member_still_counts() -> None:
    """It is what AWS has: a younger one that disagrees is stopped."""
    old = member("a", alb={"scheme": "internal"}, age_minutes=9)
    known = translated(old)
    broken = member("a", alb=BAD, age_minutes=9)
    made = translated(broken, member("b", alb={"scheme": "internet-facing"}), remembered=known.good)
    assert names(made) == ["a"]
    assert [type(p) for p in made.problems] == [InvalidAnnotation, Conflict]
    assert balancer(made.intent).scheme == "internal"


def test_the_last_known_good_of_a_younger_member_counts_as_well() -> None:
    """Whoever joins is not heard against what AWS has, however old it is."""
    known = translated(member("b", alb={"tags": "t=b,u=b", "scheme": "internal"}))
    old = member("a", alb={"tags": "t=a", "scheme": "internet-facing"}, age_minutes=9)
    made = translated(old, member("b", alb=BAD), remembered=known.good)
    assert (balancer(made.intent).scheme, balancer(made.intent).tags) == (
        "internal",
        {"t": "b", "u": "b"},
    )
    assert names(made) == ["b"]
    assert [type(p) for p in made.problems] == [InvalidAnnotation, Conflict]


def test_a_stopped_first_member_takes_its_class_along() -> None:
    """What its class decided is open again: the word of the others counts."""
    loud = (
        ingress_class("loud", params="loud"),
        params("loud", loadBalancerAttributes=[{"key": "idle", "value": "class"}]),
    )
    stated = {"load-balancer-attributes": "idle=1", "scheme": "internal"}
    first = member("a", class_name="loud", alb={"scheme": "internet-facing"})
    made = translated(member("b", alb=stated, age_minutes=1), first, *loud)
    assert names(made) == ["b"]
    assert balancer(made.intent).attributes == {"idle": "1"}


def test_each_problem_is_reported_once() -> None:
    """However many paths run into it."""
    rules = [rule("", path("/a"), path("/b"), path("/c"))]
    made = translated(member("a", alb={"target-type": "pod"}, rules=rules))
    assert reported(made) == {
        "Ingress shop/a": [f"{PREFIX}target-type: 'pod' must be one of instance, ip"]
    }
