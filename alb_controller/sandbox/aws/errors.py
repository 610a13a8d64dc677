"""Errors as the services of AWS write them: XML of two kinds, or JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from .calls import Operation


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of the server's own, most of them errors, on the wire."""

    status: int
    content_type: str
    body: bytes


def refuse(operation: Operation, status: int, code: str, message: str) -> Refusal:
    """The error that the operation's service would send."""
    if operation.is_json:
        body = json.dumps({"__type": code, "message": message}).encode()
        return Refusal(status, "application/x-amz-json-1.1", body)
    error = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    if operation.service == "ec2":
        text = f"<Response><Errors>{error}</Errors><RequestID>local</RequestID></Response>"
    else:
        text = f"<ErrorResponse>{error}<RequestId>local</RequestId></ErrorResponse>"
    return Refusal(status, "text/xml", text.encode())
