"""What the annotation `mutual-authentication` holds, and what it must satisfy (spec 1.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import msgspec

from alb_controller.objects.annotations.json import JsonParser
from alb_controller.objects.core import KubeStruct
from alb_controller.values import MutualTlsMode

_MODES = ("off", "passthrough", "verify")
_ADVERTISED = ("on", "off")
_LAST_PORT = 65535


class ClientCertificates(msgspec.Struct, frozen=True, kw_only=True):
    """How the listener of one port treats client certificates."""

    port: int
    mode: MutualTlsMode
    trust_store: str | None = None
    """An ARN or a name."""
    ignore_client_certificate_expiry: bool | None = None
    advertise_trust_store_ca_names: str | None = None


class _Entry(KubeStruct, frozen=True):
    port: int = 0
    mode: str = ""
    trust_store: str | None = None
    ignore_client_certificate_expiry: bool | None = None
    advertise_trust_store_ca_names: str | None = None


_ENTRIES = JsonParser(
    list[_Entry], 'a list such as [{"port": 443, "mode": "passthrough"}]', is_strict=True
)


def mutual_authentication(raw: str) -> tuple[ClientCertificates, ...]:
    """One entry for each port, of one port twice the last; raises ValueError."""
    entries = _ENTRIES(raw)
    if not entries:
        raise ValueError("names no port: it must have at least one entry")
    by_port: dict[int, ClientCertificates] = {}
    for entry in entries:
        for problem in _problems(entry):
            raise ValueError(problem)
        by_port[entry.port] = ClientCertificates(
            port=entry.port,
            mode=cast(MutualTlsMode, entry.mode),
            trust_store=entry.trust_store or None,
            ignore_client_certificate_expiry=entry.ignore_client_certificate_expiry,
            advertise_trust_store_ca_names=entry.advertise_trust_store_ca_names or None,
        )
    return tuple(by_port[port] for port in sorted(by_port))


def _problems(entry: _Entry) -> Iterator[str]:
    if not 1 <= entry.port <= _LAST_PORT:
        yield f"names port {entry.port}: allowed are 1 to {_LAST_PORT}"
    where = f"for port {entry.port}"
    if entry.mode not in _MODES:
        yield f"has mode {entry.mode!r} {where}: allowed are {', '.join(_MODES)}"
    if entry.mode == "verify":
        yield from _verify_problems(entry, where)
    else:
        yield from _surplus(entry, where)


def _verify_problems(entry: _Entry, where: str) -> Iterator[str]:
    if not entry.trust_store:
        yield f"needs a trustStore {where}: mode verify has to know whom to trust"
    advertised = entry.advertise_trust_store_ca_names
    if advertised and advertised not in _ADVERTISED:
        yield f"has advertiseTrustStoreCaNames {advertised!r} {where}: allowed are on and off"


def _surplus(entry: _Entry, where: str) -> Iterator[str]:
    for name, value in (
        ("trustStore", entry.trust_store),
        ("ignoreClientCertificateExpiry", entry.ignore_client_certificate_expiry),
        ("advertiseTrustStoreCaNames", entry.advertise_trust_store_ca_names),
    ):
        if value not in (None, ""):
            yield f"has {name} {where}, which only mode verify may have"
