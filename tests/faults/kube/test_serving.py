"""The Secret and the configurations of the webhooks' certificate, on an API over HTTP."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alb_controller.clock import SystemClock
from alb_controller.errors import NotLeading, ObjectExists, Stale
from alb_controller.kube.client import KubeClient
from alb_controller.kube.connection import load
from alb_controller.kube.live import LiveReads
from alb_controller.kube.serving import ServingObjects, own_account
from alb_controller.kube.store import Stores
from alb_controller.objects.core import Metadata, Namespace
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.indexes import BY_TARGET_GROUP
from alb_controller.objects.kinds import WATCHED
from alb_controller.webhooks.fresh import FreshCluster
from tests.apiserver.cluster import Cluster
from tests.apiserver.webhooks import NAME, configurations, installed, webhooks
from tests.conformance.embedded import embedded

PAIR = {"tls.crt": b"certificate", "tls.key": b"key"}


def _freely() -> None:
    """The leader may write."""


class Api:
    """An API with the chart's configurations, and a client of it."""

    def __init__(self, kubeconfig: Path) -> None:
        self.cluster = Cluster(kubeconfig)
        self.client = KubeClient(load(str(kubeconfig)), SystemClock())

    def objects(self, may_write: Callable[[], None] = _freely) -> ServingObjects:
        """What a replica reads and writes."""
        secret = ("default", "tls")
        return ServingObjects(self.client, may_write, secret=secret, configuration=NAME)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One for all tests."""
    with embedded(tmp_path_factory.mktemp("api")) as (_, kubeconfig):
        made = Api(kubeconfig)
        with installed(made.cluster, 9443):
            yield made
        made.client.close()


def test_a_bundle_reaches_every_webhook_and_nothing_else_changes(api: Api) -> None:
    """Of both configurations; a reader that is late changes nothing."""
    before = webhooks(api.cluster)
    objects = api.objects()
    found = objects.configurations()
    assert {host for one in found for host in one.hosts} == {"127.0.0.1"}
    assert len(found) == 2
    for one in found:
        objects.trust(one, b"bundle")
        with pytest.raises(Stale):
            objects.trust(one, b"older")
    assert {b for one in objects.configurations() for b in one.bundles.values()} == {b"bundle"}
    after = webhooks(api.cluster)
    for webhook in after:
        encoded = webhook["clientConfig"].pop("caBundle")
        assert base64.b64decode(encoded) == b"bundle"
    assert after == before


def test_services_are_called_by_their_name_in_the_cluster(api: Api) -> None:
    """As kube-apiserver does, whose certificate check wants NAME.NAMESPACE.svc."""
    (one, _) = api.objects().configurations()
    service = {"name": "hooks", "namespace": "kube-system", "path": "/x"}
    body = configurations(9443)["validatingwebhookconfigurations"]
    body["metadata"]["name"] = "by-service"
    body["webhooks"] = [{**body["webhooks"][0], "clientConfig": {"service": service}}]
    root = f"{api.cluster.url}/apis/admissionregistration.k8s.io/v1"
    url = f"{root}/validatingwebhookconfigurations"
    api.cluster.http.post(url, json=body).raise_for_status()
    objects = ServingObjects(
        api.client, _freely, secret=("default", "tls"), configuration="by-service"
    )
    (found,) = objects.configurations()
    assert found.hosts == {"hooks.kube-system.svc"}
    assert one.hosts == {"127.0.0.1"}


def test_the_secret_is_written_by_the_fastest_alone(api: Api) -> None:
    """Made once, replaced only as it was read; its labels stay."""
    objects = api.objects()
    assert objects.read_secret().version is None
    objects.write_secret(PAIR, None)
    with pytest.raises(ObjectExists):
        objects.write_secret(PAIR, None)
    url = api.cluster.path("Secret", "default", "tls")
    api.cluster.merge(url, {"metadata": {"labels": {"a": "b"}}}).raise_for_status()
    found = objects.read_secret()
    assert found.data == PAIR
    objects.write_secret({**PAIR, "ca.crt": b"ca"}, found.version)
    with pytest.raises(Stale):
        objects.write_secret(PAIR, found.version)
    kept = api.cluster.get("Secret", "default", "tls")
    assert kept is not None
    assert (kept["metadata"]["labels"], kept["type"]) == ({"a": "b"}, "kubernetes.io/tls")
    assert set(kept["data"]) == {"ca.crt", "tls.crt", "tls.key"}


def test_a_standby_sends_no_write(api: Api) -> None:
    """Neither of the Secret nor of a bundle."""

    def refuse() -> None:
        raise NotLeading("a standby")

    objects = api.objects(refuse)
    (one, _) = objects.configurations()
    with pytest.raises(NotLeading):
        objects.trust(one, b"mine")
    for version in (None, objects.read_secret().version):
        with pytest.raises(NotLeading):
            objects.write_secret(PAIR, version)


def test_what_no_watch_has_reported_is_asked_for(api: Api) -> None:
    """And what is not there is missing; lists and indexes are the store's."""
    stores = Stores(WATCHED)
    fresh = FreshCluster(stores, LiveReads(api.client))
    assert fresh.get(Namespace, "", "default") is not None
    assert fresh.get(Namespace, "", "nowhere") is None
    assert fresh.get(Namespace, "", "") is None
    assert list(fresh.list(Namespace)) == []
    assert list(fresh.select(TargetGroupBinding, BY_TARGET_GROUP, "arn")) == []
    known = Namespace(Metadata(name="known"))
    stores.of(Namespace).upsert(known)
    assert fresh.get(Namespace, "", "known") is known


def test_a_persons_kubeconfig_is_nobodys_account(api: Api) -> None:
    """Its user's writes are not the controller's alone."""
    assert own_account(api.client) is None
