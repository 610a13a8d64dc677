"""The official client's parts come without the rest, and the whole still imports afterwards."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from alb_controller.kube import official

PROGRAM = """
import json, sys, warnings
warnings.simplefilter("error")
from alb_controller.kube.official import import_parts
imported = []
sys.addaudithook(lambda event, args: imported.append(args[0]) if event == "import" else None)
configuration, rest, loader = import_parts(
    "kubernetes.client.configuration", "kubernetes.client.rest", "kubernetes.config.kube_config"
)
after_parts = sorted(name for name in sys.modules if name.split(".")[0] == "kubernetes")
models = [name for name in imported if name.startswith("kubernetes.client.models")]
oidc_client = loader.ApiClient(configuration=configuration.Configuration())
warnings.simplefilter("ignore")
import kubernetes
from kubernetes import client, config
pod = client.V1Pod(metadata=client.V1ObjectMeta(name="x"))
print(json.dumps({
    "left": after_parts,
    "models": models,
    "oidc": type(oidc_client).__name__,
    "models afterwards": any(name.startswith("kubernetes.client.models") for name in imported),
    "whole": client.ApiClient().sanitize_for_serialization(pod),
    "submodule": kubernetes.client.configuration.Configuration.__name__,
    "again": import_parts("kubernetes.client.rest")[0] is sys.modules["kubernetes.client.rest"],
}))
"""


def test_parts_come_without_models_and_the_whole_imports_afterwards() -> None:
    """No model is imported for the parts, no stand-in stays, and the client works as ever then."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, check=True, text=True
    )
    assert json.loads(done.stdout) == {
        "left": [],
        "models": [],
        "oidc": "ApiClient",
        "models afterwards": True,
        "whole": {"metadata": {"name": "x"}},
        "submodule": "Configuration",
        "again": True,
    }


def test_a_release_with_another_layout_fails_loudly() -> None:
    """A module that is not where it was is an ImportError that names it; no stand-in stays."""
    program = (
        "import sys\n"
        "from alb_controller.kube.official import import_parts\n"
        "try:\n    import_parts('kubernetes.client.transport')\n"
        "except ImportError as error:\n    print(error.name)\n"
        "print([n for n in sys.modules if n.startswith('kubernetes')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout.split("\n")[:2] == ["kubernetes.client.transport", "[]"]


def test_a_missing_client_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the error says what to install."""
    monkeypatch.setattr(official, "find_spec", lambda _: None)
    monkeypatch.delitem(sys.modules, "kubernetes", raising=False)
    with pytest.raises(ImportError, match="`kubernetes` is not installed"):
        official.import_parts("kubernetes.client.rest")
