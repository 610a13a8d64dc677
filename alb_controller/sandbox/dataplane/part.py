"""The data plane as a part of the sandbox's world: what follows what, and what is published."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from alb_controller.sandbox.dataplane.cluster import PodFollower, behind_node_port
from alb_controller.sandbox.dataplane.engine import NoEngine
from alb_controller.sandbox.dataplane.names import NamesServer
from alb_controller.sandbox.dataplane.wire import Wire
from alb_controller.sandbox.kubeapi import ApiServer

Json = dict[str, Any]


class DataPlane:
    """The wire, the pods behind it, and the map of names."""

    def __init__(self, folder: Path, kube: ApiServer, read: Callable[[], Json]) -> None:
        self._kube, self._folder, self._read = kube, folder / "data-plane", read
        self.wire: Wire | None = None
        self.names: NamesServer | None = None
        self.absence = ""
        """Why nothing is served, once it was started."""

    def start(self, names_port: int) -> None:
        """Serve and follow, if Envoy is there. Raises OSError if the port is taken."""
        try:
            wire = Wire(self._folder, self._read, self._behind_node_port)
        except NoEngine as error:
            self.absence = f"{error}"
            return
        self.wire, self.names = wire, NamesServer(wire.places, names_port)
        PodFollower(self._kube, wire.pods, wire.note)
        wire.start()
        self.names.start()

    def stop(self) -> None:
        """End it all."""
        for part in (self.names, self.wire):
            if part is not None:
                part.stop()

    def note(self) -> None:
        """Something may have changed in AWS."""
        if self.wire is not None:
            self.wire.note()

    def check(self) -> None:
        """Raises SandboxError if it has ended by itself."""
        if self.wire is not None:
            self.wire.check()

    def is_current(self) -> bool:
        """Whether what AWS has is what is served."""
        return self.wire is None or self.wire.is_current()

    def _behind_node_port(self, port: int) -> Sequence[str]:
        if self.wire is None:
            return ()
        return behind_node_port(self._kube, self.wire.pods, port)
