"""Requests that the rules of a state take: as commands for curl, and asked here."""

from __future__ import annotations

import http.client
import shlex
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from alb_controller.model.elbv2 import (
    Action,
    Condition,
    ForwardAction,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    Listener,
    PathPattern,
    QueryString,
)
from alb_controller.routing.state import State

_SECONDS = 10.0
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Sample:
    """A request to a listener; `address` is where it is served."""

    address: str
    is_secure: bool
    host: str = ""
    method: str = "GET"
    target: str = "/"
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def command(self) -> str:
        """For a shell."""
        scheme, name = ("https", self.host) if self.is_secure else ("http", "")
        port = self.address.rpartition(":")[2]
        parts = ["curl"]
        if self.is_secure and name:
            parts += ["-k", "--resolve", f"{name}:{port}:127.0.0.1"]
        elif self.is_secure:
            parts += ["-k"]
        if self.method != "GET":
            parts += ["-X", self.method]
        host = (("Host", self.host),) if self.host and not name else ()
        for pair in (*host, *self.headers):
            parts += ["-H", f"{pair[0]}: {pair[1]}"]
        parts.append(f"{scheme}://{f'{name}:{port}' if name else self.address}{self.target}")
        return " ".join(map(shlex.quote, parts))

    def ask(self) -> str:
        """Send it; what came back, or why nothing did, in one line."""
        connection = self._connect()
        try:
            headers = {"Host": self.host or self.address, **dict(self.headers)}
            connection.request(self.method, self.target, headers=headers)
            answer = connection.getresponse()
            pod = answer.getheader("X-Pod")
            body = answer.read().decode(errors="replace").strip()
            where = answer.getheader("Location")
        except (OSError, http.client.HTTPException) as error:
            return f"no answer: {type(error).__name__}: {error}"
        finally:
            connection.close()
        detail = f" from pod {pod}" if pod else f", {where or body[:_LONGEST]}"
        return f"{answer.status}{detail}"

    def _connect(self) -> http.client.HTTPConnection:
        host, _, port = self.address.rpartition(":")
        if not self.is_secure:
            return http.client.HTTPConnection(host, int(port), timeout=_SECONDS)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return _NamedConnection(host, int(port), context, self.host)


class _NamedConnection(http.client.HTTPSConnection):
    """TLS with a server name of its own choice."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, name: str) -> None:
        super().__init__(host, port, timeout=_SECONDS, context=context)
        self._wrap, self._name = context.wrap_socket, name

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._wrap(self.sock, server_hostname=self._name or None)


def samples(state: State, places: Mapping[str, Mapping[str, str]], most: int = 3) -> list[Sample]:
    """Requests that reach targets, of different rules, as many as asked for if there are."""
    found: dict[tuple[str, str], Sample] = {}
    for sample in _samples(state, places):
        found.setdefault((sample.host, sample.target), sample)
    hosts: dict[str, Sample] = {}
    for sample in found.values():
        hosts.setdefault(sample.host, sample)
    others = [one for one in found.values() if one not in hosts.values()]
    return [*hosts.values(), *others][:most]


def _samples(state: State, places: Mapping[str, Mapping[str, str]]) -> Iterator[Sample]:
    for balancer in state.observed.load_balancers:
        served = places.get(balancer.dns_name.lower(), {})
        for found in state.listeners_of(balancer):
            listener = found.resource
            address = served.get(str(listener.port))
            if address is None or listener.protocol not in ("HTTP", "HTTPS"):
                continue
            for rule in state.rules_of(found):
                sample = _sample(listener, address, rule.resource.conditions)
                if sample and _reaches_targets(rule.resource.actions, state):
                    yield sample
            if _reaches_targets(listener.default_actions, state):
                yield Sample(address, listener.protocol == "HTTPS")


def _reaches_targets(actions: Sequence[Action], state: State) -> bool:
    if len(actions) != 1 or not isinstance(actions[0], ForwardAction):
        return False
    groups = [str(one.target_group) for one in actions[0].target_groups]
    return any(state.targets.get(group) for group in groups)


def _sample(listener: Listener, address: str, conditions: Sequence[Condition]) -> Sample | None:
    """A request that fits; None where that takes more than filling in patterns."""
    host, method, path, query = "", "GET", "/", []
    headers: list[tuple[str, str]] = []
    for one in conditions:
        match one:
            case HostHeader(values=(first, *_)):
                host = _filled(first, "www")
            case PathPattern(values=(first, *_)):
                path = _filled(first, "")
            case HttpHeader(values=(first, *_)):
                headers.append((one.name, _filled(first, "")))
            case HttpRequestMethod(values=(first, *_)):
                method = first
            case QueryString(values=(first, *_)):
                query.append(f"{_filled(first.key or 'q', '')}={_filled(first.value, '')}")
            case _:
                return None
    target = path if path.startswith("/") else f"/{path}"
    target += f"?{'&'.join(query)}" if query else ""
    is_secure = listener.protocol == "HTTPS"
    return Sample(address, is_secure, host, method, target, tuple(headers))


def _filled(pattern: str, anything: str) -> str:
    return pattern.replace("*", anything).replace("?", "x")
