"""Senders to a faulty server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.session
import msgspec
import pytest

from alb_controller.aws.client import Sender, SenderSettings
from tests.clocks import FakeClock
from tests.faults.aws.faulty_server import FaultyServer


class Calls:
    """An observer that remembers what is reported to it."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def __call__(self, **reported: Any) -> None:
        self.seen.append(reported)


class Rig(msgspec.Struct, frozen=True):
    """A sender, its clock that never waits, and what its observer has seen."""

    sender: Sender
    clock: FakeClock
    calls: Calls


MakeRig = Callable[..., Rig]


@pytest.fixture(scope="session")
def session() -> botocore.session.Session:
    """One for all: it remembers AWS's service models, which take long to read."""
    session = botocore.session.get_session()
    session.set_credentials("test", "test")
    return session


@pytest.fixture
def rig(session: botocore.session.Session) -> MakeRig:
    """Makes a sender to a server; settings and the sender's hooks by keyword."""

    def make(server: FaultyServer, hooks: dict[str, Any] | None = None, **settings: Any) -> Rig:
        clock, calls = FakeClock(), Calls()
        clock.is_sleep_skipped = True
        endpoints = {"Elastic Load Balancing v2": server.url, "STS": server.url}
        made = SenderSettings(region="us-west-2", endpoints=endpoints, **settings)
        given = {"clock": clock, "observe": calls, "session": session, **(hooks or {})}
        return Rig(Sender(made, **given), clock, calls)

    return make
