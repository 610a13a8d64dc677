"""Objects are applied in the order they need; what cannot be applied is said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from alb_controller.sandbox.applying import apply_all, hosts_of
from alb_controller.sandbox.failures import BadInput
from alb_controller.sandbox.kubeapi import ApiServer
from alb_controller.sandbox.manifests import Manifest, read_crds, read_example


def _manifest(kind: str, name: str, version: str = "v1", **fields: Any) -> Manifest:
    metadata = {"name": name, **fields.pop("metadata", {})}
    return Manifest("x.yaml", {"apiVersion": version, "kind": kind, "metadata": metadata, **fields})


def _names(found: Iterable[dict[str, Any]]) -> set[str]:
    return {obj["metadata"]["name"] for obj in found}


def test_the_example_is_applied_in_any_order() -> None:
    """CRDs and namespaces come first, wherever they stand."""
    server, notes = ApiServer(), list[str]()
    manifests = [*read_example(), *read_crds()][::-1]
    assert apply_all(server.api, manifests, notes.append) == manifests
    assert notes == []
    assert _names(server.store.values("ingresses.networking.k8s.io")) == {
        "myapp",
        "myapi",
        "admin",
    }


def test_applying_twice_changes_nothing() -> None:
    """The second time no object gets a new version."""
    server = ApiServer()
    apply_all(server.api, [*read_crds(), *read_example()], print)
    version = server.store.version
    apply_all(server.api, [*read_crds(), *read_example()], print)
    assert server.store.version == version


def test_unknown_kinds_are_left_out_and_namespaces_made() -> None:
    """A file as a chart renders it can be given as it is; both are said."""
    server, notes = ApiServer(), list[str]()
    monitor = _manifest("ServiceMonitor", "m", "monitoring.coreos.com/v1")
    config = _manifest("ConfigMap", "c", metadata={"namespace": "team"})
    assert apply_all(server.api, [monitor, config], notes.append) == [config]
    assert [note.split(":")[0] for note in notes] == [
        "left out ServiceMonitor m (monitoring.coreos.com/v1)",
        "made the namespace team, which no file declares",
    ]


@pytest.mark.parametrize(
    "manifest, problem",
    [
        (
            _manifest("Ingress", "a", "extensions/v1beta1"),
            "x.yaml: Ingress a: apiVersion extensions/v1beta1 is not networking.k8s.io/v1",
        ),
        (_manifest("Service", "Capital", spec={"ports": [{"port": 80}]}), "Capital"),
        (_manifest("ConfigMap", "a", data={"x": 1}), "cannot be handled as a ConfigMap"),
        (_manifest("ConfigMap", "a", dat={}), 'unknown field "dat"'),
    ],
)
def test_a_refused_object_is_one_line(manifest: Manifest, problem: str) -> None:
    """It names the file, the object and the API's reason."""
    with pytest.raises(BadInput) as caught:
        apply_all(ApiServer().api, [manifest], print)
    assert problem in str(caught.value)
    assert str(caught.value).startswith("x.yaml: ")


def test_an_object_as_get_shows_it_can_be_applied() -> None:
    """Status, uid and versions of another cluster are left behind."""
    server = ApiServer()
    shown = _manifest(
        "ConfigMap",
        "a",
        metadata={"uid": "1", "resourceVersion": "7", "creationTimestamp": "2020-01-01T00:00:00Z"},
        data={"a": "b"},
    )
    apply_all(server.api, [shown], print)
    made = server.store.get("configmaps", "default/a")
    assert made is not None
    assert made["data"] == {"a": "b"}
    assert made["metadata"]["uid"] != "1"


def test_hosts_come_from_rules_and_tls_once() -> None:
    """They are what certificates are made for."""
    spec = {
        "rules": [{"host": "a.example"}, {"http": {}}, {"host": "b.example"}],
        "tls": [{"hosts": ["b.example", "c.example"]}, {}],
    }
    ingress = _manifest("Ingress", "a", "networking.k8s.io/v1", spec=spec)
    bare = _manifest("Ingress", "b", "networking.k8s.io/v1")
    assert hosts_of([ingress, bare]) == ["a.example", "b.example", "c.example"]
