"""Whatever a client sends, it gets a Status; nothing is half done, and the server lives."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alb_controller.sandbox.kubeapi import ApiServer, Kind, StatusError, Target, WriteOptions
from alb_controller.sandbox.kubeapi.api import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    ResourceApi,
)
from tests.sandbox.kubeapi.conftest import CONFIGMAPS, Caller

PORT = {"name": "a", "port": 80, "targetPort": "web", "nodePort": 30001}
BACKEND = {"service": {"name": "s", "port": {"number": 80}}}
PATH = {"path": "/", "pathType": "Prefix", "backend": BACKEND}
CONTAINER = {"name": "c", "image": "i", "resources": {"limits": {"cpu": "1"}}, "ports": [PORT]}
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [CONTAINER]}}
META = {
    "name": "x",
    "labels": {"a": "b"},
    "finalizers": ["a.b/c"],
    "ownerReferences": [{"uid": "u"}],
}
OBJECTS: dict[str, dict[str, Any]] = {
    "Service": {"spec": {"type": "NodePort", "ports": [PORT], "clusterIP": "10.96.0.9"}},
    "Ingress": {
        "spec": {"rules": [{"host": "a", "http": {"paths": [PATH]}}], "tls": [{"hosts": ["a"]}]}
    },
    "Pod": {"spec": {"containers": [CONTAINER], "tolerations": [{"key": "k"}], "nodeName": "n"}},
    "Deployment": {"spec": {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}},
    "EndpointSlice": {
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}],
        "ports": [{"name": "a", "port": 80}],
    },
    "Secret": {"data": {"a": "Yg=="}, "stringData": {"b": "c"}, "type": "Opaque"},
    "Node": {"spec": {"taints": [{"key": "k"}], "providerID": "p"}},
    "Lease": {"spec": {"leaseDurationSeconds": 5, "renewTime": "2026-01-01T00:00:00.000000Z"}},
    "Event": {"involvedObject": {"kind": "Pod", "namespace": "default"}, "series": {"count": 1}},
    "IngressClass": {"spec": {"controller": "a.b/c", "parameters": {"kind": "K", "name": "n"}}},
    "Namespace": {"spec": {"finalizers": ["kubernetes"]}},
    "CustomResourceDefinition": {
        "spec": {
            "group": "example.test",
            "scope": "Cluster",
            "names": {"plural": "gadgets", "kind": "Gadget", "shortNames": ["g"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {}}}},
                    "additionalPrinterColumns": [
                        {"name": "A", "type": "date", "jsonPath": ".spec"}
                    ],
                    "selectableFields": [{"jsonPath": ".spec.a"}],
                    "subresources": {"status": {}},
                }
            ],
        }
    },
}
ODD: Any = st.sampled_from(
    [None, "", "text", 0, -1, 10**12, 1.5, True, [], [None], [[]], {}, {"": None}, {"a": []}]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where anything stands in an object."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path] if path else []
    for key, item in inner:
        here = (*path, key)
        found += places(item, here) if isinstance(item, dict | list) else [here]
    return found


def put(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """The object with something odd in one place."""
    if not path:
        return odd
    if isinstance(value, list):
        return [put(v, path[1:], odd) if i == path[0] else v for i, v in enumerate(value)]
    return {k: put(v, path[1:], odd) if k == path[0] else v for k, v in value.items()}


@st.composite
def odd_objects(draw: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A kind, a good object of it, and the same with something odd in one or two places."""
    kind = draw(st.sampled_from(sorted(OBJECTS)))
    name = "gadgets.example.test" if kind == "CustomResourceDefinition" else "x"
    good = {"metadata": {**META, "name": name}, **OBJECTS[kind]}
    bad = good
    for _ in range(draw(st.integers(1, 2))):
        bad = put(bad, draw(st.sampled_from(places(bad))), draw(ODD))
    return kind, good, bad


def refused_or_done(api: ResourceApi, kind: Kind, good: Any, bad: Any) -> None:
    """Send the odd object in every way there is; only a StatusError may come of it."""
    namespace = "default" if kind.namespaced else None
    target = Target(kind, good["metadata"]["name"], namespace)
    status = Target(kind, target.name, namespace, "status")
    operations = [{"op": "replace", "path": "/metadata", "value": bad.get("metadata")}, bad]
    attempts: list[Callable[[], object]] = [
        lambda: api.create(kind, bad, namespace),
        lambda: api.create(kind, good, namespace),
        lambda: api.update(target, bad),
        lambda: api.patch(target, MERGE_PATCH, bad),
        lambda: api.patch(target, STRATEGIC_PATCH, bad),
        lambda: api.patch(target, JSON_PATCH, operations),
        lambda: api.patch(target, APPLY_PATCH, bad, WriteOptions(field_manager="m", force=True)),
        lambda: api.patch(status, MERGE_PATCH, {"status": bad}),
        lambda: api.delete(target),
    ]
    for attempt in attempts:
        with contextlib.suppress(StatusError):
            attempt()


@settings(max_examples=100, deadline=None)
@given(odd_objects())
def test_an_odd_object_is_refused_or_taken(
    objects: tuple[str, dict[str, Any], dict[str, Any]],
) -> None:
    """Any JSON in any place, by any way of writing: a Status at worst."""
    server = ApiServer()
    name, good, bad = objects
    refused_or_done(server.api, server.registry.named(name), good, bad)
    assert server.api.list(server.registry.named("Namespace"))["items"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"[]", b"3", b"\xff", b'{"a":' * 2000, b"k8s\x00\x01"]
)
@pytest.mark.parametrize("media_type", ["application/json", "application/yaml", "text/plain"])
def test_an_unreadable_body_is_refused(caller: Caller, content: bytes, media_type: str) -> None:
    """400 with a Status, whatever the bytes."""
    answer = caller.call("POST", CONFIGMAPS, data=content, headers={"Content-Type": media_type})
    assert answer.status_code in (400, 415, 422)
    assert answer.json()["kind"] == "Status"


@pytest.mark.parametrize(
    "query",
    [
        "limit=x",
        "limit=-1",
        "timeoutSeconds=x&watch=1",
        "resourceVersion=x",
        "resourceVersion=-1&watch=1",
        "continue=x",
        "labelSelector=a%20b",
        "labelSelector=a%20b&watch=1",
        "fieldSelector=x",
        "gracePeriodSeconds=x",
    ],
)
def test_an_unreadable_query_is_refused(caller: Caller, query: str) -> None:
    """400 with a Status that names what is wrong."""
    method = "DELETE" if "grace" in query else "GET"
    answer = caller.call(method, f"{CONFIGMAPS}?{query}")
    assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/nope",
        "/apis/a/b/c/d/e/f/g",
        "/api/v2/pods",
        "//",
        "/api/v1/namespaces/a/nodes/x",
        "/%00",
    ],
)
def test_an_unknown_path_is_not_found(caller: Caller, path: str) -> None:
    """404, as text, as a real server has it."""
    assert caller.call("GET", path).status_code == 404


def test_a_request_that_breaks_off_changes_nothing(
    server: ApiServer, caller: Caller, authority: Path
) -> None:
    """A client that dies before its whole body is sent, in a DELETE, deletes nothing."""
    caller.make("kept")
    address = ("127.0.0.1", urlsplit(server.url).port or 0)
    trusting = ssl.create_default_context(cafile=str(authority))
    with (
        socket.create_connection(address, timeout=30) as raw,
        trusting.wrap_socket(raw, server_hostname="127.0.0.1") as client,
    ):
        client.sendall(
            f"DELETE {CONFIGMAPS}/kept HTTP/1.1\r\nHost: 127.0.0.1:{address[1]}\r\n"
            f"Authorization: Bearer {server.token}\r\nContent-Length: 60\r\n\r\n".encode()
        )
        client.shutdown(socket.SHUT_WR)
        while client.recv(1000):  # until the server has closed too
            pass
    assert caller.call("GET", f"{CONFIGMAPS}/kept").status_code == 200
