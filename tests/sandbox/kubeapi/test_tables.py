"""Tables for kubectl: ages, and the JSONPaths of printer columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alb_controller.sandbox.kubeapi.http.table_rows import ROWS, age
from alb_controller.sandbox.kubeapi.http.tables import read_json_path, table
from alb_controller.sandbox.kubeapi.kinds import Registry

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    "seconds,expected",
    [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (3 * MINUTE + 20, "3m20s"),
        (15 * MINUTE + 5, "15m"),
        (4 * HOUR + 5 * MINUTE, "4h5m"),
        (30 * HOUR, "30h"),
        (3 * DAY + 4 * HOUR, "3d4h"),
        (100 * DAY, "100d"),
        (3 * 365 * DAY + 5 * DAY, "3y5d"),
        (9 * 365 * DAY, "9y"),
    ],
)
def test_ages_are_written_as_kubectl_does(seconds: int, expected: str) -> None:
    """The finer the younger."""
    since = (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert age(since, NOW) == expected


def test_no_time_is_an_unknown_age() -> None:
    """An event without a time."""
    assert age(None, NOW) == "<unknown>"


OBJECT: dict[str, Any] = {
    "spec": {"ref": {"name": "s"}, "ports": [{"n": 1}, {"n": 2}]},
    "metadata": {"annotations": {"a.b/c": "x"}},
    "status": {"conditions": [{"type": "A", "status": "0"}, {"type": "Ready", "status": "1"}]},
}


@pytest.mark.parametrize(
    "path,expected",
    [
        (".spec.ref.name", ["s"]),
        (".spec.ports[*].n", [1, 2]),
        (".spec.ports[1].n", [2]),
        (".spec.ports[9].n", []),
        (".spec.nope.name", []),
        (r".metadata.annotations.a\.b/c", ["x"]),
        ('.status.conditions[?(@.type=="Ready")].status', ["1"]),
    ],
)
def test_a_printer_column_finds_its_values(path: str, expected: list[Any]) -> None:
    """The JSONPaths that CRDs use."""
    assert read_json_path(OBJECT, path) == expected


@pytest.mark.parametrize("kind", Registry().all(), ids=lambda kind: kind.resource)
def test_every_kind_has_as_many_cells_as_columns(kind: Any) -> None:
    """A minimal object of any kind can be printed."""
    container = {"name": "c", "image": "i"}
    template = {"spec": {"containers": [container]}}
    spec = {"type": "ClusterIP", "containers": [container], "template": template, "controller": "c"}
    obj = {
        "metadata": {"name": "x", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": spec,
        "type": "Opaque",
        "addressType": "IPv4",
        "involvedObject": {},
        "roleRef": {"kind": "Role", "name": "r"},
    }
    shown = table(kind, [obj], {})
    assert len(shown["rows"][0]["cells"]) == len(shown["columnDefinitions"])
    assert kind.resource in ROWS or len(shown["columnDefinitions"]) == 2
