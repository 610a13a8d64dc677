"""Certificates that the controller requests itself, and the DNS records that validate them.

Behind the gate EnableCertificateManagement (spec 3.4). Sources: the ACM API reference (2015-12-08)
and the Route 53 API reference (2013-04-01).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from alb_controller.aws.caches import CERTIFICATE_TAGS, Expiring
from alb_controller.aws.client import Sender, pages
from alb_controller.aws.codecs.elbv2 import decode_tags, encode_tags
from alb_controller.clock import Clock
from alb_controller.errors import AwsError, NotFound
from alb_controller.model.ownership import CLUSTER_TAG, is_claimed
from alb_controller.values import Tags

PERMISSIONS = frozenset(
    {
        "acm:AddTagsToCertificate",
        "acm:DeleteCertificate",
        "acm:ListTagsForCertificate",
        "acm:RequestCertificate",
        "route53:ChangeResourceRecordSets",
        "route53:ListHostedZones",
    }
)
"""IAM actions of the operations called here; AddTagsToCertificate is for the tags of a request."""
_RECORD_SECONDS = 60


class ValidationRecord(msgspec.Struct, frozen=True, order=True):
    """The CNAME by which ACM sees that a domain is ours."""

    name: str
    value: str


class ManagedCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate as it is in ACM; `records` are complete once `domains` all have one."""

    arn: str
    status: str
    domains: frozenset[str]
    records: frozenset[ValidationRecord]
    has_all_records: bool

    @property
    def is_issued(self) -> bool:
        return self.status == "ISSUED"


class CertificateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of ACM; `authority_arn` empty lets Amazon issue it."""

    domain: str
    names: tuple[str, ...]
    authority_arn: str
    tags: Tags


class CertificateManager:
    """Writes to ACM and Route 53, in single calls; thread-safe as the sender is."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def arns(self) -> tuple[str, ...]:
        """Every certificate of ACM's usual key type, whoever asked for it. Raises AwsError."""
        found = pages(
            self._sender.call,
            "acm",
            "ListCertificates",
            "CertificateSummaryList",
        )
        return tuple(raw["CertificateArn"] for raw in found)

    def tags(self, arn: str) -> Tags | None:
        """A certificate's tags, None where it has just gone."""
        try:
            answer = self._sender.call("acm", "ListTagsForCertificate", CertificateArn=arn)
        except NotFound:
            return None
        return decode_tags(answer.get("Tags"))

    def certificate(self, arn: str) -> ManagedCertificate | None:
        """A certificate with what is to be put into DNS for it; None where it has gone."""
        try:
            raw = self._sender.call("acm", "DescribeCertificate", CertificateArn=arn)["Certificate"]
        except NotFound:
            return None
        options = raw.get("DomainValidationOptions") or ()
        shown = [one["ResourceRecord"] for one in options if one.get("ResourceRecord")]
        return ManagedCertificate(
            arn=arn,
            status=raw.get("Status", ""),
            domains=frozenset(raw.get("SubjectAlternativeNames") or ()),
            records=frozenset(ValidationRecord(one["Name"], one["Value"]) for one in shown),
            has_all_records=bool(options) and len(shown) == len(options),
        )

    def request(self, wanted: CertificateRequest) -> str:
        """Ask for a certificate, validated by DNS unless a private CA issues it; its ARN."""
        more: dict[str, Any] = {"ValidationMethod": "DNS"}
        if wanted.authority_arn:
            more = {"CertificateAuthorityArn": wanted.authority_arn}
        answer = self._sender.call(
            "acm",
            "RequestCertificate",
            DomainName=wanted.domain,
            SubjectAlternativeNames=list(wanted.names),
            Tags=encode_tags(wanted.tags),
            **more,
        )
        return str(answer["CertificateArn"])

    def delete(self, arn: str) -> None:
        """Raises InUse while a listener has it; one that is gone is success."""
        try:
            self._sender.call("acm", "DeleteCertificate", CertificateArn=arn)
        except NotFound:
            return

    def zones(self) -> dict[str, str]:
        """Public hosted zones: domain without the last dot -> id; of one domain the first."""
        found = pages(self._sender.call, "route53", "ListHostedZones", "HostedZones")
        zones: dict[str, str] = {}
        for raw in found:
            if not (raw.get("Config") or {}).get("PrivateZone"):
                zones.setdefault(raw["Name"].rstrip("."), raw["Id"].rpartition("/")[2])
        return zones

    def create_records(self, zone_id: str, records: Iterable[ValidationRecord]) -> None:
        """Each in a call of its own; one that exists is success."""
        self._change(zone_id, "CREATE", records, ("already exists",))

    def delete_records(self, zone_id: str, records: Iterable[ValidationRecord]) -> None:
        """Each in a call of its own; what is gone or is another's by now is left."""
        self._change(zone_id, "DELETE", records, ("not found", "do not match"))

    def _change(
        self,
        zone_id: str,
        action: str,
        records: Iterable[ValidationRecord],
        harmless: Sequence[str],
    ) -> None:
        for record in sorted(records):
            try:
                self._sender.call(
                    "route53",
                    "ChangeResourceRecordSets",
                    HostedZoneId=zone_id,
                    ChangeBatch={"Changes": [_change_of(action, record)]},
                )
            except NotFound:
                if action != "DELETE":
                    raise
            except AwsError as error:
                if not any(texts in error.message for texts in harmless):
                    raise


class CertificateTags:
    """Tags of certificates, read one by one as ACM wants it, and remembered; thread-safe."""

    def __init__(self, manager: CertificateManager, clock: Clock) -> None:
        self._manager = manager
        self._known = Expiring[str, Tags](CERTIFICATE_TAGS, clock)

    def of(self, arns: Collection[str]) -> dict[str, Tags]:
        """By ARN; what has gone is not in it. Raises AwsError."""
        return self._known.get_many(arns, self._read)

    def managed(self, arns: Collection[str]) -> list[str]:
        """Those that a controller requested for a stack of whatever cluster (spec 3.3)."""
        found = self.of(arns).items()
        return [arn for arn, tags in found if CLUSTER_TAG in tags and is_claimed(tags)]

    def forget(self, arn: str) -> None:
        """After it has been deleted."""
        self._known.forget([arn])

    def _read(self, arns: Sequence[str]) -> dict[str, Tags]:
        read = {arn: self._manager.tags(arn) for arn in arns}
        return {arn: tags for arn, tags in read.items() if tags is not None}


def zone_of(host: str, zones: Mapping[str, str]) -> str | None:
    """The id of the zone that serves a name: the one with the longest domain."""
    labels = host.removesuffix(".").split(".")
    domains = (".".join(labels[at:]) for at in range(len(labels)))
    return next((zones[domain] for domain in domains if domain in zones), None)


def _change_of(action: str, record: ValidationRecord) -> dict[str, Any]:
    return {
        "Action": action,
        "ResourceRecordSet": {
            "Name": record.name,
            "Type": "CNAME",
            "TTL": _RECORD_SECONDS,
            "ResourceRecords": [{"Value": record.value}],
        },
    }
