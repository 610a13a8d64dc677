"""`kubectl get`: tables with the columns that users know.

Source: k8s.io/kubernetes pkg/printers/internalversion/printers.go; names, formats and priorities
recorded from a server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from alb_controller.sandbox.kubeapi.http.table_rows import ROWS, TableRow, age
from alb_controller.sandbox.kubeapi.kinds import Column, Kind
from alb_controller.sandbox.kubeapi.schemas import Json

_STEP = re.compile(r"\.((?:[^.\[\\]|\\.)+)|\[([^\]]+)\]")
_NAME_DESCRIPTION = (
    "Name must be unique within a namespace. Is required when creating resources, although some "
    "resources may allow a client to request the generation of an appropriate name automatically. "
    "Name is primarily intended for creation idempotence and configuration definition. Cannot be "
    "updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
_AGE = Column(
    "Age",
    "date",
    ".metadata.creationTimestamp",
    description="CreationTimestamp is a timestamp representing the server time when this object "
    "was created.",
)


def read_json_path(obj: Json, path: str) -> list[Any]:
    """The values that a printer column's JSONPath finds: fields, indexes, `[*]` and
    `[?(@.a=="b")]`.
    """
    found: list[Any] = [obj]
    for name, index in _STEP.findall(path):
        if name:
            key = name.replace("\\.", ".")
            found = [value[key] for value in found if isinstance(value, dict) and key in value]
        else:
            found = [
                item for value in found if isinstance(value, list) for item in _pick(value, index)
            ]
    return found


def _pick(items: list[Any], index: str) -> list[Any]:
    if index == "*":
        return items
    if condition := re.fullmatch(r"\?\(@\.([\w.]+)\s*==\s*[\"'](.*)[\"']\)", index):
        path, wanted = condition.groups()
        return [item for item in items if wanted in read_json_path(item, f".{path}")]
    try:
        return [items[int(index)]]
    except (ValueError, IndexError):
        return []


def _custom_row(columns: Sequence[Column]) -> Callable[[Json, datetime], list[Any]]:
    def cells(obj: Json, now: datetime) -> list[Any]:
        row: list[Any] = [obj["metadata"]["name"]]
        for column in columns:
            values = read_json_path(obj, column.json_path)
            row.append(_custom_cell(column, values, now))
        return row

    return cells


def _custom_cell(column: Column, values: list[Any], now: datetime) -> Any:
    if not values:
        return None
    if column.type == "date":
        return age(values[0], now)
    if column.type == "string":
        return ",".join(value if isinstance(value, str) else str(value) for value in values)
    return values[0]


def _layout(kind: Kind) -> TableRow:
    if kind.is_custom:
        columns = kind.columns or (_AGE,)
        definitions = [(c.name, c.type, c.priority) for c in columns]
        return TableRow([("Name", "string", 0), *definitions], _custom_row(columns))
    return ROWS.get(kind.resource, PLAIN_ROW)


PLAIN_ROW = TableRow(
    [("Name", "string", 0), ("Created At", "date", 0)],
    lambda obj, _now: [obj["metadata"]["name"], obj["metadata"]["creationTimestamp"]],
)


def table(
    kind: Kind, objects: Sequence[Json], metadata: Json, *, include_object: str = "Metadata"
) -> Json:
    """The `Table` of some objects; `include_object` is None, Metadata or Object."""
    layout, now = _layout(kind), datetime.now(UTC)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": _definitions(kind, layout),
        "rows": [
            {
                "cells": layout.cells(obj, now),
                **({} if include_object == "None" else {"object": _included(obj, include_object)}),
            }
            for obj in objects
        ],
    }


def _definitions(kind: Kind, layout: TableRow) -> list[Json]:
    described = {"Name": _NAME_DESCRIPTION, "Age": _AGE.description}
    described |= {column.name: column.description for column in kind.columns}
    formats = {"Name": "name"} | {column.name: column.format for column in kind.columns}
    return [
        {
            "name": name,
            "type": cell_type,
            "format": formats.get(name, ""),
            "description": described.get(name, name),
            "priority": priority,
        }
        for name, cell_type, priority in layout.columns
    ]


def _included(obj: Json, include_object: str) -> Json:
    if include_object == "Object":
        return obj
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    return {**partial, "metadata": obj["metadata"]}
