"""What can be said of the chart without helm: its version, its schema, its packaging."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import yaml

from alb_controller.settings import gate_rows
from tests.meta.sources import ROOT

CHART = ROOT / "charts" / "alb-controller"


def test_the_charts_version_is_the_packages() -> None:
    """Chart, application and package are released together."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert chart["version"] == chart["appVersion"] == version


def schema() -> dict[str, Any]:
    """The schema's properties."""
    found: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
    assert found["additionalProperties"] is False
    return dict(found["properties"])


def test_every_value_is_in_the_schema() -> None:
    """A value without a type would be taken however it is written; `global` is Helm's own."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(values) == set(schema()) - {"global"}


def test_the_schema_knows_the_feature_gates() -> None:
    """A gate that the binary does not know is refused before it is installed."""
    gates = schema()["controllerConfig"]["properties"]["featureGates"]
    assert set(gates["properties"]) == {row.gate.name for row in gate_rows()}
    assert gates["additionalProperties"] is False
