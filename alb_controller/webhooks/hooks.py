"""The webhooks by path: each asks what its judge must know, and passes the controller's writes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

import structlog
from prometheus_client import Counter

from alb_controller.aws.caches import BOUND_TARGET_GROUPS, Expiring
from alb_controller.aws.elbv2_reads import Elbv2Reads
from alb_controller.clock import Clock
from alb_controller.errors import KubeError, Refused, Rejected
from alb_controller.model.queries import BoundTargetGroup
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import Pod
from alb_controller.objects.elbv2 import (
    IngressClassParams,
    TargetGroupBinding,
    TargetGroupBindingSpec,
)
from alb_controller.objects.networking import Ingress
from alb_controller.settings import Settings
from alb_controller.telemetry import metrics
from alb_controller.webhooks.judging import bindings
from alb_controller.webhooks.judging.class_params import judge_params
from alb_controller.webhooks.judging.ingresses import judge_ingress
from alb_controller.webhooks.judging.pods import inject_gates
from alb_controller.webhooks.judging.verdicts import ALLOWED, Verdict, refuse
from alb_controller.webhooks.reviews import Request
from alb_controller.webhooks.server import Hook, Hooks

CREATE, UPDATE = "CREATE", "UPDATE"

_log = structlog.get_logger(__name__)


class Passes:
    """What passes unseen: deletions, other namespaces than the watched one, and our own writes.

    Those are known by who makes them, whichever replica it is.
    """

    def __init__(self, read_account: Callable[[], str | None], watched: str | None = None) -> None:
        """`read_account` may raise KubeErrors; then a write is judged like any other's."""
        self._read_account, self._watched = read_account, watched
        self._lock = threading.Lock()
        self._known: tuple[str | None] | None = None

    def __call__(self, request: Request) -> bool:
        """Whether a change need not be looked at."""
        if request.operation not in (CREATE, UPDATE):
            return True
        if self._watched and request.namespace not in ("", self._watched):
            return True
        return self._is_own(request)

    def _is_own(self, request: Request) -> bool:
        with self._lock:
            if self._known is None:
                try:
                    self._known = (self._read_account(),)
                except KubeError as error:
                    _log.debug("own_account_unknown", error=str(error))
                    return False
        return self._known[0] is not None and request.user_info.username == self._known[0]


class _Named(NamedTuple):
    """How a binding names its target group, and who asks for it."""

    role: str
    external_id: str
    arn: str
    name: str


class BoundGroups:
    """Target groups that bindings name; one call for the two reviews of a new binding."""

    def __init__(self, elbv2_of: Callable[[str, str], Elbv2Reads], clock: Clock) -> None:
        """`elbv2_of` is AWS as a role with an external id sees it; of two empty texts, our own."""
        self._elbv2_of = elbv2_of
        self._known = Expiring[_Named, BoundTargetGroup](BOUND_TARGET_GROUPS, clock)

    def find(self, spec: TargetGroupBindingSpec) -> BoundTargetGroup | None:
        """The target group of its ARN, or else of its name.

        Raises AwsError, Refused for a role that may not be assumed.
        """
        wanted = _Named(
            role=spec.iam_role_arn_to_assume,
            external_id=spec.assume_role_external_id,
            arn=spec.target_group_arn,
            name="" if spec.target_group_arn else spec.target_group_name,
        )
        return self._known.get_many([wanted], lambda _: self._read(wanted)).get(wanted)

    def _read(self, wanted: _Named) -> dict[_Named, BoundTargetGroup]:
        elbv2 = self._elbv2_of(wanted.role, wanted.external_id)
        found = elbv2.bound_target_group(arn=wanted.arn, name=wanted.name)
        if found is None:
            return {}
        return {wanted: found, wanted._replace(arn=found.arn, name=""): found}


class Reviews:
    """Each method reviews one kind of object."""

    def __init__(
        self, cluster: Cluster, groups: BoundGroups, settings: Settings, vpc_id: str
    ) -> None:
        self._cluster, self._groups = cluster, groups
        self._settings, self._vpc_id = settings, vpc_id

    def pod(self, request: Request) -> Verdict:
        """Readiness gates for a new pod."""
        if request.operation != CREATE or not self._settings.enable_pod_readiness_gate_inject:
            return ALLOWED
        return inject_gates(request.new(Pod), request.namespace, self._cluster)

    def complete_binding(self, request: Request) -> Verdict:
        """What a new binding leaves open, from AWS."""
        spec = request.new(TargetGroupBinding).spec
        if request.operation != CREATE or bindings.is_complete(spec):
            return ALLOWED
        return self._with_group(spec, lambda group: bindings.complete(spec, group))

    def binding(self, request: Request) -> Verdict:
        """What a binding may not be."""
        new, old = request.new(TargetGroupBinding), request.old(TargetGroupBinding)
        if old is not None:
            return bindings.judge_change(new, old, self._cluster, self._vpc_id)
        return self._with_group(
            new.spec, lambda group: bindings.judge_new(new, group, self._cluster)
        )

    def _with_group(
        self, spec: TargetGroupBindingSpec, judge: Callable[[BoundTargetGroup], Verdict]
    ) -> Verdict:
        if problem := bindings.unusable(spec):
            return refuse(problem)
        try:
            group = self._groups.find(spec)
        except Rejected as error:
            return refuse(f"spec: AWS cannot read the target group: {error.message}")
        except Refused as error:
            return refuse(f"spec.iamRoleArnToAssume: {error}")
        return bindings.missing_group(spec) if group is None else judge(group)

    def class_params(self, request: Request) -> Verdict:
        """What parameters of a class may not say."""
        new, old = request.new(IngressClassParams), request.old(IngressClassParams)
        return judge_params(new, old, self._settings)

    def ingress(self, request: Request) -> Verdict:
        """What an Ingress may not ask for."""
        new, old = request.new(Ingress), request.old(Ingress)
        return judge_ingress(new, old, self._cluster, self._settings)


def hooks_of(reviews: Reviews, passes: Callable[[Request], bool]) -> Hooks:
    """By the reference's paths (spec 10.1); `passes` says what need not be looked at."""
    changing, judging = metrics.WEBHOOK_MUTATION_FAILURES, metrics.WEBHOOK_VALIDATION_FAILURES
    group = "elbv2-k8s-aws-v1beta1"
    return {
        "/mutate-v1-pod": _hook("podReadinessGate", reviews.pod, changing, passes),
        f"/mutate-{group}-targetgroupbinding": _hook(
            "targetGroupBinding", reviews.complete_binding, changing, passes
        ),
        f"/validate-{group}-targetgroupbinding": _hook(
            "targetGroupBinding", reviews.binding, judging, passes
        ),
        f"/validate-{group}-ingressclassparams": _hook(
            "ingressClassParams", reviews.class_params, judging, passes
        ),
        "/validate-networking-v1-ingress": _hook("ingress", reviews.ingress, judging, passes),
    }


def _hook(
    name: str,
    judge: Callable[[Request], Verdict],
    failures: Counter,
    passes: Callable[[Request], bool],
) -> Hook:
    return Hook(
        judge=lambda request: ALLOWED if passes(request) else judge(request),
        count_failure=lambda category: failures.labels(name, category).inc(),
    )
