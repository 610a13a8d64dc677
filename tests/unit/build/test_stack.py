"""A whole stack from an intent: what refers to what, tags, and what has to be asked first."""

from __future__ import annotations

from alb_controller.build.context import Context, Facts
from alb_controller.build.elbv2.stack import build
from alb_controller.build.elbv2.tags import resource_tags
from alb_controller.build.needs import needs
from alb_controller.intent import ForwardIntent, GivenSecurityGroups, StackIntent
from alb_controller.model.queries import SecurityGroupInfo, SecurityGroupsById, SubnetsByRole
from alb_controller.model.refs import Ref, ResourceId
from alb_controller.model.stack import Stack
from alb_controller.settings import FeatureGates, Settings
from tests.unit.build.intents import (
    ID,
    KEY,
    MAIN,
    NOTHING,
    backend,
    balancer,
    context,
    listener,
    origin,
    route,
    stack_intent,
    subnet,
)

ROLE = SubnetsByRole("internal-elb")
FACTS: Facts = {ROLE: (subnet("a", "a"), subnet("b", "b"))}


def built(intent: StackIntent, by: Context | None = None) -> Stack:
    """The stack where AWS has two subnets."""
    return build(intent, by or context(), FACTS)


def test_without_a_balancer_nothing_of_the_stack_stays() -> None:
    """And nothing is asked."""
    assert built(NOTHING) == Stack(key=KEY)
    assert needs(NOTHING, context(), {}) == frozenset()


def test_everything_refers_to_what_it_hangs_on() -> None:
    """Rules to their listener, listeners to the load balancer, forwards and bindings to groups."""
    forward = ForwardIntent.to_backend(ID)
    listeners = (listener(80, routes=(route("/a", action=forward),)), listener(81))
    stack = built(stack_intent(listeners=listeners, backends=(backend(),)))
    target_group = Ref(ResourceId("TargetGroup", ID))
    assert [(li.id.name, li.load_balancer) for li in stack.listeners] == [
        ("80", Ref(ResourceId("LoadBalancer", MAIN))),
        ("81", Ref(ResourceId("LoadBalancer", MAIN))),
    ]
    (rule,) = stack.rules
    assert (rule.id.name, rule.listener) == ("80:1", Ref(ResourceId("Listener", "80")))
    assert [w.target_group for w in getattr(rule.actions[0], "target_groups", ())] == [target_group]
    assert [b.target_group for b in stack.bindings] == [target_group]
    assert [t.id for t in stack.target_groups] == [target_group.id]


def test_the_load_balancer_is_what_the_intent_says() -> None:
    """Nothing declared is None, which leaves AWS's own attributes alone."""
    (made,) = built(
        stack_intent(balancer(options={"customer_owned_ipv4_pool": "pool"}))
    ).load_balancers
    assert made.type == "application"
    assert (made.scheme, made.ip_address_type) == ("internal", "ipv4")
    assert made.subnets == ("subnet-a", "subnet-b")
    assert made.security_groups == (Ref(ResourceId("SecurityGroup", "ManagedLBSecurityGroup")),)
    assert made.attributes is None
    assert made.customer_owned_ipv4_pool == "pool"
    declared = balancer(attributes={"idle_timeout.timeout_seconds": "5"})
    assert built(stack_intent(declared)).load_balancers[0].attributes == declared.attributes


def test_a_given_name_is_taken_as_it_is() -> None:
    """Without one it is generated, and fits AWS's 32 characters."""
    assert built(stack_intent(balancer(explicit_name="mine"))).load_balancers[0].name == "mine"
    generated = built(stack_intent()).load_balancers[0].name
    assert generated.startswith("k8s-shop-web-")
    assert len(generated) <= 32


def test_what_is_asked_is_what_is_not_known_yet() -> None:
    """Subnets and security groups; an answer closes its question."""
    of = balancer(security=GivenSecurityGroups(("sg-1",), False, origin("security-groups")))
    intent, by_id = stack_intent(of), SecurityGroupsById(("sg-1",))
    assert needs(intent, context(), {}) == {ROLE, by_id}
    answer = (SecurityGroupInfo(id="sg-1", name_tag="", tags={}),)
    assert needs(intent, context(), {by_id: answer}) == {ROLE}
    assert needs(intent, context(), {by_id: answer, **FACTS}) == frozenset()


def test_tags_that_make_a_resource_ours_win_over_all() -> None:
    """Then the operator's, then the users' (spec 7.1, 7.2)."""
    settings = Settings(cluster_name="prod", default_tags={"team": "ops", "env": "prod"})
    user = {"team": "a", "own": "x", "ingress.k8s.aws/stack": "stolen"}
    assert resource_tags(user, settings, KEY, "80") == {
        "team": "ops",
        "env": "prod",
        "own": "x",
        "elbv2.k8s.aws/cluster": "prod",
        "ingress.k8s.aws/stack": "shop/web",
        "ingress.k8s.aws/resource": "80",
    }


def test_a_gate_puts_the_tags_of_users_before_the_operators() -> None:
    """EnableDefaultTagsLowPriority."""
    settings = Settings(
        cluster_name="prod",
        default_tags={"team": "ops", "env": "prod"},
        feature_gates=FeatureGates(enable_default_tags_low_priority=True),
    )
    tags = resource_tags({"team": "a"}, settings, KEY, "80")
    assert (tags["team"], tags["env"]) == ("a", "prod")
