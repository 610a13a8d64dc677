"""Stacks of two APIs that have one namespace and name never take each other's resources."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from alb_controller.aws.inventory import Inventory
from alb_controller.build.elbv2.tags import resource_tags
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.model.ownership import (
    OWNERSHIPS,
    TRACKING_KEYS,
    belongs_to,
    finalizer_of,
    stack_labels,
    stack_of_labels,
    stack_tags,
)
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import Found, FoundLoadBalancer, Observed, Stack
from alb_controller.objects.core import Metadata
from alb_controller.plan.plan import plan
from alb_controller.plan.render import render_json
from alb_controller.reconcile.memory import StackMemory
from alb_controller.settings import Settings
from alb_controller.values import StackKey, Tags
from tests.clocks import FakeClock
from tests.factories import ingress
from tests.resources import (
    CLUSTER,
    POLICY,
    answer,
    binding,
    listener,
    load_balancer,
    on,
    rule,
    security_group,
    target_group,
)
from tests.unit.frontends.ingress.translation import WEB, snapshot, translated
from tests.world_reads import Account

Pair = tuple[StackKey, StackKey]
NAMES = st.text("ab-", min_size=1, max_size=3)
SETTINGS = Settings(cluster_name=CLUSTER)
NONE: Tags = MappingProxyType({})


@st.composite
def namesakes(draw: st.DrawFn) -> Pair:
    """Stacks of two APIs for objects of one namespace and name."""
    mine, theirs = draw(st.permutations(sorted(OWNERSHIPS)))[:2]
    namespace, name = draw(NAMES), draw(NAMES)
    return StackKey(mine, namespace, name), StackKey(theirs, namespace, name)


@st.composite
def users_tags(draw: st.DrawFn, key: StackKey) -> Tags:
    """Whatever users write, the tags that say who owns a resource among them."""
    keys = st.sampled_from([*sorted(TRACKING_KEYS), "team"])
    values = st.sampled_from([key.id, "LoadBalancer", "backend-sg", CLUSTER])
    return draw(st.dictionaries(keys, values, max_size=4))


class Owned:
    """One resource of each kind of a stack, as its builder tags them and AWS shows them."""

    def __init__(self, key: StackKey, tags: Tags = NONE) -> None:
        self._key, self._tags = key, tags

    def identity(self, kind: str) -> str:
        return f"{kind} of {self._key.api}"

    def tagged(self, name: str) -> dict[str, Any]:
        return {"tags": resource_tags(self._tags, SETTINGS, self._key, name)}

    @property
    def observed(self) -> Observed:
        """Each resource by the name that both stacks would give it."""
        group = target_group(**self.tagged("shop/app-app:80"))
        bound = binding(group, labels=stack_labels(self._key), id=ResourceId("Binding", ""))
        firewall = security_group(80, **self.tagged("ManagedLBSecurityGroup"))
        balancer = load_balancer(**self.tagged("LoadBalancer"))
        return Observed(
            security_groups=(Found(identity=self.identity("sg"), resource=firewall),),
            target_groups=(Found(identity=self.identity("tg"), resource=group),),
            load_balancers=(FoundLoadBalancer(identity=self.identity("lb"), resource=balancer),),
            listeners=(self.listener_on(self.identity("lb"), 80),),
            rules=(self.rule_on(self.identity("li 80"), 1),),
            bindings=(Found(identity=self.identity("binding"), resource=bound),),
        )

    def listener_on(self, balancer: str, port: int) -> Found[Any]:
        made = listener(port, load_balancer=balancer, **self.tagged(str(port)))
        return Found(identity=self.identity(f"li {port}"), resource=made)

    def rule_on(self, above: str, number: int) -> Found[Any]:
        name = f"80:{number}"
        made = rule(number, on("/"), answer("a"), listener=above, **self.tagged(name))
        return Found(identity=self.identity(f"rule {number}"), resource=made)


def account_with(observed: Observed) -> Account:
    """An account that has all of that."""
    account = Account()
    parts = observed.load_balancers, observed.target_groups, observed.security_groups
    account.things |= {one.identity: one.resource for part in parts for one in part}
    return account


def together(*parts: Observed) -> Observed:
    """All that was found."""
    names = Observed.__struct_fields__
    return Observed(**{n: sum((getattr(one, n) for one in parts), ()) for n in names})


def identities(*found: tuple[Found[Any], ...]) -> list[str]:
    """ARNs and ids, in order."""
    return [one.identity for part in found for one in part]


def named_in(stack: Stack, observed: Observed, those: Observed) -> set[str]:
    """The identities of `those` that the steps of a plan name."""
    text = msgspec.json.encode(render_json(plan(stack, observed, POLICY))).decode()
    parts = msgspec.structs.astuple(those)
    return {identity for identity in identities(*parts) if f'"{identity}"' in text}


@settings(max_examples=100, deadline=None)
@given(namesakes(), st.data())
def test_an_inventory_gives_each_stack_its_own(pair: Pair, data: st.DataObject) -> None:
    """All of that, and none of the other's; whatever tags users add."""
    owned = [Owned(key, data.draw(users_tags(key))) for key in pair]
    aws = account_with(together(*(one.observed for one in owned)))
    inventory = Inventory(aws, aws, CLUSTER, FakeClock())
    for key, one in zip(pair, owned, strict=True):
        found = inventory.of_stack(CLUSTER, key)
        listed = identities(found.security_groups, found.target_groups, found.load_balancers)
        assert listed == [one.identity(kind) for kind in ("sg", "tg", "lb")]
    assert inventory.shared_security_group(CLUSTER) is None


@settings(max_examples=100, deadline=None)
@given(namesakes(), st.data())
def test_a_stack_that_goes_takes_nothing_of_the_other(pair: Pair, data: st.DataObject) -> None:
    """Its plan deletes what it has, and names nothing of the other."""
    mine, theirs = (Owned(key, data.draw(users_tags(key))).observed for key in pair)
    empty, both = Stack(key=pair[0]), together(mine, theirs)
    assert named_in(empty, both, theirs) == set()
    gone = identities(mine.load_balancers, mine.target_groups, mine.security_groups, mine.bindings)
    assert named_in(empty, both, mine) >= set(gone)


@settings(max_examples=100, deadline=None)
@given(namesakes())
def test_what_another_api_put_on_a_load_balancer_stays(pair: Pair) -> None:
    """Listeners and rules with its tags, though they say what a rule of ours would say."""
    mine, other = Owned(pair[0]), Owned(pair[1])
    theirs = Observed(
        listeners=(other.listener_on(mine.identity("lb"), 81),),
        rules=(other.rule_on(mine.identity("li 80"), 2),),
    )
    (wanted,) = (one.resource for one in mine.observed.load_balancers)
    (kept,) = (one.resource for one in mine.observed.listeners)
    stack = Stack(
        key=pair[0],
        load_balancers=(wanted,),
        listeners=(listener(80, tags=kept.tags),),
        rules=(rule(1, on("/"), answer("a"), **mine.tagged("80:1")),),
    )
    without_rules = msgspec.structs.replace(mine.observed, rules=())
    assert named_in(stack, together(without_rules, theirs), theirs) == set()


@given(namesakes(), st.data())
def test_what_has_the_tags_of_two_apis_is_nobodys(pair: Pair, data: st.DataObject) -> None:
    """Whose it is cannot be known, so neither stack changes it."""
    both = {**stack_tags(CLUSTER, pair[0]), **stack_tags(CLUSTER, pair[1])}
    assert not any(belongs_to(both, CLUSTER, key) for key in pair)
    assert stack_of_labels(stack_labels(pair[0]) | stack_labels(pair[1])) is None
    one = data.draw(st.sampled_from(pair))
    assert belongs_to(stack_tags(CLUSTER, one), CLUSTER, one)
    assert stack_of_labels({**stack_labels(one), "app": "web"}) == one


@given(namesakes())
def test_a_finalizer_names_one_stack(pair: Pair) -> None:
    """An object with the finalizers of both APIs holds one key of each."""
    meta = Metadata(
        namespace=pair[0].namespace,
        name=pair[0].name,
        finalizers=[finalizer_of(key) for key in pair],
    )
    held = {api: own.held_keys(meta) for api, own in OWNERSHIPS.items()}
    assert {api: keys for api, keys in held.items() if keys} == {key.api: [key] for key in pair}


@given(namesakes())
def test_what_is_remembered_of_one_is_not_of_the_other(pair: Pair) -> None:
    """Invalidating, last known good members and the end of one leave the other's as they are."""
    mine, theirs = pair
    memory = StackMemory[MemberIntent]()
    web = ingress()
    for key in pair:
        memory.observe(key, Owned(key).observed)
        seen = msgspec.structs.replace(snapshot(WEB, web), key=key)
        memory.remember(seen, translated(web, key=WEB))
        memory.note_change(key)
    memory.news_published(mine)
    memory.invalidate(mine)
    assert memory.observed(mine) is None
    memory.forget(mine)
    assert memory.observed(theirs) == Owned(theirs).observed
    assert memory.last_known_good(theirs).keys() == {web.metadata.uid}
    assert memory.has_news(theirs)
    assert len({str(key) for key in pair}) == 2
