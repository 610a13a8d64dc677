"""The whole controller as a process, between a Kubernetes API and moto over HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from tests.apiserver.cluster import PLURALS, Cluster
from tests.conformance import controller
from tests.conformance.aws_account import Account, Ids
from tests.conformance.controller import Controller
from tests.conformance.harness import add_nodes, moto_server
from tests.controller import manifests
from tests.controller.aws_front import AwsFront, Call
from tests.waiting import until

Object = dict[str, Any]
Versions = dict[tuple[str, str, str], str]
UNCOUNTED = ("Lease", "CustomResourceDefinition")


class Aws(msgspec.Struct, frozen=True):
    """A seeded account: its clients, which pass the front by, and the ids of what is in it."""

    account: Account
    front: AwsFront
    ids: Ids

    def clear(self) -> None:
        """Remove what controllers have made; the seed stays."""
        self.front.reset()
        elbv2, ec2 = self.account.elbv2, self.account.ec2
        for balancer in self.load_balancers():
            arn = balancer["LoadBalancerArn"]
            off = {"Key": "deletion_protection.enabled", "Value": "false"}
            elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[off])
            elbv2.delete_load_balancer(LoadBalancerArn=arn)
        for group in self.target_groups():
            elbv2.delete_target_group(TargetGroupArn=group["TargetGroupArn"])
        groups = self.security_groups()
        for group in groups.values():
            if group["IpPermissions"]:
                ec2.revoke_security_group_ingress(
                    GroupId=group["GroupId"], IpPermissions=group["IpPermissions"]
                )
        for group in groups.values():
            if group["GroupId"] not in self.ids.values():
                ec2.delete_security_group(GroupId=group["GroupId"])

    def load_balancers(self) -> list[Object]:
        """All of the account."""
        return list(self.account.elbv2.describe_load_balancers()["LoadBalancers"])

    def target_groups(self) -> list[Object]:
        """All but the one of the seed."""
        found = self.account.elbv2.describe_target_groups()["TargetGroups"]
        return [group for group in found if group["TargetGroupName"] != "legacy"]

    def security_groups(self) -> dict[str, Object]:
        """By name; VPCs' default groups left out."""
        found = self.account.ec2.describe_security_groups()["SecurityGroups"]
        return {g["GroupName"]: g for g in found if g["GroupName"] != "default"}

    def made_groups(self) -> list[str]:
        """Names of the security groups that controllers have made."""
        seeded = set(self.ids.values())
        return sorted(n for n, g in self.security_groups().items() if g["GroupId"] not in seeded)

    def listeners(self) -> list[Object]:
        """Of all load balancers."""
        return [
            listener
            for balancer in self.load_balancers()
            for listener in self.account.elbv2.describe_listeners(
                LoadBalancerArn=balancer["LoadBalancerArn"]
            )["Listeners"]
        ]

    def rules(self) -> list[Object]:
        """Of all listeners, the default ones left out, by priority."""
        pages = self.account.elbv2.get_paginator("describe_rules")
        found = [
            rule
            for listener in self.listeners()
            for page in pages.paginate(ListenerArn=listener["ListenerArn"])
            for rule in page["Rules"]
            if not rule["IsDefault"]
        ]
        return sorted(found, key=lambda rule: int(rule["Priority"]))

    def paths(self) -> list[str]:
        """The path patterns of all rules in order, the first of each."""
        conditions = (c for rule in self.rules() for c in rule["Conditions"])
        return [c["PathPatternConfig"]["Values"][0] for c in conditions if "PathPatternConfig" in c]

    def targets(self) -> set[str]:
        """Registered addresses of all target groups."""
        return {
            found["Target"]["Id"]
            for group in self.target_groups()
            for found in self.account.elbv2.describe_target_health(
                TargetGroupArn=group["TargetGroupArn"]
            )["TargetHealthDescriptions"]
            if found["TargetHealth"].get("State") != "draining"
        }

    def tags(self, arn: str) -> dict[str, str]:
        """Of a load balancer, listener, rule or target group."""
        answer = self.account.elbv2.describe_tags(ResourceArns=[arn])
        return {tag["Key"]: tag["Value"] for tag in answer["TagDescriptions"][0]["Tags"]}


class Seen(msgspec.Struct, frozen=True):
    """What happened since a mark; empty where nothing did."""

    aws: list[str]
    objects: list[str]
    """Objects that were written, Events among them, Leases not."""


class Mark(msgspec.Struct, frozen=True):
    """A moment, to look back to."""

    calls: int
    versions: Versions


class Rig:
    """A cluster, an account, and controllers that come and go."""

    def __init__(self, cluster: Cluster, kubeconfig: Path, aws: Aws, folder: Path) -> None:
        self.cluster, self.kubeconfig, self.aws, self.folder = cluster, kubeconfig, aws, folder
        self._started = 0
        add_nodes(cluster, aws.ids)
        self.apply(*manifests.world())

    def apply(self, *objects: Object) -> None:
        """Create or change objects, each of which the API must take."""
        for obj in objects:
            refused = self.cluster.apply(obj)
            assert refused is None, f"{obj['kind']} {obj['metadata']['name']}: {refused}"

    def delete(self, kind: str, name: str, namespace: str | None = manifests.NAMESPACE) -> None:
        """Ask for an object's deletion."""
        self.cluster.delete(kind, namespace if PLURALS[kind][2] else None, name)

    def get(self, kind: str, name: str, namespace: str = manifests.NAMESPACE) -> Object:
        """An object that is there."""
        found = self.cluster.get(kind, namespace if PLURALS[kind][2] else None, name)
        assert found is not None, f"{kind} {name} is gone"
        return found

    def merge(self, kind: str, name: str, patch: Object) -> None:
        """A merge patch."""
        namespace = manifests.NAMESPACE if PLURALS[kind][2] else None
        url = self.cluster.path(kind, namespace, name)
        self.cluster.merge(url, patch).raise_for_status()

    def annotate(self, name: str, **annotations: str | None) -> None:
        """Set annotations of an Ingress by suffix, `_` for `-`; None removes one."""
        noted = {manifests.PREFIX + k.replace("_", "-"): v for k, v in annotations.items()}
        self.merge("Ingress", name, {"metadata": {"annotations": noted}})

    def is_gone(self, kind: str, name: str) -> bool:
        return self.cluster.get(kind, manifests.NAMESPACE, name) is None

    def events(self, name: str = "", reason: str = "") -> list[Object]:
        """Events, oldest first; of one object, of one reason."""
        found = [
            event
            for event in self.cluster.list("Event")
            if name in ("", event["involvedObject"]["name"]) and reason in ("", event["reason"])
        ]
        return sorted(found, key=lambda e: int(e["metadata"]["resourceVersion"]))

    def warnings(self, name: str = "") -> list[str]:
        """What Warnings say of an Ingress, or of all objects."""
        return [e["message"] for e in self.events(name) if e["type"] == "Warning"]

    def hostname(self, name: str = "web") -> str:
        """What the Ingress's status shows."""
        shown = self.get("Ingress", name).get("status", {}).get("loadBalancer", {})
        return str((shown.get("ingress") or [{}])[0].get("hostname", ""))

    @contextlib.contextmanager
    def running(self, *flags: str) -> Iterator[Controller]:
        """A controller for as long as the block."""
        with self.started(*flags) as controller:
            controller.await_ready()
            yield controller

    @contextlib.contextmanager
    def started(self, *flags: str) -> Iterator[Controller]:
        """The same, without a wait for it to be ready."""
        self._started += 1
        log = self.folder / f"controller-{self._started}.log"
        url, vpc = self.aws.front.url, self.aws.ids["vpc"]
        with controller.started(self.kubeconfig, url, vpc, log, flags) as process:
            yield process

    # ---- what happened

    def mark(self) -> Mark:
        """Now."""
        return Mark(len(self.aws.front.calls), self._versions())

    def since(self, mark: Mark, besides: Iterable[str] = ()) -> Seen:
        """What was written since, but for objects that the test itself wrote (`kind/name`)."""
        before, now = mark.versions, self._versions()
        changed = {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
        names = {f"{kind}/{name}" for kind, _, name in changed}
        calls = self.aws.front.calls[mark.calls :]
        return Seen([c.operation for c in calls if c.is_write], sorted(names - set(besides)))

    def writes(self, mark: Mark) -> list[Call]:
        """AWS writes that took effect since."""
        return self.aws.front.writes(mark.calls)

    def _versions(self) -> Versions:
        found: Versions = {}
        for kind in PLURALS:
            for obj in [] if kind in UNCOUNTED else self.cluster.list(kind):
                meta = obj["metadata"]
                found[kind, meta.get("namespace", ""), meta["name"]] = meta["resourceVersion"]
        return found

    def until(self, holds: Callable[[], object], seconds: float = 60.0) -> None:
        """Wait for a state."""
        until(holds, seconds=seconds)


@contextlib.contextmanager
def seeded_account(folder: Path) -> Iterator[Aws]:
    """A moto server of its own with the corpus's account in it, and a front before it."""
    with moto_server(folder) as moto, AwsFront(moto.url).serving() as front:
        account = Account(moto.url)
        yield Aws(account, front, account.seed())
