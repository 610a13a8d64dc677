"""kubectl works with the embedded API as with any cluster.

These tests need kubectl, and no control plane: they are in this tier because a machine may not
have it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alb_controller.sandbox.kubeapi import ApiServer
from tests.waiting import until

CRDS = Path("charts/alb-controller/crds")
MANIFEST = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: app, annotations: {one: "1", two: "2"}}
spec:
  ingressClassName: alb
  rules:
  - host: a.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: app, port: {number: 80}}}}
---
apiVersion: v1
kind: Service
metadata: {name: app}
spec: {type: NodePort, ports: [{name: a, port: 80}, {name: b, port: 81}]}
---
apiVersion: elbv2.k8s.aws/v1beta1
kind: TargetGroupBinding
metadata: {name: app}
spec: {targetGroupARN: "arn:x", targetType: ip, serviceRef: {name: app, port: 80}}
"""

ADD_LABEL = '[{"op":"add","path":"/metadata/labels","value":{"k":"v"}}]'
FINALIZERS = '{"metadata":{"finalizers":["a.b/c"]}}'
NO_FINALIZERS = '{"metadata":{"finalizers":null}}'
BINDING = "targetgroupbinding"

Kubectl = Callable[..., str]


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """An embedded API, empty."""
    with ApiServer() as started:
        yield started


@pytest.fixture
def kubectl(server: ApiServer, kubectl_program: str, tmp_path: Path) -> Kubectl:
    """Run kubectl on it; gives the output, and fails the test if kubectl fails."""
    config = server.write_kubeconfig(tmp_path / "kubeconfig")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": str(config)}

    def run(*texts: str, text: str = "", code: int = 0) -> str:
        done = subprocess.run(
            [kubectl_program, *texts],
            input=text,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == code, output
        return output

    run("apply", "-f", str(CRDS.resolve()))
    return run


def test_apply_creates_changes_and_removes(kubectl: Kubectl) -> None:
    """Three-way apply: what a manifest no longer says goes, for kinds of every sort."""
    assert kubectl("apply", "-f", "-", text=MANIFEST).count("created") == 3
    assert kubectl("apply", "-f", "-", text=MANIFEST).count("unchanged") == 3
    changed = MANIFEST.replace('one: "1", ', "").replace(", {name: b, port: 81}", "")
    assert "diff" in kubectl("diff", "-f", "-", text=changed, code=1)
    assert kubectl("apply", "-f", "-", text=changed).count("configured") == 2
    shown = kubectl("get", "ing", "app", "-o", "jsonpath={.metadata.annotations.one}")
    assert shown == ""
    assert kubectl("get", "svc", "app", "-o", "jsonpath={.spec.ports[*].name}") == "a"


def test_server_side_apply_reports_conflicts(kubectl: Kubectl) -> None:
    """The second manager must force what the first one owns."""
    apply = ("apply", "--server-side", "-f", "-")
    assert kubectl(*apply, text=MANIFEST).count("serverside-applied") == 3
    other = MANIFEST.replace("a.example", "b.example")
    refused = kubectl(*apply, "--field-manager=other", text=other, code=1)
    assert 'conflict with "kubectl": .spec.rules' in refused
    kubectl(*apply, "--field-manager=other", "--force-conflicts", text=other)


@pytest.mark.parametrize(
    "texts,header,row",
    [
        ("ing", "NAME CLASS HOSTS ADDRESS PORTS AGE", "app alb a.example 80"),
        ("svc app", "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE", "app NodePort 10."),
        ("targetgroupbinding", "NAME SERVICE-NAME SERVICE-PORT TARGET-TYPE AGE", "app app 80 ip"),
        ("ns default", "NAME STATUS AGE", "default Active"),
        ("crd", "NAME CREATED AT", "ingressclassparams.elbv2.k8s.aws 20"),
        ("ing -A", "NAMESPACE NAME CLASS HOSTS ADDRESS PORTS AGE", "default app alb"),
    ],
)
def test_get_prints_the_columns_users_know(
    kubectl: Kubectl, texts: str, header: str, row: str
) -> None:
    """Tables are the server's, so `kubectl get` looks as on any cluster."""
    kubectl("apply", "-f", "-", text=MANIFEST)
    lines = [" ".join(line.split()) for line in kubectl("get", *texts.split()).splitlines()]
    assert lines[0] == header
    assert lines[1].startswith(row)


def test_get_watches(server: ApiServer, kubectl: Kubectl, tmp_path: Path) -> None:
    """`kubectl get -w` prints a line for each change."""
    kubectl("apply", "-f", "-", text=MANIFEST)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    command = ["kubectl", "--kubeconfig", str(tmp_path / "kubeconfig"), "get", "ing", "-w"]
    with (tmp_path / "out").open("w+") as out:
        running = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        try:
            until(lambda: server.store.watchers("ingresses.networking.k8s.io") == 1)
            kubectl("patch", "ing", "app", "-p", '{"spec":{"ingressClassName":"other"}}')
            until(lambda: "other" in (tmp_path / "out").read_text())
        finally:
            running.kill()
            running.wait()


@pytest.mark.parametrize(
    "texts",
    [
        ["label", "ing", "app", "k=v"],
        ["patch", "ing", "app", "-p", '{"metadata":{"labels":{"k":"v"}}}'],
        ["patch", "ing", "app", "--type=merge", "-p", '{"metadata":{"labels":{"k":"v"}}}'],
        ["patch", "ing", "app", "--type=json", "-p", ADD_LABEL],
    ],
    ids=lambda texts: " ".join(texts[:1] + texts[3:4]),
)
def test_each_way_to_change_a_label_works(kubectl: Kubectl, texts: list[str]) -> None:
    """label, and patch in its three types."""
    kubectl("apply", "-f", "-", text=MANIFEST)
    kubectl(*texts)
    assert kubectl("get", "ing", "-l", "k=v", "-o", "name") == "ingress.networking.k8s.io/app\n"
    kubectl("annotate", "ing", "app", "note=1")


def test_wait_sees_a_status(kubectl: Kubectl) -> None:
    """A condition of a CRD, and a field of a status that is written apart."""
    kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=60s")
    kubectl("apply", "-f", "-", text=MANIFEST)
    status = '{"status":{"loadBalancer":{"ingress":[{"hostname":"lb.example"}]}}}'
    kubectl("patch", "ing", "app", "--subresource=status", "--type=merge", "-p", status)
    path = "{.status.loadBalancer.ingress[0].hostname}"
    kubectl("wait", "ing/app", f"--for=jsonpath={path}=lb.example", "--timeout=60s")
    assert "lb.example" in kubectl("get", "ing", "app")


def test_delete_waits_for_finalizers(kubectl: Kubectl) -> None:
    """The object is marked, and gone once the finalizer is."""
    kubectl("apply", "-f", "-", text=MANIFEST)
    kubectl(
        "patch",
        "targetgroupbinding",
        "app",
        "--type=merge",
        "-p",
        '{"metadata":{"finalizers":["a.b/c"]}}',
    )
    kubectl("delete", BINDING, "app", "--wait=false")
    assert kubectl("get", BINDING, "app", "-o", "jsonpath={.metadata.deletionTimestamp}")
    kubectl(
        "patch",
        "targetgroupbinding",
        "app",
        "--type=merge",
        "-p",
        '{"metadata":{"finalizers":null}}',
    )
    assert "NotFound" in kubectl("get", BINDING, "app", code=1)
    kubectl("delete", "ing,svc", "app")


def test_typed_creates_work(kubectl: Kubectl) -> None:
    """`kubectl create …` and `run` send protobuf."""
    kubectl("create", "ns", "shop")
    kubectl("create", "deployment", "web", "--image=nginx:1", "--replicas=2", "-n", "shop")
    kubectl("create", "service", "clusterip", "web", "--tcp=80:8080", "-n", "shop")
    kubectl("create", "ingress", "web", "--class=alb", "--rule=a.example/*=web:80", "-n", "shop")
    kubectl("create", "secret", "generic", "s", "--from-literal=a=b", "-n", "shop")
    kubectl("run", "one", "--image=nginx:1", "-n", "shop")
    kubectl("scale", "deployment", "web", "--replicas=5", "-n", "shop")
    path = "jsonpath={.spec.replicas}{.spec.template.spec.containers[0].image}"
    assert kubectl("get", "deploy", "web", "-n", "shop", "-o", path) == "5nginx:1"
    path = "jsonpath={.spec.ports[0].targetPort}"
    assert kubectl("get", "svc", "web", "-n", "shop", "-o", path) == "8080"
    assert "shop" in kubectl("describe", "ing", "web", "-n", "shop")


def test_mistakes_are_reported_as_users_know_them(kubectl: Kubectl) -> None:
    """An unknown field, a value outside the enum, and a kind that does not exist."""
    wrong = MANIFEST.replace("ingressClassName", "ingresClassName")
    assert 'unknown field "spec.ingresClassName"' in kubectl("apply", "-f", "-", text=wrong, code=1)
    patch = '{"spec":{"targetType":"pod"}}'
    refused = kubectl("patch", BINDING, "app", "--type=merge", "-p", patch, code=1)
    assert 'supported values: "instance", "ip"' in refused
    assert "the server doesn't have a resource type" in kubectl("get", "nosuch", code=1)


def test_questions_about_the_server_are_answered(kubectl: Kubectl) -> None:
    """Rights, identity, resources, versions, schemas."""
    assert kubectl("auth", "can-i", "create", "pods") == "yes\n"
    assert "admin" in kubectl("auth", "whoami")
    assert "targetgroupbinding" in kubectl("api-resources", "--api-group=elbv2.k8s.aws")
    assert "v1.35" in kubectl("version")
    assert "targetGroupARN" in kubectl("explain", "targetgroupbinding.spec")
    assert "pathType" in kubectl("explain", "ingress.spec.rules.http.paths")
