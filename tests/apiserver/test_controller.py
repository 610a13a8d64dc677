"""The whole controller on a real API server: quiet, one leader, and back after a restart."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.apiserver import control_plane as plane
from tests.apiserver.cluster import Cluster
from tests.conformance.embedded import CRDS
from tests.conformance.harness import wipe
from tests.controller import test_quiet, test_shared_group
from tests.controller.manifests import ingress
from tests.controller.rig import Aws, Rig, seeded_account

LED = ("--enable-leader-election=true", "--leader-election-namespace=default")
LEASE = ("Lease", "default", "aws-load-balancer-controller-leader")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """An account that is seeded once."""
    with seeded_account(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture
def aws(seeded: Aws) -> Iterator[Aws]:
    """The account as it was seeded."""
    seeded.front.reset()
    yield seeded
    seeded.clear()


@pytest.fixture
def rig(kubeconfig: Path, control_plane: Cluster, aws: Aws, tmp_path: Path) -> Iterator[Rig]:
    """A cluster with nothing in it but the Service app."""
    wipe(control_plane)
    yield Rig(control_plane, kubeconfig, aws, tmp_path)
    wipe(control_plane)
    control_plane.delete(*LEASE)


def test_a_restart_writes_nothing(rig: Rig) -> None:
    """As on the embedded API: no AWS write, no Kubernetes write, no event."""
    test_quiet.test_a_restart_writes_nothing(rig)


def test_a_resync_writes_nothing(rig: Rig) -> None:
    """As on the embedded API."""
    test_quiet.test_a_resync_writes_nothing(rig)


def test_a_touched_label_writes_nothing(rig: Rig) -> None:
    """As on the embedded API, on each kind that is watched."""
    test_quiet.test_a_touched_label_writes_nothing(rig)


def test_twenty_groups_share_one_group(rig: Rig) -> None:
    """As on the embedded API."""
    check = test_shared_group.test_twenty_groups_share_one_group_that_goes_with_the_last
    check(rig, is_restarted=False)


def _holder(rig: Rig) -> str:
    lease = rig.cluster.get(*LEASE) or {}
    return str(lease.get("spec", {}).get("holderIdentity") or "")


def test_the_lease_is_handed_over_at_sigterm(rig: Rig) -> None:
    """While one leads, the other is ready and writes nothing; two seconds later it may lead."""
    with rig.running(*LED) as first:
        rig.until(lambda: _holder(rig))
        first.settle()
        with rig.running(*LED) as second:
            rig.apply(ingress("web", ["/a"]))
            first.settle()
            assert rig.aws.paths() == ["/a"]
            assert "working" not in second.log.read_text()
            leader = _holder(rig)
            first.process.send_signal(signal.SIGTERM)
            sent = time.monotonic()
            assert first.process.wait(5) == 0
            rig.until(lambda: _holder(rig) not in ("", leader))
            assert time.monotonic() - sent < 2.0
            mark = rig.mark()
            second.settle()
            assert rig.since(mark) == test_quiet.NOTHING
            rig.apply(ingress("web", ["/b"]))
            rig.until(lambda: rig.aws.paths() == ["/b"])


def test_a_killed_leader_is_followed_when_its_lease_has_run_out(rig: Rig) -> None:
    """Not before, as it might still write; then within the retry period."""
    with rig.running(*LED) as first:
        rig.until(lambda: _holder(rig))
        with rig.running(*LED) as second:
            leader = _holder(rig)
            first.process.kill()
            killed = time.monotonic()
            rig.apply(ingress("web", ["/a"]))
            rig.until(lambda: _holder(rig) != leader, seconds=25)
            took = time.monotonic() - killed
            assert 12 < took < 18
            rig.until(lambda: rig.aws.paths() == ["/a"])
            second.settle()


def test_a_leader_that_loses_the_lease_ends(rig: Rig) -> None:
    """With a code that is not 0, and without another write."""
    with rig.running(*LED) as controller:
        rig.until(lambda: _holder(rig))
        controller.settle()
        url = rig.cluster.path(*LEASE)
        rig.cluster.merge(url, {"spec": {"holderIdentity": "another"}}).raise_for_status()
        mark = rig.mark()
        assert controller.process.wait(12) != 0
        assert "lease_lost" in controller.log.read_text()
        assert rig.since(mark) == test_quiet.NOTHING


def test_an_api_server_that_restarts_is_found_again(aws: Aws, tmp_path: Path) -> None:
    """Its watches are opened again; nothing is written but what was asked for since."""
    binaries = plane.assets()
    client, peer, port = plane.free_ports(3)
    command = plane.apiserver_command(binaries, tmp_path, client, port)
    with ExitStack() as stack:
        etcd = plane.etcd_command(binaries, tmp_path, client, peer)
        stack.enter_context(plane.process(etcd, tmp_path))
        with plane.serving_api(command, tmp_path, port) as kubeconfig:
            cluster = Cluster(kubeconfig)
            cluster.install_crds(CRDS)
            rig = Rig(cluster, kubeconfig, aws, tmp_path)
            rig.apply(ingress("web", ["/a"]))
            controller = stack.enter_context(rig.running())
            controller.settle()
            mark = rig.mark()
        with plane.serving_api(command, tmp_path, port):
            rig.apply(ingress("web", ["/b"]))
            rig.until(lambda: rig.aws.paths() == ["/b"], seconds=40)
            controller.settle()
            assert [call.operation for call in rig.writes(mark)] == ["ModifyRule"]
