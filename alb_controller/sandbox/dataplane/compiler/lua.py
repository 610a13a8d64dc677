"""Values as Lua writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def table(value: Any) -> str:
    """A value of plain JSON as an expression of Lua."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"[{table(k)}] = {table(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ", ".join(map(table, value)) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return '"' + "".join(_character(one) for one in str(value).encode()) + '"'


def _character(byte: int) -> str:
    is_plain = 32 <= byte < 127 and byte not in b'"\\'
    return chr(byte) if is_plain else f"\\{byte:03d}"
