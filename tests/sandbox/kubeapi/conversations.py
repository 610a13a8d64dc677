"""Conversations with a Kubernetes API, as data: the same requests to a real server and to ours.

A conversation is a YAML file of steps in `steps/`. What a kube-apiserver 1.35 answered
stands in `real-apiserver.json` (made by `record_answers.py`); what only a server can know (uids,
times, versions, addresses it gave out) is replaced by a word on both sides.

    - name: a stale version is refused      unique in its file
      put: ${ingresses}/x                   or get, post, patch, delete, watch
      type: merge                           of a patch: merge, json, strategic, apply
      query: {dryRun: All}
      body: {...}
      accept: table
      save: {version: metadata.resourceVersion}
      until: 200                            ask again until this is the code
      ends: {DELETED: 1}                    a watch is over after so many events of a type

`${name}` stands for a path of PATHS or for what an earlier step saved.
`{like: ${body}, …}` is that object with a merge patch on it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml

FOLDER = Path(__file__).parent
RECORDED = FOLDER / "real-apiserver.json"
METHODS = ("get", "post", "put", "patch", "delete", "watch")
PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
_DEFAULT = "namespaces/default"
PATHS = {
    "namespaces": "/api/v1/namespaces",
    "nodes": "/api/v1/nodes",
    **{
        plural: f"/api/v1/{_DEFAULT}/{plural}"
        for plural in ("services", "pods", "secrets", "configmaps", "events", "serviceaccounts")
    },
    "ingresses": f"/apis/networking.k8s.io/v1/{_DEFAULT}/ingresses",
    "ingressclasses": "/apis/networking.k8s.io/v1/ingressclasses",
    "endpointslices": f"/apis/discovery.k8s.io/v1/{_DEFAULT}/endpointslices",
    "leases": f"/apis/coordination.k8s.io/v1/{_DEFAULT}/leases",
    "deployments": f"/apis/apps/v1/{_DEFAULT}/deployments",
    "replicasets": f"/apis/apps/v1/{_DEFAULT}/replicasets",
    "bindings": f"/apis/elbv2.k8s.aws/v1beta1/{_DEFAULT}/targetgroupbindings",
    "params": "/apis/elbv2.k8s.aws/v1beta1/ingressclassparams",
    "crds": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "gadgets": f"/apis/example.test/v1/{_DEFAULT}/gadgets",
}

SETTLE_SECONDS = 10.0
Answer = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One request."""

    name: str
    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    type: str = "merge"
    accept: str = ""
    save: dict[str, str] = field(default_factory=dict)
    until: int = 0
    ends: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Conversation:
    """The steps of one file; or of one file for one kind, where the file is for many."""

    name: str
    steps: tuple[Step, ...]
    values: dict[str, str]


def read_conversations() -> Iterator[Conversation]:
    """All conversations, each file once, or once for every entry of its `each`."""
    for path in sorted((FOLDER / "steps").glob("*.yaml")):
        data = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
        steps = tuple(_read_step(entry) for entry in data["steps"])
        names = [step.name for step in steps]
        assert len(set(names)) == len(names), f"{path.name} has two steps of one name"
        for kind, values in data.get("each", {"": {}}).items():
            name = f"{path.stem}/{kind}" if kind else path.stem
            yield Conversation(
                name, steps, {**PATHS, **{k: json.dumps(v) for k, v in values.items()}}
            )


def _read_step(entry: dict[str, Any]) -> Step:
    (method,) = (key for key in METHODS if key in entry)
    rest = {key: value for key, value in entry.items() if key != method}
    return Step(method=method, path=entry[method], **rest)


class Client:
    """One API server, spoken to by plain HTTP."""

    def __init__(self, url: str, token: str, authority: str | bool) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.verify, self.http.trust_env = authority, False
        self.http.headers["Authorization"] = f"Bearer {token}"

    def send(self, step: Step, values: dict[str, str]) -> Any:
        """The answer as it came: code and body (a list of events for a watch)."""
        method, query = step.method.upper(), dict(step.query)
        headers = {"Accept": TABLE} if step.accept == "table" else {}
        if method == "WATCH":
            method, query = "GET", {"watch": "1", "timeoutSeconds": "1", **query}
        if method == "PATCH":
            headers["Content-Type"] = PATCH_TYPES.get(step.type, step.type)
        elif step.body is not None:
            headers["Content-Type"] = "application/json"
        response = self.http.request(
            method,
            self.url + fill(step.path, values),
            params={key: fill(value, values) for key, value in query.items()},
            data=None if step.body is None else json.dumps(fill(step.body, values)),
            headers=headers,
            timeout=20,
            stream=step.method == "watch",
        )
        body: Any
        if step.method == "watch" and response.ok:
            body = _read_events(response, step.ends)
        elif "json" in response.headers.get("Content-Type", ""):
            body = response.json()
        else:
            body = response.text
        return {"code": response.status_code, "body": body}


def _read_events(response: requests.Response, ends: dict[str, int]) -> list[Any]:
    """The events of a watch until its end, or until as many as `ends` says have come."""
    events: list[Any] = []
    with response:
        for line in response.iter_lines(chunk_size=1):
            events.append(json.loads(line))
            kinds = [event["type"] for event in events]
            if ends and all(kinds.count(kind) >= count for kind, count in ends.items()):
                break
    return events


def fill(value: Any, values: dict[str, str]) -> Any:
    """Put saved values in place of `${name}`; a text that is nothing else may become an object."""
    if isinstance(value, dict):
        filled = {key: fill(item, values) for key, item in value.items()}
        return changed(filled.pop("like"), filled) if "like" in filled else filled
    if isinstance(value, list):
        return [fill(item, values) for item in value]
    if not isinstance(value, str):
        return value
    if (whole := re.fullmatch(r"\$\{(\w+)\}", value)) and values[whole[1]].startswith(("{", "[")):
        return json.loads(values[whole[1]])
    return re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]].strip('"'), value)


def changed(value: Any, patch: Any) -> Any:
    """The value after a merge patch (RFC 7386)."""
    if not isinstance(patch, dict) or not isinstance(value, dict):
        return patch
    merged = {**value, **{key: changed(value.get(key), item) for key, item in patch.items()}}
    return {key: item for key, item in merged.items() if item is not None}


def hold(client: Client, conversation: Conversation) -> dict[str, Answer]:
    """Go through the steps; the answers by step, made comparable."""
    values = dict(conversation.values)
    answers = {}
    for step in conversation.steps:
        answer = client.send(step, values)
        deadline = time.monotonic() + SETTLE_SECONDS
        while step.until and answer["code"] != step.until and time.monotonic() < deadline:
            time.sleep(0.1)
            answer = client.send(step, values)
        for name, path in step.save.items():
            values[name] = _find(answer["body"], path)
        answers[step.name] = {"code": answer["code"], "body": comparable(answer["body"])}
    return answers


def _find(body: Any, path: str) -> str:
    for part in path.split("."):
        body = body.get(part, "") if isinstance(body, dict) else ""
    return str(body)


# ---------------------------------------------------------------- what only a server can know

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_INNER_PATTERNS = (
    (re.compile(r"in record \(\d+\)"), "in record (VERSION)"),
    (re.compile(r"in record \([0-9a-f-]{36}\)"), "in record (UID)"),
    (re.compile(r"UID in object meta: \S+"), "UID in object meta: UID"),
    (re.compile(r"StorageError: .*AdditionalErrorMsg: "), ""),
    (re.compile(r"current: \d+"), "current: VERSION"),
)
_CLUSTER_IP = re.compile(r"10\.(9[6-9]|10\d|11[01])\.\d+\.\d+")
_AGE = re.compile(r"\d+[smhdy](\d+[smhd])?")
_GIVEN_OUT = ("nodePort", "healthCheckNodePort")
_LEFT_OUT = ("uid", "resourceVersion", "managedFields", "remainingItemCount")


def comparable(value: Any, key: str = "") -> Any:
    """The value without what differs from server to server."""
    if isinstance(value, dict):
        return _comparable_object(value)
    if isinstance(value, list):
        items = [comparable(item, key) for item in value]
        if key == "causes":
            return sorted(
                {json.dumps(item, sort_keys=True): item for item in items}.values(), key=str
            )
        return items
    if key in _GIVEN_OUT:
        return "PORT"
    return _comparable_text(value, key) if isinstance(value, str) else value


def _comparable_text(text: str, key: str) -> str:
    if key == "continue" and text:
        return "TOKEN"
    if key == "cells" and _AGE.fullmatch(text):
        return "AGE"
    text = _CLUSTER_IP.sub("ADDRESS", _TIME.sub("TIME", text))
    for pattern, term in _INNER_PATTERNS:
        text = pattern.sub(term, text)
    return text


def _comparable_object(value: dict[str, Any]) -> dict[str, Any]:
    shown = {
        k: comparable(v, k) for k, v in value.items() if k not in _LEFT_OUT and k != "description"
    }
    if "generateName" in value:
        shown["name"] = "GENERATED"
    if "managedFields" in value:
        managers = [
            entry["manager"] for entry in value["managedFields"] if entry["operation"] == "Apply"
        ]
        shown |= {"appliedBy": sorted(managers)} if managers else {}
    if value.get("kind") == "Status" and "causes" in value.get("details", {}):
        del shown["message"]  # it is the causes once more, in an order of their own
    return shown
