"""The sandbox's data plane: follows what the local AWS has, with demo pods behind it.

One thread reads AWS and the pods whenever either has changed, compiles both, and gives Envoy what
is new. What Envoy refuses leaves what it serves as it is; `served.problem` says why then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from alb_controller.clock import SystemClock
from alb_controller.routing.state import Certificate, ServedTarget, State, TrustStore
from alb_controller.sandbox.dataplane.certificates import Certificates
from alb_controller.sandbox.dataplane.compiler.documents import (
    Documents,
    Surroundings,
    compile_state,
)
from alb_controller.sandbox.dataplane.compiler.tls import Files, Identities
from alb_controller.sandbox.dataplane.engine import Engine
from alb_controller.sandbox.dataplane.pods import DemoPods
from alb_controller.sandbox.failures import SandboxError
from alb_controller.state.document import read_document
from alb_controller.state.nodes import StateError

Json = dict[str, Any]
_LOOK_SECONDS = 0.1
"""Targets pass from state to state by themselves, unseen until somebody looks."""


@dataclass(frozen=True, slots=True)
class Served:
    """What is served: of which state, where, and why not what came after it."""

    state: State
    places: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    problem: str = ""
    view: object = None


class Wire:
    """Envoy between its clients and the demo pods."""

    def __init__(
        self, folder: Path, read: Callable[[], Json], node_ports: Callable[[int], Sequence[str]]
    ) -> None:
        """`read` gives what AWS has; `node_ports` the addresses of the pods behind a node's port.

        Raises NoEngine.
        """
        folder.mkdir(exist_ok=True)
        self.pods = DemoPods()
        self.served = Served(read_document({"version": 1, "load_balancers": []}))
        self._engine, self._folder = Engine(folder), folder
        self._certificates = Certificates(folder, SystemClock())
        self._read, self._node_ports = read, node_ports
        self._changed, self._is_over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._follow, name="data-plane", daemon=True)

    # ---- its life

    def start(self) -> None:
        """Serve nothing yet, and follow. Raises SandboxError."""
        self.pods.start()
        self._engine.start(Documents())
        self._thread.start()

    def stop(self) -> None:
        """End Envoy and the pods."""
        self._is_over.set()
        self._changed.set()
        if self._thread.ident is not None:
            self._thread.join(30)
        self._engine.stop()
        self.pods.stop()

    def check(self) -> None:
        """Raises SandboxError if Envoy has ended."""
        self._engine.check()

    def note(self) -> None:
        """Something may have changed."""
        self._changed.set()

    def is_current(self) -> bool:
        """Whether what AWS has now is what is served, or was refused."""
        return self.served.view == self._view(self._read())

    # ---- what is served

    def places(self) -> Mapping[str, Mapping[str, str]]:
        """Where each listener is served: DNS name, in lower case, to port to address."""
        return self.served.places

    def _follow(self) -> None:
        while not self._is_over.is_set():
            self._changed.wait(_LOOK_SECONDS)
            self._changed.clear()
            document = self._read()
            view = self._view(document)
            if view != self.served.view and not self._is_over.is_set():
                self._serve(document)
                self.served = replace(self.served, view=view)

    def _view(self, document: Json) -> object:
        return document, self.pods.running()

    def _serve(self, document: Json) -> None:
        try:
            state, known = read_document(document), None
            while known != self.served.places:  # where one is served is a target of others
                known = self.served.places
                documents = compile_state(state, self._surroundings(state))
                self._engine.apply(documents)
                self.served = Served(state, self._found(state, documents))
        except (SandboxError, StateError) as error:
            self.served = replace(self.served, problem=f"{error}")

    def _found(self, state: State, documents: Documents) -> dict[str, dict[str, str]]:
        names = {one.identity: one.dns_name for one in state.observed.load_balancers}
        addresses = self._engine.addresses()
        found: dict[str, dict[str, str]] = {}
        for name, place in documents.places.items():
            ports = found.setdefault(names[place.balancer].lower(), {})
            ports[str(place.port)] = addresses[name]
        return found

    def _surroundings(self, state: State) -> Surroundings:
        def authorities(store: str) -> Path:
            return self._certificates.bundle(
                state.trust_stores.get(store, TrustStore(name=store, authorities=(store,)))
            )

        identities = Identities(state.certificates, self._server, authorities)
        return Surroundings(
            folder=str(self._folder),
            identities=identities,
            endpoints=lambda target: self._endpoints(target, state),
            takes_2=False,
        )

    def _server(self, certificate: Certificate) -> Files:
        return self._certificates.server(certificate)

    def _endpoints(self, target: ServedTarget, state: State) -> Sequence[str]:
        """A pod's port, the pods behind a node's port, or the listener of a load balancer."""
        one = target.target
        if one.id.startswith("i-"):
            return self._node_ports(one.port)
        if one.id.startswith("arn:"):
            names = {b.identity: b.dns_name.lower() for b in state.observed.load_balancers}
            found = self.served.places.get(names.get(one.id, ""), {}).get(str(one.port))
            return [found] if found else []
        return [self.pods.endpoint((one.id, one.port))]
