"""A state on the wire: demo pods as its targets, and `alb-controller dataplane` as a process."""

from __future__ import annotations

import copy
import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alb_controller.sandbox.dataplane.pods import DemoPods

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What came back: `seen` is what the pod says of the request, empty if none was reached."""

    status: int
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    body: str
    seen: Json

    @property
    def seen_headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.seen["headers"]}


class Plane:
    """A running data plane."""

    def __init__(self, places: Json) -> None:
        self.places = places

    def ask(
        self,
        target: str = "/",
        *,
        port: int = 80,
        method: str = "GET",
        headers: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """One request on a connection of its own, with Host h.example if `headers` have none."""
        host, _, number = self.places["listeners"][str(port)].rpartition(":")
        connection = http.client.HTTPConnection(host, int(number), timeout=10)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            if not any(name.lower() == "host" for name, _ in headers):
                connection.putheader("Host", "h.example")
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders()
            return answer_of(connection.getresponse())
        finally:
            connection.close()

    def change(self, *changes: Json) -> int:
        """Change states of targets; the status."""
        host, _, number = self.places["admin"].removeprefix("http://").rpartition(":")
        connection = http.client.HTTPConnection(host, int(number), timeout=10)
        connection.request("POST", "/states", json.dumps(changes))
        status = connection.getresponse().status
        connection.close()
        return status


def answer_of(response: http.client.HTTPResponse) -> Answer:
    """An answer that was read."""
    body = response.read().decode()
    pairs = response.getheaders()
    is_pod = response.getheader("X-Pod") is not None and body
    return Answer(
        status=response.status,
        headers={name.lower(): value for name, value in pairs},
        cookies=tuple(value for name, value in pairs if name.lower() == "set-cookie"),
        body=body,
        seen=json.loads(body) if is_pod else {},
    )


@contextmanager
def serve(state: Json, folder: Path) -> Iterator[Plane]:
    """Serve a document; each of its targets is a demo pod named `group/id`."""
    state = copy.deepcopy(state)
    file = folder / "state.json"
    with DemoPods() as pods:
        for group, one in state["target_groups"].items():
            for target in one["Targets"]:
                pods.run(target["Id"], f"{group}/{target['Id']}")
                target["Endpoint"] = pods.endpoint((target["Id"], target["Port"]))
        file.write_text(json.dumps(state))
        with process(file) as places:
            yield Plane(places)


@contextmanager
def process(file: Path) -> Iterator[Json]:
    """The command, until its standard input closes."""
    command = [sys.executable, "-m", "alb_controller", "dataplane", str(file)]
    started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert started.stdin is not None
    assert started.stdout is not None
    try:
        line = started.stdout.readline()
        assert line, "the command said nothing"
        yield json.loads(line)
    finally:
        started.stdin.close()
        assert started.wait(60) == 0
        started.stdout.close()


def group(*targets: str, **rest: Any) -> Json:
    """A target group; each target an address, with `=state` if it is not healthy."""
    made = []
    for target in targets:
        address, _, state = target.partition("=")
        made.append({"Id": address, "Port": 8080, "State": state or "healthy"})
    return {"Protocol": "HTTP", "Port": 80, "TargetType": "ip", "Targets": made, **rest}


def forward(*groups: str, **weights: int) -> Json:
    """To one group, or by weights."""
    if not weights:
        return {"Type": "forward", "TargetGroupArn": groups[0]}
    tuples = [{"TargetGroupArn": name, "Weight": weight} for name, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}}


def fixed(status: int, body: str = "") -> Json:
    """An answer of the load balancer's own."""
    config = {"StatusCode": str(status), "ContentType": "text/plain", "MessageBody": body}
    return {"Type": "fixed-response", "FixedResponseConfig": config}


def rule(priority: int, action: Json, *conditions: Json, **rest: Any) -> Json:
    """A rule."""
    return {
        "Priority": str(priority),
        "Conditions": list(conditions),
        "Actions": [action],
        **rest,
    }


def path(*values: str) -> Json:
    """A condition on the path."""
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}
