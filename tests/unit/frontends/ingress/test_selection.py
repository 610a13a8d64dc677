"""Which Ingresses are ours, and which group each belongs to (spec 2.1, 2.3)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.frontends.ingress import select
from alb_controller.frontends.ingress.select import BadClass, BadGroup, Member, NotOurs, Selection
from alb_controller.model.ownership import INGRESS, finalizer_of
from alb_controller.objects.core import KubeObject
from alb_controller.objects.networking import Ingress, IngressClassParametersReference
from alb_controller.values import StackKey
from tests.factories import (
    cluster,
    deleted,
    ingress,
    ingress_class,
    member,
    namespace,
    params,
)

WEB = StackKey("ingress", "shop", "web")
TEAM_ONLY: dict[str, Any] = {"namespaceSelector": {"matchLabels": {"team": "a"}}}


def selected(of: Ingress, *objects: KubeObject, class_flag: str = "alb") -> Selection:
    """What the Ingress is to us in a cluster of objects."""
    return select.select(of, cluster(*objects), class_flag)


def annotated(value: str) -> Ingress:
    """An Ingress with the old class annotation; its class name counts for nothing then."""
    return ingress(annotations={select.CLASS_ANNOTATION: value}, class_name="no-such-class")


def problem_of(found: Selection) -> str:
    """The sentence of a class or group that is none."""
    assert isinstance(found, BadClass | BadGroup)
    return str(found.problem)


@pytest.mark.parametrize(
    "value,flag,ours",
    [
        ("alb", "alb", True),
        ("alb", "", True),
        ("", "", True),
        ("internal", "internal", True),
        ("alb", "internal", False),
        ("nginx", "alb", False),
        ("nginx", "", False),
        ("", "alb", False),
    ],
)
def test_the_old_annotation_is_ours_if_it_equals_the_flag(
    value: str, flag: str, ours: bool
) -> None:
    """An empty flag takes alb; no class object is looked at (step 1)."""
    found = selected(annotated(value), class_flag=flag)
    assert isinstance(found, Member if ours else NotOurs)


def test_the_old_annotation_leaves_the_parameters_out() -> None:
    """No class is loaded, so no group of the class applies."""
    of = ingress(annotations={select.CLASS_ANNOTATION: "alb"})
    objects = (ingress_class(params="params"), params(group={"name": "team"}))
    assert selected(of, *objects) == Member(WEB, of, None)


@pytest.mark.parametrize("flag,ours", [("", True), ("alb", False)])
def test_without_any_class_the_flag_decides(flag: str, ours: bool) -> None:
    """Only an empty flag takes Ingresses without class (step 2)."""
    of = ingress(class_name=None)
    assert isinstance(selected(of, ingress_class(), class_flag=flag), Member if ours else NotOurs)


def test_without_class_name_the_default_class_counts() -> None:
    """With its parameters, if it is ours."""
    of, made = ingress(class_name=None), params(scheme="internal")
    ours = ingress_class("std", params="params", is_default=True)
    assert selected(of, ours, made) == Member(WEB, of, made)
    theirs = ingress_class("std", controller="k8s.io/nginx", is_default=True)
    assert selected(of, theirs, class_flag="") == NotOurs()


def test_two_default_classes_stop_only_those_who_need_one() -> None:
    """The Ingress gets both problems; others do not suffer."""
    both = (ingress_class("a", is_default=True), ingress_class("b", is_default=True))
    found = selected(ingress(class_name=None), *reversed(both))
    assert problem_of(found) == (
        "spec.ingressClassName: is unset, and several IngressClasses are default: a, b"
    )
    assert isinstance(found, BadClass)
    assert not found.is_ours
    assert isinstance(selected(ingress(class_name="a"), *both), Member)


def test_a_class_that_does_not_exist_may_be_anybodys() -> None:
    """Step 3: the name is reported, but only on what was ours before."""
    found = selected(ingress(class_name="gone"))
    assert problem_of(found) == (
        "spec.ingressClassName: names IngressClass 'gone', which does not exist"
    )
    assert isinstance(found, BadClass)
    assert not found.is_ours


def test_the_controller_of_the_class_decides() -> None:
    """Whatever the class is called, and whatever the flag says (steps 4, 5)."""
    of = ingress(class_name="any")
    theirs = ingress_class("any", controller="k8s.io/nginx")
    assert selected(of, theirs) == NotOurs()
    assert selected(of, ingress_class("any"), class_flag="other") == Member(WEB, of, None)


@pytest.mark.parametrize(
    "group,kind", [("elbv2.k8s.aws", "Other"), ("other", "IngressClassParams"), (None, "ConfigMap")]
)
def test_parameters_of_another_kind_are_refused(group: str | None, kind: str) -> None:
    """Step 6: what is allowed is named."""
    made = ingress_class(params="params")
    reference = IngressClassParametersReference(group, kind, "params")
    spec = msgspec.structs.replace(made.spec, parameters=reference)
    found = selected(ingress(), msgspec.structs.replace(made, spec=spec))
    assert problem_of(found) == (
        f"spec.ingressClassName: names IngressClass 'alb', whose parameters are {group} {kind}: "
        "allowed is elbv2.k8s.aws IngressClassParams"
    )


def test_parameters_that_do_not_exist_are_named() -> None:
    """Step 7: the class is ours, so its user hears of it."""
    found = selected(ingress(), ingress_class(params="gone"))
    assert "IngressClassParams 'gone' do not exist" in problem_of(found)
    assert isinstance(found, BadClass)
    assert found.is_ours


def test_a_class_may_be_for_some_namespaces_only() -> None:
    """Step 8: by labels; a namespace that is not known is not selected."""
    objects = (ingress_class(params="params"), params(**TEAM_ONLY))
    assert isinstance(selected(ingress(), *objects, namespace(team="a")), Member)
    for known in ([namespace(team="b")], [namespace("other", team="a")], []):
        assert "namespaceSelector does not select namespace 'shop'" in problem_of(
            selected(ingress(), *objects, *known)
        )


def test_an_empty_selector_selects_every_namespace() -> None:
    """As everywhere in Kubernetes."""
    objects = (ingress_class(params="params"), params(namespaceSelector={}), namespace())
    assert isinstance(selected(ingress(), *objects), Member)


def test_a_deleted_ingress_belongs_to_no_group() -> None:
    """Whatever its class is."""
    assert selected(deleted(ingress(class_name="gone"))) == NotOurs()


@pytest.mark.parametrize("name", ["a", "0", "a" * 63, "a-b.c", "a..b", "9z"])
def test_a_group_name_makes_an_explicit_group(name: str) -> None:
    """Its key has no namespace, so members of all namespaces meet there."""
    found = selected(member("web", group=name), ingress_class())
    assert isinstance(found, Member)
    assert found.key == StackKey("ingress", "", name)


@pytest.mark.parametrize("name", ["", "-a", "a-", ".a", "A", "a_b", "a b", "a" * 64, "a\nb", "é"])
def test_a_name_that_is_none_belongs_to_no_group(name: str) -> None:
    """The annotation, the value and what is allowed are named."""
    found = selected(member("web", group=name), ingress_class())
    assert isinstance(found, BadGroup)
    assert problem_of(found) == (
        f"alb.ingress.kubernetes.io/group.name: {name!r} is not a group name: at most 63 "
        "lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit"
    )


def test_a_line_end_behind_a_name_is_none_of_it() -> None:
    """A YAML block scalar leaves one: the group is that of the others."""
    found = selected(member("web", group="team\n"), ingress_class())
    assert isinstance(found, Member)
    assert found.key == StackKey("ingress", "", "team")


def test_the_group_of_the_class_replaces_the_annotation() -> None:
    """The annotation is not even read, good or bad (spec 2.2)."""
    objects = (ingress_class(params="params"), params(group={"name": "of-class"}))
    for name in ("other", "-bad-"):
        found = selected(member("web", group=name), *objects)
        assert isinstance(found, Member)
        assert found.key == StackKey("ingress", "", "of-class")
    bad = (ingress_class(params="params"), params(group={"name": "-bad-"}))
    assert problem_of(selected(ingress(), *bad)).startswith(
        "IngressClassParams params spec.group.name: '-bad-' is not a group name"
    )


@pytest.mark.parametrize(
    "key,name",
    [
        (StackKey("ingress", "", "team"), "group.ingress.k8s.aws/team"),
        (StackKey("ingress", "shop", "web"), "ingress.k8s.aws/resources"),
    ],
)
def test_a_finalizer_names_the_group(key: StackKey, name: str) -> None:
    """And the group is found again by it (spec 2.3)."""
    assert finalizer_of(key) == name
    assert INGRESS.held_keys(ingress(finalizers=[name]).metadata) == [key]


def test_an_ingress_may_hold_several_groups() -> None:
    """After moves; other finalizers are not ours."""
    names = ["group.ingress.k8s.aws/a", "foreground", "ingress.k8s.aws/resources"]
    assert INGRESS.held_keys(ingress(finalizers=names).metadata) == [
        StackKey("ingress", "", "a"),
        WEB,
    ]
