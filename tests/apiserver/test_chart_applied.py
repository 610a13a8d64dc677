"""What the chart renders is taken by a real API server, and its pods by restricted namespaces."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.apiserver.applying import Applier, open_crd, refusals
from tests.apiserver.cluster import Cluster
from tests.apiserver.helm import CHART, Object, render
from tests.apiserver.test_chart import DEFAULT, VALUES, one
from tests.waiting import until

OTHERS = (
    ("monitoring.coreos.com", "ServiceMonitor"),
    ("monitoring.coreos.com", "PrometheusRule"),
    ("cert-manager.io", "Certificate"),
    ("cert-manager.io", "Issuer"),
)

pytestmark = pytest.mark.usefixtures("helm_program")


@pytest.fixture(scope="module")
def applier(control_plane: Cluster) -> Applier:
    """An API server that knows the kinds of Prometheus and cert-manager, and their namespace."""
    control_plane.establish(open_crd(group, kind) for group, kind in OTHERS)
    for name in ("kube-system", "monitoring"):
        meta = {"name": name}
        control_plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    return Applier(control_plane)


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_the_api_takes_every_object(applier: Applier, values: Path) -> None:
    """Every field is known to the API server, and every object valid."""
    assert refusals(applier, render(values), dry=True) == []


@pytest.fixture(scope="module")
def restricted(control_plane: Cluster) -> str:
    """A namespace that enforces the restricted Pod Security Standard."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    meta = {"name": "restricted", "labels": labels}
    control_plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    return "restricted"


def pod(namespace: str, values: Path, *sets: str) -> Object:
    """What the Deployment would make, but for the name."""
    template = one(render(values, sets=sets), "Deployment")["spec"]["template"]
    meta = template["metadata"] | {"name": "alb", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template["spec"]}


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_the_pods_keep_to_the_restricted_standard(
    applier: Applier, restricted: str, values: Path
) -> None:
    """Whatever the values, but for a host's network, which the standard forbids."""
    made = pod(restricted, values, "hostNetwork=false")
    assert applier.apply(made, dry=True) is None


@pytest.mark.parametrize(
    "less, texts",
    [
        ("hostNetwork=true", "host namespaces"),
        ("securityContext.capabilities=null", "unrestricted capabilities"),
        ("securityContext.allowPrivilegeEscalation=true", "allowPrivilegeEscalation != false"),
        ("podSecurityContext.seccompProfile=null", "seccompProfile"),
        ("securityContext.runAsUser=0", "runAsUser=0"),
    ],
)
def test_the_standard_is_enforced(applier: Applier, restricted: str, less: str, texts: str) -> None:
    """With less than the chart's defaults the same pod is refused."""
    refused = applier.apply(pod(restricted, DEFAULT, less), dry=True)
    assert refused is not None
    assert texts in refused


def test_an_upgrade_leaves_the_controllers_ca(applier: Applier, control_plane: Cluster) -> None:
    """Applying the chart again keeps the bundle that another manager wrote."""
    webhooks = [obj for obj in render(DEFAULT) if obj["kind"] == "ValidatingWebhookConfiguration"]
    assert refusals(applier, webhooks, dry=False) == []
    url = f"{control_plane.url}/apis/admissionregistration.k8s.io/v1"
    url += "/validatingwebhookconfigurations/aws-load-balancer-webhook"
    try:
        hooks = control_plane.http.get(url).json()["webhooks"]
        for hook in hooks:
            hook["clientConfig"]["caBundle"] = "Cg=="
        control_plane.merge(url, {"webhooks": hooks}).raise_for_status()
        assert refusals(applier, webhooks, dry=False) == []
        after = control_plane.http.get(url).json()["webhooks"]
        assert {hook["clientConfig"].get("caBundle") for hook in after} == {"Cg=="}
    finally:
        control_plane.http.delete(url)
        until(lambda: control_plane.http.get(url).status_code == 404)


def test_crds_are_upgraded_by_applying_them(applier: Applier) -> None:
    """The upgrade path of the documentation works on a server that has them."""
    crds = [yaml.safe_load(path.read_text()) for path in (CHART / "crds").iterdir()]
    assert len(crds) == 2
    assert refusals(applier, crds, dry=False) == []
