"""Ingresses at admission: refused, warned of, and by what changes (spec 10.1)."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.frontends.ingress.admission import validate_ingress
from alb_controller.frontends.review import ALLOWED, AdmissionResponse
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.core import KubeObject
from alb_controller.objects.networking import Ingress, IngressBackend
from tests.factories import (
    BORN,
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
from tests.unit.frontends.ingress.translation import settings

BAD_CONDITIONS = {"conditions.app": "["}
CLASS = "kubernetes.io/ingress.class"


def response_to(
    new: Ingress, *objects: KubeObject, old: Ingress | None = None, **flags: Any
) -> AdmissionResponse:
    """The response in a cluster with the class alb, the Service app, and what is given."""
    known = cluster(ingress_class(), service(), *objects)
    return validate_ingress(new, old, known, settings(**flags))


def test_a_good_ingress_is_taken_silently() -> None:
    """And so is one of another controller, whatever it says."""
    assert response_to(ingress()) == ALLOWED
    nginx = ingress_class("nginx", controller="k8s.io/nginx")
    assert response_to(ingress(class_name="nginx", alb=BAD_CONDITIONS), nginx) == ALLOWED
    assert response_to(ingress(annotations={CLASS: "nginx"}, alb=BAD_CONDITIONS)) == ALLOWED


@pytest.mark.parametrize(
    "fields, sentence",
    [
        ({"class_name": "nope"}, "spec.ingressClassName: names IngressClass 'nope', which does"),
        ({"alb": BAD_CONDITIONS}, PREFIX + "conditions.app: '['"),
        ({"alb": {"conditions.app": '[{"field": "host-header"}]'}}, "needs hostHeaderConfig"),
    ],
)
def test_what_the_reference_refuses_is_refused(fields: dict[str, Any], sentence: str) -> None:
    """A class that is not there, and conditions that cannot be read or lack something."""
    assert sentence in response_to(ingress(**fields)).problem


def test_two_default_classes_are_refused() -> None:
    """For an Ingress that names none."""
    classes = (ingress_class("a", is_default=True), ingress_class("b", is_default=True))
    assert (
        "several IngressClasses are default: a, b"
        in response_to(ingress(class_name=None), *classes).problem
    )


def test_bad_conditions_of_a_default_backend_are_a_warning() -> None:
    """LBC reads them in a reconcile alone."""
    made = ingress(alb=BAD_CONDITIONS, rules=[], default_backend=to())
    response = response_to(made)
    assert response.is_allowed
    assert "conditions.app" in response.warnings[0]


def test_bad_conditions_are_refused_whatever_else_is_wrong() -> None:
    """A missing port of the same path does not hide them."""
    made = ingress(alb=BAD_CONDITIONS, rules=[rule("", path("/", "Prefix", to("app", 81)))])
    assert "conditions.app" in response_to(made).problem


WARNINGS: list[tuple[dict[str, Any], tuple[KubeObject, ...], str]] = [
    ({"alb": {"scheme": "public"}}, (), f"{PREFIX}scheme: 'public' must be one of"),
    ({"alb": {"group.name": "A B"}}, (), f"{PREFIX}group.name: 'A B' is not a group name"),
    ({"rules": [rule("", path("/", "Prefix", to("no")))]}, (), "Service shop/no does not exist"),
    (
        {"rules": [rule("", path("/", "Prefix", to("act", "use-annotation")))]},
        (),
        f"{PREFIX}actions.act does not exist",
    ),
    ({"rules": [rule("", path("/", "Prefix", to("app", 81)))]}, (), "names port 81"),
    ({}, (ingress_class(params="gone"),), "whose IngressClassParams 'gone' do not exist"),
    (
        {},
        (ingress_class(params="params"), params(namespaceSelector={"matchLabels": {"a": "b"}})),
        "whose namespaceSelector does not select namespace 'shop'",
    ),
    ({}, (service(alb={"target-type": "pod"}),), "Service shop/app: alb.ingress.kubernetes.io/tar"),
]


@pytest.mark.parametrize("fields, objects, sentence", WARNINGS)
def test_what_the_reference_misses_is_a_warning(
    fields: dict[str, Any], objects: tuple[KubeObject, ...], sentence: str
) -> None:
    """Refused with --strict-admission."""
    made = ingress(**fields)
    response = response_to(made, *objects)
    assert response.is_allowed
    assert [w for w in response.warnings if w.startswith(sentence) or sentence in w]
    assert sentence in response_to(made, *objects, strict_admission=True).problem


def test_a_mistake_on_a_service_is_reported_once() -> None:
    """Whose it is stands first; the Ingress may be right."""
    (warning,) = response_to(ingress(), service(alb={"target-type": "pod"})).warnings
    assert warning.startswith("Service shop/app: ")


def test_a_holder_that_is_stopped_holds_nothing() -> None:
    """A member with a problem of its own is not in the load balancer."""
    mine = member("mine", rules=[rule("", path("/x"))])
    theirs = member("theirs", namespace="other", age_minutes=5, alb={"tags": "bad"})
    assert response_to(mine, theirs, service(namespace="other")) == ALLOWED


def test_what_is_missing_is_a_problem_where_it_is_not_tolerated() -> None:
    """In the words of the reconcile, once."""
    strict: dict[str, Any] = {
        "tolerate_non_existent_backend_service": False,
        "tolerate_non_existent_backend_action": False,
    }
    to_action = path("/", "Prefix", to("act", "use-annotation"))
    made = ingress(rules=[rule("", path("/x", "Prefix", to("no")), to_action)])
    warnings = response_to(made, **strict).warnings
    assert [w.partition(": ")[2][:12] for w in warnings] == ["names Servic", "needs the an"]


def test_a_resource_backend_is_a_warning() -> None:
    """Where LBC's webhook fails (spec 12.4 #68)."""
    made = ingress(rules=[rule("", path("/", "Prefix", IngressBackend()))])
    (warning,) = response_to(made).warnings
    assert "resource backends are not supported" in warning


def test_keys_that_nobody_reads_are_reported_and_never_refused() -> None:
    """With the nearest one that is read."""
    made = ingress(alb={"schema": "internal"})
    (warning,) = response_to(made, strict_admission=True).warnings
    assert "did you mean alb.ingress.kubernetes.io/scheme?" in warning


def test_what_another_namespace_holds_is_a_warning() -> None:
    """In the same group and on the same port, if it would come first; AWS has what is there."""
    mine = member("mine", rules=[rule("a.example", path("/x"))])
    theirs = member("theirs", namespace="tenant", age_minutes=5, rules=[rule("a.example", path())])
    objects = (theirs, service(namespace="tenant"))
    sentence = "a.example / on port 80 is held by Ingress tenant/theirs"
    assert sentence in response_to(mine, *objects).warnings[0]
    assert sentence in response_to(mine, *objects, strict_admission=True).problem
    older = changed(mine, creation_timestamp=BORN.replace(year=2025))
    for one in (older, changed(mine, creation_timestamp=None)):
        assert sentence in response_to(one, *objects).warnings[0]
    assert response_to(mine, mine, changed(theirs, namespace="shop")) == ALLOWED
    behind = changed(theirs, namespace="other")
    assert response_to(mine, behind, service(namespace="other")) == ALLOWED
    assert response_to(older, behind, service(namespace="other")) == ALLOWED
    strict = response_to(older, behind, service(namespace="other"), group_trust="namespace")
    assert "comes late" in strict.warnings[0]
    refined = member(
        "more", rules=[rule("a.example", path())], alb={"group.order": "-1"}, age_minutes=9
    )
    assert response_to(mine, *objects, refined) == ALLOWED
    broken = member("theirs", namespace="tenant", alb={"scheme": "no"})
    assert response_to(mine, broken, service(namespace="tenant")) == ALLOWED


@pytest.mark.parametrize(
    "shows, warnings", [("other.elb.amazonaws.com", 0), ("team.elb.amazonaws.com", 1)]
)
def test_who_moves_to_a_group_is_younger_than_those_in_it(shows: str, warnings: int) -> None:
    """However old its object is: behind what they hold it takes nothing."""
    theirs = member(
        "theirs",
        namespace="tenant",
        rules=[rule("a.example", path())],
        shows="team.elb.amazonaws.com",
    )
    mine = member(
        "mine",
        rules=[rule("a.example", path("/x"))],
        alb={"group.order": "5"},
        age_minutes=60,
        shows=shows,
    )
    response = response_to(mine, mine, theirs, service(namespace="tenant"), group_trust="namespace")
    assert len(response.warnings) == warnings


def test_a_new_use_of_a_closed_annotation_is_refused() -> None:
    """A present one stays, and other controllers' classes are their own business."""
    closed: dict[str, Any] = {"disable_ingress_class_annotation": True}
    annotated = ingress(annotations={CLASS: "alb"}, class_name=None)
    assert f"{CLASS}: 'alb' is new" in response_to(annotated, **closed).problem
    touched = changed(annotated, annotations={CLASS: "alb", "a": "b"})
    assert response_to(touched, old=annotated, **closed) == ALLOWED
    assert response_to(ingress(annotations={CLASS: "nginx"}), **closed) == ALLOWED


def test_a_closed_group_name_may_not_be_new_or_another() -> None:
    """Nor may it come with a new Ingress; without one it may go."""
    closed: dict[str, Any] = {"disable_ingress_group_name_annotation": True}
    here, there = member("web", "team"), member("web", "other")
    assert "group.name: 'team' is new" in response_to(here, **closed).problem
    assert "group.name: 'other' is new" in response_to(there, old=here, **closed).problem
    assert response_to(ingress(), old=here, **closed) == ALLOWED


def test_a_change_is_reviewed_for_what_it_changes() -> None:
    """Old mistakes stay, also where they move within a list; new ones do not come with them."""
    bad = ingress(alb=BAD_CONDITIONS, rules=[rule("", path("/a*", "Exact"))])
    first = rule("", path("/new"))
    moved = ingress(alb=BAD_CONDITIONS, rules=[first, *bad.spec.rules])
    assert response_to(moved, old=bad, strict_admission=True) == ALLOWED
    worse = ingress(alb={**BAD_CONDITIONS, "scheme": "no"}, rules=bad.spec.rules)
    (warning,) = response_to(worse, old=bad).warnings
    assert warning.startswith(PREFIX + "scheme")
    other = ingress(alb={"conditions.app": "[["}, rules=bad.spec.rules)
    assert response_to(other, old=bad).problem


def test_deletions_finalizers_and_metadata_pass() -> None:
    """Whatever is wrong with the Ingress, also where its class is gone."""
    bad = ingress(alb=BAD_CONDITIONS, class_name="nope")
    assert response_to(deleted(bad), old=ingress()) == ALLOWED
    assert response_to(changed(bad, finalizers=["f"], labels={"a": "b"}), old=bad) == ALLOWED
    noted = changed(bad, annotations={**bad.metadata.annotations, "mine": "1"})
    assert response_to(noted, old=bad, strict_admission=True) == ALLOWED


def test_an_ingress_that_becomes_ours_is_reviewed_as_a_whole() -> None:
    """What it said to another controller was nothing to us."""
    nginx = ingress_class("nginx", controller="k8s.io/nginx")
    before = ingress(class_name="nginx", alb=BAD_CONDITIONS)
    assert response_to(ingress(alb=BAD_CONDITIONS), nginx, old=before).problem


def test_secrets_are_not_looked_at() -> None:
    """Admission has no right to read them: what else the annotation lacks is reported."""
    oidc = '{"issuer": "https://i", "secretName": "s"}'
    alb = {"listen-ports": '[{"HTTPS": 443}]', "auth-type": "oidc", "auth-idp-oidc": oidc}
    response = response_to(ingress(alb=alb))
    assert not [w for w in response.warnings if "Secret" in w]
