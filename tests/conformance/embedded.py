"""An embedded Kubernetes API for tests, with our CRDs and a kubeconfig that `Cluster` reads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import yaml

from alb_controller.sandbox.kubeapi import ApiServer
from tests.apiserver.cluster import Cluster

CRDS = sorted(Path("charts/alb-controller/crds").glob("*.yaml"))


@contextlib.contextmanager
def embedded(folder: Path) -> Iterator[tuple[ApiServer, Path]]:
    """An embedded API, and a kubeconfig for it that `Cluster` reads too."""
    with ApiServer() as server:
        (folder / "ca.crt").write_bytes(server.ca_certificate)
        config = server.kubeconfig()
        cluster = {"server": server.url, "certificate-authority": "ca.crt"}
        config["clusters"] = [{"name": config["clusters"][0]["name"], "cluster": cluster}]
        path = folder / "kubeconfig"
        path.write_text(yaml.safe_dump(config))
        Cluster(path).install_crds(CRDS)
        yield server, path
