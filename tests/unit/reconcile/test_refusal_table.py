"""What is refused to one member harms no other: every write that a value of his can make fail.

In every way, in a group of four, by a new member and by one that is edited.
"""

from __future__ import annotations

import ast
import inspect
import json
from typing import Any

import msgspec
import pytest

from alb_controller.errors import (
    ControllerError,
    Forbidden,
    KubeError,
    NotFound,
    QuotaExceeded,
    Rejected,
)
from alb_controller.objects.networking import Ingress
from alb_controller.reconcile import operations
from tests.factories import member, path, rule, service, to
from tests.unit.reconcile.rich_aws import PickyAws
from tests.unit.reconcile.stack_world import World
from tests.unit.reconcile.test_refused_parts import is_published, sent

HOUR = 3600.0
ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/poison/0123456789abcdef"
FORWARD = json.dumps({"type": "forward", "targetGroupARN": ARN})
SECURE = {"listen-ports": '[{"HTTPS": 443}]', "certificate-arn": "arn:cert/a"}
FRONT = {"enable-frontend-nlb": "true"}
TRUST = json.dumps([{"port": 443, "mode": "verify", "trustStore": "arn:poison"}])
ALL = ("new", "edited", "together")
NOBODYS = {
    "await_active": "a read",
    "deregister_targets": "takes away",
    "delete_binding": "takes away",
    "delete_listener": "takes away",
    "delete_load_balancer": "takes away",
    "delete_rule": "takes away",
    "delete_security_group": "takes away",
    "delete_tags": "takes away",
    "delete_target_group": "takes away",
    "remove_listener_certificates": "takes away",
    "remove_tags": "takes away",
    "revoke_ingress": "takes away",
    "set_rule_priorities": "numbers that the plan gives, of rules that AWS has",
}
"""Operations that no value of a member can make fail, and why."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """How a member makes an operation be called with what AWS does not take."""

    operation: str
    text: str = "poison"
    """In the parameters of the calls that are refused."""
    field: str
    """What the Warning names."""
    base: dict[str, str] = {}
    """What all members say."""
    before: dict[str, str] = {}
    after: dict[str, str]
    """What the guilty one says, before it is edited and then."""
    backend: str = ""
    """An action or Service of the guilty one's path."""
    more: bool = False
    """The backend is that of a further path."""
    also: tuple[str, ...] = ()
    """Operations that are refused for the same."""
    modes: tuple[str, ...] = ("new", "edited")
    """The guilty one joins the group, is in it already, or the whole group is new."""


ROWS = (
    Row(
        operation="create_load_balancer",
        text="scheme='internet-facing'",
        field="scheme",
        after={"scheme": "internet-facing"},
        modes=ALL,
    ),
    Row(
        operation="modify_load_balancer_attributes",
        field="load-balancer-attributes",
        after={"load-balancer-attributes": "access_logs.s3.bucket=poison"},
        modes=ALL,
    ),
    Row(
        operation="set_subnets",
        text="subnet-xa",
        field="subnets",
        after={"subnets": "subnet-xa,subnet-xb"},
    ),
    Row(
        operation="set_security_groups",
        field="security-groups",
        after={"security-groups": "sg-poison"},
    ),
    Row(
        operation="set_ip_address_type",
        text="dualstack",
        field="ip-address-type",
        after={"ip-address-type": "dualstack"},
    ),
    Row(
        operation="modify_ip_pools",
        text="ipam-pool-0123456789abcdef0",
        field="ipam-ipv4-pool-id",
        after={"ipam-ipv4-pool-id": "ipam-pool-0123456789abcdef0"},
    ),
    Row(
        operation="reserve_capacity",
        text="4711",
        field="minimum-load-balancer-capacity",
        after={"minimum-load-balancer-capacity": "CapacityUnits=4711"},
        modes=ALL,
    ),
    Row(
        operation="set_web_acl",
        field="wafv2-acl-arn",
        after={"wafv2-acl-arn": "arn:poison"},
        modes=ALL,
    ),
    Row(
        operation="set_regional_web_acl",
        field="waf-acl-id",
        after={"waf-acl-id": "poison"},
        modes=ALL,
    ),
    Row(
        operation="set_protection",
        text="True",
        field="shield-advanced-protection",
        after={"shield-advanced-protection": "true"},
        modes=ALL,
    ),
    Row(
        operation="create_target_group",
        text="HTTP2",
        field="backend-protocol-version",
        after={"backend-protocol-version": "HTTP2"},
        modes=ALL,
    ),
    Row(
        operation="modify_target_group",
        field="healthcheck-path",
        after={"healthcheck-path": "/poison"},
        modes=("edited",),
    ),
    Row(
        operation="modify_target_group_attributes",
        field="target-group-attributes",
        after={"target-group-attributes": "a.key=poison"},
        modes=ALL,
    ),
    Row(
        operation="register_targets",
        text="",
        field="enable-frontend-nlb",
        after={"enable-frontend-nlb": "true"},
        modes=ALL,
    ),
    Row(
        operation="create_listener",
        text="4711",
        field="listen-ports",
        after={"listen-ports": '[{"HTTP": 80}, {"HTTP": 4711}]'},
        modes=ALL,
    ),
    Row(
        operation="modify_listener",
        field="ssl-policy",
        base=SECURE,
        after={"ssl-policy": "poison"},
    ),
    Row(
        operation="modify_listener_attributes",
        field="listener-attributes.HTTP-80",
        after={"listener-attributes.HTTP-80": "a.key=poison"},
        modes=ALL,
    ),
    Row(
        operation="add_listener_certificates",
        field="certificate-arn",
        base=SECURE,
        after={"certificate-arn": "arn:poison"},
        modes=ALL,
    ),
    Row(
        operation="create_rule",
        field="actions.act",
        after={"actions.act": FORWARD},
        backend="act",
        more=True,
        modes=ALL,
    ),
    Row(
        operation="modify_rule",
        field="actions.act",
        after={"actions.act": FORWARD},
        backend="act",
        modes=("edited",),
    ),
    Row(operation="add_tags", field="tags", after={"tags": "cost=poison"}),
    Row(operation="create_tags", field="tags", after={"tags": "cost=poison"}),
    Row(
        operation="create_security_group",
        also=("create_tags",),
        field="tags",
        before={"security-groups": "sg-1"},
        after={"tags": "cost=poison"},
        modes=("edited", "together"),
    ),
    Row(
        operation="authorize_ingress",
        text="10.9.9.0/24",
        field="inbound-cidrs",
        after={"inbound-cidrs": "10.9.9.0/24"},
        modes=ALL,
    ),
    Row(
        operation="create_binding",
        text="bad-api",
        field="TargetGroupBinding shop/",
        after={},
        backend="api",
        modes=ALL,
    ),
    Row(
        operation="update_binding",
        text="multi_cluster_target_group=True",
        field="TargetGroupBinding shop/",
        after={"multi-cluster-target-group": "true"},
        modes=("edited",),
    ),
)
SHARED = (
    Row(
        operation="create_listener",
        field="mutual-authentication",
        base=SECURE,
        after={"mutual-authentication": TRUST},
        modes=("together",),
    ),
    Row(
        operation="create_listener",
        field="ssl-policy",
        base=SECURE,
        after={"ssl-policy": "poison"},
        modes=("together",),
    ),
    Row(
        operation="create_load_balancer",
        text="sg-poison",
        field="security-groups",
        after={"security-groups": "sg-poison"},
        modes=("together",),
    ),
    Row(
        operation="create_load_balancer",
        text="eipalloc-poison",
        field="frontend-nlb-eip-allocations",
        base=FRONT,
        after={
            "frontend-nlb-eip-allocations": "eipalloc-poison1,eipalloc-poison2,eipalloc-poison3",
            "frontend-nlb-scheme": "internet-facing",
        },
        modes=ALL,
    ),
    Row(
        operation="create_target_group",
        text="port=4711",
        field="frontend-nlb-listener-port-mapping",
        base=FRONT,
        after={"frontend-nlb-listener-port-mapping": "4711=80"},
        modes=ALL,
    ),
    Row(
        operation="create_target_group",
        text="target_type='alb'",
        field="enable-frontend-nlb",
        after=FRONT,
        modes=ALL,
    ),
    Row(
        operation="create_target_group",
        field="frontend-nlb-healthcheck-path",
        base=FRONT,
        after={"frontend-nlb-healthcheck-path": "/poison"},
        modes=("together",),
    ),
)
"""One call for all members, each of whom has set something of it."""
OF_AWS: dict[str, ControllerError] = {
    "rejected": Rejected("aws", "TheCall", "ValidationError", "it is not valid"),
    "parameters": Rejected("aws", "TheCall", "ParamValidation", "Invalid length"),
    "missing": NotFound("aws", "TheCall", "SubnetNotFound", "it is not there"),
    "quota": QuotaExceeded("aws", "TheCall", "TooManyThings", "the quota is reached"),
}
OF_KUBERNETES: dict[str, ControllerError] = {
    "rejected": KubeError(422, "Invalid", "spec: Invalid value"),
    "parameters": KubeError(400, "BadRequest", 'admission webhook "no" denied the request'),
    "missing": Forbidden(403, "Forbidden", "forbidden: User cannot create resource"),
    "quota": Forbidden(403, "Forbidden", "exceeded quota: objects"),
}


def error_of(kind: str, operation: str) -> ControllerError:
    """A refusal of that class, as the edge of an operation has it."""
    if operation.endswith("_binding"):
        return OF_KUBERNETES[kind]
    if kind == "missing" and operation.endswith("_rule"):
        return NotFound("elbv2", "TheCall", "TargetGroupNotFound", "it is not there")
    return OF_AWS[kind]


def innocent(row: Row, name: str, text: str = "") -> Ingress:
    """A member whose path is its name."""
    rules = [rule("", path(text or f"/{name}", "Exact", to()))]
    return member(name, alb=row.base, rules=rules, age_minutes=9)


def guilty(row: Row, setting: dict[str, str], *, backend: str = "") -> Ingress:
    """The member that asks for what is refused."""
    own = to(backend, 80 if backend == "api" else "use-annotation") if backend else to()
    paths = [path("/bad", "Exact", to() if row.more else own)]
    if row.more and backend:
        paths.append(path("/more", "Exact", own))
    return member("bad", alb={**row.base, **setting}, rules=[rule("", *paths)])


def at_rest(aws: PickyAws, *members: Ingress) -> World:
    """The group in AWS, and all its load balancers provisioned."""
    world = World(service("api"), *members, aws=aws).settle().wait(30)
    aws.provisioning.clear()
    return world.wait(300)


def the_world(row: Row, mode: str, error: ControllerError) -> World:
    """The group of four, the guilty one refused."""
    aws, others = PickyAws(), [innocent(row, name) for name in "abc"]
    bad = guilty(row, row.after, backend=row.backend)
    refusal = dict.fromkeys((row.operation, *row.also), (row.text, error))
    if mode == "together":
        aws.picky |= refusal
        return at_rest(aws, *others, bad)
    standing = [*others, guilty(row, row.before)] if mode == "edited" else others
    world = at_rest(aws, *standing)
    aws.picky |= refusal
    world.put(bad)
    world.settle().wait(30)
    aws.provisioning.clear()
    return world.wait(300)


CASES = [
    pytest.param(row, kind, mode, id=f"{row.operation}-{row.field}-{kind}-{mode}")
    for row in (*ROWS, *SHARED)
    for kind in OF_AWS
    for mode in row.modes
]


@pytest.mark.parametrize("row, kind, mode", CASES)
def test_what_is_refused_to_one_member_harms_no_other(row: Row, kind: str, mode: str) -> None:
    """The others are published, edited and deleted; he has one Warning, and AWS rests."""
    error: Any = error_of(kind, row.operation)
    world = the_world(row, mode, error)
    aws: Any = world.aws
    assert row.operation in aws.not_taken
    world.put(innocent(row, "a", "/edited"))
    world.remove("b")
    world.settle().wait(60)
    assert {"/edited", "/c"} <= set(world.aws.paths())
    assert "/b" not in world.aws.paths()
    assert world.ingress("b") is None
    assert is_published(world, "a")
    assert is_published(world, "c")
    assert [world.kube.warnings(name) for name in "abc"] == [[], [], []]
    (warning,) = world.kube.warnings("bad")
    assert row.field in warning
    assert error.message in warning
    if mode == "edited":
        assert is_published(world, "bad")
        assert "/bad" in world.aws.paths()
    aws.not_taken.clear()
    world.forget_calls()
    world.wait(HOUR)
    assert len(sent(world)) <= 2, sent(world)
    assert len(world.kube.warnings("bad")) == 1


def test_every_operation_has_a_row() -> None:
    """Or a reason why no member's value can make it fail: a new one needs either."""
    (made,) = (
        node
        for node in ast.walk(ast.parse(inspect.getsource(operations)))
        if isinstance(node, ast.ClassDef)
    )
    names = {
        node.attr for node in ast.walk(made)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }  # fmt: skip
    names |= {node.name for node in ast.walk(made) if isinstance(node, ast.FunctionDef)}
    rows = {row.operation for row in ROWS}
    assert {name for name in names if not name.startswith("_")} == rows | NOBODYS.keys()
    assert not rows & NOBODYS.keys()
