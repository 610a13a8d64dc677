"""The parts of the official client that we use, without the rest: docs/adr/0010."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_BARE = ("kubernetes", "kubernetes.client", "kubernetes.config")


def import_parts(*names: str) -> list[Any]:
    """Modules of the official client, such as `kubernetes.client.rest`, by name.

    The packages around them import some 900 modules of typed models; here they are stand-ins
    without content for the time of the import. Later imports of the client are not affected.
    Raises ImportError where a release no longer has the module.
    """
    if "kubernetes" in sys.modules:
        return [importlib.import_module(name) for name in names]
    spec = find_spec("kubernetes")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("the package `kubernetes` is not installed")
    for name in _BARE:
        bare = sys.modules[name] = ModuleType(name)
        folder = "/".join(name.split(".")[1:])
        bare.__path__ = [f"{spec.submodule_search_locations[0]}/{folder}"]
    try:
        client: Any = sys.modules["kubernetes.client"]
        client.Configuration = importlib.import_module(
            "kubernetes.client.configuration"
        ).Configuration
        client.ApiClient = _api_client
        return [importlib.import_module(name) for name in names]
    finally:
        for name in [n for n in sys.modules if n.split(".")[0] == "kubernetes"]:
            del sys.modules[name]


def _api_client(**options: Any) -> Any:
    """What the kubeconfig loader needs to refresh an OIDC token: the whole client, then."""
    return importlib.import_module("kubernetes.client").ApiClient(**options)
