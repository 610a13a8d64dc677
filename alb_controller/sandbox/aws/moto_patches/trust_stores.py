"""Trust stores, which moto does not have: enough to make them and to find them by name."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.elbv2.exceptions import ELBClientError

from .patching import Moto, Patch
from .surface import Response


def create_trust_store(_moto: Moto, self: Any) -> ActionResult:
    """CreateTrustStore: a name is taken once; the new store is active."""
    name = self._get_param("Name")
    stores = _stores(self.elbv2_backend)
    if name in stores:
        raise ELBClientError("DuplicateTrustStoreName", f"A trust store named {name!r} exists")
    backend = self.elbv2_backend
    arn = (
        f"arn:aws:elasticloadbalancing:{backend.region_name}:{backend.account_id}:"
        f"truststore/{name}/{len(stores) + 1:016x}"
    )
    stores[name] = {
        "Name": name,
        "TrustStoreArn": arn,
        "Status": "ACTIVE",
        "NumberOfCaCertificates": 1,
        "TotalRevokedEntries": 0,
    }
    return ActionResult({"TrustStores": [stores[name]]})


def describe_trust_stores(_moto: Moto, self: Any) -> ActionResult:
    """DescribeTrustStores: all, or those of the names or ARNs given; TrustStoreNotFound if one of
    them does not exist.
    """
    stores = list(_stores(self.elbv2_backend).values())
    for field, key in (("Names", "Name"), ("TrustStoreArns", "TrustStoreArn")):
        asked = self._get_param(field) or []
        for value in asked:
            if not any(store[key] == value for store in stores):
                raise ELBClientError("TrustStoreNotFound", f"Trust store {value!r} not found")
        if asked:
            stores = [store for store in stores if store[key] in asked]
    return ActionResult({"TrustStores": stores})


def check_client_certificates(moto: Moto, self: Any) -> Any:
    """CreateListener, ModifyListener: the mode is off, passthrough or verify; verify names a trust
    store, and no other mode does.
    """
    wanted = self._get_param("MutualAuthentication")
    if wanted:
        _check(wanted)
    return moto(self)


def _check(wanted: dict[str, Any]) -> None:
    mode, store = wanted.get("Mode", "off"), wanted.get("TrustStoreArn")
    if mode not in ("off", "passthrough", "verify"):
        raise ELBClientError("ValidationError", f"'{mode}' is not a mutual authentication mode")
    if (mode == "verify") != bool(store):
        raise ELBClientError("ValidationError", f"Mode {mode} and trust store {store!r}")


def _stores(backend: Any) -> dict[str, dict[str, Any]]:
    """By name; they go with the backend's other state."""
    stores: dict[str, dict[str, Any]] = backend.__dict__.setdefault("trust_stores", {})
    return stores


_PAGE = "MutualAuthenticationAttributes"
PATCHES = (
    Patch(Response, "create_trust_store", create_trust_store, "CreateTrustStore"),
    Patch(Response, "describe_trust_stores", describe_trust_stores, "DescribeTrustStores"),
    Patch(Response, "create_listener", check_client_certificates, _PAGE),
    Patch(Response, "modify_listener", check_client_certificates, _PAGE),
)
