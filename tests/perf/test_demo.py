"""What somebody sees who plays with the demo."""

from __future__ import annotations

import base64
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
import yaml

from tests.conformance.aws_account import Account
from tests.sandbox.command import Sandbox, sandbox
from tests.waiting import until

pytestmark = pytest.mark.perf
READY = "Ctrl-C ends it all."
SCALE = "/apis/apps/v1/namespaces/myapi/deployments/myapi/scale"
SIZES = (5, 1, 4, 2, 6, 3)


def test_a_scaled_deployment_has_its_targets_within_a_second(
    tmp_path: Path, figures: list[str]
) -> None:
    """`kubectl scale` of the running demo, which patches the scale of the Deployment."""
    with sandbox(folder=tmp_path) as run:
        run.await_text(READY)
        scale, targets = _scaler(run, tmp_path), _counter(run)
        spent = []
        for replicas in SIZES:
            began = time.monotonic()
            scale(replicas)
            _await_count(targets, replicas)
            spent.append(time.monotonic() - began)
    figures.append(
        f"demo: targets follow a scaled Deployment in {statistics.median(spent) * 1e3:.0f} ms "
        f"({max(spent) * 1e3:.0f} ms at most)"
    )
    assert max(spent) <= 1.0


def _scaler(run: Sandbox, folder: Path) -> Callable[[int], None]:
    (path,) = re.findall(r"KUBECONFIG=(\S+)", run.text())
    config = yaml.safe_load(Path(path).read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = folder / "ca.crt"
    authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    session = requests.Session()
    session.trust_env, session.verify = False, str(authority)
    session.headers["Authorization"] = f"Bearer {user['token']}"
    session.headers["Content-Type"] = "application/merge-patch+json"

    def scale(replicas: int) -> None:
        body = {"spec": {"replicas": replicas}}
        session.patch(cluster["server"] + SCALE, json=body, timeout=10).raise_for_status()

    return scale


def _await_count(targets: Callable[[], int], wanted: int) -> None:
    until(lambda: targets() == wanted)


def _counter(run: Sandbox) -> Callable[[], int]:
    """How many targets the API's target group has; those that drain do not count."""
    (url,) = re.findall(r"AWS_ENDPOINT_URL=(\S+)", run.text())
    elbv2 = Account(url).elbv2
    groups = elbv2.describe_target_groups()["TargetGroups"]
    (arn,) = [g["TargetGroupArn"] for g in groups if g["TargetGroupName"].startswith("k8s-myapi-")]

    def count() -> int:
        found = elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return sum(one["TargetHealth"]["State"] != "draining" for one in found)

    return count
