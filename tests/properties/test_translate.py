"""Laws of translation: whatever a group looks like, and in whatever order it is met."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alb_controller.build.elbv2.names import generated_name
from alb_controller.errors import Conflict
from alb_controller.frontends.ingress.load import LoadedMember, load
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.translate import translate
from alb_controller.frontends.translation import Translation
from alb_controller.model.stack import Observed
from alb_controller.objects.core import KubeObject
from alb_controller.objects.networking import Ingress
from alb_controller.settings import Settings
from alb_controller.values import StackKey
from tests.factories import (
    HOSTNAME,
    changed,
    cluster,
    deleted,
    ingress,
    ingress_class,
    member,
    params,
    path,
    rule,
    service,
    to,
)

TEAM = StackKey("ingress", "", "team")
SETTINGS = Settings(cluster_name="prod")
CHOICES: dict[str, list[str]] = {
    "scheme": ["internal", "internet-facing"],
    "ip-address-type": ["ipv4", "dualstack"],
    "load-balancer-name": ["one", "two"],
    "subnets": ["subnet-1,web", "web,subnet-1", "subnet-2"],
    "security-groups": ["sg-1", "", "sg-1,web"],
    "load-balancer-attributes": ["a=1", "a=2,b=1"],
    "tags": ["t=1", "t=2,u=1"],
    "inbound-cidrs": ["10.0.0.0/8", "::/0,10.0.0.0/8"],
    "listen-ports": ['[{"HTTP": 80}]', '[{"HTTP": 81}, {"HTTP": 80}]'],
    "target-type": ["ip", "instance"],
    "group.order": ["-1", "0", "7"],
    "healthcheck-port": ["9000", "http"],
}
MISTAKES = {
    "scheme": "public",
    "load-balancer-name": "x" * 33,
    "tags": "bad",
    "listen-ports": "80",
    "target-type": "pod",
    "group.order": "9999",
    "healthcheck-port": "absent",
}
ONE = st.sampled_from([(key, value) for key, values in CHOICES.items() for value in values])
ALB: st.SearchStrategy[dict[str, str]] = st.lists(ONE, max_size=4).map(dict)
BACKENDS = st.sampled_from([to(), to("app", "http"), to("absent")])
PATHS = st.builds(
    path,
    st.sampled_from(["/", "/a", "/b/"]),
    st.sampled_from(["Exact", "Prefix", "ImplementationSpecific"]),
    BACKENDS,
)
RULES = st.lists(
    st.builds(lambda host, of: rule(host, *of), st.sampled_from(["", "h"]), st.lists(PATHS)),
    max_size=2,
)


@st.composite
def groups(draw: st.DrawFn) -> list[Ingress]:
    """Up to four members with a few settings each, of two classes, of any age."""
    made: list[Ingress] = []
    mistakes = st.sampled_from([{key: value} for key, value in MISTAKES.items()])
    for name in draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=4)):
        alb = draw(ALB) | (draw(mistakes) if draw(st.integers(0, 5)) == 0 else {})
        of = member(
            name,
            namespace=draw(st.sampled_from(["shop", "other"])),
            alb=alb,
            rules=draw(RULES),
            class_name=draw(st.sampled_from(["alb", "loud"])),
            age_minutes=draw(st.integers(0, 2)),
            default_backend=draw(st.none() | BACKENDS),
            shows=draw(st.sampled_from(["", HOSTNAME])),
            finalizers=["group.ingress.k8s.aws/team"],
        )
        made.append(deleted(of) if draw(st.integers(0, 9)) == 0 else of)
    return made


AROUND: list[KubeObject] = [
    ingress_class(),
    ingress_class("loud", params="loud"),
    params("loud", loadBalancerAttributes=[{"key": "a", "value": "class"}]),
    service(),
    service(namespace="other"),
    ingress("stranger"),
]


def translated(
    members: list[Ingress], remembered: Mapping[str, Any], seed: int = 0
) -> Translation[MemberIntent]:
    """The group, with the cluster filled in some order."""
    objects = [*AROUND, *members]
    Random(seed).shuffle(objects)
    return translate(load(TEAM, cluster(*objects), "alb"), SETTINGS, remembered, {}, Observed())


def reported(made: Translation[MemberIntent]) -> list[tuple[str, str]]:
    """The problems as users see them."""
    return [(str(p.origin), str(p)) for p in made.problems]


@settings(deadline=None)
@given(groups(), groups(), st.integers(1, 9))
def test_the_order_of_objects_does_not_matter(
    before: list[Ingress], after: list[Ingress], seed: int
) -> None:
    """Neither for the intent nor for the problems, whatever was good before."""
    known = translated(before, {}).good
    one, other = translated(after, known), translated(after, known, seed)
    assert (one.intent, one.good, one.blocked_by) == (other.intent, other.good, other.blocked_by)
    assert reported(one) == reported(other)
    assert str(one.protected) == str(other.protected)


@settings(deadline=None)
@given(groups())
def test_a_member_is_served_or_reported_why_not(members: list[Ingress]) -> None:
    """Without history nobody is served by a setting that has a problem; each is reported once."""
    made = translated(members, {})
    active = {m.metadata.uid: m for m in members if not m.is_deleting}
    assert made.served == frozenset(made.good) <= frozenset(active)
    stopped = {p.origin.uid for p in made.problems}
    assert stopped == set(active) - made.served
    assert len(reported(made)) == len(set(reported(made)))
    assert {ref.uid for ref in made.blocked_by} == {
        uid for uid in stopped if active[uid].status.load_balancer.ingress
    }


@settings(deadline=None)
@given(groups())
def test_those_who_are_stopped_leave_no_trace(members: list[Ingress]) -> None:
    """The intent is that of a group without them."""
    made = translated(members, {})
    rest = [m for m in members if m.metadata.uid in made.served or m.is_deleting]
    alone = translated(rest, {})
    assert alone.intent == made.intent
    assert alone.problems == ()


@settings(deadline=None)
@given(groups())
def test_the_oldest_valid_member_always_wins(members: list[Ingress]) -> None:
    """A conflict stops the younger of two only."""
    made = translated(members, {})
    conflicts = {p.origin.uid for p in made.problems if isinstance(p, Conflict)}
    others = {p.origin.uid for p in made.problems if not isinstance(p, Conflict)}
    fit = [m for m in members if not m.is_deleting and m.metadata.uid not in others]
    if fit:
        oldest = min(fit, key=lambda m: LoadedMember(ingress=m).age_key)
        assert oldest.metadata.uid not in conflicts


@settings(deadline=None)
@given(groups(), groups())
def test_who_was_good_stays_served(before: list[Ingress], after: list[Ingress]) -> None:
    """As long as it is a member, whatever becomes of it."""
    known = translated(before, {}).good
    made = translated(after, known)
    active = {m.metadata.uid for m in after if not m.is_deleting}
    assert made.served >= active & set(known)
    assert not {ref.uid for ref in made.blocked_by} & set(known)


@settings(deadline=None)
@given(groups())
def test_translating_again_changes_nothing(members: list[Ingress]) -> None:
    """What is remembered of good members is what they say.

    Who is rejected may disagree with more of them by then, as what they had set before counts.
    """
    first = translated(members, {})
    again = translated(members, first.good)
    assert again.intent == first.intent
    assert {origin for origin, _ in reported(again)} == {origin for origin, _ in reported(first)}
    third = translated(members, again.good)
    assert (third.intent, reported(third)) == (again.intent, reported(again))


@settings(deadline=None)
@given(groups(), st.lists(groups(), max_size=3))
def test_no_history_matters_where_nothing_is_wrong(
    members: list[Ingress], history: list[list[Ingress]]
) -> None:
    """Whatever members of one namespace asked for before: what they ask for now is the intent.

    For a member of another namespace than the holder's the past counts (ADR 35).
    """
    members = list(map(_of_shop, members))
    valid = [m for m in members if m.metadata.uid in translated(members, {}).served]
    known: dict[str, Any] = {}
    for earlier in history:
        known |= translated(list(map(_of_shop, earlier)), known).good
    fresh, late = translated(valid, {}), translated(valid, known)
    assert (late.intent, late.good, late.problems) == (fresh.intent, fresh.good, ())


def _of_shop(member: Ingress) -> Ingress:
    moved: Ingress = changed(member, namespace="shop")
    return moved


@settings(deadline=None)
@given(groups())
def test_all_names_fit_and_differ(members: list[Ingress]) -> None:
    """AWS allows 32 characters; two target groups never share a name."""
    intent = translated(members, {}).intent
    names = [generated_name(b.name) for b in intent.backends]
    assert len(names) == len(set(names))
    names += [one.explicit_name or generated_name(one.name) for one in intent.balancers]
    assert all(len(name) <= 32 for name in names)


KUBE_NAME = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?", fullmatch=True)


@settings(deadline=None)
@given(KUBE_NAME, KUBE_NAME, KUBE_NAME, st.text(max_size=100), st.booleans())
def test_names_fit_for_every_name_that_kubernetes_allows(
    space: str, name: str, group: str, cluster_name: str, is_explicit: bool
) -> None:
    """Of clusters, namespaces, groups and Services."""
    alb = {"group.name": group} if is_explicit else {}
    of = ingress(name, namespace=space, alb=alb, rules=[rule("", path(backend=to(name)))])
    objects = cluster(ingress_class(), service(name, namespace=space), of)
    key = StackKey("ingress", "", group) if is_explicit else StackKey("ingress", space, name)
    by = Settings(cluster_name=cluster_name)
    intent = translate(load(key, objects, "alb"), by, {}, {}, Observed()).intent
    (made,) = intent.balancers
    seeds = [made.name, *(b.name for b in intent.backends)]
    assert len(seeds) == 2
    assert all(len(generated_name(seed)) <= 32 for seed in seeds)
