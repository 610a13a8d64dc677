"""Certificates as they decide about a handshake: names, key and hash.

Source: the ACM API reference (2015-12-08), CertificateDetail.
"""

from __future__ import annotations

import re

from alb_controller.aws.client import Sender
from alb_controller.errors import NotFound
from alb_controller.routing.state import Certificate

PERMISSIONS = frozenset({"acm:DescribeCertificate"})
"""IAM actions of the operations called here."""
_NUMBER = re.compile(r"\d{3,4}")


class PresentedCertificates:
    """Reads certificates one by one."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def certificate(self, arn: str) -> Certificate | None:
        """None where it is not there (any more), or is no certificate of ACM. Raises AwsError."""
        if ":acm:" not in arn:
            return None
        try:
            answer = self._sender.call("acm", "DescribeCertificate", CertificateArn=arn)
        except NotFound:
            return None
        raw = answer["Certificate"]
        key = raw.get("KeyAlgorithm") or "RSA-2048"
        return Certificate(
            name=arn,
            domains=tuple(raw.get("SubjectAlternativeNames") or ()),
            algorithm="EC" if key.startswith("EC") else "RSA",
            bits=_number(key, 2048),
            digest_bits=_number(raw.get("SignatureAlgorithm") or "", 256),
        )


def _number(text: str, default: int) -> int:
    found = _NUMBER.search(text)
    return int(found[0]) if found else default
