"""The shared backend security group: made for the first user, deleted after the last."""

from __future__ import annotations

import msgspec
import pytest

from alb_controller.aws.inventory import Inventory
from alb_controller.build.elbv2.security_groups import shared_backend
from alb_controller.errors import AccessDenied, ControllerError, InUse, NotReady
from alb_controller.model.ownership import INGRESS, stack_labels
from alb_controller.objects.core import KubeObject
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.reconcile.backend_group import BackendGroup, Signals
from alb_controller.settings import Settings, parse_settings
from alb_controller.values import StackKey
from tests.clocks import FakeClock
from tests.factories import cluster
from tests.unit.targets.cluster import binding
from tests.world_reads import Account

SERVICE_WEB = StackKey("service", "shop", "web")
WEB, APP = StackKey("ingress", "shop", "web"), StackKey("ingress", "shop", "app")
SETTINGS = parse_settings({"cluster-name": ["prod"], "default-tags": ["team=edge"]})
WANTED = shared_backend(SETTINGS)
NEW, THERE = "sg-0001", "sg-there"
CREATE, DELETE = "CreateSecurityGroup", "DeleteSecurityGroup"


class Rig:
    """A group's keeper and what it asked of its neighbours."""

    def __init__(self, *objects: KubeObject, settings: Settings = SETTINGS) -> None:
        self.aws, self.clock = Account(), FakeClock()
        self.inventory = Inventory(self.aws, self.aws, "prod", self.clock)
        self.inventory.refresh()
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
        self.cluster = cluster(*objects)
        self.group = BackendGroup(self.aws, self.inventory, self.cluster, settings, signals)

    def has(self, **tags: str) -> None:
        """A group of the wanted name, which the inventory has not listed."""
        self.aws.things[THERE] = msgspec.structs.replace(WANTED, tags=tags)

    def empty(self) -> None:
        """Somebody deletes the group by hand, and the resync finds it gone."""
        self.aws.things.clear()
        self.refresh()
        self.group.invalidate()

    def refresh(self) -> None:
        """The inventory lists everything, a moment later."""
        self.clock.advance(1)
        self.inventory.refresh()

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
    assert rig.aws.calls == [CREATE]
    assert rig.group.id_for(WEB) == rig.group.id_for(APP) == NEW
    assert rig.group.known_id() == NEW


def test_one_that_is_there_is_taken_with_its_tags_put_right(rig: Rig) -> None:
    """Missing tags are added and surplus ones removed, once for each process."""
    rig.has(**{**WANTED.tags, "team": "other", "surplus": "yes", "aws:x": "theirs"})
    rig.refresh()
    rig.waits(WEB)
    rig.group.reconcile()
    rig.group.reconcile()
    assert rig.aws.calls == ["CreateTags", "DeleteTags"]
    assert rig.aws.things[THERE].tags == {**WANTED.tags, "aws:x": "theirs"}
    assert rig.group.id_for(WEB) == THERE


def test_one_of_ours_that_was_not_listed_is_adopted(rig: Rig) -> None:
    """AWS refuses the name because an earlier create of ours succeeded unheard."""
    rig.has(**WANTED.tags)
    rig.waits(WEB)
    rig.group.reconcile()
    assert rig.group.id_for(WEB) == THERE


@pytest.mark.parametrize(
    "tags, texts",
    [({"owner": "them"}, "its tags are owner=them"), ({}, "it has no tags")],
)
def test_anothers_is_refused_and_who_waits_reports_whose(
    rig: Rig, tags: dict[str, str], texts: str
) -> None:
    """Those who wait are woken once to tell; they ask no more, as the group's key has its time."""
    rig.has(**tags)
    rig.waits(WEB)
    for _ in range(2):
        with pytest.raises(ControllerError, match=texts):
            rig.group.reconcile()
    assert rig.woken == [WEB]
    assert rig.requests == 1
    with pytest.raises(ControllerError, match=texts):
        rig.group.id_for(WEB)
    assert rig.requests == 1
    rig.aws.things.clear()
    rig.group.reconcile()
    assert rig.woken == [WEB, WEB]
    assert rig.group.id_for(WEB) == NEW


def test_a_problem_is_forgotten_with_the_last_who_had_it(rig: Rig) -> None:
    """The next user has the group asked for anew."""
    rig.aws.refuse(CREATE, AccessDenied("ec2", CREATE, "UnauthorizedOperation", "no"))
    rig.waits(WEB)
    with pytest.raises(AccessDenied):
        rig.group.reconcile()
    rig.group.release(WEB)
    rig.group.reconcile()
    rig.waits(APP)
    rig.group.reconcile()
    assert rig.group.id_for(APP) == NEW


def test_it_goes_with_its_last_user(rig: Rig) -> None:
    """Not before, and the next one has it made again."""
    rig.has_made(WEB, APP)
    rig.group.release(WEB)
    assert rig.requests == 0
    rig.group.release(APP)
    assert rig.requests == 1
    rig.group.reconcile()
    assert rig.aws.calls == [DELETE]
    rig.waits(WEB)
    rig.group.reconcile()
    assert rig.aws.calls[-1] == CREATE


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
    rig.referenced.add(NEW)
    rig.group.release(WEB)
    for _ in range(2):
        with pytest.raises(NotReady):
            rig.group.await_end(WEB)
        with pytest.raises(NotReady):
            rig.group.reconcile()
    rig.referenced.clear()
    rig.aws.refuse(DELETE, InUse("ec2", DELETE, "DependencyViolation", "in use"))
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
    assert rig.group.id_for(APP) == NEW
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
    assert rig.aws.calls == [DELETE]
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
    assert rig.aws.calls == [DELETE]


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
    rig.referenced.add(NEW)
    rig.group.release(WEB)
    with pytest.raises(NotReady):
        rig.group.reconcile()
    rig.referenced.clear()
    rig.group.reconcile()
    assert rig.aws.calls == [DELETE]


def test_a_sweep_has_it_looked_at_again(rig: Rig) -> None:
    """Deleted by hand, it is made anew for whoever asks."""
    rig.has_made(WEB)
    rig.empty()
    rig.waits(WEB)
    rig.group.reconcile()
    assert rig.aws.calls == [CREATE]


def test_a_sweep_in_the_middle_of_a_look_is_not_undone_by_it(rig: Rig) -> None:
    """What the look ends with was read before: the group is looked at again, and was deleted."""
    rig.has(**{**WANTED.tags, "team": "other"})
    rig.refresh()
    rig.waits(WEB)
    rig.aws.on_write.append(rig.empty)
    rig.group.reconcile()
    rig.aws.on_write.clear()
    assert (rig.requests, rig.woken) == (2, [])
    rig.waits(WEB)
    rig.group.reconcile()
    assert rig.aws.calls[-1] == CREATE
    assert rig.group.id_for(WEB) == NEW


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
    peer = {"securityGroup": {"groupID": NEW}}
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
    assert rig.aws.calls == [DELETE]
