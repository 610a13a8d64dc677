"""The whole controller on a real API server: quiet, and back after a restart."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tests.apiserver import control_plane as plane
from tests.apiserver.cluster import Cluster
from tests.conformance.embedded import CRDS
from tests.controller import test_quiet, test_shared_group
from tests.controller.manifests import ingress
from tests.controller.rig import Aws, Rig


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
            rig.until(lambda: rig.aws.paths() == ["/b"])
            controller.settle()
            assert [call.operation for call in rig.writes(mark)] == ["ModifyRule"]
