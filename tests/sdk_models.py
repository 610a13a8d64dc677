"""The SDK's models, parsed once in a process instead of once in a session: they are megabytes."""

from __future__ import annotations

import functools
from typing import Any

from botocore.loaders import JSONFileLoader

_load_file = JSONFileLoader.load_file


@functools.cache
def _loaded(path: str) -> Any:
    return _load_file(JSONFileLoader(), path)


def parse_once() -> None:
    """From now on, for every session: nobody changes what a loader gives."""
    setattr(JSONFileLoader, "load_file", lambda _, path: _loaded(path))  # noqa: B010  # mypy knows it
