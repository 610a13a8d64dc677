"""Laws of plans: whatever is desired, found, and fails on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from alb_controller.errors import ControllerError, NotFound, NotReady, Throttled
from alb_controller.model.addons import Addons
from alb_controller.model.document import stack_json
from alb_controller.model.elbv2 import BalancerTarget, MutualAuthentication, TargetGroup
from alb_controller.model.kube import Binding
from alb_controller.model.origins import WHOLE
from alb_controller.model.refs import Ref, ResourceId
from alb_controller.model.stack import Observed, Stack
from alb_controller.objects.elbv2 import (
    NetworkingIngressRule,
    ServiceReference,
    TargetGroupBindingNetworking,
    TargetGroupBindingSpec,
)
from alb_controller.plan import late
from alb_controller.plan.diff import unread
from alb_controller.plan.plan import plan
from alb_controller.plan.references import resolve
from alb_controller.plan.render import render_json, render_lines
from alb_controller.reconcile.apply import Outcome, apply
from alb_controller.reconcile.splitting import bare
from alb_controller.values import ObjectRef, Origin
from tests.resources import (
    KEY,
    LOAD_BALANCER,
    NOT_FOUND,
    OPEN_PEER,
    POLICY,
    answer,
    binding,
    forward,
    health_check,
    listener,
    load_balancer,
    on,
    rule,
    security_group,
    stack,
    tags_of,
    target_group,
)
from tests.world import World
from tests.world_store import Failure

NAMES = ("shop/app-a:80", "shop/app-b:80", "shop/app-c:80")


@st.composite
def target_groups(draw: st.DrawFn) -> tuple[TargetGroup, ...]:
    """Some groups, of kinds that replace each other."""
    return tuple(
        target_group(
            name,
            protocol=draw(st.sampled_from(["HTTP", "HTTPS"])),
            ip_address_type=draw(st.sampled_from(["ipv4", "ipv6"])),
            health_check=health_check(path=draw(st.sampled_from(["/", "/ready"]))),
            attributes=draw(st.sampled_from([None, {"stickiness.enabled": "true"}])),
            tags=tags_of(name, **draw(st.sampled_from([{}, {"team": "a"}, {"team": "b"}]))),
        )
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    )


@st.composite
def stacks(draw: st.DrawFn) -> Stack:
    """What a group of Ingresses may ask for; now and then nothing at all."""
    if draw(st.integers(0, 5)) == 0:
        return stack()
    groups = draw(target_groups())
    actions = [NOT_FOUND, answer("A"), *(forward(group) for group in groups)]
    ports = sorted(draw(st.sets(st.sampled_from([80, 443, 8080]), min_size=1)))
    managed = security_group(*ports)
    more = {"attributes": {"idle_timeout.timeout_seconds": "30"}} if draw(st.booleans()) else {}
    more |= draw(st.sampled_from(LATE))
    made = stack(
        security_groups=(managed,),
        target_groups=groups,
        bindings=tuple(
            binding(
                group,
                peer=draw(st.sampled_from([None, Ref(managed.id)])),
                spec=draw(st.sampled_from(SPECS)),
            )
            for group in groups
        ),
        load_balancers=(
            load_balancer(
                scheme=draw(st.sampled_from(["internal", "internet-facing"])),
                name=draw(st.sampled_from(["fixed", None])) or f"named-{draw(st.integers(0, 1))}",
                ip_address_type=draw(st.sampled_from(["ipv4", "dualstack"])),
                subnets=draw(st.sampled_from([("subnet-a", "subnet-b"), ("subnet-b", "subnet-c")])),
                security_groups=(Ref(managed.id), *draw(st.sampled_from([(), ("sg-shared",)]))),
                **more,
            ),
        ),
        listeners=tuple(draw(_listener(port, actions)) for port in ports),
        rules=tuple(
            rule(place, on(path), draw(st.sampled_from(actions)), port)
            for port in ports
            for place, path in enumerate(
                draw(st.lists(st.sampled_from(["/x", "/y", "/x/*", "/*"]), max_size=4)), 1
            )
        ),
    )
    return with_front(made, draw(st.sampled_from(ports))) if draw(st.booleans()) else made


SPECS = tuple(
    TargetGroupBindingSpec(service_ref=ServiceReference("app", port), networking=networking)
    for port in (80, "http")
    for networking in (
        None,
        TargetGroupBindingNetworking(ingress=[NetworkingIngressRule(from_=[OPEN_PEER])]),
    )
)
LATE: tuple[dict[str, Any], ...] = (
    {},
    {"capacity_units": 100, "addons": Addons(web_acl_arn="arn:acl/a", protection="on")},
    {"capacity_units": 0, "addons": Addons(web_acl_arn="", protection="off")},
    {"ipv4_ipam_pool_id": "ipam-pool-1", "addons": Addons(regional_web_acl_id="acl-b")},
)


def with_front(behind: Stack, port: int) -> Stack:
    """The stack with a network load balancer that forwards TCP to one of its ports."""
    group = target_group(
        "FrontendNlb-tg-TCP-80",
        target_type="alb",
        protocol="TCP",
        protocol_version=None,
        targets=(BalancerTarget(Ref(LOAD_BALANCER), port),),
    )
    front = ResourceId("LoadBalancer", "FrontendNlb")
    entry = listener(
        80,
        id=ResourceId("Listener", "FrontendNlb-ls-TCP-80"),
        load_balancer=Ref(front),
        protocol="TCP",
        default_actions=(forward(group),),
        tags=tags_of("FrontendNlb-ls-TCP-80"),
    )
    balancer = load_balancer(id=front, name="front", type="network", tags=tags_of("FrontendNlb"))
    return msgspec.structs.replace(
        behind,
        load_balancers=(*behind.load_balancers, balancer),
        target_groups=(*behind.target_groups, group),
        listeners=(*behind.listeners, entry),
    )


CLIENT_CERTIFICATES = (
    None,
    MutualAuthentication("off"),
    MutualAuthentication("passthrough"),
    MutualAuthentication("verify", "arn:ts/1", False, "off"),
)


@st.composite
def _listener(draw: st.DrawFn, port: int, actions: Sequence[Any]) -> Any:
    fields: dict[str, Any] = {"default_actions": (draw(st.sampled_from(actions)),)}
    if port == 443 or draw(st.booleans()):
        certificates = draw(st.lists(st.sampled_from("abc"), unique=True, min_size=1))
        fields |= {
            "protocol": "HTTPS",
            "certificates": (certificates[0], *sorted(certificates[1:])),
            "ssl_policy": draw(
                st.sampled_from(["ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-X"])
            ),
            "mutual_authentication": draw(st.sampled_from(CLIENT_CERTIFICATES)),
        }
    if draw(st.booleans()):
        fields["attributes"] = {"routing.http.response.server.enabled": "false"}
    return listener(port, **fields)


def read(world: World, observed: Observed, desired: Stack) -> Observed:
    """The picture with the attributes that the plan needs, as the loop reads them."""
    more = late.unread(desired, observed)
    wanted = [(found.identity, "attributes") for found in unread(desired, observed)]
    wanted += [(identity, "capacity_units") for identity in more.capacity]
    wanted += [(identity, "addons") for identity, _ in more.addons]
    wanted += [(identity, "targets") for identity in more.targets]

    def one(found: Any) -> Any:
        there = world.things.get(found.identity)
        fields = {name: getattr(there, name) for id_, name in wanted if id_ == found.identity}
        resource = msgspec.structs.replace(found.resource, **(fields if there else {}))
        return msgspec.structs.replace(found, resource=resource)

    return msgspec.structs.replace(
        observed,
        load_balancers=tuple(map(one, observed.load_balancers)),
        target_groups=tuple(map(one, observed.target_groups)),
        listeners=tuple(map(one, observed.listeners)),
    )


class Loop:
    """The reconcile loop in small: remembers what it knows, forgets it after a surprise."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.known: Observed | None = None

    def once(self, desired: Stack) -> Outcome:
        """One pass; bindings are always as the cluster shows them."""
        fresh = self.world.observe()
        known = msgspec.structs.replace(self.known or fresh, bindings=fresh.bindings)
        known = read(self.world, known, desired)
        outcome = apply(plan(desired, known, POLICY), known, self.world)
        errors = (outcome.error, outcome.retried)
        is_surprise = any(e is not None and not isinstance(e, NotReady) for e in errors)
        self.known = None if is_surprise else outcome.observed
        return outcome

    def settle(self, desired: Stack, passes: int = 12) -> None:
        """Pass by pass until there is nothing to do."""
        for left in reversed(range(passes)):
            outcome = self.once(desired)
            self.world.finish_bindings()
            self.world.provisioning.clear()
            if outcome.error is None and outcome.retried is None and not outcome.done:
                return
            assert left, f"not settled: {outcome.error or outcome.retried} at {outcome.failed}"


@settings(max_examples=80, deadline=None)
@given(st.lists(stacks(), min_size=1, max_size=3))
def test_a_plan_that_is_applied_leaves_nothing_to_plan(desired: list[Stack]) -> None:
    """`plan(d, apply(plan(d, o), o))` is empty; what is there is remembered, and as desired."""
    world = World()
    loop = Loop(world)
    for one in desired:
        loop.settle(one)
        assert loop.known is not None
        assert not plan(one, read(world, world.observe(), one), POLICY)
        assert without_attributes(loop.known) == without_attributes(world.observe())
        assert len(world.things) == size_of(one)
        assert not lacking(world, one)


@settings(max_examples=20, deadline=None)
@given(stacks(), stacks())
def test_labels_of_others_on_a_binding_are_no_difference(before: Stack, after: Stack) -> None:
    """They are no reason to write, and they outlive what is written for another reason."""
    world = World()
    Loop(world).settle(before)
    for identity, now in world.all(Binding).items():
        labels = {**now.labels, "owner": "platform"}
        world.update_binding(identity, msgspec.structs.replace(now, labels=labels))
    marked = set(world.all(Binding))
    assert not plan(before, read(world, world.observe(), before), POLICY)
    Loop(world).settle(after)
    left = world.all(Binding)
    assert all(left[one].labels["owner"] == "platform" for one in marked & set(left))


@settings(max_examples=60, deadline=None)
@given(
    stacks(),
    stacks(),
    st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.booleans()), max_size=4),
)
def test_failures_end_in_the_same_world(
    before: Stack, after: Stack, failures: list[tuple[int, bool, bool]]
) -> None:
    """Whatever fails, before or after it has taken effect, clean passes end where they would."""
    world, clean = World(), World()
    for one, loop in ((world, Loop(world)), (clean, Loop(clean))):
        loop.settle(before)
        one.writes()
    error: dict[bool, ControllerError] = {
        True: Throttled("elbv2", "write", "Throttling", "slow down"),
        False: NotFound("elbv2", "write", "NotFound", "where is it?"),
    }
    world.failures = [
        Failure(call=call, error=error[throttled], late=late) for call, throttled, late in failures
    ]
    Loop(world).settle(after, passes=20)
    Loop(clean).settle(after)
    assert sorted(kinds(world)) == sorted(kinds(clean))
    assert not lacking(world, after)
    assert not plan(after, read(world, world.observe(), after), POLICY)


@settings(max_examples=40, deadline=None)
@given(stacks(), stacks())
def test_no_step_names_what_is_not_ours(before: Stack, after: Stack) -> None:
    """Resources of others, and of ours without a resource tag, are as they were."""
    world = World()
    others = foreign(world)
    loop = Loop(world)
    for one in (before, after):
        text = str(render_json(plan(one, world.observe(), POLICY))["steps"])
        assert not any(f"'{identity}'" in text for identity in others)
        loop.settle(one)
    assert {identity: world.things[identity] for identity in others} == others


@settings(max_examples=40, deadline=None)
@given(stacks(), stacks())
def test_a_target_group_goes_when_nothing_refers_to_it(before: Stack, after: Stack) -> None:
    """The world refuses to delete one in use; no plan ever tries."""
    world = World()
    loop = Loop(world)
    loop.settle(before)
    for _ in range(4):
        outcome = loop.once(after)
        assert outcome.error is None or isinstance(outcome.error, NotReady)
        world.finish_bindings()


@settings(max_examples=40, deadline=None)
@given(stacks(), stacks())
def test_plans_print(before: Stack, after: Stack) -> None:
    """One line a step, and plain values for JSON."""
    world = World()
    Loop(world).settle(before)
    todo = plan(after, world.observe(), POLICY)
    lines = list(render_lines(todo))
    assert len(lines) == len(todo.steps) + len(todo.late)
    assert all(line and "\n" not in line for line in lines)
    assert msgspec.json.encode(render_json(todo))


ASKED = Origin(ObjectRef("Ingress", "shop", "app"), "a field")


def asked(desired: Stack) -> Stack:
    """The same, and all of it asked for by somebody."""
    parts = {
        part: tuple(msgspec.structs.replace(one, asked_by={WHOLE: (ASKED,)}) for one in some)
        for part in desired.__struct_fields__
        if isinstance(some := getattr(desired, part), tuple)
    }
    return msgspec.structs.replace(desired, **{**parts, "asked_by": (ASKED,)})


@settings(max_examples=60, deadline=None)
@given(stacks(), stacks())
def test_who_asked_is_no_part_of_what_is_wanted(before: Stack, after: Stack) -> None:
    """It makes no step and reaches neither AWS nor the plan annotation; each step has it."""
    world = World()
    loop = Loop(world)
    loop.settle(asked(before))
    assert loop.known is not None
    assert all(one.asked_by == {} for one in world.things.values())
    observed = read(world, world.observe(), after)
    plain, named = plan(after, observed, POLICY), plan(asked(after), observed, POLICY)
    assert all(step.asked_by == (ASKED,) for step in (*named.steps, *named.late))
    for one, other in zip((*plain.steps, *plain.late), (*named.steps, *named.late), strict=True):
        assert one == bare(other)
    assert stack_json(asked(after)) == stack_json(after)


def foreign(world: World) -> dict[str, Any]:
    """A load balancer and a group of another stack, and some that lack a tag."""
    other = {"ingress.k8s.aws/stack": "other", "elbv2.k8s.aws/cluster": "prod"}
    nameless = {**other, "ingress.k8s.aws/stack": KEY.id}
    empty = ResourceId("TargetGroup", "")
    world.create_load_balancer(load_balancer(name="theirs", tags=other))
    world.create_load_balancer(
        load_balancer(name="nameless", id=ResourceId("LoadBalancer", ""), tags=nameless)
    )
    world.create_target_group(target_group(id=empty, name="half", tags=nameless))
    world.create_security_group(security_group(80, name="theirs", tags={}))
    theirs = target_group(name="shop/app-a:80", id=empty)
    made = world.create_target_group(msgspec.structs.replace(theirs, name="theirs", tags=other))
    world.create_binding(binding(theirs, name="by-hand", target_group=made.identity, labels={}))
    return dict(world.things)


def lacking(world: World, desired: Stack) -> list[str]:
    """What is not as declared, found without the planner's help; names are its own to choose."""
    there = {str(one.id): one for one in world.things.values()}
    identities = {one.id: identity for identity, one in world.things.items()}
    return [
        f"{wanted.id}: {field} is {found!r}, not {value!r}"
        for part in msgspec.structs.astuple(desired)
        if isinstance(part, tuple)
        for wanted in part
        for field, value in msgspec.structs.asdict(as_sent(wanted, identities)).items()
        if field != "name"
        if not fits(found := once(getattr(there[str(wanted.id)], field)), value)
    ]


def as_sent(wanted: Any, identities: Mapping[ResourceId, str]) -> Any:
    """The resource with identities for its references; a binding's peer stands in its spec."""
    known = resolve(wanted, identities)
    peer = getattr(known, "peer", None)
    return known if peer is None else known.with_peer(peer)


def once(value: Any) -> Any:
    """AWS lets a listener's default certificate be in its list of certificates as well."""
    is_texts = isinstance(value, tuple) and all(isinstance(one, str) for one in value)
    return tuple(dict.fromkeys(value)) if is_texts else value


def fits(found: Any, wanted: Any) -> bool:
    """Whether a value has all that is declared: what is left open may be anything."""
    if wanted is None or wanted == MutualAuthentication("off"):
        return wanted is None or found is None
    if isinstance(wanted, Addons):
        return all(
            fits(getattr(found, name), value)
            for name, value in msgspec.structs.asdict(wanted).items()
        )
    if isinstance(wanted, dict):
        return bool(wanted.items() <= found.items())
    return bool(found == wanted)


def kinds(world: World) -> Iterable[str]:
    """Resources by kind and id: after failures, identities may differ."""
    return (str(one.id) for one in world.things.values())


def size_of(one: Stack) -> int:
    """How many resources a stack has."""
    return sum(
        len(part)
        for part in (
            one.security_groups,
            one.target_groups,
            one.load_balancers,
            one.listeners,
            one.rules,
            one.bindings,
        )
    )


def without_attributes(observed: Observed) -> Any:
    """The picture without what is read only where it is declared."""

    def bare(found: Any) -> tuple[str, Any]:
        resource = found.resource
        if hasattr(resource, "attributes"):
            resource = msgspec.structs.replace(resource, attributes=None)
        if hasattr(resource, "addons"):
            resource = msgspec.structs.replace(resource, addons=Addons(), capacity_units=None)
        return found.identity, resource

    fields = observed.__struct_fields__
    return {
        field: sorted(map(bare, getattr(observed, field)), key=lambda one: one[0])
        for field in fields
    }
