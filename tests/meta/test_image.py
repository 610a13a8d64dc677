"""What can be said of the image without its packages; `tests/apiserver/image` makes and runs it."""

from __future__ import annotations

import re
import tomllib

import yaml

from alb_controller.aws.client import SERVICE_IDS
from tests.meta.sources import ROOT

TEXT = (ROOT / "Dockerfile").read_text()
LINES = TEXT.splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_base_is_pinned() -> None:
    """One tag, which names a version of Python and of the distribution; other stages are ours."""
    stages = [line.split() for line in LINES if line.startswith("FROM ")]
    ours = {texts[3] for texts in stages if len(texts) > 3}
    (base,) = {texts[1] for texts in stages} - ours
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", base)


def test_packages_are_locked() -> None:
    """By version and hash, all that pyproject.toml asks for; pip refuses what is not."""
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    asked = {re.split("[<>=]", term)[0].lower() for term in PROJECT["dependencies"]}
    assert asked <= set(locked)
    assert "--only-binary=:all: --require-hashes" in TEXT


def test_its_version_is_the_packages() -> None:
    """A label says which one it is."""
    assert f'org.opencontainers.image.version="{PROJECT["version"]}"' in TEXT


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
