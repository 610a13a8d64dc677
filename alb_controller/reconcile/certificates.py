"""The certificates that a stack asks for: requested, validated by DNS, and let go (spec 3.4).

Nothing is waited for here: NotReady says when to come back. LBC blocks a worker for up to
half an hour (spec 12.1 #18). Where it recreates a certificate that is not issued within five
minutes, we wait: a new request has the same DNS records, and ACM counts requests by the year.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from alb_controller.aws.caches import CERTIFICATES, HOSTED_ZONES, Shared
from alb_controller.aws.certificates.managed import (
    CertificateRequest,
    ManagedCertificate,
    ValidationRecord,
    zone_of,
)
from alb_controller.clock import Clock
from alb_controller.errors import InUse, Missing, NotReady
from alb_controller.intent import CertificateIntent, StackIntent
from alb_controller.model.ownership import CLUSTER_TAG, belongs_to, owned_tags, resource_name
from alb_controller.settings import Settings
from alb_controller.values import StackKey, Tags, Value

_RECORDS_SECONDS, _ISSUE_SECONDS, _IN_USE_SECONDS = 5.0, 15.0, 5.0


class Authority(Protocol):
    """ACM and Route 53, as `aws.certificates.managed.CertificateManager`."""

    def arns(self) -> tuple[str, ...]: ...
    def certificate(self, arn: str) -> ManagedCertificate | None: ...
    def request(self, wanted: CertificateRequest) -> str: ...
    def delete(self, arn: str) -> None: ...
    def zones(self) -> dict[str, str]: ...
    def create_records(self, zone_id: str, records: Iterable[ValidationRecord]) -> None: ...
    def delete_records(self, zone_id: str, records: Iterable[ValidationRecord]) -> None: ...


class TagSource(Protocol):
    """As `aws.certificates.managed.CertificateTags`."""

    def of(self, arns: Collection[str]) -> dict[str, Tags]: ...
    def forget(self, arn: str) -> None: ...


class _Settled(Value, frozen=True):
    """What a stack asked for when nothing was left to do, and has: in use, none of it can go."""

    wanted: tuple[CertificateIntent, ...]
    arns: dict[str, str]


class Certificates:
    """Keeps the requested certificates of stacks; one for the process, thread-safe.

    Without the gate EnableCertificateManagement it makes no call at all.
    """

    def __init__(
        self, authority: Authority, tags: TagSource, settings: Settings, clock: Clock
    ) -> None:
        self._authority, self._tags, self._settings = authority, tags, settings
        self._listing = Shared(authority.arns, CERTIFICATES, clock)
        self._zones = Shared(authority.zones, HOSTED_ZONES, clock)
        self._requested: dict[str, Tags] = {}
        self._settled: dict[StackKey, _Settled] = {}
        self._proven: set[str] = set()
        self._lock = threading.Lock()

    def known(self, intent: StackIntent) -> dict[str, str]:
        """ARNs by id of those that are issued for all that this process knows; asks nobody."""
        settled = self._settled.get(intent.key)
        is_same = settled is not None and settled.wanted == intent.certificates
        return settled.arns if settled is not None and is_same else {}

    def arns(self, intent: StackIntent) -> dict[str, str]:
        """The ARN of each certificate of the stack by id.

        Raises NotReady until all are issued, and Missing for a host without a hosted zone.
        """
        if not intent.certificates:
            return {}
        settled = self.known(intent)
        if settled:
            return settled
        known = self._of_stack(intent.key)
        found = {one.id: self._ensured(one, intent, known) for one in intent.certificates}
        waiting = sorted(one.arn for one in found.values() if not one.is_issued)
        if waiting:
            raise NotReady(f"the issue of certificate {', '.join(waiting)}", _ISSUE_SECONDS)
        return {id_: one.arn for id_, one in found.items()}

    def release(self, intent: StackIntent) -> None:
        """Delete what the stack asks for no more, once no listener has it. Raises NotReady."""
        if not self._settings.feature_gates.enable_certificate_management:
            return
        settled = self._settled.get(intent.key)
        if settled is not None and settled.wanted == intent.certificates:
            return
        known = self._of_stack(intent.key)
        kept = [
            one
            for wanted in intent.certificates
            if (one := _fitting(wanted, known.get(wanted.id, ()))) is not None
        ]
        surplus = [one for some in known.values() for one in some if one not in kept]
        if surplus:
            still_used = self._records_but_of({one.arn for one in surplus})
            for one in surplus:
                self._delete(one, still_used)
        arns = {
            wanted.id: one.arn
            for wanted in intent.certificates
            for one in kept
            if one in known.get(wanted.id, ())
        }
        self._settled[intent.key] = _Settled(wanted=intent.certificates, arns=arns)

    def _ensured(
        self,
        wanted: CertificateIntent,
        intent: StackIntent,
        known: Mapping[str, Sequence[ManagedCertificate]],
    ) -> ManagedCertificate:
        """The certificate, requested if it is not there, with its records in DNS.

        Those of one that we requested are written even if ACM issues it at once, as it does for a
        domain that it knows: it renews by them.
        """
        found = _fitting(wanted, known.get(wanted.id, ()))
        if found is None:
            found = self._request(wanted, intent)
        if wanted.authority_arn or (found.is_issued and found.arn not in self._requested):
            return found
        if not found.has_all_records:
            raise NotReady(f"the validation records of certificate {found.arn}", _RECORDS_SECONDS)
        if found.arn not in self._proven:
            for record in sorted(found.records):
                self._authority.create_records(self._zone(record.name, wanted), [record])
            self._proven.add(found.arn)
        return found

    def _request(self, wanted: CertificateIntent, intent: StackIntent) -> ManagedCertificate:
        if not wanted.authority_arn:
            for host in wanted.hosts:
                self._zone(host, wanted)
        tags = dict(wanted.tags) | dict(self._settings.default_tags)
        tags = owned_tags(tags, self._settings.cluster_name, intent.key, wanted.id)
        arn = self._authority.request(
            CertificateRequest(
                domain=wanted.hosts[0],
                names=wanted.hosts,
                authority_arn=wanted.authority_arn,
                tags=tags,
            )
        )
        with self._lock:  # a listing may not show it for a while
            self._requested[arn] = tags
        made = self._authority.certificate(arn)
        if made is None:
            raise NotReady(f"certificate {arn} to appear", _RECORDS_SECONDS)
        return made

    def _zone(self, host: str, wanted: CertificateIntent) -> str:
        zone = zone_of(host, self._zones.get())
        if zone is None:
            problem = (
                f"asks for a certificate for {host!r}, which no hosted zone of Route 53 serves"
            )
            raise Missing(wanted.origin.ref, wanted.origin.field, problem)
        return zone

    def _delete(self, one: ManagedCertificate, still_used: set[ValidationRecord]) -> None:
        """First its records, as long as it still names them."""
        zones = self._zones.get()
        for record in sorted(one.records - still_used):
            zone = zone_of(record.name, zones)
            if zone is not None:
                self._authority.delete_records(zone, [record])
        try:
            self._authority.delete(one.arn)
        except InUse:
            raise NotReady(f"certificate {one.arn}, which is in use", _IN_USE_SECONDS) from None
        with self._lock:
            self._requested.pop(one.arn, None)
        self._tags.forget(one.arn)

    def _records_but_of(self, surplus: set[str]) -> set[ValidationRecord]:
        """Records of all other requested certificates: of one domain they are the same."""
        others = [
            self._authority.certificate(arn)
            for arn, tags in self._tagged().items()
            if resource_name(tags) and arn not in surplus
        ]
        return {record for one in others if one is not None for record in one.records}

    def _tagged(self) -> dict[str, Tags]:
        with self._lock:
            requested = dict(self._requested)
        return self._tags.of(self._listing.get()) | requested

    def _of_stack(self, key: StackKey) -> dict[str, list[ManagedCertificate]]:
        """The certificates with the stack's tags, by the id in their resource tag."""
        cluster = self._settings.cluster_name
        found: dict[str, list[ManagedCertificate]] = {}
        for arn, tags in sorted(self._tagged().items()):
            if tags.get(CLUSTER_TAG) == cluster and belongs_to(tags, cluster, key):
                one = self._authority.certificate(arn)
                if one is not None:
                    found.setdefault(resource_name(tags), []).append(one)
        return found


def _fitting(
    wanted: CertificateIntent, found: Sequence[ManagedCertificate]
) -> ManagedCertificate | None:
    """One for the very hosts that is issued or waits; issued ones first (spec 3.4)."""
    usable = [
        one
        for one in found
        if one.domains == frozenset(wanted.hosts) and one.status in ("ISSUED", "PENDING_VALIDATION")
    ]
    return next(iter(sorted(usable, key=lambda one: (not one.is_issued, one.arn))), None)
