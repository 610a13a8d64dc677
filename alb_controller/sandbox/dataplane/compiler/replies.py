"""What the load balancer answers by itself: ALB's statuses in place of Envoy's."""

from __future__ import annotations

from typing import Any

from alb_controller.sandbox.dataplane.compiler.matching import MARK

Json = dict[str, Any]
_FAILED = ["UF", "UC", "UR", "LR", "UPE"]
"""The target refused, hung up, or answered what is not HTTP (envoy: response flags)."""


def local_replies() -> Json:
    """The first that fits counts; the last fits all."""
    return {
        "mappers": [
            _mapper({"response_flag_filter": {"flags": _FAILED}}, 502),
            _mapper(_status_is(431), 400),
            _mapper({"not_health_check_filter": {}}, None),
        ]
    }


def _status_is(status: int) -> Json:
    value = {"default_value": status, "runtime_key": "dataplane.status"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}


def _mapper(which: Json, status: int | None) -> Json:
    made: Json = {"filter": which, "headers_to_add": [_header("server", "awselb/2.0")]}
    # where the request is gRPC, Envoy hides the status: after.lua sets this one
    own = "%RESPONSE_CODE%" if status is None else str(status)
    made["headers_to_add"].append(_header(f"{MARK}own", own))
    return made if status is None else made | {"status_code": status}


def _header(name: str, value: str) -> Json:
    header = {"key": name, "value": value}
    return {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
