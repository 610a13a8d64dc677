"""Reviews by path: what is asked of AWS, and whose writes pass."""

from __future__ import annotations

import itertools
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from prometheus_client import REGISTRY

from alb_controller.aws.elbv2_reads import Elbv2Reads
from alb_controller.build.elbv2.limits import out_of_limits
from alb_controller.errors import KubeError, Refused, Rejected, Unavailable, Unreachable
from alb_controller.frontends.ingress.admission import reviews
from alb_controller.frontends.review import ALLOWED, AdmissionResponse, Review, Reviews, refuse
from alb_controller.objects.core import Service
from alb_controller.objects.records import RECORD
from alb_controller.webhooks.bindings import BindingReviews, BoundGroups
from alb_controller.webhooks.passes import Passes
from alb_controller.webhooks.reviews import Request
from alb_controller.webhooks.server import Hooks
from alb_controller.webhooks.table import front_end_webhooks, hooks_of, own_webhooks
from tests.clocks import FakeClock
from tests.factories import cluster, ingress_class, service
from tests.meta.sources import ROOT
from tests.unit.frontends.ingress.translation import settings
from tests.unit.webhooks.test_binding_rules import ARN, GROUP, OTHER_ARN, VPC, WHOLE

BINDING = "-elbv2-k8s-aws-v1beta1-targetgroupbinding"
CONTROLLER = "system:serviceaccount:kube-system:alb-controller"


class Aws(Elbv2Reads):
    """One target group, by ARN and by the name web; counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.error: Exception | None = None

    def of_role(self, role_arn: str, external_id: str) -> Aws:
        """The same of a role that may be assumed."""
        if role_arn == "arn:forbidden":
            raise Refused("may not be assumed")
        if role_arn:
            self.asked.append(f"{role_arn} {external_id}")
        return self

    def bound_target_group(self, *, arn: str = "", name: str = "") -> Any:
        self.asked.append(arn or name)
        if self.error is not None:
            raise self.error
        return GROUP if arn == ARN or name == "web" else None


def hooks(aws: Aws, account: str | KubeError | None = CONTROLLER, **flags: Any) -> Hooks:
    """The webhooks of a controller that is that account."""

    def read() -> str | None:
        if isinstance(account, KubeError):
            raise account
        return account

    known = cluster(ingress_class(), service(selector={"app": "web"}))
    groups = BoundGroups(aws.of_role, FakeClock())
    by = settings(**flags)
    bindings = BindingReviews(known, groups, VPC)
    webhooks = (
        *own_webhooks(bindings, known, by),
        *front_end_webhooks(reviews(out_of_limits), known, by),
    )
    passes = Passes(read, flags.get("watch_namespace"))
    return hooks_of(webhooks, passes, passes.knows_own)


def request(new: dict[str, Any], old: Any = None, user: str = "dev") -> Request:
    """A review of an object."""
    body = {
        "uid": "u",
        "operation": "UPDATE" if old else "CREATE",
        "namespace": "shop",
        "userInfo": {"username": user},
        "object": new,
        "oldObject": old,
    }
    return msgspec.json.decode(json.dumps(body), type=Request)


def binding(**spec: Any) -> dict[str, Any]:
    """A binding as JSON."""
    return {"metadata": {"name": "b", "namespace": "shop"}, "spec": spec}


def test_a_new_binding_costs_one_call() -> None:
    """Its two reviews ask once, whether it gives a name or an ARN."""
    aws = Aws()
    found = hooks(aws)
    patch = found["/mutate" + BINDING].review(request(binding(targetGroupName="web"))).patch
    assert len(patch) == len(WHOLE)
    assert found["/validate" + BINDING].review(request(binding(**WHOLE))) == ALLOWED
    assert aws.asked == ["web"]


def test_a_whole_binding_and_a_change_cost_none_to_complete() -> None:
    """Nothing is open; what a target group is never changes."""
    aws = Aws()
    found = hooks(aws)
    whole = binding(**WHOLE)
    assert found["/mutate" + BINDING].review(request(whole)) == ALLOWED
    changed = binding(**{**WHOLE, "targetGroupARN": OTHER_ARN})
    assert found["/validate" + BINDING].review(request(changed, whole)).problem
    assert aws.asked == []


@pytest.mark.parametrize(
    "spec, sentence",
    [
        ({}, "spec: needs targetGroupARN or targetGroupName"),
        ({"targetGroupName": "no"}, "spec.targetGroupName: no: there is no such target group"),
        ({"targetGroupARN": OTHER_ARN}, f"spec.targetGroupARN: {OTHER_ARN}: there is no such"),
    ],
)
def test_a_target_group_that_is_not_there_is_refused(spec: Any, sentence: str) -> None:
    """By both webhooks."""
    for verb in ("/mutate", "/validate"):
        assert sentence in hooks(Aws())[verb + BINDING].review(request(binding(**spec))).problem


def test_what_aws_cannot_read_is_refused_and_its_silence_is_an_error() -> None:
    """A wrong ARN is the user's mistake; an outage is nobody's."""
    aws = Aws()
    review = hooks(aws)["/mutate" + BINDING].review
    aws.error = Rejected("elbv2", "DescribeTargetGroups", "ValidationError", "not a valid ARN")
    assert "not a valid ARN" in review(request(binding(targetGroupARN="arn"))).problem
    aws.error = Unavailable("elbv2", "DescribeTargetGroups", "503", "down")
    with pytest.raises(Unavailable):
        review(request(binding(targetGroupARN="arn")))


def test_a_role_of_another_account_is_asked() -> None:
    """Its view is not ours; one that may not be assumed is refused."""
    aws = Aws()
    review = hooks(aws)["/mutate" + BINDING].review
    other = {"iamRoleArnToAssume": "arn:r", "assumeRoleExternalId": "x"}
    for spec in ({}, other):
        assert review(request(binding(targetGroupName="web", **spec))).patch
    assert aws.asked == ["web", "arn:r x", "web"]
    forbidden = binding(targetGroupName="web", iamRoleArnToAssume="arn:forbidden")
    assert review(request(forbidden)).problem == "spec.iamRoleArnToAssume: may not be assumed"


def test_the_controllers_own_writes_pass_unasked() -> None:
    """By its service account, on every path; others' do not."""
    aws = Aws()
    for path, hook in hooks(aws).items():
        assert hook.review(request(binding(), user=CONTROLLER)) == ALLOWED, path
    assert hooks(aws)["/validate" + BINDING].review(request(binding())).problem
    assert aws.asked == []


@pytest.mark.parametrize("account", [None, Unreachable(0, "no answer", "POST")])
def test_without_an_account_nobody_passes_unasked(account: KubeError | None) -> None:
    """A person's kubeconfig, or an API that does not say who we are."""
    review = hooks(Aws(), account)["/validate" + BINDING].review
    assert review(request(binding(), user="")).problem


def test_deletions_and_namespaces_that_are_not_watched_pass() -> None:
    """Nobody looks at them, so nobody can say what is missing there."""
    review = hooks(Aws(), watch_namespace="mine")["/validate" + BINDING].review
    assert review(request(binding())) == ALLOWED
    gone = msgspec.structs.replace(request(binding()), operation="DELETE")
    assert hooks(Aws())["/validate" + BINDING].review(gone) == ALLOWED


def pod_response(**flags: Any) -> AdmissionResponse:
    """What a pod of the Service hears."""
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": {}}
    return hooks(Aws(), **flags)["/mutate-v1-pod"].review(request(pod))


def test_injection_can_be_switched_off() -> None:
    """With --enable-pod-readiness-gate-inject=false; without bindings there is nothing to do."""
    assert pod_response(enable_pod_readiness_gate_inject=False) == ALLOWED
    assert pod_response() == ALLOWED


def test_the_paths_are_those_that_the_chart_names() -> None:
    """All of them, and no more."""
    chart = (ROOT / "charts/alb-controller/templates/webhooks.yaml").read_text()
    assert set(hooks(Aws())) == set(re.findall(r'"(/(?:mutate|validate)-[^"]+)"', chart))


def test_a_front_end_brings_its_own_path() -> None:
    """Its review gets both versions, what is known and the flags; failures have its name."""
    asked: list[Any] = []

    def validate(*of: Any) -> AdmissionResponse:
        asked.append(of)
        return refuse("spec: no")

    known, by = cluster(service()), settings()
    reviews: Reviews = {"/validate-x": Review(name="x", kind=Service, validate=validate)}
    hook = hooks_of(front_end_webhooks(reviews, known, by), lambda _: False)["/validate-x"]
    new, old = {"metadata": {"name": "new"}}, {"metadata": {"name": "old"}}
    assert hook.review(request(new)).problem == "spec: no"
    hook.review(request(new, old))
    names = [[one and one.metadata.name for one in versions] for *versions, _, _ in asked]
    assert names == [["new", None], ["new", "old"]]
    assert all(world is known and flags is by for *_, world, flags in asked)
    hook.count_failure("refused")
    labels = {"webhook_name": "x", "error_category": "refused"}
    assert REGISTRY.get_sample_value("awslbc_webhook_validation_failure_total", labels) == 1


def test_ingresses_and_parameters_have_their_paths() -> None:
    """As LBC's."""
    found = hooks(Aws())
    lost = {"metadata": {"name": "w", "namespace": "shop"}, "spec": {"ingressClassName": "no"}}
    assert found["/validate-networking-v1-ingress"].review(request(lost)).problem
    path = "/validate-elbv2-k8s-aws-v1beta1-ingressclassparams"
    bad = {"metadata": {"name": "p"}, "spec": {"subnets": {}}}
    assert found[path].review(request(bad)).problem
    assert found[path].review(request(bad, bad)) == ALLOWED


def test_only_the_controller_writes_what_it_has_applied() -> None:
    """Others may leave it, remove it, and make objects with another's: a backup is restored."""

    def web(text: str | None, uid: str = "u1") -> dict[str, Any]:
        annotations = {} if text is None else {RECORD: text}
        meta = {"name": "w", "namespace": "shop", "uid": uid, "annotations": annotations}
        return {"metadata": meta, "spec": {"ingressClassName": "alb"}}

    mine, forged, copied = "v1:shop/w:u1::AA==", "v1:team:u1::BB==", "v1:shop/w:u2::AA=="
    review = hooks(Aws())["/validate-networking-v1-ingress"].review
    for new, old in [(mine, mine), (None, mine), (copied, mine), ("{}", mine)]:
        assert not review(request(web(new), web(old))).problem
    assert not review(request(web(mine))).problem
    for standing in (None, mine):
        refused = review(request(web(forged), web(standing)))
        assert refused.problem == (
            f"metadata.annotations: {RECORD} is written by the controller alone: remove it"
        )
    assert review(request(web(forged), web(mine), CONTROLLER)) == ALLOWED
    for account in (None, KubeError(503, "", "")):
        unknown = hooks(Aws(), account)["/validate-networking-v1-ingress"].review
        assert not unknown(request(web(forged), web(mine))).problem


def test_a_review_does_not_wait_for_another_that_asks_who_we_are() -> None:
    """The API server may take its time to say which account is the controller's."""
    begun, finished, turns = threading.Event(), threading.Event(), itertools.count()

    def read() -> str:
        if next(turns) == 0:
            begun.set()
            assert finished.wait(60)
        return CONTROLLER

    passes = Passes(read)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(passes, request({}, user="dev"))
        assert begun.wait(60)
        quick = pool.submit(passes, request({}, user=CONTROLLER))
        try:
            assert quick.result(10)
            assert not slow.done()
        finally:
            finished.set()
        assert not slow.result(10)
    assert passes(request({}, user=CONTROLLER))
    assert next(turns) == 2
