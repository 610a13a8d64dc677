"""A local AWS for the session, and an empty load balancing service for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from moto.elbv2.models import elbv2_backends

from alb_controller.sandbox.aws import Account, AwsServer
from alb_controller.sandbox.aws.moto_patches import TIMES
from tests.sandbox.aws.world import World


class Running(NamedTuple):
    """A server and what is in it."""

    server: AwsServer
    world: World


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """One server, for moto's state is one for the process; its account is built once."""
    with AwsServer() as server:
        server.reset()
        account = Account(server.url)
        yield Running(server, World(account, account.build()))


@pytest.fixture
def server(running: Running) -> Iterator[AwsServer]:
    """The server without calls and faults."""
    running.server.faults.release()
    running.server.calls.clear()
    yield running.server
    running.server.faults.release()


@pytest.fixture
def world(running: Running) -> Iterator[World]:
    """The account without load balancers and target groups; targets change state at once."""
    running.server.calls.clear()
    empty()
    yield running.world
    empty()


@pytest.fixture
def elbv2(world: World) -> Any:
    """The client of the load balancing service."""
    return world.account.elbv2


@pytest.fixture
def ec2(world: World) -> Any:
    """The client of EC2."""
    return world.account.ec2


def empty() -> None:
    """Leave the load balancing service without anything; targets change state at once."""
    elbv2_backends["123456789012"]["us-west-2"].reset()
    TIMES.initial_seconds = TIMES.draining_seconds = 0.0
