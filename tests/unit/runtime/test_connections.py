"""Which connection goes when there are too many, too late, or too much is held."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from alb_controller.runtime import connections as module
from alb_controller.runtime.connections import Connection, Connections, Limits

LATE = -1.0
"""A wait whose deadline is over."""


class Place:
    """Connections of clients that a test sees."""

    def __init__(self, name: str, most: int) -> None:
        self.name = name
        self.connections = Connections(name, Limits(connections=most))
        self._clients: dict[Connection, socket.socket] = {}
        self._sockets: list[socket.socket] = []

    def come(self, address: str = "10.0.0.1") -> Connection:
        """A client has its place, once the threads of those that were dropped have ended."""
        for connection in self.dropped():
            connection.close()
        ours, theirs = self.pair()
        theirs.setblocking(False)
        made = self.connections.admit(ours, address)
        assert made is not None
        self._clients[made] = theirs
        return made

    def is_refused(self) -> bool:
        """Whether another client gets no place."""
        return self.connections.admit(self.pair()[0], "10.0.0.9") is None

    def pair(self) -> tuple[socket.socket, socket.socket]:
        """Both ends of a connection."""
        made = socket.socketpair()
        self._sockets += made
        return made

    def dropped(self) -> list[Connection]:
        """Those whose clients see the end."""
        return [connection for connection, client in self._clients.items() if _is_ended(client)]

    def count(self, reason: str) -> float:
        """How many the metric has."""
        labels = {"server": self.name, "reason": reason}
        return REGISTRY.get_sample_value("awslbc_dropped_connections_total", labels) or 0.0

    def end(self) -> None:
        """Close all."""
        for found in self._sockets:
            found.close()


def _is_ended(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Three connections at most."""
    made = Place(request.node.name, 3)
    yield made
    made.end()


def test_the_longest_wait_makes_place(place: Place) -> None:
    """In a crowd; a wait that began anew is not the longest, and the others stay."""
    first, second, third = place.come(), place.come(), place.come()
    first.wait(60)
    place.come()
    assert place.dropped() == [second]
    place.come()
    assert place.dropped() == [second, third]
    assert place.count("crowded") == 2


def test_work_is_not_dropped(place: Place) -> None:
    """Where all connections work, a new one is refused; where one waits, it goes."""
    working = [place.come(), place.come(), place.come()]
    for connection in working:
        connection.work()
    assert place.is_refused()
    assert place.count("all_busy") == 1
    working[1].wait(60)
    place.come()
    assert place.dropped() == [working[1]]


def test_threads_of_dropped_connections_are_bounded(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new connection is refused while as many as there are places have not ended."""
    monkeypatch.setattr(module, "END_SECONDS", 0.0)
    for _ in range(2 * 3):
        ours, _ = place.pair()
        assert place.connections.admit(ours, "10.0.0.1") is not None
    assert place.is_refused()


def test_one_address_drives_no_other_out(place: Place) -> None:
    """Who has most connections gives one of its own, though another waits for longer."""
    kubelet = place.come("10.0.0.2")
    place.come()
    place.come()
    for _ in range(5):
        place.come()
    assert kubelet not in place.dropped()
    assert len(place.dropped()) == 5


def test_a_closed_connection_gives_its_place_back(place: Place) -> None:
    """Nobody is dropped for the next one."""
    ended = place.come()
    stay = [place.come(), place.come()]
    ended.close()
    ended.close()
    place.come()
    assert not set(stay) & set(place.dropped())


def test_a_wait_ends_at_its_deadline(place: Place) -> None:
    """Not before, and not while the connection works."""
    late, working, waiting = place.come(), place.come(), place.come()
    for connection in (late, working):
        connection.wait(LATE)
    working.work()
    waiting.wait(60)
    place.connections.drop_late()
    place.connections.drop_late()
    assert place.dropped() == [late]
    assert place.count("deadline") == 1


def test_memory_is_freed_by_the_longest_wait_that_holds_some(place: Place) -> None:
    """Until that is the asker's own; who holds none, or works, is left alone."""
    empty, first, asker = place.come(), place.come(), place.come()
    first.holds_memory = asker.holds_memory = True
    for _ in range(3):
        place.connections.free_memory(asker)
    assert place.dropped() == [first]
    asker.work()
    place.connections.free_memory(empty)
    assert place.dropped() == [first]
    assert place.count("memory") == 1
