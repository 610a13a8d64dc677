"""What can be said of the image without a builder; `tests/apiserver/test_wheel.py` runs it."""

from __future__ import annotations

import re

import yaml

from alb_controller.aws.client import SERVICE_IDS
from tests.meta.sources import ROOT

TEXT = (ROOT / "Dockerfile").read_text()
LINES = TEXT.splitlines()


def test_the_base_is_pinned() -> None:
    """Both stages are of one tag, which names a version of Python and of the distribution."""
    bases = {line.split()[1] for line in LINES if line.startswith("FROM ")}
    (base,) = bases
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", base)
    version = base.removeprefix("python:").rpartition(".")[0]
    assert f"lib/python{version}/" in TEXT


def test_the_user_is_the_charts() -> None:
    """A number, so that Kubernetes can tell that it is not root; the chart runs the same."""
    values = yaml.safe_load((ROOT / "charts/alb-controller/values.yaml").read_text())
    user = values["securityContext"]["runAsUser"]
    assert f"USER {user}:{user}" in LINES


def test_it_is_one_process() -> None:
    """Without a shell in between, SIGTERM reaches the controller; the chart's arguments follow."""
    assert 'ENTRYPOINT ["alb-controller"]' in LINES


def test_no_service_that_is_called_is_taken_out() -> None:
    """The services that the code can call, and those that credentials come from, stay."""
    kept = set(re.findall(r"! -name (\S+)", TEXT))
    assert kept == set(SERVICE_IDS) | {"sso", "sso-oidc", "sts"}
