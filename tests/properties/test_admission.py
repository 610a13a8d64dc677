"""Laws of admission: what it refuses, a reconcile refuses; what stands is never refused."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alb_controller.frontends.ingress.admission import validate_ingress
from alb_controller.frontends.ingress.load import load
from alb_controller.frontends.ingress.translate import translate
from alb_controller.frontends.review import ALLOWED
from alb_controller.model.stack import Observed
from alb_controller.objects.networking import Ingress
from alb_controller.settings import Settings
from alb_controller.values import StackKey
from tests.factories import cluster, ingress, ingress_class, path, rule, service, to

WEB = StackKey("ingress", "shop", "web")
SETTINGS = Settings(cluster_name="prod")
STRICT = Settings(
    cluster_name="prod",
    strict_admission=True,
    tolerate_non_existent_backend_service=False,
    tolerate_non_existent_backend_action=False,
)
VALUES = st.sampled_from(
    ["", "[", "[]", "{}", '[{"field": "host-header"}]', "internal", "a=b", "7", "ip", "subnet-1"]
)
SUFFIXES = st.sampled_from(
    [
        *("scheme", "tags", "target-type", "group.order", "listen-ports", "conditions.app"),
        *("actions.act", "transforms.app", "healthcheck-port", "load-balancer-name", "auth-type"),
    ]
)
BACKENDS = st.sampled_from([to(), to("app", 81), to("absent"), to("act", "use-annotation")])
PATHS = st.builds(
    path, st.sampled_from(["/", "/a*"]), st.sampled_from(["Exact", "Prefix"]), BACKENDS
)


@st.composite
def ingresses(draw: st.DrawFn) -> Ingress:
    """Ingress web with annotations that fit or do not, of a class that is there or is not."""
    alb: dict[str, Any] = draw(st.dictionaries(SUFFIXES, VALUES, max_size=3))
    rules = [rule("", *draw(st.lists(PATHS, max_size=2)))]
    class_name = draw(st.sampled_from(["alb", "alb", "alb", "nope"]))
    return ingress(alb=alb, rules=rules, class_name=class_name, finalizers=list(FINALIZERS))


FINALIZERS = ("ingress.k8s.aws/resources",)
KNOWN = (ingress_class(), service())


def has_problems(made: Ingress, by: Settings) -> bool:
    """Whether a reconcile stops the Ingress; its finalizer makes it ours without its class."""
    snapshot = load(WEB, cluster(*KNOWN, made), by.ingress_class)
    return bool(translate(snapshot, by, {}, {}, Observed()).problems)


@given(ingresses())
def test_what_admission_refuses_translation_refuses(made: Ingress) -> None:
    """Also strictly, where nothing that is missing is tolerated."""
    for by in (SETTINGS, STRICT):
        if not validate_ingress(made, None, cluster(*KNOWN), by).is_allowed:
            assert has_problems(made, by)


@given(ingresses())
def test_what_translation_refuses_admission_reports(made: Ingress) -> None:
    """In a word of warning at least; strictly, it is refused."""
    if has_problems(made, STRICT):
        response = validate_ingress(made, None, cluster(*KNOWN), SETTINGS)
        assert response.problem or response.warnings
        assert not validate_ingress(made, None, cluster(*KNOWN), STRICT).is_allowed


@given(ingresses(), ingresses())
def test_a_change_back_is_never_refused_for_what_it_does_not_change(
    one: Ingress, other: Ingress
) -> None:
    """The same object again is no change, and all that is refused is new."""
    assert validate_ingress(one, one, cluster(*KNOWN), STRICT) == ALLOWED
    change = validate_ingress(other, one, cluster(*KNOWN), STRICT)
    whole = validate_ingress(other, None, cluster(*KNOWN), STRICT)
    assert whole.problem or not change.problem
