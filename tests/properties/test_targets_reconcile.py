"""Laws of the second loop, over any history of a cluster and any failures of AWS."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from alb_controller.errors import AwsError, NotFound, Rejected, Throttled, Unavailable
from alb_controller.model.ec2 import IngressRule
from alb_controller.targets.networking import SHARED_DESCRIPTION
from tests.factories import service
from tests.unit.reconcile.binding_world import World
from tests.unit.targets.cluster import ARN, binding, endpoint, endpoint_slice, node, pod
from tests.world_endpoints import NODES_GROUP, EndpointAccount

OTHER_ARN = "arn:other"
NAMES = {"mine": ARN, "other": OTHER_ARN}
PORTS = {"mine": 8080, "other": 9090}
FOREIGN = IngressRule("tcp", 22, 22, "cidr", "10.0.0.0/8", "by hand")
PODS = {f"p{n}": f"10.0.0.1{n}" for n in range(4)}

OPERATIONS = st.sampled_from(
    [
        "DescribeTargetHealth",
        "RegisterTargets",
        "DeregisterTargets",
        "DescribeInstances",
        "DescribeSecurityGroups",
        "AuthorizeSecurityGroupIngress",
        "RevokeSecurityGroupIngress",
        "DescribeVpcs",
    ]
)
ABOUT_GROUPS = ("DescribeTargetHealth", "DeregisterTargets")
ERRORS = st.sampled_from([Throttled, Unavailable, Rejected, NotFound])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pods"), st.sets(st.sampled_from(sorted(PODS)))),
        st.tuples(st.just("delete"), st.sampled_from(sorted(NAMES))),
        st.tuples(st.just("fail"), st.tuples(OPERATIONS, ERRORS)),
        st.tuples(st.just("restart"), st.none()),
        st.tuples(st.just("drift"), st.none()),
        st.tuples(st.just("settle"), st.none()),
    ),
    max_size=12,
)


def make_world() -> World:
    """Two bindings of one Service to two target groups, with rules on the nodes' group."""
    aws = EndpointAccount()
    aws.has_targets(OTHER_ARN)
    aws.add_group(NODES_GROUP, FOREIGN)
    aws.tag(NODES_GROUP, {"kubernetes.io/cluster/prod": "owned"})
    aws.add_node("node-a", *PODS.values())
    world = World(node("node-a"), service(), aws=aws)
    for name, arn in NAMES.items():
        peer = {"securityGroup": {"groupID": "sg-lb"}}
        rules = {"ingress": [{"from": [peer], "ports": [{"port": PORTS[name]}]}]}
        world.put(binding(name, targetGroupARN=arn, networking=rules))
    return world


def set_pods(world: World, names: set[str]) -> None:
    """The Service has these pods."""
    world.put(*(pod(name, PODS[name]) for name in names))
    world.put(endpoint_slice("x", [endpoint(name, PODS[name]) for name in sorted(names)]))


def fail(world: World, operation: str, kind: type[AwsError]) -> None:
    """The operation fails once; AWS does not deny twice in a row that a target group is there."""
    pending = [e for name in ABOUT_GROUPS for e in world.aws.refusals.get(name, ())]
    is_denial = kind is NotFound and operation in ABOUT_GROUPS
    if is_denial and any(isinstance(one, NotFound) for one in pending):
        return
    world.aws.refuse(operation, kind("x", operation, "Injected", "injected"))


def take(world: World, step: str, value: Any) -> None:
    """One thing happens."""
    match step:
        case "pods":
            set_pods(world, value)
        case "delete":
            if world.binding(value) is not None:
                world.delete(value)
        case "fail":
            fail(world, *value)
        case "restart":
            world.due.clear()
            world.retries.clear()
            world.start()
        case "drift":
            world.aws.registered[ARN].clear()
            world.aws.set_rules(NODES_GROUP, FOREIGN)
        case _:
            world.settle()


SERVED: list[tuple[str, Any]] = [("pods", {"p0"}), ("settle", None)]
DELETED: list[tuple[str, Any]] = [("delete", "mine"), ("settle", None)]
LEFT: list[tuple[str, Any]] = [
    *DELETED,
    ("fail", ("RevokeSecurityGroupIngress", Throttled)),
    ("delete", "other"),
    ("settle", None),
    ("restart", None),
]


@settings(max_examples=150, deadline=None)
@given(STEPS, st.sets(st.sampled_from(sorted(PODS))))
@example([*SERVED, ("fail", ("DeregisterTargets", NotFound)), *DELETED], set())
@example(
    [*SERVED, ("restart", None), ("fail", ("DescribeTargetHealth", NotFound)), *DELETED], set()
)
@example([*SERVED, *LEFT], set())
def test_any_history_ends_in_what_the_cluster_asks_for(
    steps: list[tuple[str, Any]], names: set[str]
) -> None:
    """After failures, restarts and drift, clean passes and one resync end in the desired world."""
    world = make_world()
    for step, value in steps:
        take(world, step, value)
        assert FOREIGN in world.aws.rules(NODES_GROUP)
    world.aws.refusals.clear()
    set_pods(world, names)
    world.settle()
    world.sweep()
    world.settle().retry()
    world.aws.counted()
    world.sweep()
    world.settle()
    assert not {"RegisterTargets", "DeregisterTargets"} & world.aws.counted().keys()
    assert (world.errors, world.retries) == ([], [])
    alive = [name for name in NAMES if world.binding(name) is not None]
    for name, arn in NAMES.items():
        expected = sorted(f"{PODS[p]}:8080" for p in names) if name in alive else []
        assert world.targets(arn) == expected
    ports = [PORTS[name] for name in alive] if names else []
    wanted = {FOREIGN}
    if ports:
        low, high = min(ports), max(ports)
        wanted.add(IngressRule("tcp", low, high, "security_group", "sg-lb", SHARED_DESCRIPTION))
    assert world.aws.rules(NODES_GROUP) == wanted
