"""Ingress as a front end: all that the composition root has to know of it."""

from __future__ import annotations

from collections.abc import Mapping

from alb_controller.errors import Invalid
from alb_controller.frontends.frontend import Watch
from alb_controller.frontends.ingress import present, translate, watch
from alb_controller.frontends.ingress.load import Snapshot, load
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.outcomes import Outcome
from alb_controller.frontends.presentation import Presentation
from alb_controller.frontends.translation import Translation
from alb_controller.model.stack import Observed
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import KubeObject
from alb_controller.objects.networking import Ingress
from alb_controller.objects.secrets import SecretName, SecretState
from alb_controller.settings import Settings
from alb_controller.values import ObjectRef, StackKey


class IngressFrontEnd:
    """Groups of Ingresses on application load balancers."""

    name = "ingress"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.watches: Mapping[type[KubeObject], Watch] = watch.watches(settings.ingress_class)

    def keys(self, cluster: Cluster) -> set[StackKey]:
        """The groups that Ingresses ask for, and those that they hold finalizers of."""
        scope = watch.Scope(cluster, self._settings.ingress_class)
        return scope.keys_of(cluster.list(Ingress))

    def load(
        self, key: StackKey, cluster: Cluster, secrets: Mapping[SecretName, SecretState]
    ) -> Snapshot:
        """The group as memory has it."""
        return load(key, cluster, self._settings.ingress_class, secrets)

    def translate(
        self,
        snapshot: Snapshot,
        remembered: Mapping[str, MemberIntent],
        rejected: Mapping[ObjectRef, Invalid],
        observed: Observed,
    ) -> Translation[MemberIntent]:
        """The group's intent; members fail alone (ADR 9)."""
        return translate.translate(snapshot, self._settings, remembered, rejected, observed)

    def present(
        self,
        snapshot: Snapshot,
        translation: Translation[MemberIntent] | None,
        outcome: Outcome,
    ) -> Presentation:
        """What the group's users see now."""
        with_plan = self._settings.feature_gates.ingress_plan_annotation
        return present.present(snapshot, translation, outcome, with_plan=with_plan)
