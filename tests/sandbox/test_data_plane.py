"""The sandbox's load balancers answer: its rules, its pods, and each change of either."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from alb_controller.sandbox.curls import Sample
from alb_controller.sandbox.dataplane.part import DataPlane
from alb_controller.sandbox.kubeapi import ApiServer
from tests.dataplane.serving import fixed, forward, group, path, rule
from tests.sandbox.command import sandbox
from tests.waiting import until

Json = dict[str, Any]
DNS = "Web-1.us-west-2.elb.amazonaws.com"


def _document(*rules: Json) -> Json:
    listener = {
        "Port": 80,
        "Protocol": "HTTP",
        "DefaultActions": [fixed(404)],
        "Rules": list(rules),
    }
    balancer = {
        "LoadBalancerArn": "arn:web",
        "LoadBalancerName": "web",
        "DNSName": DNS,
        "Scheme": "internal",
        "IpAddressType": "ipv4",
        "Listeners": [listener],
    }
    network = {
        **balancer,
        "LoadBalancerArn": "arn:net",
        "LoadBalancerName": "net",
        "DNSName": "net.example",
        "Type": "network",
        "Listeners": [{"Port": 81, "Protocol": "TCP", "DefaultActions": [forward("front")]}],
    }
    front = {
        "Protocol": "TCP",
        "Port": 80,
        "TargetType": "alb",
        "Targets": [{"Id": "arn:web", "Port": 80, "State": "healthy"}],
    }
    groups = {"a": group("10.9.0.1"), "b": group("10.9.0.2"), "front": front}
    return {"version": 1, "load_balancers": [balancer, network], "target_groups": groups}


class Small:
    """A cluster of pods and a document of what AWS has, with the wire between them."""

    def __init__(self, folder: Path) -> None:
        self.kube = ApiServer()
        self.document = _document(rule(10, forward("a"), path("/*")))
        self.pod("web-a", "10.9.0.1")
        self.plane = DataPlane(folder, self.kube, lambda: self.document)
        self.plane.start(0)
        assert self.plane.wire is not None
        assert self.plane.names is not None
        self.wire, self._names = self.plane.wire, self.plane.names.url
        until(lambda: DNS.lower() in self.wire.places())

    def pod(self, name: str, address: str, phase: str | None = "Running") -> None:
        """A Pod in a phase; None removes it."""
        body = {
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "default"},
            "status": {"phase": phase, "podIP": address},
        }
        self.kube.store.write("pods", f"default/{name}", body if phase else None)

    def address(self, name: str = DNS, port: int = 80) -> str:
        """Where a listener is served, as the published map says."""
        places = requests.get(self._names, timeout=10).json()
        return str(places[name.lower()][str(port)])

    def ask(self, target: str = "/") -> str:
        """A request's outcome, in one line."""
        return Sample(self.address(), is_secure=False, target=target).ask()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    """It runs for as long as the test."""
    made = Small(tmp_path)
    try:
        yield made
    finally:
        made.plane.stop()


def test_a_pod_answers_while_it_runs(small: Small) -> None:
    """Before that and after it nobody is there: 502, as of a real load balancer."""
    assert small.ask() == "200 from pod default/web-a"
    small.pod("web-a", "10.9.0.1", None)
    assert small.ask().startswith("502")
    small.pod("web-a2", "10.9.0.1")
    until(lambda: small.ask() == "200 from pod default/web-a2")


def test_a_network_load_balancer_leads_to_an_application_one(small: Small) -> None:
    """TCP to the listener of a load balancer that is its target."""
    until(lambda: Sample(small.address("net.example", 81), is_secure=False).ask()[:3] == "200")


def test_a_hundred_rules_arrive_in_two_seconds_and_no_connection_is_lost(small: Small) -> None:
    """500 connections that are held over the change are asked again on the same sockets."""
    host, _, port = small.address().rpartition(":")
    held = [http.client.HTTPConnection(host, int(port), timeout=20) for _ in range(500)]
    for one in held:
        one.connect()
        one.request("GET", "/old")
        assert one.getresponse().read()
    sockets = [one.sock for one in held]
    small.pod("web-b", "10.9.0.2")
    rules = [rule(n, forward("b"), path(f"/new/{n}/*")) for n in range(1, 101)]
    began = time.monotonic()
    small.document = _document(*rules, rule(200, forward("a"), path("/*")))
    until(lambda: small.ask("/new/100/x") == "200 from pod default/web-b")
    assert time.monotonic() - began < 2.0 * _slowness()
    for one, before in zip(held, sockets, strict=True):
        one.request("GET", "/new/7/x")
        assert json.loads(one.getresponse().read())["pod"] == "default/web-b"
        assert one.sock is before
        one.close()


def _slowness() -> float:
    """Many processes of a test run share the machine: what takes 0.05 s alone."""
    began = time.perf_counter()
    sum(n * n for n in range(400_000))
    return max(1.0, (time.perf_counter() - began) / 0.05)


def test_what_envoy_refuses_leaves_what_is_served(small: Small) -> None:
    """And the reason is there to be shown."""
    bad = {
        "Field": "path-pattern",
        "PathPatternConfig": {"RegexValues": ["(?=lookahead)"]},
    }
    small.document = _document(rule(10, forward("a"), bad))
    until(lambda: small.wire.served.problem)
    assert small.ask() == "200 from pod default/web-a"
    small.document = _document(rule(10, forward("a"), path("/x")))
    until(lambda: not small.wire.served.problem and small.ask().startswith("404"))


def test_the_commands_that_it_prints_reach_pods(tmp_path: Path) -> None:
    """--once asks itself; by hand curl gets the same, and a container's endpoints say why not."""
    with sandbox(folder=tmp_path) as run:
        run.await_text("Ctrl-C ends it all.")
        text = run.text()
        commands = re.findall(r"^  (curl .*)$", text, re.M)
        assert len(commands) == 3
        assert shutil.which("curl"), "the test needs curl"
        pods = [_pod_of(command) for command in commands]
        found = re.search(r"KUBECONFIG=(\S+)", text)
        assert found
        logs = _kubectl(found[1], "logs", "-n", "myapp", pods[0].partition("/")[2])
    assert {pod.partition("-")[0] for pod in pods} == {"myapp/admin", "myapi/myapi", "myapp/myapp"}
    assert logs is None or "the embedded cluster runs no containers" in logs


def _pod_of(command: str) -> str:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} -s"], capture_output=True, text=True, timeout=20, check=True
    )
    pod: str = json.loads(done.stdout)["pod"]
    return pod


def _kubectl(config: str, *parts: str) -> str | None:
    if shutil.which("kubectl") is None:
        return None
    done = subprocess.run(
        ["kubectl", "--kubeconfig", config, *parts],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stderr


def test_a_taken_port_of_the_map_is_one_line(tmp_path: Path) -> None:
    """The flag, the port and the reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with sandbox("--once", "--names-port", str(port), folder=tmp_path) as run:
            assert run.end() == 2
    assert f"alb-controller: --names-port={port}: Address already in use" in run.text()
