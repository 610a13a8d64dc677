"""Requests to the Kubernetes API: bytes in, bytes out, errors as KubeErrors."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
import urllib3

from alb_controller.clock import Clock
from alb_controller.errors import (
    Forbidden,
    Gone,
    KubeError,
    ObjectExists,
    ObjectMissing,
    Stale,
    Unreachable,
)
from alb_controller.kube.connection import Connection
from alb_controller.objects.reading import decode
from alb_controller.telemetry import metrics

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"
"""Merges lists by key, e.g. conditions by type; built-in kinds only."""

REQUEST_SECONDS = 10.0
CONNECT_SECONDS = 10.0
_CHUNK_BYTES = 1 << 16
_TRANSPORT_ERRORS = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)


class _Status(msgspec.Struct):
    """What the API answers with on an error (Kubernetes API reference, Status)."""

    reason: str = ""
    message: str = ""


class _Content(NamedTuple):
    body: bytes | None
    type: str


_NOTHING = _Content(None, "")


class KubeClient:
    """The one sender of requests; safe for any number of threads; retries nothing."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
        timeout_seconds: float = REQUEST_SECONDS,
    ) -> bytes:
        """Send one request, which may take that long as a whole; return its answer's body.

        `body` is JSON values, or bytes that are sent as they are.
        Raises a KubeError by the answer's status, Unreachable where there is none in time.
        """
        deadline = self._clock.monotonic() + timeout_seconds
        timeout = urllib3.Timeout(total=timeout_seconds)
        try:
            response = self._send(method, _url(path, query), _content(body, content_type), timeout)
            data = self._read(response, deadline)
        except _TRANSPORT_ERRORS as error:
            metrics.KUBE_REQUESTS.labels("<error>", method).inc()
            raise _no_answer(method, path, error) from error
        metrics.KUBE_REQUESTS.labels(str(response.status), method).inc()
        if response.status >= 300:
            raise error_of(response.status, data)
        return data

    def stream(
        self, path: str, query: Mapping[str, str], read_timeout_seconds: float
    ) -> LineStream:
        """Open a watch: its lines as they come. A silence longer than the timeout is an error.

        Raises a KubeError by the answer's status, Unreachable where there is none.
        """
        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=CONNECT_SECONDS)
        try:
            response = self._send("GET", _url(path, query), _NOTHING, timeout)
            if response.status == 200:
                _set_timeout(response, read_timeout_seconds)
                metrics.KUBE_REQUESTS.labels("200", "GET").inc()
                return LineStream(response, path)
            data = self._read(response, self._clock.monotonic() + REQUEST_SECONDS)
        except _TRANSPORT_ERRORS as error:
            metrics.KUBE_REQUESTS.labels("<error>", "GET").inc()
            raise _no_answer("GET", path, error) from error
        metrics.KUBE_REQUESTS.labels(str(response.status), "GET").inc()
        raise error_of(response.status, data)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._connection.pool.clear()

    def _send(
        self, method: str, url: str, content: _Content, timeout: urllib3.Timeout
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": JSON, "User-Agent": "alb-controller"}
        if content.type:
            headers["Content-Type"] = content.type
        if authorization := self._connection.authorization():
            headers["Authorization"] = authorization
        return self._connection.pool.request(
            method,
            self._connection.base_url + url,
            body=content.body,
            headers=headers,
            timeout=timeout,
            preload_content=False,
            redirect=False,
            retries=False,
        )

    def _read(self, response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        """The whole body; a server that drips it does not get more time than one that hangs."""
        chunks: list[bytes] = []
        try:
            while True:
                _set_timeout(response, max(0.001, deadline - self._clock.monotonic()))
                chunk = response.read1(_CHUNK_BYTES, decode_content=False)
                if not chunk:
                    return b"".join(chunks)
                chunks.append(chunk)
        except BaseException:
            response.close()
            raise


class LineStream:
    """The lines of an answer that does not end; one thread reads, any thread may close."""

    def __init__(self, response: urllib3.BaseHTTPResponse, path: str) -> None:
        self._response = response
        self._socket = _socket_of(response)
        self._path = path
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        """Complete lines without their ends; a last line that was cut off is dropped.

        Raises Unreachable when the connection breaks or stays silent for too long.
        """
        rest = b""
        try:
            while chunk := self._response.read1(_CHUNK_BYTES, decode_content=False):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from lines
        except _TRANSPORT_ERRORS as error:
            if not self._is_closed:
                raise _no_answer("watch", self._path, error) from error
        finally:
            self._response.close()

    def close(self) -> None:
        """End the stream at once, also when its reader waits for the network."""
        self._is_closed = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # socket's own method: ssl's would unwrap what the reader is reading from
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _url(path: str, query: Mapping[str, str] | None) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _content(body: Any, content_type: str) -> _Content:
    if body is None:
        return _NOTHING
    return _Content(body if isinstance(body, bytes) else msgspec.json.encode(body), content_type)


def _socket_of(response: urllib3.BaseHTTPResponse) -> socket.socket | None:
    return getattr(response.connection, "sock", None)


def _set_timeout(response: urllib3.BaseHTTPResponse, seconds: float) -> None:
    if (sock := _socket_of(response)) is not None:
        sock.settimeout(seconds)


def _no_answer(method: str, path: str, error: Exception) -> Unreachable:
    return Unreachable(0, "no answer", f"{method} {path}: {type(error).__name__}: {error}")


def error_of(status: int, data: bytes) -> KubeError:
    """The error for a status; reason and message are the server's, where it gives them."""
    try:
        status_of_error = decode(data, _Status)
    except msgspec.DecodeError:
        status_of_error = _Status(message=data[:200].decode(errors="replace"))
    return _class_of(status, status_of_error.reason)(
        status,
        status_of_error.reason or http.client.responses.get(status, ""),
        status_of_error.message[:1000],
    )


def _class_of(status: int, reason: str) -> type[KubeError]:
    match status:
        case 401 | 403:
            return Forbidden
        case 404:
            return ObjectMissing
        case 409:
            return ObjectExists if reason == "AlreadyExists" else Stale
        case 410:
            return Gone
        case _:
            return Unreachable if status == 429 or status >= 500 else KubeError
