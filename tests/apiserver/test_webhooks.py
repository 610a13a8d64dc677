"""Admission on a real API server: what is changed, refused and warned of, and no gap in trust."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.apiserver.cluster import Cluster, Object
from tests.apiserver.control_plane import free_ports
from tests.apiserver.webhooks import GATED, installed, spread, webhooks
from tests.conformance.harness import wipe
from tests.controller.manifests import NAMESPACE, binding, ingress
from tests.controller.rig import Aws, Rig, seeded_account

SECRET = "--webhook-cert-secret=default/aws-load-balancer-tls"
ROTATING = "rotating"
LIFETIME_SECONDS = int(os.environ.get("WEBHOOK_CERT_SECONDS", "30"))
"""Of certificates in the test of rotation, which takes twice that.

A replica has a twelfth of it to serve the next one: a busy machine may keep it waiting so long
where that is less than a second.
"""
LED = ("--enable-leader-election=true", "--leader-election-namespace=default")
WRITES_PER_SECOND = 20
ROTATIONS = 3


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """An account with the target group legacy."""
    with seeded_account(tmp_path_factory.mktemp("aws")) as made:
        yield made


@pytest.fixture(scope="module")
def rig(
    kubeconfig: Path, control_plane: Cluster, aws: Aws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rig]:
    """A cluster whose namespace wants readiness gates."""
    wipe(control_plane)
    made = Rig(control_plane, kubeconfig, aws, tmp_path_factory.mktemp("rig"))
    made.merge("Namespace", NAMESPACE, {"metadata": {"labels": GATED}})
    yield made
    made.merge("Namespace", NAMESPACE, {"metadata": {"labels": dict.fromkeys(GATED)}})
    wipe(control_plane)


@pytest.fixture(scope="module")
def served(rig: Rig) -> Iterator[Rig]:
    """With a controller that serves webhooks."""
    (port,) = free_ports(1)
    with (
        installed(rig.cluster, port),
        rig.running(f"--webhook-bind-port={port}", SECRET),
    ):
        rig.until(
            lambda: all(hook["clientConfig"].get("caBundle") for hook in webhooks(rig.cluster))
        )
        rig.until(lambda: post(rig, ingress("probe", ["/"])).status_code == 201)
        yield rig


def post(rig: Rig, obj: Object, *, dry_run: bool = True) -> requests.Response:
    """Create an object, or see whether it could be."""
    url = rig.cluster.path(obj["kind"], NAMESPACE)
    how = {"dryRun": "All"} if dry_run else {}
    return rig.cluster.http.post(url, params=how, json=obj, timeout=60)


def pod(**labels: str) -> Object:
    """A pod."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "web-", "labels": labels},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }


def legacy(rig: Rig) -> Object:
    """The target group of the seed."""
    (found,) = rig.aws.account.elbv2.describe_target_groups(Names=["legacy"])["TargetGroups"]
    return dict(found)


def test_a_binding_is_completed_and_kept_as_it_is(served: Rig) -> None:
    """From a name alone; a second one is refused, and what may not change does not."""
    group = legacy(served)
    answer = post(served, binding("mine", targetGroupName="legacy"), dry_run=False)
    assert answer.status_code == 201, answer.text
    spec = answer.json()["spec"]
    assert spec["targetGroupARN"] == group["TargetGroupArn"]
    assert (spec["targetType"], spec["vpcID"]) == (group["TargetType"], group["VpcId"])
    assert (spec["ipAddressType"], spec["targetGroupProtocol"]) == ("ipv4", group["Protocol"])
    served.until(lambda: post(served, binding("twin", targetGroupName="legacy")).status_code == 403)
    assert "needs targetGroupARN or targetGroupName" in post(served, binding("none")).text
    url = served.cluster.path("TargetGroupBinding", NAMESPACE, "mine")
    changed = served.cluster.merge(url, {"spec": {"targetType": "instance"}})
    assert "cannot be changed from ip to instance" in changed.text
    assert "cannot be changed" in served.cluster.merge(url, {"spec": {"vpcID": None}}).text
    served.cluster.merge(url, {"metadata": {"labels": {"a": "b"}}}).raise_for_status()
    served.delete("TargetGroupBinding", "mine")


def test_pods_of_a_bound_service_get_a_gate(served: Rig) -> None:
    """Others do not."""
    made = binding("pods", targetGroupName="legacy")
    served.until(lambda: post(served, made, dry_run=False).status_code == 201)

    def gates() -> list[Object]:
        found: list[Object] = post(served, pod(app="app")).json()["spec"].get("readinessGates", [])
        return found

    served.until(gates)
    assert gates() == [{"conditionType": "target-health.elbv2.k8s.aws/pods"}]
    assert "readinessGates" not in post(served, pod(other="yes")).json()["spec"]
    served.delete("TargetGroupBinding", "pods")


def test_ingresses_and_parameters_are_judged(served: Rig) -> None:
    """Refused as LBC does, warned where it is silent, and free to change otherwise."""
    bad = ingress("bad", ["/"])
    bad["metadata"]["annotations"]["alb.ingress.kubernetes.io/conditions.app"] = "["
    assert "denied the request" in post(served, bad).text
    warned = ingress("doubtful", ["/"])
    warned["metadata"]["annotations"]["alb.ingress.kubernetes.io/target-type"] = "pod"
    answer = post(served, warned)
    assert answer.status_code == 201
    assert "'pod' must be one of instance, ip" in answer.headers["Warning"]
    lost = ingress("lost", ["/"])
    lost["spec"]["ingressClassName"] = "nope"
    assert "names IngressClass 'nope', which does not exist" in post(served, lost).text
    params = {
        "apiVersion": "elbv2.k8s.aws/v1beta1",
        "kind": "IngressClassParams",
        "metadata": {"name": "p"},
        "spec": {"inboundCIDRs": ["10.0.0.1/8"]},
    }
    assert "has host bits set: allowed is 10.0.0.0/8" in post(served, params).text


def test_a_class_that_was_made_a_moment_ago_is_known(served: Rig) -> None:
    """`kubectl apply` of both is never refused."""
    for at in range(10):
        class_ = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": f"new-{at}"},
            "spec": {"controller": "ingress.k8s.aws/alb"},
        }
        assert post(served, class_, dry_run=False).status_code == 201
        made = ingress("web", ["/"])
        made["spec"]["ingressClassName"] = f"new-{at}"
        assert post(served, made).status_code == 201
        served.delete("IngressClass", f"new-{at}", None)


class Watched:
    """The replicas' certificates as callers with the present bundle see them."""

    def __init__(self, rig: Rig, replicas: list[int]) -> None:
        self._rig, self._replicas = rig, replicas
        self.seen: list[set[str]] = [set() for _ in replicas]

    def look(self) -> None:
        """A handshake with each; fails where a configuration's bundle does not trust it."""
        installed = webhooks(self._rig.cluster, ROTATING)
        bundles = {hook["clientConfig"]["caBundle"] for hook in installed}
        for bundle in bundles:
            for port, seen in zip(self._replicas, self.seen, strict=True):
                seen.add(_handshake(port, bundle))


def _handshake(port: int, bundle: str) -> str:
    context = ssl.create_default_context(cadata=base64.b64decode(bundle).decode())
    with (
        socket.create_connection(("127.0.0.1", port), 20) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        certificate = secured.getpeercert()
        assert certificate is not None
        return str(certificate["serialNumber"])


@pytest.mark.timeout(int(LIFETIME_SECONDS * ROTATIONS) + 300)
def test_no_write_is_refused_while_certificates_rotate(rig: Rig) -> None:
    """Two replicas behind one address, three rotations, 20 admitted writes a second."""
    port, *replicas = free_ports(3)
    lifetime = f"--webhook-cert-lifetime={LIFETIME_SECONDS}s"
    kept = (f"--webhook-cert-secret=default/{ROTATING}", f"--webhook-configuration={ROTATING}")
    objects = [ingress("web", ["/"]), pod(app="app")]
    watched, refused, sent = Watched(rig, replicas), [], 0
    with ExitStack() as stack:
        stack.enter_context(installed(rig.cluster, port, ROTATING))
        for one in replicas:
            flags = (f"--webhook-bind-port={one}", *kept, lifetime, *LED)
            stack.enter_context(rig.running(*flags))
        stack.enter_context(spread(port, replicas))
        rig.until(lambda: post(rig, objects[0]).status_code == 201)
        began = time.monotonic()
        while min(map(len, watched.seen)) < ROTATIONS + 1:
            answer = post(rig, objects[sent % 2])
            if answer.status_code != 201:
                refused.append(answer.text)
            sent += 1
            if sent % 4 == 0:
                watched.look()
            time.sleep(max(0.0, began + sent / WRITES_PER_SECOND - time.monotonic()))
    print(f"{sent} writes in {time.monotonic() - began:.0f} s, {len(refused)} refused")
    assert not refused
