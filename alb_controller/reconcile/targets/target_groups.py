"""Whose a target group is, and as whom it is called."""

from __future__ import annotations

from alb_controller.errors import Missing, Refused
from alb_controller.model.ownership import CLUSTER_TAG
from alb_controller.objects.core import ref
from alb_controller.objects.elbv2 import (
    TargetGroupBinding,
    TargetGroupBindingSpec,
    group_name_in,
)
from alb_controller.objects.indexes import BY_TARGET_GROUP
from alb_controller.reconcile.targets.edges import BindingEdges, BindingOptions, TargetApi


class TargetGroups:
    """Finds a binding's target group, and refuses those that another one works on."""

    def __init__(self, edges: BindingEdges, options: BindingOptions) -> None:
        self._edges, self._options = edges, options
        self._arns: dict[tuple[str, str], str] = {}  # of groups that specs name by name
        self._ours: set[str] = set()  # ARNs whose tags name no other cluster

    def api(self, binding: TargetGroupBinding) -> TargetApi:
        """As whom to call: the controller, or the role that the spec names. Raises Refused."""
        role = binding.spec.iam_role_arn_to_assume
        if not role:
            return self._edges.elbv2
        return self._edges.assume(role, binding.spec.assume_role_external_id)

    def claim(self, binding: TargetGroupBinding) -> str:
        """The ARN of the group. Raises Refused where it is another's, Missing where it is none."""
        arn = self.arn(binding)
        holder = self._older(binding, arn)
        if holder is not None:
            raise Refused(
                f"target group {arn} belongs to {ref('TargetGroupBinding', holder)} already, "
                "which is older: delete one of the two"
            )
        cluster = self._other_cluster(binding, arn)
        if cluster:
            raise Refused(
                f"target group {arn} belongs to cluster {cluster!r} by its tag {CLUSTER_TAG}: "
                "set spec.multiClusterTargetGroup on the bindings of both clusters to share it"
            )
        return arn

    def is_anothers(self, binding: TargetGroupBinding, arn: str) -> bool:
        """Whether the targets are not the binding's to take away. Raises AwsError."""
        return self._older(binding, arn) is not None or bool(self._other_cluster(binding, arn))

    def arn(self, binding: TargetGroupBinding) -> str:
        """The target group's ARN, looked up once where the spec has the name alone."""
        spec = binding.spec
        if spec.target_group_arn:
            return spec.target_group_arn
        place = spec.iam_role_arn_to_assume, spec.target_group_name
        arn = self._arns.get(place)
        if arn is None:
            found = self.api(binding).target_group_by_name(spec.target_group_name)
            if found is None:
                raise Missing(
                    ref("TargetGroupBinding", binding),
                    "spec.targetGroupName",
                    f"there is no target group named {spec.target_group_name!r}",
                )
            arn = self._arns[place] = found.identity
        return arn

    def _older(self, binding: TargetGroupBinding, arn: str) -> TargetGroupBinding | None:
        """The oldest other binding of the target group, whose targets these would fight."""
        cluster, name = self._edges.cluster, group_name_in(arn)
        unreadable = (item.obj for item in cluster.unreadable(TargetGroupBinding))
        others = [
            other
            for other in (
                *cluster.select(TargetGroupBinding, BY_TARGET_GROUP, name),
                *(one for one in unreadable if one.spec.group_name == name),
            )
            if _is_of(other.spec, arn, role=binding.spec.iam_role_arn_to_assume)
            and not _may_share(other, binding)
            and _seniority(other) < _seniority(binding)
        ]
        return min(others, key=_seniority, default=None)

    def clear(self) -> None:
        """Have everything looked up again."""
        self._arns.clear()
        self._ours.clear()

    def _other_cluster(self, binding: TargetGroupBinding, arn: str) -> str:
        """The other cluster whose tag the group carries, or an empty string.

        Its controller would take our targets away, and we its. Tags of other accounts' groups are
        not looked at: roles rarely may read them.
        """
        spec, ours = binding.spec, self._options.cluster_name
        if arn in self._ours or spec.multi_cluster_target_group or spec.iam_role_arn_to_assume:
            return ""
        cluster = self._edges.group_tags(binding, arn).get(CLUSTER_TAG, ours)
        if cluster != ours:
            return cluster
        self._ours.add(arn)
        return ""


def _is_of(spec: TargetGroupBindingSpec, arn: str, *, role: str) -> bool:
    """Whether a binding of the group's name is of the group; a name alone is one of its account."""
    if spec.target_group_arn:
        return spec.target_group_arn == arn
    return spec.iam_role_arn_to_assume == role


def _may_share(one: TargetGroupBinding, other: TargetGroupBinding) -> bool:
    """Whether bindings may both hold a target group: as those of several clusters do."""
    return one.spec.multi_cluster_target_group and other.spec.multi_cluster_target_group


def _seniority(binding: TargetGroupBinding) -> tuple[float, tuple[str, str]]:
    created = binding.metadata.creation_timestamp
    return created.timestamp() if created else 0.0, binding.key
