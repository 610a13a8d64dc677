"""10,000 pods in 200 target groups: what the controller's process needs for them."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alb_controller.sandbox.controller import ControllerProcess, Surroundings
from alb_controller.sandbox.kubeapi import ApiServer, DeleteOptions
from alb_controller.sandbox.kubeapi.api import MERGE_PATCH
from alb_controller.sandbox.kubeapi.store import object_key
from tests.conformance.aws_account import Account
from tests.conformance.embedded import embedded
from tests.conformance.harness import Moto, moto_server
from tests.controller.aws_front import READS
from tests.perf import large_cluster
from tests.perf.large_cluster import Cluster, Place
from tests.perf.process import cpu_seconds, peak_mib, rss_mib
from tests.waiting import until

pytestmark = [pytest.mark.perf, pytest.mark.timeout(300)]
BUDGET_MIB = 90
EVENTS = 30


class Site(msgspec.Struct, frozen=True):
    """An embedded API and a local AWS that hold a large cluster, and a controller's place."""

    cluster: Cluster
    server: ApiServer
    kubeconfig: Path
    moto: Moto
    account: Account
    folder: Path

    @contextlib.contextmanager
    def running(self) -> Iterator[ControllerProcess]:
        """The command itself, once it has done all there was to do."""
        vpc = self.account.ids["vpc"]
        process = ControllerProcess(Surroundings(self.kubeconfig, self.moto.url, vpc, self.folder))
        try:
            settle(process)
            yield process
        finally:
            process.stop()

    def fill(self) -> None:
        """Put the cluster into both sides."""
        self.account.seed()
        arns = [self._target_group(group) for group in range(self.cluster.groups)]
        self._attach(arns)
        for number in range(self.cluster.nodes):
            self.put(large_cluster.node(number, self._instance(number)))
        for body in large_cluster.objects(self.cluster, arns, self.account.ids["edge-sg"]):
            self.put(body)

    def put(self, body: dict[str, Any]) -> None:
        """Create an object; Pods pass the API's checks by, which would take a minute for all."""
        kind = self.server.registry.named(body["kind"], body["apiVersion"])
        meta = body["metadata"]
        if body["kind"] == "Pod":
            key = object_key(meta["namespace"], meta["name"])
            self.server.store.write(kind.resource, key, body)
        else:
            self.server.api.create(kind, body, meta.get("namespace"))

    def _target_group(self, group: int) -> str:
        made = self.account.elbv2.create_target_group(
            Name=f"app-{group}",
            Protocol="HTTP",
            Port=80,
            VpcId=self.account.ids["vpc"],
            TargetType="ip",
        )
        arn = str(made["TargetGroups"][0]["TargetGroupArn"])
        targets = large_cluster.places(self.cluster, group)
        self.account.elbv2.register_targets(
            TargetGroupArn=arn, Targets=[{"Id": place.address, "Port": 8080} for place in targets]
        )
        return arn

    def _attach(self, arns: list[str]) -> None:
        """Have a load balancer use the groups, five by five, so that targets are healthy."""
        elbv2, ids = self.account.elbv2, self.account.ids
        balancer = elbv2.create_load_balancer(
            Name="large", Subnets=[ids["private-a"], ids["private-b"]], Type="application"
        )["LoadBalancers"][0]["LoadBalancerArn"]
        nothing = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        listener = elbv2.create_listener(
            LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[nothing]
        )["Listeners"][0]["ListenerArn"]
        for start in range(0, len(arns), 5):
            groups = [{"TargetGroupArn": arn, "Weight": 1} for arn in arns[start : start + 5]]
            path = {"Field": "path-pattern", "PathPatternConfig": {"Values": [f"/{start}"]}}
            elbv2.create_rule(
                ListenerArn=listener,
                Priority=start + 1,
                Conditions=[path],
                Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
            )

    def _instance(self, number: int) -> str:
        """With an interface that has all addresses of the node's pods."""
        ec2, ids = self.account.ec2, self.account.ids
        pods = [large_cluster.address(number, n + 1) for n in range(large_cluster.PODS_A_NODE)]
        zone = "abc"[number // 32]
        card = ec2.create_network_interface(
            SubnetId=ids[f"private-{zone}"],
            Groups=[ids["nodes-sg"]],
            PrivateIpAddress=large_cluster.address(number),
        )["NetworkInterface"]["NetworkInterfaceId"]
        ec2.assign_private_ip_addresses(NetworkInterfaceId=card, PrivateIpAddresses=pods)
        made = ec2.run_instances(
            ImageId="ami-12c6146b",
            MinCount=1,
            MaxCount=1,
            InstanceType="m5.large",
            NetworkInterfaces=[{"NetworkInterfaceId": card, "DeviceIndex": 0}],
        )
        return str(made["Instances"][0]["InstanceId"])

    def a_group(self) -> dict[int, Place]:
        """The pods of a group in the middle."""
        return dict(enumerate(large_cluster.places(self.cluster, self.cluster.groups // 2)))

    def replace_pods(self, places: dict[int, Place], numbers: Iterable[int]) -> None:
        """Pods of a group go one by one; others have their places and new names."""
        for number in numbers:
            gone, seen = places.pop(number), len(self.moto.calls())
            self._list_pods(gone, list(places.values()))
            target = self.server.api.target("Pod", gone.name, gone.namespace)
            self.server.api.delete(target, DeleteOptions(0))
            self._await_call("DeregisterTargets", seen)
            places[number] = Place(gone.group, number + 1000, gone.index)
            self.put(large_cluster.pod(places[number]))
            self._list_pods(gone, list(places.values()))
            self._await_call("RegisterTargets", seen)

    def _await_call(self, operation: str, since: int) -> None:
        until(lambda: operation in self.moto.calls(since))

    def _list_pods(self, place: Place, found: list[Place]) -> None:
        target = self.server.api.target("EndpointSlice", f"app-{place.group}-x", place.namespace)
        endpoints = large_cluster.endpoint_slice(found)["endpoints"]
        self.server.api.patch(target, MERGE_PATCH, {"endpoints": endpoints})


def settle(process: ControllerProcess) -> None:
    """Wait until it has nothing to do."""
    until(process.is_idle, seconds=120)


@contextlib.contextmanager
def site(folder: Path, groups: int) -> Iterator[Site]:
    """A site with so many groups of 50 pods; one without any is idle."""
    folder.mkdir()
    with embedded(folder) as (server, kubeconfig), moto_server(folder) as moto:
        made = Site(Cluster(groups), server, kubeconfig, moto, Account(moto.url), folder)
        made.fill()
        yield made


class Use(msgspec.Struct, frozen=True):
    """What a controller uses that has caught up, and what an event costs then."""

    mib: float
    peak_mib: float
    milliseconds: float = 0.0
    """CPU for an event."""


def measure(folder: Path, groups: int) -> Use:
    """A process over so many groups of 50 pods; EVENTS pods are replaced one by one."""
    with site(folder, groups) as made, made.running() as process:
        pid = process.pid
        if not groups:
            return Use(rss_mib(pid), peak_mib(pid))
        places = made.a_group()
        made.replace_pods(places, [EVENTS])
        settle(process)
        before, seen = cpu_seconds(pid), len(made.moto.calls())
        made.replace_pods(places, range(EVENTS))
        settle(process)
        spent = (cpu_seconds(pid) - before) / EVENTS * 1e3
        writes = Counter(name for name in made.moto.calls(seen) if not name.startswith(READS))
        assert writes == {"DeregisterTargets": EVENTS, "RegisterTargets": EVENTS}
        return Use(rss_mib(pid), peak_mib(pid), spent)


def test_a_large_cluster(tmp_path: Path, figures: list[str]) -> None:
    """At most 90 MiB more than an idle process, and an event costs what it costs in a small one."""
    idle, small, large = (measure(tmp_path / f"{n}", n) for n in (0, 20, 200))
    figures.append(
        f"resident memory: {idle.mib:.0f} MiB idle, {large.mib:.0f} MiB with 10,000 pods in 200 "
        f"target groups ({large.mib - idle.mib:.0f} more; {large.peak_mib - idle.mib:.0f} at most)"
    )
    figures.append(
        f"CPU of the process for a replaced pod: {small.milliseconds:.1f} ms among 1,000 pods, "
        f"{large.milliseconds:.1f} ms among 10,000"
    )
    assert large.mib - idle.mib <= BUDGET_MIB
    assert large.milliseconds <= small.milliseconds * 1.25
