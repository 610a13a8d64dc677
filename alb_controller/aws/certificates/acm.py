"""What the controller reads of AWS Certificate Manager, in the model's values.

Source: the ACM API reference (2015-12-08).
"""

from __future__ import annotations

from typing import Any

import msgspec

from alb_controller.aws.client import Sender, pages
from alb_controller.errors import NotFound
from alb_controller.model.queries import Certificate

PERMISSIONS = frozenset({"acm:DescribeCertificate", "acm:ListCertificates"})
"""IAM actions of the operations called here."""
KEY_TYPES = (
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
)
"""All of them: ACM lists RSA certificates alone unless it is asked for the others too."""
_IMPORTED, _PRIVATE = "IMPORTED", "PRIVATE"


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate as a listing shows it; `domains` None where it does not show all of them."""

    arn: str
    type: str
    domains: tuple[str, ...] | None

    @property
    def is_imported(self) -> bool:
        """Whether others may give it other names: they import anew under the same ARN."""
        return self.type == _IMPORTED

    @property
    def is_private(self) -> bool:
        """Whether a private CA has issued it."""
        return self.type == _PRIVATE


class Acm:
    """Reads on the account and region of the sender; thread-safe as the sender is."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def issued(self) -> tuple[Summary, ...]:
        """Every issued certificate, of whatever key. Raises AwsError."""
        found = pages(
            self._sender.call,
            "acm",
            "ListCertificates",
            "CertificateSummaryList",
            CertificateStatuses=["ISSUED"],
            Includes={"keyTypes": list(KEY_TYPES)},
        )
        return tuple(_summary(raw) for raw in found)

    def certificate(self, arn: str) -> Certificate | None:
        """One certificate in full, or None where it has just gone. Raises AwsError."""
        try:
            answer = self._sender.call("acm", "DescribeCertificate", CertificateArn=arn)
        except NotFound:
            return None
        raw = answer["Certificate"]
        return Certificate(
            arn=arn,
            domains=tuple(raw.get("SubjectAlternativeNames") or ()),
            authority_arn=raw.get("CertificateAuthorityArn") or "",
        )


def _summary(raw: dict[str, Any]) -> Summary:
    """The first 100 names are in a listing, and whether there are more."""
    names = raw.get("SubjectAlternativeNameSummaries")
    is_whole = bool(names) and raw.get("HasAdditionalSubjectAlternativeNames") is False
    return Summary(
        arn=raw["CertificateArn"],
        type=raw.get("Type", ""),
        domains=tuple(names or ()) if is_whole else None,
    )
