"""HTTPS listeners: which certificate a server name gets, and which clients are let in.

Each certificate that a name can get has a filter chain; the names choose among the chains at the
time of compiling, so that Envoy compares a name with a few expressions alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alb_controller.model.elbv2 import Listener
from alb_controller.routing.state import Certificate

Json = dict[str, Any]
_TYPES = "type.googleapis.com/"
_TLS = f"{_TYPES}envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"


@dataclass(frozen=True, slots=True)
class Files:
    """A certificate and its key, in PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Identities:
    """Where the certificates of a state are."""

    certificates: Mapping[str, Certificate]
    servers: Callable[[Certificate], Files]
    authorities: Callable[[str], Path]
    """The bundle of a trust store."""


def server_chains(
    listener: Listener, identities: Identities, filters: Sequence[Json], *, offers_2: bool
) -> Json:
    """The filter chains of an HTTPS listener and what chooses among them."""
    default, *others = [_certificate(identities, name) for name in listener.certificates]
    chosen = choices([default, *others])
    chains = list(dict.fromkeys([default, *(one for _, one in chosen)]))
    alpn = ["h2", "http/1.1"] if offers_2 else ["http/1.1"]
    clients = _clients(listener, identities)
    made: Json = {
        "listener_filters": [
            {
                "name": "tls",
                "typed_config": {
                    "@type": f"{_TYPES}envoy.extensions.filters.listener.tls_inspector.v3."
                    "TlsInspector"
                },
            }
        ],
        "filter_chains": [
            {
                "name": str(number),
                "filters": filters,
                "transport_socket": _socket(identities.servers(one), alpn, clients),
            }
            for number, one in enumerate(chains)
        ],
    }
    if chosen:
        made["filter_chain_matcher"] = _matcher(chosen, chains)
    return made


def _certificate(identities: Identities, name: str) -> Certificate:
    found = identities.certificates.get(name)
    return found or Certificate(name=name, domains=())


def choices(certificates: Sequence[Certificate]) -> list[tuple[str, Certificate]]:
    """Which certificate a name gets, exact names first; the default one is the first given.

    ECDSA before RSA, then the better hash, then the longer key, then the exact name; one of the
    list before the default one (User Guide for Application Load Balancers, "SSL certificates").
    """
    names = {name.lower() for one in certificates for name in one.domains}
    ordered = sorted(names, key=lambda name: (name.startswith("*."), name))
    return [(name, _best(name, certificates)) for name in ordered]


def _best(name: str, certificates: Sequence[Certificate]) -> Certificate:
    default, *listed = certificates

    def fitting(among: Iterable[Certificate]) -> list[tuple[bool, Certificate]]:
        wild = "*." + name.partition(".")[2]
        found = []
        for one in among:
            domains = {domain.lower() for domain in one.domains}
            if name in domains or (not name.startswith("*.") and wild in domains):
                found.append((name in domains, one))
        return found

    found = fitting(listed) or fitting([default])

    def preference_key(row: tuple[bool, Certificate]) -> tuple[bool, int, int, bool]:
        is_exact, one = row
        return one.algorithm == "EC", one.digest_bits, one.bits, is_exact

    return max(found, key=preference_key)[1]


def _matcher(chosen: Sequence[tuple[str, Certificate]], chains: Sequence[Certificate]) -> Json:
    given = {"@type": f"{_TYPES}envoy.extensions.matching.common_inputs.network.v3.ServerNameInput"}
    matchers = [
        {
            "predicate": {
                "single_predicate": {
                    "input": {"name": "name", "typed_config": given},
                    "value_match": {"safe_regex": {"google_re2": {}, "regex": _expression(name)}},
                }
            },
            "on_match": _chain(chains.index(certificate)),
        }
        for name, certificate in chosen
    ]
    return {"matcher_list": {"matchers": matchers}, "on_no_match": _chain(0)}


def _expression(name: str) -> str:
    if name.startswith("*."):
        return rf"(?i)[^.]+\.{re.escape(name[2:])}"
    return f"(?i){re.escape(name)}"


def _chain(number: int) -> Json:
    name = {"@type": f"{_TYPES}google.protobuf.StringValue", "value": str(number)}
    return {"action": {"name": "chain", "typed_config": name}}


def _clients(listener: Listener, identities: Identities) -> Json:
    """Which clients' certificates are asked for, and which let in."""
    mutual = listener.mutual_authentication
    if mutual is None or mutual.mode == "off":
        return {}
    if mutual.mode == "passthrough":
        return {"validation_context": {"trust_chain_verification": "ACCEPT_UNTRUSTED"}}
    bundle = identities.authorities(mutual.trust_store_arn or "")
    validation: Json = {"trusted_ca": {"filename": str(bundle)}}
    if mutual.ignore_client_certificate_expiry:
        validation["allow_expired_certificate"] = True
    return {"validation_context": validation}


def _socket(files: Files, alpn: list[str], clients: Json) -> Json:
    pair = {
        "certificate_chain": {"filename": str(files.certificate)},
        "private_key": {"filename": str(files.key)},
    }
    context: Json = {
        "@type": _TLS,
        "common_tls_context": {"tls_certificates": [pair], "alpn_protocols": alpn} | clients,
    }
    if "trusted_ca" in clients.get("validation_context", {}):
        context["require_client_certificate"] = True
    return {"name": "tls", "typed_config": context}
