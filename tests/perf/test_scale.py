"""10,000 pods in 200 target groups: what the controller's process needs for them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alb_controller.sandbox.kubeapi import ApiServer
from alb_controller.sandbox.kubeapi.store import object_key
from tests.conformance import controller
from tests.conformance.aws_account import Account
from tests.conformance.controller import Controller
from tests.conformance.embedded import embedded
from tests.conformance.harness import Moto, moto_server
from tests.perf import large_cluster
from tests.perf.large_cluster import Cluster
from tests.perf.process import peak_mib, rss_mib

pytestmark = [pytest.mark.perf, pytest.mark.timeout(300)]
BUDGET_MIB = 90
EVENTS = 40


class Site(msgspec.Struct, frozen=True):
    """An embedded API and a local AWS that hold a large cluster, and a controller's place."""

    cluster: Cluster
    server: ApiServer
    kubeconfig: Path
    moto: Moto
    account: Account
    folder: Path

    @contextlib.contextmanager
    def running(self) -> Iterator[Controller]:
        """A controller that has done all there was to do."""
        log, vpc = self.folder / "controller.log", self.account.ids["vpc"]
        with controller.running(self.kubeconfig, self.moto.url, vpc, log) as process:
            process.settle()
            yield process

    def fill(self) -> None:
        """Put the cluster into both sides."""
        self.account.seed()
        arns = [self._target_group(group) for group in range(self.cluster.groups)]
        self._attach(arns)
        for number in range(self.cluster.nodes):
            self.put(large_cluster.node(number, self._instance(number)))
        for body in large_cluster.objects(self.cluster, arns):
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


@contextlib.contextmanager
def site(folder: Path, groups: int) -> Iterator[Site]:
    """A site with so many groups of 50 pods; one without any is idle."""
    folder.mkdir()
    with embedded(folder) as (server, kubeconfig), moto_server(folder) as moto:
        made = Site(Cluster(groups), server, kubeconfig, moto, Account(moto.url), folder)
        made.fill()
        yield made


def test_memory(tmp_path: Path, figures: list[str]) -> None:
    """At most 90 MiB more than a process that has nothing to do."""
    with site(tmp_path / "idle", 0) as idle, idle.running() as process:
        before = rss_mib(process.process.pid)
    with site(tmp_path / "full", 200) as full, full.running() as process:
        pid = process.process.pid
        after, peak = rss_mib(pid), peak_mib(pid)
    figures.append(
        f"resident memory: {before:.0f} MiB idle, {after:.0f} MiB with 10,000 pods in 200 target "
        f"groups ({after - before:.0f} more; {peak - before:.0f} more at most)"
    )
    assert after - before <= BUDGET_MIB
