"""Answers about certificates and trust stores, out of as few calls as possible.

One listing has the names of most certificates; the rest is asked for one by one and remembered.
A host that no known certificate covers makes the listing be read anew: a certificate may have been
issued just now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

from alb_controller.aws.caches import (
    CERTIFICATES,
    IMPORTED_NAMES,
    ISSUED_NAMES,
    TRUST_STORE_NAMES,
    Expiring,
    Shared,
)
from alb_controller.aws.certificates.acm import Acm, Summary
from alb_controller.aws.elbv2 import Elbv2
from alb_controller.clock import Clock
from alb_controller.model.queries import (
    Answer,
    Certificate,
    IssuedCertificates,
    Query,
    TrustStoreByName,
    TrustStoreInfo,
)

_NOT_BEFORE_ANY = float("-inf")
ManagedOnes = Callable[[Sequence[str]], Iterable[str]]


def none_managed(_arns: Sequence[str]) -> tuple[str, ...]:
    """Without certificate management no tag is looked at."""
    return ()


class CertificateFacts:
    """Issued certificates with their names; one for the process, thread-safe."""

    kinds: ClassVar[tuple[type[Any], ...]] = (IssuedCertificates,)

    def __init__(self, acm: Acm, clock: Clock, managed: ManagedOnes = none_managed) -> None:
        """`managed` says which of some ARNs are left out: those that controllers requested."""
        self._acm, self._clock, self._managed = acm, clock, managed
        self._listing = Shared(acm.issued, CERTIFICATES, clock)
        self._imported = Expiring[str, Certificate](IMPORTED_NAMES, clock)
        self._issued = Expiring[str, Certificate](ISSUED_NAMES, clock)

    def answer(self, queries: Iterable[IssuedCertificates]) -> dict[Query, Answer]:
        """Each question with the certificates that cover its hosts, by ARN. Raises AwsError."""
        return {query: tuple(self._covering(query)) for query in queries}

    def _covering(self, query: IssuedCertificates) -> list[Certificate]:
        began = self._clock.monotonic()
        known = self._certificates(query, _NOT_BEFORE_ANY)
        if not all(any(one.covers(host) for one in known) for host in query.hosts):
            known = self._certificates(query, began)
        return [one for one in known if any(one.covers(host) for host in query.hosts)]

    def _certificates(self, query: IssuedCertificates, not_before: float) -> list[Certificate]:
        issued = self._listing.get(not_before)
        left_out = set(self._managed([one.arn for one in issued]))
        listed = [one for one in issued if one.arn not in left_out]
        shown = {one.arn: one for one in _shown(listed, query)}
        unclear = [one for one in listed if one.arn not in shown]
        for cache, is_imported in ((self._imported, True), (self._issued, False)):
            arns = [one.arn for one in unclear if one.is_imported is is_imported]
            shown |= cache.get_many(arns, self._read)
        return sorted(shown.values(), key=lambda one: one.arn)

    def _read(self, arns: Sequence[str]) -> dict[str, Certificate]:
        found = (self._acm.certificate(arn) for arn in arns)
        return {one.arn: one for one in found if one is not None}


class TrustStoreFacts:
    """Trust stores that users name; one that is not there is asked for each time."""

    kinds: ClassVar[tuple[type[Any], ...]] = (TrustStoreByName,)

    def __init__(self, elbv2: Elbv2, clock: Clock) -> None:
        self._elbv2 = elbv2
        self._arns = Expiring[str, str](TRUST_STORE_NAMES, clock)

    def answer(self, queries: Iterable[TrustStoreByName]) -> dict[Query, Answer]:
        """Each question with the store, or with nothing. Raises AwsError."""
        asked = tuple(queries)
        known = self._arns.get_many({q.name for q in asked}, self._elbv2.trust_stores_by_name)
        return {
            q: tuple(TrustStoreInfo(name=n, arn=known[n]) for n in (q.name,) if n in known)
            for q in asked
        }


def _shown(listed: Iterable[Summary], query: IssuedCertificates) -> Iterator[Certificate]:
    """Those of which the listing shows enough: it does not show who has issued a private one."""
    for one in listed:
        if one.domains is not None and not (query.with_authorities and one.is_private):
            yield Certificate(arn=one.arn, domains=one.domains)
