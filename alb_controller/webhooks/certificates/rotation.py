"""What is kept in the Secret, and what it becomes next: a certificate that is always trusted.

A certificate has a CA of its own, whose key nobody keeps. At half of its lifetime the next one is
made: its CA goes into the bundle, and the certificate waits. Only when callers have known the new
bundle for a while is it served. Its predecessor's CA stays in the bundle until it has expired: some
replica may serve the old one for as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from alb_controller.values import Secret
from alb_controller.webhooks.certificates.pairs import (
    Issued,
    Pair,
    certificates,
    encoded,
    hosts_of,
    is_signed_by,
    is_whole,
)

BUNDLE, CERTIFICATE, KEY = "ca.crt", "tls.crt", "tls.key"
"""As cert-manager and LBC's chart name them."""
NEXT_CERTIFICATE, NEXT_KEY = "next.crt", "next.key"
_BEGIN_SHARE, _END_SHARE = 2, 12
"""The next certificate is made a half of the lifetime before the end, served a twelfth before."""


class StoredCertificates(msgspec.Struct, frozen=True, kw_only=True):
    """The Secret's content."""

    bundle: bytes = b""
    """The CAs (PEM) that callers must trust, the newest last."""
    current: Pair | None = None
    upcoming: Pair | None = None

    @classmethod
    def of(cls, data: Mapping[str, bytes]) -> StoredCertificates:
        """What a Secret's data means; what cannot be read is as if it were not there."""
        return cls(
            bundle=data.get(BUNDLE, b""),
            current=_pair(data, CERTIFICATE, KEY),
            upcoming=_pair(data, NEXT_CERTIFICATE, NEXT_KEY),
        )

    def data(self) -> dict[str, bytes]:
        """What the Secret is to hold."""
        found = {BUNDLE: self.bundle}
        if self.current is not None:
            found |= {CERTIFICATE: self.current.certificate, KEY: _text(self.current.key)}
        if self.upcoming is not None:
            found |= {
                NEXT_CERTIFICATE: self.upcoming.certificate,
                NEXT_KEY: _text(self.upcoming.key),
            }
        return found


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What the next step depends on."""

    now: datetime
    lifetime: timedelta
    hosts: frozenset[str]
    """The names by which callers call."""
    is_trusted: bool
    """Callers have known the bundle, as it is, for long enough."""
    issue: Callable[[Iterable[str], datetime, timedelta], Issued]


def advance(kept: StoredCertificates, seen: Situation) -> StoredCertificates:
    """The next state; the same where nothing is due."""
    kept = _without_expired(kept, seen.now)
    current, upcoming = (_usable(pair, kept, seen.now) for pair in (kept.current, kept.upcoming))
    kept = msgspec.structs.replace(kept, current=current, upcoming=upcoming)
    if current is None and upcoming is None:
        return _issue(kept, seen, is_served=True)
    if upcoming is not None and not _is_for(upcoming, seen.hosts):
        return msgspec.structs.replace(kept, upcoming=None)
    if upcoming is not None and (seen.is_trusted or _ends(current, seen, _END_SHARE)):
        return msgspec.structs.replace(kept, current=upcoming, upcoming=None)
    is_due = current is not None and (
        not _is_for(current, seen.hosts) or _ends(current, seen, _BEGIN_SHARE)
    )
    if upcoming is None and is_due:
        return _issue(kept, seen, is_served=False)
    return kept


def _issue(kept: StoredCertificates, seen: Situation, *, is_served: bool) -> StoredCertificates:
    made = seen.issue(seen.hosts, seen.now, seen.lifetime)
    bundle = kept.bundle + made.authority
    if is_served:  # there is none that callers could go on with until they know of this one
        return StoredCertificates(bundle=bundle, current=made.pair)
    return msgspec.structs.replace(kept, bundle=bundle, upcoming=made.pair)


def _without_expired(kept: StoredCertificates, now: datetime) -> StoredCertificates:
    found = certificates(kept.bundle)
    left = [ca for ca in found if ca.not_valid_after_utc > now]
    if found and len(left) == len(found):
        return kept
    return msgspec.structs.replace(kept, bundle=b"".join(map(encoded, left)))


def _usable(pair: Pair | None, kept: StoredCertificates, now: datetime) -> Pair | None:
    """A pair that is valid and of a CA of the bundle, else None."""
    found = certificates(pair.certificate) if pair is not None else []
    if not found or found[0].not_valid_after_utc <= now:
        return None
    return pair if is_signed_by(found[0], certificates(kept.bundle)) else None


def _is_for(pair: Pair, hosts: frozenset[str]) -> bool:
    return hosts <= hosts_of(certificates(pair.certificate)[0])


def _ends(pair: Pair | None, seen: Situation, share: int) -> bool:
    """Whether less than that share of a lifetime is left; nothing is left of no pair."""
    if pair is None:
        return True
    (leaf, *_) = certificates(pair.certificate)
    return leaf.not_valid_after_utc - seen.lifetime / share <= seen.now


def _pair(data: Mapping[str, bytes], certificate: str, key: str) -> Pair | None:
    text = data.get(key, b"").decode("ascii", "replace")
    pair = Pair(data.get(certificate, b""), Secret(text))
    return pair if is_whole(pair) else None


def _text(secret: Secret) -> bytes:
    return secret.reveal().encode()
