"""What `mutual-authentication` may say (spec 1.4)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alb_controller.objects.annotations.mutual_authentication import (
    ClientCertificates,
    mutual_authentication,
)

VERIFY = {"port": 443, "mode": "verify", "trustStore": "mine"}


def read(*entries: dict[str, Any]) -> tuple[ClientCertificates, ...]:
    """The entries as they are understood."""
    return mutual_authentication(json.dumps(entries))


def test_each_port_has_one_entry() -> None:
    """Ascending; of one port twice the last counts; keys match in any case."""
    assert read({"Port": 444, "MODE": "off"}, {"port": 443, "mode": "off"}, VERIFY) == (
        ClientCertificates(port=443, mode="verify", trust_store="mine"),
        ClientCertificates(port=444, mode="off"),
    )


def test_verification_has_options() -> None:
    """None is unset; an empty text is, too."""
    full = {**VERIFY, "ignoreClientCertificateExpiry": True, "advertiseTrustStoreCaNames": "on"}
    (made,) = read(full)
    assert made.ignore_client_certificate_expiry is True
    assert made.advertise_trust_store_ca_names == "on"
    (bare,) = read({**VERIFY, "advertiseTrustStoreCaNames": ""})
    assert bare.advertise_trust_store_ca_names is None
    assert read({"port": 1, "mode": "passthrough", "trustStore": ""})[0].trust_store is None


@pytest.mark.parametrize(
    "entry,problem",
    [
        ({"mode": "off"}, "names port 0: allowed are 1 to 65535"),
        ({"port": 65536, "mode": "off"}, "names port 65536: allowed are 1 to 65535"),
        ({"port": 443}, "has mode '' for port 443: allowed are off, passthrough, verify"),
        (
            {"port": 443, "mode": "Off"},
            "has mode 'Off' for port 443: allowed are off, passthrough, verify",
        ),
        ({"port": 443, "mode": "verify"}, "needs a trustStore for port 443"),
        (
            {**VERIFY, "advertiseTrustStoreCaNames": "yes"},
            "has advertiseTrustStoreCaNames 'yes' for port 443: allowed are on and off",
        ),
        ({**VERIFY, "mode": "off"}, "has trustStore for port 443, which only mode verify may"),
        (
            {"port": 443, "mode": "passthrough", "ignoreClientCertificateExpiry": False},
            "has ignoreClientCertificateExpiry for port 443, which only mode verify may have",
        ),
        (
            {"port": 443, "mode": "passthrough", "advertiseTrustStoreCaNames": "on"},
            "has advertiseTrustStoreCaNames for port 443, which only mode verify may have",
        ),
    ],
)
def test_what_is_wrong_is_reported_with_the_port(entry: dict[str, Any], problem: str) -> None:
    """The first thing of the first entry."""
    with pytest.raises(ValueError, match=problem):
        read({"port": 1, "mode": "off"}, entry)


@pytest.mark.parametrize("raw", ["", "{}", "[1]", '[{"port": "443", "mode": "off"}]'])
def test_what_is_no_list_of_entries_is_reported(raw: str) -> None:
    """Types are strict."""
    with pytest.raises(ValueError, match="must be a list such as"):
        mutual_authentication(raw)


def test_an_empty_list_says_nothing() -> None:
    """So it is a mistake."""
    with pytest.raises(ValueError, match="names no port"):
        read()
