"""`alb-controller sandbox`: the offline world, from nothing to a shared load balancer, and on."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from alb_controller.sandbox.applying import apply_all, hosts_of
from alb_controller.sandbox.aws.account import CREDENTIALS, REGION, cover_hosts
from alb_controller.sandbox.convergence import problems, wait_for_controller, wait_until_at_rest
from alb_controller.sandbox.curls import samples
from alb_controller.sandbox.dataplane.wire import Served
from alb_controller.sandbox.failures import NotConverged, PartEnded, SandboxError
from alb_controller.sandbox.manifests import Manifest, read_crds, read_example, read_manifests
from alb_controller.sandbox.output import Output, choose_output
from alb_controller.sandbox.state import State
from alb_controller.sandbox.tree import grow, savings
from alb_controller.sandbox.world import Ports, World

_CHECK_SECONDS = 0.5
_CLASS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": "alb"},
    "spec": {"controller": "ingress.k8s.aws/alb"},
}
_CALLERS = ("AWS_", "KUBE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


_ANY = Ports()


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for on the command line."""

    files: tuple[Path, ...] = ()
    once: bool = False
    ports: Ports = _ANY
    timeout_seconds: float = 60.0


def run(options: Options) -> int:
    """Run the sandbox until it is interrupted, or once; the exit code."""
    forget_caller()
    output = choose_output(is_terminal=sys.stdout.isatty())
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        return _Sandbox(options, output, stop).run()
    except SandboxError as error:
        output.end()
        for line in error.log if isinstance(error, PartEnded) else ():
            click.echo(f"  {line}", err=True)
        click.echo(f"alb-controller: {error}", err=True)
        return error.exit_code


def forget_caller() -> None:
    """Drop every variable that could lead a client of this process elsewhere."""
    for name in list(os.environ):
        if name.upper().startswith(_CALLERS) or name.upper() in _PROXIES:
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


class _Sandbox:
    def __init__(self, options: Options, output: Output, stop: threading.Event) -> None:
        self._options, self._output, self._stop = options, output, stop

    def run(self) -> int:
        manifests = self._manifests()  # before anything is started: they may be wrong
        with tempfile.TemporaryDirectory(prefix="alb-controller-sandbox-") as folder:
            world = World(
                Path(folder),
                ports=self._options.ports,
                stop=self._stop,
            )
            try:
                return self._live(world, manifests)
            finally:
                world.stop()

    def _manifests(self) -> list[Manifest]:
        if self._options.files:
            return read_manifests(self._options.files)
        return read_example()

    def _live(self, world: World, manifests: Sequence[Manifest]) -> int:
        self._start(world, manifests)
        state = wait_until_at_rest(world, self._options.timeout_seconds, self._output.wait)
        self._show(world, state)
        if self._options.once:
            refused = problems(state)
            if refused:
                raise NotConverged("; ".join(refused))
            return 0
        self._output.lines(["Ctrl-C ends it all."])
        while not self._stop.wait(_CHECK_SECONDS):
            world.check()
        return 0

    def _start(self, world: World, manifests: Sequence[Manifest]) -> None:
        output = self._output
        output.wait("starting a Kubernetes API and an AWS on this machine")
        world.start()
        world.check()
        output.step(f"Kubernetes API at {world.kube.url}")
        output.step(f"AWS at {world.aws.url}, with a VPC of 3 zones and 3 nodes")
        if world.data_plane.absence:
            output.note(f"no load balancer answers here: {world.data_plane.absence}")
        apply_all(world.kube.api, [*read_crds(), Manifest("", _CLASS)], output.note)
        made = apply_all(world.kube.api, manifests, output.note)
        for domain in cover_hosts(world.account, hosts_of(made)):
            output.note(f"made a certificate for {domain} in the local AWS")
        output.step(f"applied {_counts(made) or 'nothing'}")
        output.wait("starting the controller")
        controller = world.start_controller()
        wait_for_controller(world, self._options.timeout_seconds)
        output.step(f"controller running as process {controller.pid}, log {controller.log}")

    def _show(self, world: World, state: State) -> None:
        output = self._output
        output.trees(grow(state))
        output.lines(savings(state) or ["No load balancer was made."])
        for texts in () if self._options.once else problems(state):
            output.note(texts)
        for name in state.left_alone:
            output.note(f"left Ingress {name} alone: its class is not of this controller")
        if world.data_plane.wire is not None:
            output.lines(_requests(world.data_plane.wire.served, asks=self._options.once))
        if not self._options.once:
            output.lines(_ways_on(world))


def _requests(served: Served, *, asks: bool) -> list[str]:
    """Commands that reach pods, with their answers where `asks`."""
    found = samples(served.state, served.places)
    if not found:
        return [f"No rule leads to a pod: nothing to ask. {served.problem}".strip()]
    lines = ["Ask the load balancers:"]
    for one in found:
        lines.append(f"  {one.command}")
        if asks:
            lines.append(f"    → {one.ask()}")
    if served.problem:
        lines.append(f"  not all is served: {served.problem}")
    return lines


def _ways_on(world: World) -> list[str]:
    names = world.data_plane.names
    aws = {
        "AWS_ENDPOINT_URL": world.aws.url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        **CREDENTIALS,
    }
    return [
        "Go on in another shell with kubectl and the AWS CLI:",
        f"  export KUBECONFIG={world.kubeconfig}",
        f"  export {' '.join(f'{name}={value}' for name, value in aws.items())}",
        *([f"Where each load balancer listens: {names.url}"] if names else []),
    ]


def _counts(manifests: Sequence[Manifest]) -> str:
    counts: dict[str, int] = {}
    for manifest in manifests:
        kind = manifest.body["kind"]
        counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())
