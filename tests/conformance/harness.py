"""Runs recorded cases over the controller and compares its state with LBC's."""

from __future__ import annotations

import contextlib
import difflib
import functools
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from alb_controller.objects.notes import STATUS
from tests.apiserver.cluster import Cluster
from tests.conformance import aws_state, controller, kube_state
from tests.conformance.additions import add
from tests.conformance.aws_account import NODES, Account, Ids
from tests.conformance.corpus import DELETE, Step, needs, steps
from tests.iam.evaluator import Asked

Shape = dict[str, Any]
SYSTEM = "kube-"
WIPED = (
    "Ingress",
    "TargetGroupBinding",
    "Service",
    "EndpointSlice",
    "Pod",
    "Secret",
    "ConfigMap",
    "IngressClass",
    "IngressClassParams",
    "Node",
    "Event",
)


class Outcome(msgspec.Struct, frozen=True):
    """What came of one step; `difference` is empty where it equals the recording."""

    step: Step
    difference: str
    asked: tuple[Asked, ...]
    """What the calls of the step ask of a policy."""
    calls: int
    reference_calls: int


class Installation(msgspec.Struct, frozen=True):
    """How the controller runs where its chart is installed: webhooks complete users' bindings."""

    kubeconfig: Path
    """Of the service account."""
    flags: tuple[str, ...]


class Moto(msgspec.Struct, frozen=True):
    """A running moto server: its URL and the log of its calls."""

    url: str
    log: Path

    def calls(self, since: int = 0) -> list[str]:
        """The operations that were asked for, from a position on."""
        return [line["op"] for line in self.lines(since)]

    def count(self) -> int:
        """How many calls there were."""
        return len(self.log.read_text().splitlines())

    def lines(self, since: int = 0) -> list[Shape]:
        """What the log says of each call, from a position on."""
        return [json.loads(line) for line in self.log.read_text().splitlines()[since:]]


@contextlib.contextmanager
def moto_server(folder: Path) -> Iterator[Moto]:
    """A moto server for as long as the block."""
    log = folder / "calls.jsonl"
    log.touch()
    command = [sys.executable, "-m", "tests.conformance.moto_server", str(log)]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout is not None
        yield Moto(process.stdout.readline().strip(), log)


@functools.cache
def _account(url: str) -> Account:
    """Making clients takes longer than most of what they do."""
    return Account(url)


def run_case(
    case: str,
    kubeconfig: Path,
    moto: Moto,
    folder: Path,
    *,
    under: Installation | None = None,
) -> Iterator[Outcome]:
    """Run the steps of a case over a fresh account, an empty cluster and a new controller.

    `kubeconfig` is the admin's, and the controller's too where nothing is installed.

    Raises ControllerError when the controller ends, or does not start or settle.
    """
    cluster, account = Cluster(kubeconfig), _account(moto.url)
    ids = prepare(case, cluster, account)
    start = moto.count()  # calls made before the first step count towards it
    log = folder / f"{case}.log"
    how = under or Installation(kubeconfig, ())
    flags = (*how.flags, *needs(case).flags)
    with controller.running(how.kubeconfig, moto.url, ids["vpc"], log, flags) as running:
        for step in steps(case):
            refused = take(step, cluster, ids)
            running.settle()
            made = moto.lines(start)
            state = {
                "AWS": aws_state.read_state(account),
                "Kubernetes": kube_state.read_state(cluster, account, ids),
                "Refused": refused,
            }
            if under is not None:
                state = kube_state.without_completions(state, step.expected())
            outcome = _compare(step, state, made)
            if outcome.difference:
                complaints = "".join(f"{line}\n" for line in _complaints(cluster))
                explained = complaints + outcome.difference
                outcome = msgspec.structs.replace(outcome, difference=explained)
            yield outcome
            start = moto.count()


def _complaints(cluster: Cluster) -> Iterator[str]:
    """What the controller says itself of a step that went wrong: Warnings, and status errors."""
    for event in cluster.list("Event"):
        if event.get("type") == "Warning":
            about = event["involvedObject"]
            path = f"{about['kind']} {about.get('namespace', '')}/{about['name']}"
            yield f"Warning {event['reason']} on {path}: {event['message']}"
    for ingress in cluster.list("Ingress"):
        meta = ingress["metadata"]
        shown = json.loads(meta.get("annotations", {}).get(STATUS, "{}"))
        if "error" in shown:
            path = f"Ingress {meta['namespace']}/{meta['name']}"
            yield f"status of {path}: {shown['error']['message']}"


def prepare(case: str, cluster: Cluster, account: Account) -> Ids:
    """An empty cluster with the account's nodes, and a fresh account with what the case needs."""
    wipe(cluster)
    ids = add(account, needs(case).account, account.seed())
    add_nodes(cluster, ids)
    return ids


def take(step: Step, cluster: Cluster, ids: Ids) -> list[str]:
    """Do what the step says; the objects that the API refused."""
    refused = []
    for document in step.documents(ids):
        if "delete" in document:
            for reference in document["delete"]:
                cluster.delete(*reference.split("/"))
        else:
            texts = cluster.apply(document)
            if texts:
                refused.append(f"{document['kind']} {document['metadata']['name']}: {texts}")
    if step.name == DELETE:
        for kind in ("Ingress", "TargetGroupBinding"):
            for found in cluster.list(kind):
                meta = found["metadata"]
                if _is_made_by_hand(kind, meta):
                    cluster.delete(kind, meta["namespace"], meta["name"])
    return refused


def _is_made_by_hand(kind: str, meta: Shape) -> bool:
    """Bindings that belong to a stack go with their Ingress; those of users are deleted here."""
    return kind == "Ingress" or kube_state.is_made_by_hand(meta.get("labels", {}))


def _compare(step: Step, state: Shape, made: Sequence[Shape]) -> Outcome:
    got, want = kube_state.comparable(state), kube_state.comparable(step.expected())
    demanded, operations = step.demanded_calls(), {line["op"] for line in made}
    want["Calls"], got["Calls"] = demanded, {name: name in operations for name in demanded}
    difference = ""
    if got != want:
        theirs, ours = (yaml.safe_dump(side, width=160).splitlines() for side in (want, got))
        difference = "\n".join(difflib.unified_diff(theirs, ours, "expected", "got", lineterm=""))
    asked = tuple(Asked(*one) for line in made for one in line["asked"])
    recorded = step.recorded().get("Calls", {}).get("Total", 0)
    return Outcome(step, difference, asked, len(made), recorded)


def add_nodes(cluster: Cluster, ids: Ids) -> None:
    """The account's instances as Nodes that are ready."""
    for name, network in NODES.items():
        zone, address = network.zone, network.address
        labels = {"topology.kubernetes.io/zone": zone, "kubernetes.io/os": "linux"}
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": labels},
            "spec": {"providerID": f"aws:///{zone}/{ids[name]}"},
            "status": {
                "addresses": [{"type": "InternalIP", "address": address}],
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        }
        refused = cluster.apply(node)
        assert refused is None, refused


def wipe(cluster: Cluster) -> None:
    """Remove every object that a case may have left, finalizers or not."""
    for kind in WIPED:
        for found in cluster.list(kind):
            meta = found["metadata"]
            namespace, name = meta.get("namespace"), meta["name"]
            of_system = (namespace or "").startswith(SYSTEM)
            if of_system or (namespace, name) == ("default", "kubernetes"):
                continue
            if meta.get("finalizers"):
                url = cluster.path(kind, namespace, name)
                cluster.merge(url, {"metadata": {"finalizers": None}})
            cluster.delete(kind, namespace, name)
