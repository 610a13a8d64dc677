"""Which groups an object's change concerns (spec 9.9)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.frontends.events import fingerprint
from alb_controller.frontends.ingress.watch import watches
from alb_controller.frontends.watch import Change
from alb_controller.model.ownership import stack_labels
from alb_controller.objects.core import KubeObject
from alb_controller.objects.notes import OURS
from alb_controller.values import StackKey
from tests.factories import (
    BORN,
    changed,
    cluster,
    ingress,
    ingress_class,
    member,
    namespace,
    params,
    service,
    with_status,
)
from tests.unit.targets.cluster import binding

TEAM, WEB, LONE = (
    StackKey("ingress", "", "team"),
    StackKey("ingress", "shop", "web"),
    StackKey("ingress", "shop", "lone"),
)
KNOWN: tuple[KubeObject, ...] = (
    ingress_class(),
    member("a"),
    ingress("lone"),
    ingress("far", namespace="other"),
)


def keys(old: Any, new: Any, *known: KubeObject) -> set[StackKey]:
    """The groups that a change from old to new concerns, in a cluster of KNOWN and more."""
    return set(watches("alb")[type(new or old)](Change(old, new), cluster(*KNOWN, *known)))


@pytest.mark.parametrize(
    "old,new",
    [(None, ingress()), (ingress(), None), (ingress(), changed(ingress(), generation=2))],
    ids=["created", "deleted", "spec"],
)
def test_an_ingress_concerns_its_group(old: Any, new: Any) -> None:
    """At creation, deletion and whatever a user changes."""
    assert keys(old, new) == {WEB}


@pytest.mark.parametrize(
    "field,value",
    [("annotations", {"a": "b"}), ("deletion_timestamp", BORN), ("uid", "another")],
)
def test_users_change_an_ingress_beside_its_spec(field: str, value: Any) -> None:
    """By annotations, by deletion, by making it anew."""
    assert WEB in keys(ingress(), changed(ingress(), **{field: value}))


@pytest.mark.parametrize("field,value", [("labels", {"a": "b"}), ("finalizers", ["f"])])
def test_labels_and_finalizers_concern_nobody(field: str, value: Any) -> None:
    """Nor does a status: our own writes must not wake us."""
    assert keys(ingress(), changed(ingress(), **{field: value})) == set()
    assert keys(ingress(), with_status(ingress(), "h", 80)) == set()


@pytest.mark.parametrize("key", sorted(OURS))
def test_what_controllers_write_concerns_nobody(key: str) -> None:
    """Annotations of ours: they wake nobody, and make no event worth repeating."""
    noted = ingress(annotations={key: "x"})
    assert keys(ingress(), noted) == set()
    assert fingerprint(ingress()) == fingerprint(noted)


def test_an_ingress_that_moves_concerns_both_groups() -> None:
    """The one it leaves, and the one it joins; and all whose finalizers it still holds."""
    held = ["group.ingress.k8s.aws/old", "ingress.k8s.aws/resources"]
    moved = member("web", finalizers=held)
    assert keys(ingress(), member("web")) == {WEB, TEAM}
    assert keys(None, moved) == {TEAM, StackKey("ingress", "", "old"), WEB}


@pytest.mark.parametrize(
    "of",
    [member("web", group="-bad-"), ingress(class_name="lost")],
    ids=["bad group", "bad class"],
)
def test_an_ingress_without_group_concerns_its_own_key(of: Any) -> None:
    """There its user reads what is wrong."""
    assert keys(None, of, ingress_class("lost", params="gone")) == {WEB}


@pytest.mark.parametrize("class_name", ["theirs", "gone"])
def test_an_ingress_of_others_concerns_nobody(class_name: str) -> None:
    """Nor does one whose class is nobody's yet."""
    theirs = ingress_class("theirs", controller="k8s.io/nginx")
    assert keys(None, ingress(class_name=class_name), theirs) == set()


def test_a_service_concerns_the_groups_that_name_it() -> None:
    """Of its namespace, whether it comes, goes or changes."""
    assert keys(None, service()) == {TEAM, LONE}
    assert keys(service(), None) == {TEAM, LONE}
    assert keys(service(), service(type_="NodePort")) == {TEAM, LONE}
    assert keys(service(), service(alb={"target-type": "ip"})) == {TEAM, LONE}
    assert keys(service(), changed(service(), uid="another")) == {TEAM, LONE}
    assert keys(None, service("other")) == set()


def test_a_service_that_stays_as_it_is_concerns_nobody() -> None:
    """Its labels and status say nothing to us."""
    assert keys(service(), changed(service(), labels={"a": "b"})) == set()


@pytest.mark.parametrize("obj", [ingress_class("x", is_default=True), params("x")])
def test_a_class_concerns_every_group(obj: KubeObject) -> None:
    """It may become the default one, or be named by a class that is."""
    everyone = {TEAM, LONE, StackKey("ingress", "other", "far")}
    assert keys(None, obj) == everyone
    assert keys(obj, changed(obj, generation=2)) == everyone
    assert keys(obj, changed(obj, labels={"a": "b"})) == set()


def test_labels_of_a_namespace_concern_its_ingresses() -> None:
    """A class may select by them."""
    assert keys(namespace(), namespace(team="a")) == {TEAM, LONE}
    assert keys(None, namespace("other")) == {StackKey("ingress", "other", "far")}
    assert keys(namespace(), changed(namespace(), annotations={"a": "b"})) == set()


@pytest.mark.parametrize("key", [TEAM, WEB])
def test_a_binding_that_was_edited_or_is_gone_concerns_its_stack(key: StackKey) -> None:
    """It is repaired, or what waited for its end goes on."""
    made = binding(metadata={"labels": stack_labels(key)})
    assert keys(made, None) == {key}
    edits: list[dict[str, Any]] = [{"generation": 2}, {"deletion_timestamp": BORN}, {"labels": {}}]
    for edit in edits:
        assert keys(made, changed(made, **edit)) == {key}


def test_our_own_writes_to_bindings_concern_nobody() -> None:
    """Creation, status, and the checkpoint in annotations."""
    made = binding(metadata={"labels": stack_labels(TEAM)})
    assert keys(None, made) == set()
    assert keys(made, changed(made, annotations={"elbv2.k8s.aws/checkpoint": "x"})) == set()
    status = msgspec.structs.replace(made.status, observed_generation=1)
    assert keys(made, msgspec.structs.replace(made, status=status)) == set()


def test_a_binding_that_a_user_made_concerns_no_stack() -> None:
    """It has no labels of ours."""
    assert keys(binding(), None) == set()


def test_a_binding_of_another_api_concerns_no_group() -> None:
    """A Service may have the name of an Ingress."""
    labels = stack_labels(StackKey("service", "shop", "web"))
    assert keys(binding(metadata={"labels": labels}), None) == set()
