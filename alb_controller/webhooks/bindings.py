"""TargetGroupBindings at admission: what AWS is asked before they are completed and validated."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from alb_controller.aws.caches import BOUND_TARGET_GROUPS, Expiring
from alb_controller.aws.elbv2_reads import Elbv2Reads
from alb_controller.clock import Clock
from alb_controller.errors import Refused, Rejected
from alb_controller.frontends.review import ALLOWED, AdmissionResponse, refuse
from alb_controller.model.queries import BoundTargetGroup
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.elbv2 import TargetGroupBinding, TargetGroupBindingSpec
from alb_controller.webhooks import binding_rules as rules
from alb_controller.webhooks.reviews import CREATE, Request


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


class BindingReviews:
    """The two reviews of a binding."""

    def __init__(self, cluster: Cluster, groups: BoundGroups, vpc_id: str) -> None:
        self._cluster, self._groups, self._vpc_id = cluster, groups, vpc_id

    def complete(self, request: Request) -> AdmissionResponse:
        """What a new binding leaves open, from AWS."""
        spec = request.new(TargetGroupBinding).spec
        if request.operation != CREATE or rules.is_complete(spec):
            return ALLOWED
        return self._with_group(spec, lambda group: rules.complete(spec, group))

    def validate(self, request: Request) -> AdmissionResponse:
        """What a binding may not be."""
        new, old = request.new(TargetGroupBinding), request.old(TargetGroupBinding)
        if old is not None:
            return rules.validate_change(new, old, self._cluster, self._vpc_id)
        return self._with_group(
            new.spec, lambda group: rules.validate_new(new, group, self._cluster)
        )

    def _with_group(
        self,
        spec: TargetGroupBindingSpec,
        respond: Callable[[BoundTargetGroup], AdmissionResponse],
    ) -> AdmissionResponse:
        if problem := rules.unusable(spec):
            return refuse(problem)
        try:
            group = self._groups.find(spec)
        except Rejected as error:
            return refuse(f"spec: AWS cannot read the target group: {error.message}")
        except Refused as error:
            return refuse(f"spec.iamRoleArnToAssume: {error}")
        return rules.missing_group(spec) if group is None else respond(group)
