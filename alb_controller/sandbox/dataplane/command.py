"""`alb-controller dataplane FILE`: one state served until standard input closes."""

from __future__ import annotations

import json
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from alb_controller.clock import SystemClock
from alb_controller.routing.state import ServedTarget, State
from alb_controller.sandbox.dataplane.certificates import Certificates
from alb_controller.sandbox.dataplane.compiler.documents import (
    Documents,
    Surroundings,
    compile_state,
)
from alb_controller.sandbox.dataplane.compiler.tls import Identities
from alb_controller.sandbox.dataplane.engine import Engine
from alb_controller.sandbox.dataplane.states import StatesServer
from alb_controller.sandbox.failures import BadInput, SandboxError
from alb_controller.state.document import read_text
from alb_controller.state.nodes import StateError

Json = dict[str, Any]
SOURCE_HEADER = "X-Test-Source"
"""Says in tests where a request comes from."""


def run(path: Path) -> int:
    """Serve the state of a file; the exit code."""
    try:
        with tempfile.TemporaryDirectory(prefix="alb-dataplane-") as folder:
            Service(_read(path), Path(folder)).run()
    except SandboxError as error:
        click.echo(f"alb-controller: {error}", err=True)
        return error.exit_code
    return 0


def _read(path: Path) -> State:
    try:
        return read_text(path.read_text(encoding="utf-8"))
    except (StateError, OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: {error}") from None


class Service:
    """One state, its engine, and the address at which target states change."""

    def __init__(self, state: State, folder: Path) -> None:
        self._state = state
        self._certificates = Certificates(folder, SystemClock())
        self._engine = Engine(folder)
        identities = Identities(
            state.certificates,
            self._certificates.server,
            self._bundle,
        )
        self._around = Surroundings(
            folder=str(folder),
            identities=identities,
            endpoints=lambda one: [endpoint_of(one)],
            addresses=("127.0.0.1", "::1") if _has_six() else ("127.0.0.1",),
            source_header=SOURCE_HEADER,
        )

    def _bundle(self, name: str) -> Path:
        return self._certificates.bundle(self._state.trust_stores[name])

    def run(self) -> None:
        """Serve, say where in one line, and go on until standard input closes."""
        documents = compile_state(self._state, self._around)
        try:
            self._engine.start(documents)
            with StatesServer(self._state, self._change) as states:
                click.echo(json.dumps(self._map(documents) | {"admin": states.url}))
                sys.stdin.buffer.read()
        finally:
            self._engine.stop()

    def _change(self, state: State) -> None:
        self._engine.apply(compile_state(state, self._around))

    def _map(self, documents: Documents) -> Json:
        found = self._engine.addresses()
        four: dict[str, str] = {}
        six: dict[str, str] = {}
        for name, place in documents.places.items():
            (six if ":" in place.address else four)[str(place.port)] = found[name]
        return {
            "listeners": four,
            "listeners6": six,
            "source_header": SOURCE_HEADER,
            "client_certificates": self._clients(),
        }

    def _clients(self) -> Mapping[str, Mapping[str, str]]:
        made = {}
        for name, wanted in self._state.client_certificates.items():
            files = self._certificates.client(wanted)
            made[name] = {"cert": str(files.certificate), "key": str(files.key)}
        return made


def endpoint_of(target: ServedTarget) -> str:
    """Where a target of a document listens: its endpoint, or its own address."""
    one = target.target
    own = f"[{one.id}]:{one.port}" if ":" in one.id else f"{one.id}:{one.port}"
    return target.endpoint or own


def _has_six() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
