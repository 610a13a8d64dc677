"""JSON as Go's encoding/json writes it, for texts that LBC writes as well."""

from __future__ import annotations

import msgspec

_GO_ESCAPES = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def go_json(value: object) -> str:
    """Compact, keys of maps sorted, fields of structs in their order, HTML characters escaped."""
    return msgspec.json.encode(value, order="deterministic").decode().translate(_GO_ESCAPES)
