"""The shared backend security group: made for the first user, deleted after the last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest

from alb_controller.build.elbv2.security_groups import shared_backend
from alb_controller.errors import AccessDenied, AlreadyExists, ControllerError, InUse, NotReady
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.ownership import INGRESS, stack_labels
from alb_controller.model.stack import Found
from alb_controller.objects.core import KubeObject
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.reconcile.backend_group import BackendGroup, Signals
from alb_controller.settings import Settings, parse_settings
from alb_controller.values import StackKey
from tests.factories import cluster
from tests.unit.targets.cluster import binding

SERVICE_WEB = StackKey("service", "shop", "web")
WEB, APP = StackKey("ingress", "shop", "web"), StackKey("ingress", "shop", "app")
SETTINGS = parse_settings({"cluster-name": ["prod"], "default-tags": ["team=edge"]})
WANTED = shared_backend(SETTINGS)


class FakeAws:
    """Security groups by name, as EC2 and the inventory show them."""

    def __init__(self) -> None:
        self.groups: dict[str, Found[SecurityGroup]] = {}
        self.listed: set[str] = set()
        self.calls: list[str] = []
        self.error: ControllerError | None = None
        self.meanwhile: list[Callable[[], None]] = []
        """Each is called once, after a tag was written."""

    def has(self, **tags: str) -> Found[SecurityGroup]:
        group = msgspec.structs.replace(WANTED, tags=tags)
        found = self.groups[group.name] = Found(identity="sg-there", resource=group)
        return found

    # ---- as aws.ec2

    def create_security_group(self, group: SecurityGroup) -> Found[SecurityGroup]:
        self.calls.append("create")
        if self.error is not None:
            raise self.error
        if group.name in self.groups:
            raise AlreadyExists("ec2", "CreateSecurityGroup", "InvalidGroup.Duplicate", group.name)
        found = self.groups[group.name] = Found(identity="sg-new", resource=group)
        return found

    def security_group_by_name(self, name: str) -> Found[SecurityGroup] | None:
        return self.groups.get(name)

    def create_tags(self, ids: list[str], tags: dict[str, str]) -> None:
        self.calls.append(f"tag {ids} {tags}")
        while self.meanwhile:
            self.meanwhile.pop()()

    def delete_tags(self, ids: list[str], keys: list[str]) -> None:
        self.calls.append(f"untag {ids} {sorted(keys)}")

    def delete_security_group(self, group_id: str) -> None:
        self.calls.append(f"delete {group_id}")
        if self.error is not None:
            raise self.error
        self.groups = {n: g for n, g in self.groups.items() if g.identity != group_id}

    # ---- as aws.inventory

    was_read = True

    def shared_security_group(self, _cluster: str) -> Found[SecurityGroup] | None:
        return next((g for g in self.groups.values() if g.identity in self.listed), None)

    def put(self, found: Found[SecurityGroup]) -> None:
        self.listed.add(found.identity)

    def drop(self, identity: str) -> None:
        self.listed.discard(identity)


class Rig:
    """A group's keeper and what it asked of its neighbours."""

    def __init__(self, *objects: KubeObject, settings: Settings = SETTINGS) -> None:
        self.aws = FakeAws()
        self.requests = 0
        self.woken: list[StackKey] = []
        self.held: list[StackKey] = []
        self.holders: dict[str, int] = {}
        self.referenced: set[str] = set()
        signals = Signals(
            held_keys=lambda: self.held,
            count_holders=lambda: self.holders,
            is_referenced=self.referenced.__contains__,
            request=self._request,
            wake=self.woken.append,
            apis=frozenset({INGRESS.api}),
        )
        aws = cast("Any", self.aws)
        self.cluster = cluster(*objects)
        self.group = BackendGroup(aws, aws, self.cluster, settings, signals)

    def _request(self) -> None:
        self.requests += 1

    def waits(self, key: StackKey) -> None:
        with pytest.raises(NotReady):
            self.group.id_for(key)

    def waits_for_end(self, key: StackKey) -> None:
        with pytest.raises(NotReady):
            self.group.await_end(key)

    def has_made(self, *keys: StackKey) -> None:
        """The group, for these stacks."""
        for key in keys:
            self.waits(key)
        self.group.reconcile()
        self.aws.calls.clear()
        self.requests = 0


@pytest.fixture
def rig() -> Rig:
    """An empty cluster."""
    return Rig()


def test_the_first_user_has_it_made_and_all_who_wait_are_woken(rig: Rig) -> None:
    """One create, with the tags that make it ours; from then on the id is known."""
    rig.waits(WEB)
    rig.waits(APP)
    assert rig.requests == 2
    rig.group.reconcile()
    assert rig.woken == [APP, WEB]
    assert rig.aws.calls == ["create"]
    assert rig.group.id_for(WEB) == rig.group.id_for(APP) == "sg-new"
    assert rig.group.known_id() == "sg-new"


def test_one_that_is_there_is_taken_with_its_tags_put_right(rig: Rig) -> None:
    """Missing tags are added and surplus ones removed, once for each process."""
    found = rig.aws.has(**{**WANTED.tags, "team": "other", "stray": "yes", "aws:x": "theirs"})
    rig.aws.put(found)
    rig.waits(WEB)
    rig.group.reconcile()
    rig.group.reconcile()
    assert rig.aws.calls == [
        "tag ['sg-there'] {'team': 'edge'}",
        "untag ['sg-there'] ['stray']",
    ]
    assert rig.group.id_for(WEB) == "sg-there"


def test_one_of_ours_that_was_not_listed_is_adopted(rig: Rig) -> None:
    """AWS refuses the name because an earlier create of ours succeeded unheard."""
    rig.aws.has(**WANTED.tags)
    rig.waits(WEB)
    rig.group.reconcile()
    assert rig.group.id_for(WEB) == "sg-there"


@pytest.mark.parametrize(
    "tags, texts",
    [({"owner": "them"}, "its tags are owner=them"), ({}, "it has no tags")],
)
def test_anothers_is_refused_and_who_waits_reports_whose(
    rig: Rig, tags: dict[str, str], texts: str
) -> None:
    """Those who wait are woken once to tell; they ask no more, as the group's key has its time."""
    rig.aws.has(**tags)
    rig.waits(WEB)
    for _ in range(2):
        with pytest.raises(ControllerError, match=texts):
            rig.group.reconcile()
    assert rig.woken == [WEB]
    assert rig.requests == 1
    with pytest.raises(ControllerError, match=texts):
        rig.group.id_for(WEB)
    assert rig.requests == 1
    rig.aws.groups.clear()
    rig.group.reconcile()
    assert rig.woken == [WEB, WEB]
    assert rig.group.id_for(WEB) == "sg-new"


def test_a_problem_is_forgotten_with_the_last_who_had_it(rig: Rig) -> None:
    """The next user has the group asked for anew."""
    rig.aws.error = AccessDenied("ec2", "CreateSecurityGroup", "UnauthorizedOperation", "no")
    rig.waits(WEB)
    with pytest.raises(AccessDenied):
        rig.group.reconcile()
    rig.group.release(WEB)
    rig.group.reconcile()
    rig.aws.error = None
    rig.waits(APP)
    rig.group.reconcile()
    assert rig.group.id_for(APP) == "sg-new"


def test_it_goes_with_its_last_user(rig: Rig) -> None:
    """Not before, and the next one has it made again."""
    rig.has_made(WEB, APP)
    rig.group.release(WEB)
    assert rig.requests == 0
    rig.group.release(APP)
    assert rig.requests == 1
    rig.group.reconcile()
    assert rig.aws.calls == ["delete sg-new"]
    rig.waits(WEB)
    rig.group.reconcile()
    assert rig.aws.calls[-1] == "create"


def test_the_last_finalizer_outlives_the_attempt_to_delete_it(rig: Rig) -> None:
    """A process that dies between the two would leave a group that nothing remembers."""
    rig.has_made(WEB)
    rig.group.release(WEB)
    with pytest.raises(NotReady):
        rig.group.await_end(WEB)
    rig.group.reconcile()
    assert rig.woken[-1] == WEB
    rig.group.await_end(WEB)


def test_an_attempt_that_fails_keeps_no_ingress(rig: Rig) -> None:
    """The group's key goes on trying; only a wait for rules is no end yet."""
    rig.has_made(WEB)
    rig.referenced.add("sg-new")
    rig.group.release(WEB)
    for _ in range(2):
        with pytest.raises(NotReady):
            rig.group.await_end(WEB)
        with pytest.raises(NotReady):
            rig.group.reconcile()
    rig.referenced.clear()
    rig.aws.error = InUse("ec2", "DeleteSecurityGroup", "DependencyViolation", "in use")
    with pytest.raises(InUse):
        rig.group.reconcile()
    rig.group.await_end(WEB)


def test_one_that_others_hold_keeps_no_ingress(rig: Rig) -> None:
    """It stays, and the Ingress goes; one that comes back under its name waits again."""
    rig.has_made(WEB)
    rig.holders["Service"] = 1
    rig.group.release(WEB)
    for _ in range(2):
        with pytest.raises(NotReady):
            rig.group.await_end(WEB)
        rig.group.reconcile()
        rig.group.await_end(WEB)
        rig.group.forget(WEB)


def test_who_leaves_one_that_others_use_waits_for_nothing(rig: Rig) -> None:
    """Nor does one who leaves where none was made, or the operator named it."""
    rig.has_made(WEB, APP)
    rig.group.release(WEB)
    rig.group.await_end(WEB)
    nobody = Rig()
    nobody.group.release(WEB)
    nobody.group.await_end(WEB)


def test_a_user_that_comes_before_the_deletion_keeps_it(rig: Rig) -> None:
    """It was given the id a moment ago."""
    rig.has_made(WEB)
    rig.group.release(WEB)
    assert rig.group.id_for(APP) == "sg-new"
    rig.group.reconcile()
    assert rig.aws.calls == []


def test_a_service_and_an_ingress_of_one_name_are_two_users(rig: Rig) -> None:
    """One that needs it no more, or ends, takes it from neither the other nor its place."""
    rig.has_made(WEB, SERVICE_WEB)
    rig.group.release(WEB)
    rig.group.await_end(WEB)
    rig.group.forget(WEB)
    rig.group.reconcile()
    assert rig.aws.calls == []
    rig.group.release(SERVICE_WEB)
    rig.waits_for_end(SERVICE_WEB)
    rig.group.reconcile()
    assert rig.aws.calls == ["delete sg-new"]
    assert rig.woken[-1] == SERVICE_WEB


def test_it_stays_while_a_stack_was_not_looked_at() -> None:
    """After a restart a finalizer of ours says that its stack may use the group."""
    rig = Rig()
    rig.held.append(APP)
    rig.has_made(WEB)
    rig.group.release(WEB)
    rig.group.release(StackKey("service", *APP.id.split("/")))  # of that name, and another stack
    rig.group.reconcile()
    assert rig.aws.calls == []
    rig.group.release(APP)
    rig.group.reconcile()
    assert rig.aws.calls == ["delete sg-new"]


def test_it_stays_while_others_hold_objects(rig: Rig) -> None:
    """Services and Gateways of a controller beside this one may use it."""
    rig.has_made(WEB)
    rig.holders["Service"] = 1
    rig.group.release(WEB)
    rig.group.reconcile()
    assert rig.aws.calls == []


def test_it_waits_for_rules_that_name_it(rig: Rig) -> None:
    """AWS would refuse the deletion."""
    rig.has_made(WEB)
    rig.referenced.add("sg-new")
    rig.group.release(WEB)
    with pytest.raises(NotReady):
        rig.group.reconcile()
    rig.referenced.clear()
    rig.group.reconcile()
    assert rig.aws.calls == ["delete sg-new"]


def test_a_sweep_has_it_looked_at_again(rig: Rig) -> None:
    """Deleted by hand, it is made anew for whoever asks."""
    rig.has_made(WEB)
    rig.aws.groups.clear()
    rig.group.invalidate()
    rig.waits(WEB)
    rig.group.reconcile()
    assert rig.aws.calls == ["create"]


def test_a_sweep_in_the_middle_of_a_look_is_not_undone_by_it(rig: Rig) -> None:
    """What the look ends with was read before: the group is looked at again, and was deleted."""

    def sweep() -> None:
        rig.aws.groups.clear()
        rig.group.invalidate()

    rig.aws.put(rig.aws.has(**{**WANTED.tags, "team": "other"}))
    rig.waits(WEB)
    rig.aws.meanwhile.append(sweep)
    rig.group.reconcile()
    assert (rig.requests, rig.woken) == (2, [])
    rig.waits(WEB)
    rig.group.reconcile()
    assert rig.aws.calls[-1] == "create"
    assert rig.group.id_for(WEB) == "sg-new"


def test_a_group_that_the_operator_names_is_left_alone() -> None:
    """It is used as it is, never made, tagged or deleted."""
    named = parse_settings({"cluster-name": ["prod"], "backend-security-group": ["sg-mine"]})
    rig = Rig(settings=named)
    assert rig.group.id_for(WEB) == "sg-mine"
    rig.group.release(WEB)
    rig.group.reconcile()
    rig.group.invalidate()
    assert rig.group.id_for(WEB) == "sg-mine"
    assert rig.aws.calls == []


@pytest.mark.parametrize("labels", [{}, stack_labels(SERVICE_WEB)])
def test_a_users_own_binding_keeps_the_group_and_no_ingress(labels: dict[str, str]) -> None:
    """It may name the group for as long as its user likes; a stack's binding goes with its stack.

    One of an API that we do not serve is left to its user too. The group goes when the binding
    does.
    """
    peer = {"securityGroup": {"groupID": "sg-new"}}
    networking = {"ingress": [{"from": [peer], "ports": [{"port": 80}]}]}
    users = binding(metadata={"labels": labels}, networking=networking)
    rig = Rig(users)
    rig.has_made(WEB)
    rig.group.release(WEB)
    rig.waits_for_end(WEB)
    with pytest.raises(NotReady, match="users' bindings"):
        rig.group.reconcile()
    rig.group.await_end(WEB)
    rig.cluster.of(TargetGroupBinding).delete(users)
    rig.group.reconcile()
    assert rig.aws.calls == ["delete sg-new"]
