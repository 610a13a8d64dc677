"""The Kubernetes edge on a real API server, with no more rights than PERMISSIONS names."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from alb_controller.clock import SystemClock
from alb_controller.errors import Forbidden, ObjectMissing
from alb_controller.kube import informer
from alb_controller.kube.client import KubeClient
from alb_controller.kube.connection import load
from alb_controller.kube.events import EventRecorder, Notice
from alb_controller.kube.informer import Informers
from alb_controller.kube.lease import Elector, LeaseSettings
from alb_controller.kube.live import LiveReads
from alb_controller.kube.permissions import LEASE_PERMISSIONS, PERMISSIONS, Permission
from alb_controller.kube.store import Stores
from alb_controller.kube.writer import Writer
from alb_controller.objects.core import Namespace, Pod, condition_status, ref
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.kinds import INGRESS, POD, TARGET_GROUP_BINDING, WATCHED
from alb_controller.objects.networking import Ingress
from alb_controller.settings import Settings
from tests.apiserver.cluster import Cluster
from tests.optional_kind import GROUP, live_through
from tests.waiting import until

NAMESPACE = "kube-edge"
FINALIZER = "ingress.k8s.aws/resources"
LEASE = Settings().leader_election_id
ACCOUNT = {"kind": "ServiceAccount", "name": "controller", "namespace": NAMESPACE}


def rules(permissions: Iterable[Permission]) -> list[dict[str, Any]]:
    """As a role's rules."""
    return [
        {"apiGroups": [p.group], "resources": [p.resource], "verbs": list(p.verbs)}
        | ({"resourceNames": list(p.names)} if p.names else {})
        for p in permissions
    ]


def post(cluster: Cluster, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Create something as the admin; what is there already is fine."""
    answer = cluster.http.post(f"{cluster.url}{path}", json=body)
    assert answer.status_code in (201, 409), answer.text
    return dict(answer.json())


def grant(
    cluster: Cluster, name: str, permissions: Iterable[Permission], namespace: str = ""
) -> None:
    """Give the service account a role of its own, in a namespace or in the whole cluster."""
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    kind = "Role" if namespace else "ClusterRole"
    path = f"{rbac}/namespaces/{namespace}/roles" if namespace else f"{rbac}/clusterroles"
    post(cluster, path, {"metadata": {"name": name}, "rules": rules(permissions)})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
    binding = {"metadata": {"name": name}, "roleRef": role, "subjects": [ACCOUNT]}
    post(cluster, path.replace("roles", "rolebindings"), binding)


@pytest.fixture(scope="module")
def token(control_plane: Cluster) -> str:
    """The token of a service account that may do what PERMISSIONS says, and nothing else."""
    accounts = f"/api/v1/namespaces/{NAMESPACE}"
    control_plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    post(control_plane, f"{accounts}/serviceaccounts", {"metadata": {"name": "controller"}})
    grant(control_plane, "edge", PERMISSIONS)
    grant(control_plane, "edge", LEASE_PERMISSIONS, NAMESPACE)
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    made = post(control_plane, f"{accounts}/serviceaccounts/controller/token", request)
    return str(made["status"]["token"])


@pytest.fixture
def client(kubeconfig: Path, token: str, tmp_path: Path) -> Iterator[KubeClient]:
    """A client of that service account, by a kubeconfig with the server's CA in it."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    authority = (kubeconfig.parent / cluster.pop("certificate-authority")).read_bytes()
    cluster["certificate-authority-data"] = base64.b64encode(authority).decode()
    config["users"][0]["user"] = {"token": token}
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    made = KubeClient(load(str(path)), SystemClock())
    yield made
    made.close()


class Rig:
    """All informers and a writer."""

    def __init__(self, client: KubeClient) -> None:
        self.stores = Stores(WATCHED)
        self.informers = Informers(client, self.stores, SystemClock())
        self.events = EventRecorder(client, SystemClock(), lambda: None)
        self.writer = Writer(client, self.stores, lambda: None, self.events)


@pytest.fixture
def rig(client: KubeClient) -> Iterator[Rig]:
    """Everything synced."""
    made = Rig(client)
    made.informers.start()
    until(made.stores.has_synced)
    yield made
    assert made.informers.stop(20)


MANIFEST = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "web", "namespace": NAMESPACE},
    "spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}},
}
KEY = (Ingress, NAMESPACE, "web")


@pytest.fixture
def ingress(control_plane: Cluster, rig: Rig) -> Iterator[Ingress]:
    """An Ingress that the store knows, new for every test."""
    assert control_plane.apply(MANIFEST) is None
    until(lambda: rig.stores.get(*KEY))
    found = rig.stores.get(*KEY)
    assert found is not None
    yield found
    url = control_plane.path("Ingress", NAMESPACE, "web")
    control_plane.merge(url, {"metadata": {"finalizers": None}})
    control_plane.delete("Ingress", NAMESPACE, "web")
    until(lambda: control_plane.get("Ingress", NAMESPACE, "web") is None)


def test_every_kind_syncs_and_follows(control_plane: Cluster, rig: Rig, ingress: Ingress) -> None:
    """Objects come, change and go in the stores as in the cluster, CRDs included."""
    assert rig.stores.get(Namespace, "", NAMESPACE) is not None
    backend = ingress.spec.default_backend
    assert backend is not None
    assert backend.service is not None
    assert backend.service.port.number == 80
    url = control_plane.path("Ingress", NAMESPACE, "web")
    control_plane.merge(url, {"metadata": {"labels": {"a": "b"}}}).raise_for_status()

    def labels() -> dict[str, str]:
        found = rig.stores.get(*KEY)
        return found.metadata.labels if found else {}

    until(lambda: labels() == {"a": "b"})
    control_plane.delete("Ingress", NAMESPACE, "web")
    until(lambda: rig.stores.get(*KEY) is None)


def test_a_list_in_many_pages_is_complete(
    control_plane: Cluster, client: KubeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real server's continue tokens lead through all of a list."""
    monkeypatch.setattr(informer, "PAGE_SIZE", "1")
    rig = Rig(client)
    rig.informers.start()
    until(rig.stores.has_synced)
    names = {n.metadata.name for n in rig.stores.list(Namespace)}
    assert names == {n["metadata"]["name"] for n in control_plane.list("Namespace")}
    assert rig.informers.stop(20)


def test_an_optional_kind_comes_and_goes(control_plane: Cluster, client: KubeClient) -> None:
    """Looking for it takes no more rights than to list and watch it."""
    grant(control_plane, "optional", [Permission(GROUP, "routes", ("list", "watch"))])
    live_through(control_plane, client)


def test_one_object_is_read_past_the_watch(client: KubeClient, ingress: Ingress) -> None:
    """Of each kind that is watched, with the rights of the watch."""
    live = LiveReads(client)
    found = live.get(INGRESS, *ingress.key)
    assert found is not None
    assert found.metadata.uid == ingress.metadata.uid
    for kind in WATCHED:
        assert live.get(kind, NAMESPACE, "nobody") is None


def test_the_life_of_an_ingress(control_plane: Cluster, rig: Rig, ingress: Ingress) -> None:
    """Held by a finalizer, given its address, deleted by a user, released, gone for our reads."""
    held = rig.writer.add_finalizer(INGRESS, ingress, FINALIZER)
    assert rig.stores.get(*KEY) == held
    status = {"loadBalancer": {"ingress": [{"hostname": "lb.example"}]}}
    reported = rig.writer.patch_status(INGRESS, ingress, status)
    assert reported.status.load_balancer.ingress[0].hostname == "lb.example"
    assert reported.metadata.finalizers == [FINALIZER]
    control_plane.delete("Ingress", NAMESPACE, "web")
    until(lambda: (found := rig.stores.get(*KEY)) and found.is_deleting)
    rig.writer.remove_finalizer(INGRESS, reported, FINALIZER)
    assert rig.stores.get(*KEY) is None


def test_a_binding_is_created_changed_and_deleted(rig: Rig) -> None:
    """A custom resource of ours, with its status as a subresource and its finalizer."""
    binding = rig.writer.create(
        TARGET_GROUP_BINDING,
        {
            "metadata": {"name": "b", "namespace": NAMESPACE},
            "spec": {
                "targetGroupARN": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/b",
                "targetType": "ip",
                "serviceRef": {"name": "s", "port": 80},
            },
        },
    )
    assert isinstance(binding, TargetGroupBinding)
    held = rig.writer.add_finalizer(TARGET_GROUP_BINDING, binding, "elbv2.k8s.aws/resources")
    reported = rig.writer.patch_status(TARGET_GROUP_BINDING, held, {"observedGeneration": 1})
    assert reported.status.observed_generation == 1
    rig.writer.delete(TARGET_GROUP_BINDING, reported)
    deleting = rig.stores.get(TargetGroupBinding, NAMESPACE, "b")
    assert deleting is not None
    assert deleting.is_deleting
    rig.writer.remove_finalizer(TARGET_GROUP_BINDING, deleting, "elbv2.k8s.aws/resources")
    assert rig.stores.get(TargetGroupBinding, NAMESPACE, "b") is None
    rig.writer.delete(TARGET_GROUP_BINDING, deleting)


def test_a_status_for_a_predecessor_is_refused(
    control_plane: Cluster, rig: Rig, ingress: Ingress
) -> None:
    """The real server's way of refusing another's uid is understood as ObjectMissing."""
    control_plane.delete("Ingress", NAMESPACE, "web")
    assert control_plane.apply(MANIFEST) is None
    with pytest.raises(ObjectMissing):
        rig.writer.patch_status(INGRESS, ingress, {"loadBalancer": {}})
    rig.writer.remove_finalizer(INGRESS, ingress, FINALIZER)


def test_a_pods_conditions_are_merged_by_type(control_plane: Cluster, rig: Rig) -> None:
    """A strategic patch of our readiness gate leaves the kubelet's conditions alone."""
    refused = control_plane.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": NAMESPACE},
            "spec": {
                "containers": [{"name": "c", "image": "i"}],
                "readinessGates": [{"conditionType": "target-health.elbv2.k8s.aws/x"}],
            },
            "status": {"conditions": [{"type": "Ready", "status": "False", "message": "kept"}]},
        }
    )
    assert refused is None

    def ready() -> Pod | None:
        pod = rig.stores.get(Pod, NAMESPACE, "p")
        return pod if pod and condition_status(pod.status.conditions, "Ready") else None

    until(ready)
    pod = ready()
    assert pod is not None
    gate = {"type": "target-health.elbv2.k8s.aws/x", "status": "True"}
    made = rig.writer.patch_status(POD, pod, {"conditions": [gate]}, is_strategic=True)
    found = {c.type: c.status for c in made.status.conditions}
    assert found == {"Ready": "False", gate["type"]: "True"}
    control_plane.delete("Pod", NAMESPACE, "p")


def test_an_event_is_accepted_and_stays_one(
    control_plane: Cluster, rig: Rig, client: KubeClient, ingress: Ingress
) -> None:
    """kubectl shows the event once, also after a restart; also for cluster-scoped objects."""
    namespace = rig.stores.get(Namespace, "", NAMESPACE)
    assert namespace is not None
    notice = Notice("Warning", "Once", "x" * 2000, component="ingress")
    for recorder in (rig.events, EventRecorder(client, SystemClock(), lambda: None)):
        recorder.record(ref("Ingress", ingress), notice)
        recorder.record(ref("Namespace", namespace), notice)
        recorder.start()
        recorder.stop(20)
    events = [e for e in control_plane.list("Event") if e["reason"] == "Once"]
    assert sorted(e["metadata"]["namespace"] for e in events) == ["default", NAMESPACE]
    assert {e["involvedObject"]["name"] for e in events} == {"web", NAMESPACE}


def test_the_lease_is_valid_and_handed_over(control_plane: Cluster, client: KubeClient) -> None:
    """A real server accepts every form of the Lease that we write: created, renewed, released."""
    reported: list[str] = []

    def candidate(name: str) -> Elector:
        settings = LeaseSettings(
            name=LEASE,
            namespace=NAMESPACE,
            identity=name,
            lease_seconds=15,
            renew_deadline_seconds=10,
            retry_seconds=0.1,
        )
        return Elector(
            client,
            settings,
            SystemClock(),
            on_started=lambda: reported.append(name),
            on_lost=lambda: reported.append("lost"),
        )

    one, two = candidate("one"), candidate("two")
    one.start()
    until(lambda: reported == ["one"])
    first = control_plane.get("Lease", NAMESPACE, LEASE)
    assert first is not None
    two.start()
    until(lambda: control_plane.get("Lease", NAMESPACE, LEASE) != first)
    one.check()
    one.stop()
    until(lambda: reported == ["one", "two"])
    two.stop()
    released = control_plane.get("Lease", NAMESPACE, LEASE)
    assert released is not None
    assert released["spec"]["holderIdentity"] == ""
    assert released["spec"]["leaseTransitions"] == 1


def test_what_permissions_do_not_name_is_forbidden(client: KubeClient) -> None:
    """The service account of these tests proves something only if it may not do everything."""
    with pytest.raises(Forbidden):
        client.request("GET", "/api/v1/secrets")
    with pytest.raises(Forbidden):
        client.request("GET", "/apis/coordination.k8s.io/v1/namespaces/default/leases/alb")


def test_the_server_serves_https(control_plane: Cluster) -> None:
    """These tests cover TLS: a plain request gets no answer from the API."""
    assert control_plane.url.startswith("https://")
    with pytest.raises(requests.RequestException):
        requests.get(
            control_plane.url.replace("https", "http") + "/x", timeout=20
        ).raise_for_status()
