"""moto's state, kept and brought back: many times faster than building an account anew.

moto makes a default VPC and a key for each certificate; together that takes more than a second.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.moto_api._internal import mock_random

from .account import REGION

IDS_SEED = 42


def empty() -> None:
    """Empty every account, and number ids from the start again."""
    BackendDict.reset()
    reset_model_data()
    mock_random.seed(IDS_SEED)


class KeptState:
    """The state of all backends at one moment."""

    def __init__(self) -> None:
        self._states = {id(backend): _copied(vars(backend)) for backend in _used_backends()}

    def bring_back(self) -> None:
        """Make the state what it was; backends that were not there then are emptied."""
        for backend in list(_used_backends()):
            if id(backend) in self._states:
                backend.__dict__ = _copied(self._states[id(backend)])
            else:
                backend.reset()


def _used_backends() -> Iterator[Any]:
    """Those of the account's region; moto makes others for itself, and nobody changes them."""
    return (backend for backend in _backends() if backend.region_name in (REGION, "aws"))


def _backends() -> Iterator[Any]:
    every_service: Any = BackendDict
    for service in every_service._instances:
        for account in service.values():
            yield from account.values()


def _copied(state: dict[str, Any]) -> dict[str, Any]:
    """A deep copy in which backends are themselves: models point back at them."""
    return copy.deepcopy(state, {id(backend): backend for backend in _backends()})
