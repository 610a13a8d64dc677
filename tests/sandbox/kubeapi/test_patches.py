"""Strategic merge patches: lists by their keys, and the directives that kubectl sends."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.sandbox.kubeapi.kinds import load_definitions
from alb_controller.sandbox.kubeapi.patches import merge, merge_strategically
from alb_controller.sandbox.kubeapi.schemas import clone
from alb_controller.sandbox.kubeapi.statuses import StatusError

POD = load_definitions()["io.k8s.api.core.v1.Pod"]
BEFORE: dict[str, Any] = {
    "metadata": {"finalizers": ["a.b/1", "a.b/2"], "labels": {"keep": "1", "drop": "1"}},
    "spec": {
        "containers": [{"name": "a", "image": "1", "args": ["x"]}, {"name": "b", "image": "1"}],
        "volumes": [{"name": "v", "emptyDir": {}}],
    },
}


A, B = {"name": "a", "image": "1", "args": ["x"]}, {"name": "b", "image": "1"}
CASES: dict[str, tuple[dict[str, Any], str, Any]] = {
    "null removes": ({"metadata": {"labels": {"drop": None}}}, "metadata.labels", {"keep": "1"}),
    "replace": (
        {"metadata": {"labels": {"$patch": "replace", "x": "y"}}},
        "metadata.labels",
        {"x": "y"},
    ),
    "delete": (
        {"metadata": {"labels": {"$patch": "delete"}}},
        "metadata",
        {"finalizers": ["a.b/1", "a.b/2"]},
    ),
    "delete from a set": (
        {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a.b/1"]}},
        "metadata.finalizers",
        ["a.b/2"],
    ),
    "a set grows": (
        {"metadata": {"finalizers": ["a.b/0"]}},
        "metadata.finalizers",
        ["a.b/0", "a.b/1", "a.b/2"],
    ),
    "an item by its key": (
        {"spec": {"containers": [{"name": "b", "image": "2"}]}},
        "spec.containers",
        [A, {"name": "b", "image": "2"}],
    ),
    "an item goes": (
        {"spec": {"containers": [{"name": "b", "$patch": "delete"}]}},
        "spec.containers",
        [A],
    ),
    "a list is replaced": (
        {"spec": {"containers": [{"$patch": "replace"}, {"name": "c", "image": "1"}]}},
        "spec.containers",
        [{"name": "c", "image": "1"}],
    ),
    "an order": (
        {"spec": {"containers": [], "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}},
        "spec.containers",
        [B, A],
    ),
    "a list without keys is replaced": (
        {"spec": {"containers": [{"name": "a", "args": ["y"]}]}},
        "spec.containers",
        [{**A, "args": ["y"]}, B],
    ),
    "keys to retain": (
        {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "nfs"], "nfs": {}}]}},
        "spec.volumes",
        [{"name": "v", "nfs": {}}],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_strategic_patch_does_what_it_says(name: str) -> None:
    """Keys merge lists, directives replace, delete, retain and order; the object before stays."""
    patch, path, expected = CASES[name]
    before = clone(BEFORE)
    found = merge_strategically(before, patch, POD)
    for part in path.split("."):
        found = found[part]
    assert found == expected
    assert before == BEFORE


def test_setting_an_order_without_items_keeps_them() -> None:
    """An order names what is there; it removes nothing."""
    patch = {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}}
    assert len(merge_strategically(BEFORE, patch, POD)["spec"]["containers"]) == 2


def test_an_item_without_its_key_is_refused() -> None:
    """400 with the key that is missing, not a traceback."""
    with pytest.raises(StatusError, match="declared merge key: name"):
        merge_strategically(BEFORE, {"spec": {"containers": [{"image": "2"}]}}, POD)


def test_a_merge_patch_replaces_lists() -> None:
    """RFC 7386: no keys, null removes, an object over a text replaces it."""
    patch = {"metadata": {"finalizers": ["z"], "labels": None}, "spec": "text"}
    assert merge(BEFORE, patch) == {"metadata": {"finalizers": ["z"]}, "spec": "text"}
