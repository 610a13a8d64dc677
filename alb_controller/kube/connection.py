"""Where the Kubernetes API is and who we are there: kubeconfig or the pod's service account."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import structlog
import urllib3
import yaml

from alb_controller.errors import ControllerError, Unreachable
from alb_controller.kube.official import import_parts

HOME_KUBECONFIG = "~/.kube/config"
CONNECTIONS = 32
"""Kept open at most: one per watch and per worker, and some for events and the Lease."""

_log = structlog.get_logger(__name__)


class Connection:
    """A pool of connections to one API server, and the credentials of the moment."""

    def __init__(self, configuration: Any, pool: urllib3.PoolManager) -> None:
        self.pool = pool
        self._configuration = configuration
        self._lock = threading.Lock()

    @property
    def base_url(self) -> str:
        return str(self._configuration.host).rstrip("/")

    def authorization(self) -> str:
        """The Authorization header; empty without a token. Rereads or renews an expired token.

        Raises Unreachable when that fails.
        """
        try:
            with self._lock:
                auth = self._configuration.auth_settings().get("BearerToken") or {}
        except Exception as error:
            # exec plugins, token files and OIDC providers fail in ways of their own
            raise Unreachable(0, "no credentials", type(error).__name__) from error
        return (auth.get("value") or "").strip()


def load(kubeconfig: str | None, *, connections: int = CONNECTIONS) -> Connection:
    """Connect as the flag says, else $KUBECONFIG, else the pod's account, else ~/.kube/config.

    That is controller-runtime's order. Nothing is sent yet.
    Raises ControllerError, naming the source, for a configuration that cannot be used.
    """
    path = kubeconfig or os.environ.get("KUBECONFIG")
    if path:
        return _from_kubeconfig(path, connections)
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        return _from_service_account(connections)
    if _exists(HOME_KUBECONFIG):
        return _from_kubeconfig(HOME_KUBECONFIG, connections)
    raise ControllerError(
        "no Kubernetes API to connect to: give --kubeconfig or $KUBECONFIG, run in a pod, "
        f"or put a configuration into {HOME_KUBECONFIG}"
    )


def _exists(file: str) -> bool:
    """Whether there is one; with `~` and no home, as in the image, there is none."""
    try:
        return Path(file).expanduser().exists()
    except RuntimeError:
        return False


def _from_kubeconfig(path: str, connections: int) -> Connection:
    files = [part for part in path.split(os.pathsep) if part]
    if not any(map(_exists, files)):
        raise ControllerError(f"kubeconfig {path}: no such file")
    configurations, loader, rest = import_parts(
        "kubernetes.client.configuration", "kubernetes.config.kube_config", "kubernetes.client.rest"
    )
    configuration = configurations.Configuration()
    try:
        loader.load_kube_config(path, client_configuration=configuration)
        return _connect(configuration, rest, connections)
    except Exception as error:
        # the loader raises whatever the file's shape makes its code raise
        raise ControllerError(f"kubeconfig {path}: {_explain(error)}") from error


def _from_service_account(connections: int) -> Connection:
    configurations, loader, rest = import_parts(
        "kubernetes.client.configuration",
        "kubernetes.config.incluster_config",
        "kubernetes.client.rest",
    )
    configuration = configurations.Configuration()
    try:
        loader.load_incluster_config(configuration)
        return _connect(configuration, rest, connections)
    except Exception as error:
        raise ControllerError(f"the pod's service account: {_explain(error)}") from error


def _connect(configuration: Any, rest: Any, connections: int) -> Connection:
    configuration.retries = False  # ours to decide: urllib3's three multiply every timeout
    configuration.connection_pool_maxsize = connections
    if not configuration.verify_ssl:
        _log.warning("tls_not_verified", server=configuration.host)
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    has_credentials = bool(configuration.api_key) or configuration.cert_file is not None
    if not has_credentials and configuration.host.startswith("https:"):
        # also where an exec plugin failed: the loader logs why, and goes on
        _log.warning("no_credentials", server=configuration.host)
    return Connection(configuration, rest.RESTClientObject(configuration).pool_manager)


def _explain(error: Exception) -> str:
    """What is wrong, without the file's content: it holds credentials."""
    if isinstance(error, yaml.MarkedYAMLError):
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        return f"not YAML: {error.problem} in line {line}"
    if isinstance(error, OSError) or type(error).__name__ == "ConfigException":
        return str(error)
    return f"not a valid configuration ({type(error).__name__})"
