"""The image as the Dockerfile makes it, run as the chart runs it: no builder, no runtime needed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from alb_controller.sandbox.controller import environment_of
from tests.apiserver import helm, test_chart
from tests.apiserver.cluster import Cluster
from tests.apiserver.conftest import go_without
from tests.apiserver.control_plane import Unavailable, free_ports
from tests.apiserver.image.container import Container, ways
from tests.apiserver.image.dockerfile import Image, make
from tests.conformance.aws_account import CLUSTER, REGION
from tests.conformance.embedded import embedded
from tests.controller.manifests import ingress
from tests.controller.rig import Aws, Rig
from tests.waiting import until

READY_SECONDS = 4.0
"""To serve, with files in the page cache: the budget of ADR 21."""
STARTS = 12
"""Until one is in time: the first fills the page cache, others may share the processors."""
WRITE = """\
import os, sys
for path in sys.argv[1:]:
    for attempt in (lambda: open(path + "/file", "w"), lambda: os.mkdir(path + "/folder")):
        try:
            attempt()
        except OSError as error:
            print(error.strerror)
"""
UNCOMPILED = """\
import os, sys, alb_controller.app, alb_controller.webhooks.serving
specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
missing = {s.name for s in specs if s and s.cached and not os.path.exists(s.cached)}
print(sorted(missing - {"sitecustomize"}))  # of the second way to run it
"""
INSTALLED = """\
from importlib.metadata import distributions
for found in distributions(): print(found.name, found.version)
"""

pytestmark = pytest.mark.usefixtures("helm_program")
patient = pytest.mark.timeout(600, func_only=True)  # instead of the folder's


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One that the image's user may read; pytest's own are for root alone."""
    with tempfile.TemporaryDirectory(prefix="alb-controller-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="module")
def image(folder: Path) -> Image:
    """Made once."""
    try:
        return make(folder)
    except Unavailable as error:
        go_without("image", error)


@pytest.fixture(scope="module")
def container(image: Image) -> Container:
    """The way that proves most on this machine."""
    return ways(image)[0]


@pytest.fixture
def rig(folder: Path, aws: Aws) -> Iterator[Rig]:
    """An embedded API whose kubeconfig the image's user may read."""
    with embedded(folder) as (_, kubeconfig):
        yield Rig(Cluster(kubeconfig), kubeconfig, aws, folder)


def arguments(rig: Rig, health: int) -> list[str]:
    """What the chart passes; what a pod would know by itself, and the ports, are given."""
    metrics, webhooks = free_ports(2)
    given = [
        f"--kubeconfig={rig.kubeconfig}",
        "--leader-election-namespace=default",
        "--webhook-cert-secret=default/aws-load-balancer-tls",
        f"--health-probe-bind-addr=127.0.0.1:{health}",
    ]
    sets = {
        "clusterName": CLUSTER,
        "region": REGION,
        "vpcId": rig.aws.ids["vpc"],
        "metricsBindAddr": f"127.0.0.1:{metrics}",
        "webhookBindPort": str(webhooks),
        "extraArgs": "{" + ",".join(given) + "}",
    }
    made = helm.render(sets=[f"{name}={value}" for name, value in sets.items()])
    return list(test_chart.container(made)["args"])


def surroundings(rig: Rig) -> dict[str, str]:
    """The account, and no home."""
    made = environment_of(rig.aws.front.url, Path())
    del made["HOME"]
    return made


def is_ready(port: int) -> bool:
    """Whether /readyz says so."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=2).ok
    except requests.RequestException:
        return False


def await_logged(holds: Callable[[], object], log: Path) -> None:
    """Wait for a state; the controller's own words where it does not come."""
    try:
        until(holds, seconds=60)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{log.read_text()[-3000:]}") from None


@patient
def test_a_write_is_refused(image: Image, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In each way to run it, where anybody may write: or the next tests would mean nothing."""
    free = folder / "free"
    free.mkdir()
    free.chmod(0o777)
    for way in ways(image):
        ran = way.run("python", "-c", WRITE, str(free), "/tmp", "/dev/shm")
        assert ran.stdout.splitlines() == ["Read-only file system"] * 6, ran
    assert not list(free.iterdir())
    outside = [sys.executable, "-c", WRITE, str(free)]
    assert not subprocess.check_output(outside)
    assert len(list(free.iterdir())) == 2
    with capsys.disabled():
        if reason := ways(image)[0].why_not_apart:
            print(f"\nno read-only root for the image: {reason}; its Python code refuses to write")


@patient
def test_it_is_confined_as_the_chart_says(container: Container) -> None:
    """The image's user by number, no group of the caller's, no capability, one process."""
    ran = container.run("cat", "/proc/self/status")
    status = dict(line.split(":\t", 1) for line in ran.stdout.splitlines())
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    if os.geteuid() == 0:
        assert status["Uid"] == status["Gid"] == "\t".join(["65532"] * 4)
        assert not status["Groups"].strip()
    if not container.why_not_apart:
        assert int(status["CapBnd"], 16) == 0
        assert (status["NoNewPrivs"], status["Pid"]) == ("1", "1")


@patient
def test_it_needs_no_home(container: Container) -> None:
    """Its own arguments without a cluster and a home end with one line, no traceback."""
    asked = (*container.image.entrypoint, *container.image.command)
    ran = container.run(*asked, "--cluster-name=c", "--aws-region=us-west-2")
    assert ran.returncode == 1
    assert "no Kubernetes API to connect to" in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr


@patient
def test_what_is_locked_is_installed(container: Container) -> None:
    """Nothing else but the controller, in no other version, and nothing is missing."""
    lines = Path("requirements.txt").read_text().splitlines()
    locked = {line.removesuffix(" \\") for line in lines if "==" in line}
    marked = {line.partition(" ;")[0] for line in locked if ";" in line}
    installed = set()
    for line in container.run("python", "-c", INSTALLED).stdout.splitlines():
        name, version = line.split()
        installed.add(f"{re.sub('[-_.]+', '-', name).lower()}=={version}")
    expected = {line.partition(" ;")[0] for line in locked} | {
        f"alb-controller=={test_chart.chart_version()}"
    }
    assert installed <= expected
    assert expected - installed <= marked
    prefix = container.image.place("/opt/alb-controller")
    subprocess.run([sys.executable, "-m", "pip", "--python", prefix, "check"], check=True)


@patient
def test_nothing_is_left_to_compile(container: Container) -> None:
    """Each module that a start imports is compiled, those of Python's own library too."""
    assert container.run("python", "-c", UNCOMPILED).stdout.strip() == "[]"


@patient
def test_it_is_ready_in_time_and_ends_cleanly(container: Container, rig: Rig, folder: Path) -> None:
    """With the chart's arguments and the page cache warm within 4 s; SIGTERM ends it with 0."""
    (health,) = free_ports(1)
    texts, log = arguments(rig, health), folder / "log"
    took = float("inf")
    for start in range(STARTS):
        began = time.monotonic()
        with container.running(texts, surroundings(rig), log) as process:
            await_logged(lambda: is_ready(health), log)
            took = time.monotonic() - began
            assert process.end() == 0, log.read_text()
        if start and took < READY_SECONDS:
            break
    print(f"ready after {took:.2f} s")
    assert took < READY_SECONDS


@patient
def test_it_serves_an_ingress(container: Container, rig: Rig, folder: Path) -> None:
    """The whole way to a load balancer and back, with what the image holds and no file written."""
    (health,) = free_ports(1)
    log = folder / "log"
    rig.apply(ingress("web", ["/a"]))
    with container.running(arguments(rig, health), surroundings(rig), log) as process:
        await_logged(rig.hostname, log)
        assert rig.aws.paths() == ["/a"]
        assert rig.aws.targets()
        assert process.end() == 0
    assert "Traceback" not in log.read_text()
