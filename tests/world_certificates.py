"""In-memory ACM and Route 53 that behave, as the controller writes to them and reads them.

Sources: the ACM API reference (2015-12-08) and the Route 53 API reference (2013-04-01).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import msgspec

from alb_controller.aws.certificates.acm import Summary
from alb_controller.aws.certificates.managed import (
    CertificateRequest,
    ManagedCertificate,
    ValidationRecord,
)
from alb_controller.errors import InUse
from alb_controller.model.queries import Certificate
from alb_controller.values import Tags


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """Who has issued a certificate, and whether it has more names than a listing shows."""

    type: str = "AMAZON_ISSUED"
    authority: str = ""
    is_long: bool = False


class Acm:
    """ACM and Route 53 as they behave: issued once the records are there, kept while in use."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.while_listing: Callable[[], None] = lambda: None
        """What happens once certificates are listed, before the answer is there."""
        self.made: dict[str, ManagedCertificate] = {}
        self.issuers: dict[str, Issuer] = {}
        """Of those that somebody else than the controller has."""
        self.tagged: dict[str, Tags] = {}
        self.requests: list[CertificateRequest] = []
        self.hosted: dict[str, str] = {}
        """Domain -> hosted zone."""
        self.records: dict[ValidationRecord, str] = {}
        self.in_use: set[str] = set()
        self.is_slow = False
        self.hides_new_ones = False
        self.knows_domains = False

    def arns(self) -> tuple[str, ...]:
        self.calls.append("ListCertificates")
        return () if self.hides_new_ones else tuple(self.made)

    def of(self, arns: Collection[str]) -> dict[str, Tags]:
        return {arn: self.tagged[arn] for arn in arns if arn in self.tagged}

    def forget(self, arn: str) -> None:
        """Nothing is remembered."""

    def has(self, arn: str, *domains: str, **issuer: Any) -> None:
        """A certificate that was there before, and is issued."""
        self.issuers[arn] = Issuer(**issuer)
        self.made[arn] = ManagedCertificate(
            arn=arn,
            status="ISSUED",
            domains=frozenset(domains),
            records=frozenset(),
            has_all_records=True,
        )

    def certificate(self, arn: str) -> ManagedCertificate | None:
        self.calls.append("DescribeCertificate")
        one = self.made.get(arn)
        if one is None:
            return None
        proven = one.records <= self.records.keys() and one.has_all_records
        status = "ISSUED" if one.status == "PENDING_VALIDATION" and proven else one.status
        self.made[arn] = msgspec.structs.replace(one, status=status)
        return self.made[arn]

    def request(self, wanted: CertificateRequest) -> str:
        self.calls.append("RequestCertificate")
        arn = f"arn:{len(self.requests)}"
        self.requests.append(wanted)
        self.tagged[arn] = wanted.tags
        records = frozenset(
            ValidationRecord(f"_x.{name.removeprefix('*.')}", "v") for name in wanted.names
        )
        is_private = bool(wanted.authority_arn)
        self.made[arn] = ManagedCertificate(
            arn=arn,
            status="ISSUED" if is_private or self.knows_domains else "PENDING_VALIDATION",
            domains=frozenset(wanted.names),
            records=frozenset() if is_private or self.is_slow else records,
            has_all_records=not is_private and not self.is_slow,
        )
        return arn

    def delete(self, arn: str) -> None:
        self.calls.append("DeleteCertificate")
        if arn in self.in_use:
            raise InUse("acm", "DeleteCertificate", "ResourceInUseException", arn)
        self.made.pop(arn)

    def zones(self) -> dict[str, str]:
        self.calls.append("ListHostedZones")
        return self.hosted

    def create_records(self, zone_id: str, records: Iterable[ValidationRecord]) -> None:
        self.calls.append("ChangeResourceRecordSets")
        self.records.update(dict.fromkeys(records, zone_id))

    def delete_records(self, zone_id: str, records: Iterable[ValidationRecord]) -> None:
        self.calls.append("ChangeResourceRecordSets")
        for record in records:
            assert self.records.pop(record, zone_id) == zone_id


class Issued:
    """The certificates of an account, as `aws.certificates.acm.Acm` reads them."""

    def __init__(self, acm: Acm) -> None:
        self._acm = acm

    def issued(self) -> tuple[Summary, ...]:
        arns = self._acm.arns()
        listed = tuple(self._summary(arn) for arn in arns if self._acm.made[arn].is_issued)
        self._acm.while_listing()
        return listed

    def certificate(self, arn: str) -> Certificate | None:
        found = self._acm.certificate(arn)
        if found is None:
            return None
        issuer = self._acm.issuers[arn]
        return Certificate(
            arn=arn, domains=tuple(sorted(found.domains)), authority_arn=issuer.authority
        )

    def _summary(self, arn: str) -> Summary:
        issuer, domains = self._acm.issuers[arn], tuple(sorted(self._acm.made[arn].domains))
        return Summary(arn=arn, type=issuer.type, domains=None if issuer.is_long else domains)
