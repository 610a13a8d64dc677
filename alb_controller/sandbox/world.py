"""The offline world: an embedded Kubernetes API and its life, a local AWS, and the controller."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alb_controller.sandbox.aws import Account, AwsServer, Call
from alb_controller.sandbox.aws.moto_patches import TIMES
from alb_controller.sandbox.controller import ControllerProcess, Surroundings
from alb_controller.sandbox.dataplane.part import DataPlane
from alb_controller.sandbox.failures import BadInput, Interrupted, PartEnded
from alb_controller.sandbox.kubeapi import ApiServer
from alb_controller.sandbox.nodes import add_nodes, pod_addresses
from alb_controller.sandbox.simulated_controllers import Pace, SimulatedControllers

_INITIAL_SECONDS = 0.5
_DRAINING_SECONDS = 3.0
"""Long enough to be seen, short enough to wait for."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Fixed ports; 0 is any."""

    kube: int = 0
    aws: int = 0
    names: int = 0


class World:
    """Its parts are started by `start` and ended by `stop`, in the opposite order."""

    def __init__(
        self,
        folder: Path,
        *,
        ports: Ports | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        """`stop` is set when the user has had enough."""
        self._ports = ports or Ports()
        self.kube = ApiServer(port=self._ports.kube)
        self.aws = AwsServer(port=self._ports.aws, observe=self._note_call)
        self.controllers = SimulatedControllers(self.kube, pod_addresses(), Pace())
        self.controller: ControllerProcess | None = None
        self._folder, self._stop = folder, stop or threading.Event()
        self.data_plane = DataPlane(folder, self.kube, self.aws.read_document)
        self._parts = contextlib.ExitStack()
        self._account: Account | None = None

    @property
    def kubeconfig(self) -> Path:
        """The file that leads to the Kubernetes API."""
        return self._folder / "kubeconfig"

    @property
    def account(self) -> Account:
        """Clients of the local AWS; there once the world was started."""
        if self._account is None:
            raise PartEnded("the local AWS has not started")
        return self._account

    def start(self) -> None:
        """Start both sides. Raises BadInput for a port that is taken."""
        _listen(self.kube.start, "--kube-port", self._ports.kube)
        self._parts.callback(self.kube.stop)
        _listen(self.aws.start, "--aws-port", self._ports.aws)
        self._parts.callback(self.aws.stop)
        self.aws.reset()
        TIMES.initial_seconds, TIMES.draining_seconds = _INITIAL_SECONDS, _DRAINING_SECONDS
        self._account = Account(self.aws.url)
        self._account.build()
        self.kube.write_kubeconfig(self.kubeconfig)
        add_nodes(self.kube.api, self._account.ids)
        self._parts.callback(self.data_plane.stop)
        _listen(lambda: self.data_plane.start(self._ports.names), "--names-port", self._ports.names)
        self.controllers.start()
        self._parts.callback(self.controllers.stop)

    def _note_call(self, call: Call) -> None:
        if call.is_write:
            self.data_plane.note()

    def start_controller(self) -> ControllerProcess:
        """Start the controller between the two sides."""
        surroundings = Surroundings(
            self.kubeconfig, self.aws.url, self.account.ids["vpc"], self._folder
        )
        self.controller = ControllerProcess(surroundings)
        self._parts.callback(self.controller.stop)
        return self.controller

    def check(self) -> None:
        """Raises PartEnded, naming it, if a part ended by itself, and Interrupted."""
        if self._stop.is_set():
            raise Interrupted("interrupted")
        if self.controllers.failure is not None:
            why = f"{type(self.controllers.failure).__name__}: {self.controllers.failure}"
            raise PartEnded(f"the cluster's life ended: {why}")
        for name, part in (("Kubernetes API", self.kube), ("local AWS", self.aws)):
            if not part.is_serving:
                raise PartEnded(f"the {name} ended")
        if self.controller is not None:
            self.controller.check()
        self.data_plane.check()

    def stop(self) -> None:
        """End everything that was started."""
        self._parts.close()


def _listen(start: Callable[[], object], flag: str, port: int) -> None:
    try:
        start()
    except OSError as error:
        raise BadInput(f"{flag}={port}: {_reason(error)}") from None
    except OverflowError:
        raise BadInput(f"{flag}={port}: a port lies between 0 and 65535") from None


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
