"""Request bodies: JSON, YAML and Kubernetes protobuf, read into JSON values."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from alb_controller.sandbox.kubeapi.http.protobuf import MAGIC, decode_envelope
from alb_controller.sandbox.kubeapi.kinds import Registry
from alb_controller.sandbox.kubeapi.schemas import decode_json
from alb_controller.sandbox.kubeapi.statuses import StatusError, bad_request

MAX_BODY_BYTES = 3 * 1024 * 1024
_YAML = ("application/yaml", "application/apply-patch+yaml")


def too_large() -> StatusError:
    """413: more than a real server takes."""
    return StatusError(413, "RequestEntityTooLarge", f"limit is {MAX_BODY_BYTES}")


def read_body(content: bytes, media_type: str, registry: Registry, expected: str) -> Any:
    """The value in the body. Raises 400 for what cannot be read.

    `expected` is the kind's name, for the message.
    """
    if content.startswith(MAGIC):
        return decode_envelope(content, registry.definitions)
    try:
        return decode_json(content)
    except RecursionError:
        raise bad_request("the body is nested too deeply") from None
    except msgspec.DecodeError as error:
        if media_type in _YAML:
            return _read_yaml(content)
        shown = content[:64].decode(errors="replace")
        message = (
            f"the object provided is unrecognized (must be of type {expected}): couldn't get "
            f"version/kind; json parse error: {error} ({shown})"
        )
        raise bad_request(message) from None


def _read_yaml(content: bytes) -> Any:
    try:
        return yaml.load(content, Loader=yaml.CSafeLoader)
    except RecursionError:
        raise bad_request("the body is nested too deeply") from None
    except yaml.YAMLError as error:
        raise bad_request(f"error decoding YAML: {error}") from None
