"""What was asked of AWS: one record for each call, for tests that count and people who wonder."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_READS = ("Describe", "Get", "List")


@dataclass(frozen=True, slots=True)
class Operation:
    """What a request asks for, read from its headers and body."""

    service: str
    name: str
    params: Mapping[str, Any]
    """As they were sent: nested in the JSON protocol, `Tags.member.1.Key` in the query protocol.

    Of a REST protocol, whose operation is named by its method and path, `Body` is the whole text.
    """
    is_json: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One call, answered with an HTTP status; 0 if its answer was lost."""

    service: str
    operation: str
    params: Mapping[str, Any]
    status: int
    seconds: float
    agent: str = ""
    """The caller's User-Agent."""

    @property
    def is_write(self) -> bool:
        """Whether it may have changed something."""
        return not self.operation.startswith(_READS)


def read_operation(environ: Mapping[str, Any], body: bytes) -> Operation:
    """The AWS operation of a WSGI request."""
    parts = str(environ.get("HTTP_AUTHORIZATION", "")).partition("Credential=")[2].split("/")
    service = parts[3] if len(parts) > 3 else str(environ.get("HTTP_HOST", ""))
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return Operation(service, str(target).rpartition(".")[2], _read_json(body), is_json=True)
    text = body.decode(errors="replace")
    rest = f"{environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')}"
    if text.startswith("<"):
        return Operation(service, rest, {"Body": text})
    fields = urllib.parse.parse_qs(text, keep_blank_values=True)
    params = {key: values[0] for key, values in fields.items()}
    name = params.pop("Action", rest)
    params.pop("Version", None)
    return Operation(service, name, params)


def _read_json(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
