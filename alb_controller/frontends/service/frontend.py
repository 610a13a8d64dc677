"""Services as a front end: all that a composition root has to know of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from alb_controller.errors import Invalid
from alb_controller.frontends.frontend import Watch
from alb_controller.frontends.outcomes import Applied, Outcome
from alb_controller.frontends.presentation import Patch, Presentation
from alb_controller.frontends.reports import events_of, reports_of
from alb_controller.frontends.service.load import Snapshot, is_ours, key_of, load
from alb_controller.frontends.service.translate import translate
from alb_controller.frontends.translation import Translation
from alb_controller.frontends.watch import Change
from alb_controller.intent import StackIntent
from alb_controller.model.ownership import SERVICE, stack_of_labels
from alb_controller.model.stack import Observed
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import KubeObject, LoadBalancerIngress, PortStatus, Service
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.kinds import ref_of
from alb_controller.objects.secrets import SecretName, SecretState
from alb_controller.settings import Settings
from alb_controller.values import ObjectRef, StackKey


class Good(msgspec.Struct, frozen=True):
    """What AWS has of a Service: it is alone in its stack, so it stands in for nobody."""

    is_recorded: bool = False

    def applied(self) -> Good:
        return self


class ServiceFrontEnd:
    """Services of our load balancer class on network load balancers."""

    name = "service"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.watches: Mapping[type[KubeObject], Watch] = {
            Service: self._changed,
            TargetGroupBinding: _binding,
        }

    def keys(self, cluster: Cluster) -> set[StackKey]:
        """The Services that ask for a load balancer or have our finalizer."""
        return {key_of(one) for one in cluster.list(Service) if self._concerns(one)}

    def load(
        self, key: StackKey, cluster: Cluster, _secrets: Mapping[SecretName, SecretState]
    ) -> Snapshot:
        """The Service as memory has it."""
        return load(key, cluster, self._settings.load_balancer_class)

    def translate(
        self,
        snapshot: Snapshot,
        _remembered: Mapping[str, Good],
        rejected: Mapping[ObjectRef, Invalid],
        _observed: Observed,
    ) -> Translation[Good]:
        """The intent; a Service with a problem keeps what AWS has: it is blocked by itself."""
        members = [ref_of(one.object) for one in snapshot.members]
        problems = [rejected[one] for one in members if one in rejected]
        intent = StackIntent(key=snapshot.key)
        try:
            if not problems:
                intent = translate(snapshot, self._settings)
        except Invalid as problem:
            problems = [problem]
        uids = frozenset(one.uid for one in snapshot.members)
        return Translation(
            intent=intent,
            good={} if problems else dict.fromkeys(uids, Good()),
            served=frozenset() if problems else uids,
            problems=tuple(problems),
            blocked_by=tuple(members) if problems else (),
        )

    def present(
        self, snapshot: Snapshot, translation: Translation[Good] | None, outcome: Outcome
    ) -> Presentation:
        """Events, how the Service stands, and its status (spec B1)."""
        return Presentation(
            events=tuple(events_of(snapshot, translation, outcome)),
            reports=reports_of(snapshot, translation, outcome),
            patches=tuple(_status(snapshot, outcome)),
        )

    def _changed(self, change: Change[Service], _cluster: Cluster) -> Iterable[StackKey]:
        return {key_of(one) for one in change.versions() if self._concerns(one)}

    def _concerns(self, service: Service) -> bool:
        holds = SERVICE.held_keys(service.metadata)
        return bool(holds) or is_ours(service, self._settings.load_balancer_class)


def _binding(change: Change[TargetGroupBinding], _cluster: Cluster) -> Iterable[StackKey]:
    found = (stack_of_labels(one.metadata.labels) for one in change.versions())
    return {key for key in found if key is not None and key.api == SERVICE.api}


def _status(snapshot: Snapshot, outcome: Outcome) -> Iterator[Patch]:
    if not isinstance(outcome, Applied):
        return
    for member in snapshot.members:
        service = member.object
        ports = [PortStatus(port=one.port, protocol=one.protocol) for one in service.spec.ports]
        entries = [
            LoadBalancerIngress(hostname=found.dns_name.lower(), ports=ports)
            for found in outcome.observed.load_balancers
        ]
        if service.status.load_balancer.ingress != entries:
            status = {"loadBalancer": {"ingress": msgspec.to_builtins(entries)}}
            yield Patch(object=service, status=status)
