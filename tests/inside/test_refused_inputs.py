"""Inputs of public reports that AWS or Kubernetes refuses: they harm only who asks for them.

The whole controller reads them between a Kubernetes API that validates and an AWS that refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.inside.conftest import Bill

INPUTS = Path(__file__).parent / "inputs"
NAMESPACE = "hunt"
PREFIX = "alb.ingress.kubernetes.io/"
Object = dict[str, Any]
GUILTY = {
    "default-redirect-loop": {"loop": f"{PREFIX}actions.up: "},
    "refused-condition-values": {},
    "refused-empty-healthcheck-path": {"odd": f"{PREFIX}healthcheck-path: '' must have 1 to 1024"},
    "refused-health-interval-range": {
        "odd": f"{PREFIX}healthcheck-interval-seconds: '4' must be 5 to 300"
    },
    "refused-health-timeout": {
        "odd": f"{PREFIX}healthcheck-timeout-seconds: the timeout of 5 seconds must be less than"
    },
    "refused-lb-attribute": {"odd": f"{PREFIX}load-balancer-attributes: "},
    "refused-status-code": {"odd": f"{PREFIX}actions.page: statusCode '301' must be 2xx, 4xx"},
    "refused-target-group-arn": {"odd": f"{PREFIX}actions.old: AWS refuses CreateRule"},
    "long-ingress-name": {},
    "trailing-newline": {},
}
"""By file: who is rejected, and what the Warning says."""
WHOSE_FATE_IS_OPEN = {"refused-condition-values": {"odd"}}
"""Six values may become two rules."""
SERVED = {"refused-lb-attribute": {"odd"}}
"""What nothing else needs keeps nobody from being served (ADR 9)."""


@pytest.fixture(autouse=True)
def hunt(bill: Bill) -> Iterator[None]:
    """The namespace of the inputs, in which no Ingress is left."""
    yield
    for ingress in ingresses(bill):
        bill.rig.delete("Ingress", ingress["metadata"]["name"], NAMESPACE)
    bill.has()


def ingresses(bill: Bill) -> list[Object]:
    """Those of the namespace."""
    found = bill.rig.cluster.list("Ingress")
    return [one for one in found if one["metadata"]["namespace"] == NAMESPACE]


def published(bill: Bill) -> set[str]:
    """Names of those that show where they are served."""
    return {
        one["metadata"]["name"]
        for one in ingresses(bill)
        if one.get("status", {}).get("loadBalancer", {}).get("ingress")
    }


def documents(name: str) -> list[Object]:
    """Of an input."""
    return list(yaml.safe_load_all((INPUTS / f"{name}.yaml").read_text()))


def named(docs: list[Object]) -> list[str]:
    """The Ingresses among them."""
    return [one["metadata"]["name"] for one in docs if one["kind"] == "Ingress"]


def warnings(bill: Bill, uids: dict[str, str], name: str) -> list[str]:
    """What Warnings say of an Ingress as it is now, not of an earlier one of its name."""
    return [
        event["message"]
        for event in bill.rig.events(name)
        if event["type"] == "Warning" and event["involvedObject"].get("uid") == uids[name]
    ]


@pytest.mark.parametrize("file", GUILTY)
def test_a_refused_input_harms_only_who_asks_for_it(bill: Bill, file: str) -> None:
    """The others are published; one Warning names the annotation; a further pass does nothing."""
    docs, guilty = documents(file), GUILTY[file]
    bill.has(*docs)
    uids = {one["metadata"]["name"]: one["metadata"]["uid"] for one in ingresses(bill)}
    open_ones = WHOSE_FATE_IS_OPEN.get(file, set())
    rejected = set(guilty) - SERVED.get(file, set())
    assert published(bill) - open_ones == set(named(docs)) - rejected - open_ones
    for name in set(named(docs)) - open_ones:
        found = warnings(bill, uids, name)
        assert len(found) == (name in guilty), found
        assert all(f" {guilty[name]}" in one for one in found)
    touched = {"metadata": {"labels": {"touched": "yes"}}}
    for name in named(docs):
        url = bill.rig.cluster.path("Ingress", NAMESPACE, name)
        assert bill.of(partial(bill.rig.cluster.merge, url, touched)) == {}


def test_names_of_any_length_are_served_edited_and_deleted(bill: Bill) -> None:
    """A name has up to 253 characters, with dots and rows of hyphens; a namespace 63."""
    *others, like = documents("long-ingress-name")
    bill.has(*others, like)
    names = (63 * "a", 64 * "a", f"a{251 * '-'}b", f"{60 * 'c'}.d{30 * '-'}d")
    bill.has(*({**like, "metadata": {**like["metadata"], "name": name}} for name in names))
    assert published(bill) == {like["metadata"]["name"], *names}
    bill.rig.delete("Ingress", names[2], NAMESPACE)
    bill.has()
    assert names[2] not in {one["metadata"]["name"] for one in ingresses(bill)}
    bindings = [
        one
        for one in bill.rig.cluster.list("TargetGroupBinding")
        if one["metadata"]["namespace"] == NAMESPACE
    ]
    assert len(bindings) == len(names)


def test_the_longest_name_in_the_longest_namespace_is_served(bill: Bill) -> None:
    """Its stack's id is longer than a tag may be; it is deleted to the last binding."""
    namespace = 63 * "n"
    moved = [_moved(one, namespace) for one in documents("long-ingress-name")]
    bill.has(*moved)
    name = moved[-1]["metadata"]["name"]
    made = bill.rig.cluster.get("Ingress", namespace, name)
    assert made is not None
    assert made["status"]["loadBalancer"]["ingress"]
    bill.rig.delete("Ingress", name, namespace)
    bill.has()
    assert bill.rig.cluster.get("Ingress", namespace, name) is None
    bindings = bill.rig.cluster.list("TargetGroupBinding")
    assert not [one for one in bindings if one["metadata"]["namespace"] == namespace]


def _moved(obj: Object, namespace: str) -> Object:
    """An object of an input in another namespace; an Ingress with the longest name."""
    name = obj["metadata"]["name"]
    if obj["kind"] == "Namespace":
        return {**obj, "metadata": {"name": namespace}}
    named = 253 * "i" if obj["kind"] == "Ingress" else name
    return {**obj, "metadata": {**obj["metadata"], "name": named, "namespace": namespace}}
