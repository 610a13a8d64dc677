"""The single sender: every call to AWS goes through `Sender.call`.

It alone owns retries, rates, deadlines, the check that we still hold the Lease, metrics, and the
mapping of failures to errors. botocore itself makes one attempt, so nothing multiplies.
botocore without boto3's resource layer: half the time to import, and we use no resource.
"""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import botocore.session
import msgspec
import tenacity
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from alb_controller.aws.failures import failure_of
from alb_controller.aws.rate import Throttle, TokenBucket
from alb_controller.clock import Clock, SystemClock
from alb_controller.errors import AwsError, ControllerError, Stopping, Throttled, Unavailable
from alb_controller.settings.forms import ThrottleRule

SERVICE_IDS = {
    "elbv2": "Elastic Load Balancing v2",
    "ec2": "EC2",
    "acm": "ACM",
    "route53": "Route 53",
    "wafv2": "WAFV2",
    "waf-regional": "WAF Regional",
    "shield": "Shield",
    "resourcegroupstaggingapi": "Resource Groups Tagging API",
    "sts": "STS",
}
"""boto3's names of the services, and AWS's service ids, which flags are written with."""

_PAGE_MARKERS = {
    "elbv2": ("Marker", "NextMarker"),
    "resourcegroupstaggingapi": ("PaginationToken", "PaginationToken"),
    "route53": ("Marker", "NextMarker"),
    "wafv2": ("NextMarker", "NextMarker"),
}
"""Where the next page is asked for, and where its marker is given; other services: NextToken."""
_READS = ("AssumeRole", "Describe", "Get", "List")
"""They change nothing, so that a standby may send them too: it answers reviews."""
_thread = threading.local()
_RETRY_BUDGET = (1.0, 50)  # retries a second and at once, for each operation over all threads


class SenderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator can set, and what tests need; `region` empty lets the SDK find it."""

    region: str = ""
    endpoints: Mapping[str, str] = {}
    """Service id, or boto3's name, to URL (`--aws-api-endpoints`)."""
    throttle: Mapping[str, Sequence[ThrottleRule]] = {}
    """Service id to rules (`--aws-api-throttle`)."""
    max_attempts: int = 10
    deadline_seconds: float = 30.0
    """No attempt starts later than this after the first one did."""
    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 20.0
    connections: int = 32
    """Open connections per service: workers and the threads they fan out to."""
    version: str = "dev"
    """Ours, for the user agent."""
    loopback_only: bool = False
    """Refuse to send anywhere but to this machine (sandbox, tests)."""


class Attempt(NamedTuple):
    """One HTTP request of a call, or what kept it from being sent."""

    status_code: str
    """Empty: no answer."""
    error: AwsError | None
    seconds: float


class Observer(Protocol):
    """Called for each call when it has ended: its attempts, and how long it took with the waits."""

    def __call__(
        self, *, service: str, operation: str, attempts: Sequence[Attempt], seconds: float
    ) -> None: ...


class NotLoopback(ControllerError):
    """Only loopback is allowed and a call was about to leave this machine; nothing was sent."""


class Sender:
    """Thread-safe; one for the process. Clients are made when first needed, one at a time."""

    def __init__(
        self,
        settings: SenderSettings,
        *,
        may_write: Callable[[], None] = lambda: None,
        observe: Observer | None = None,
        clock: Clock | None = None,
        stop: threading.Event | None = None,
        session: botocore.session.Session | None = None,
    ) -> None:
        """`may_write` raises (NotLeading) when no write may be sent; asked before each attempt.

        `stop` ends every wait: a call in flight is finished, no further attempt is made.
        """
        self._settings = settings
        self._may_write = may_write
        self._observe = observe
        self._clock = clock or SystemClock()
        self._stop = stop or threading.Event()
        self._session = session or botocore.session.get_session()
        self._throttle = Throttle(settings.throttle)
        self._budgets: dict[tuple[str, str], TokenBucket] = {}
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def with_credentials(self, access_key: str, secret_key: str, token: str) -> Sender:
        """A sender that is the same but for who sends: a role that was assumed."""
        session = botocore.session.get_session()
        # the parsed service models are large, and the same for all
        session.register_component("data_loader", self._session.get_component("data_loader"))
        session.set_credentials(access_key, secret_key, token)
        return Sender(
            self._settings,
            may_write=self._may_write,
            observe=self._observe,
            clock=self._clock,
            stop=self._stop,
            session=session,
        )

    def warm_up(self, services: Iterable[str]) -> None:
        """Make clients in the background; whoever calls one meanwhile waits for just that."""
        names = tuple(services)
        threading.Thread(
            target=self._warm_up, args=(names,), name="aws-clients", daemon=True
        ).start()

    def _warm_up(self, services: Iterable[str]) -> None:
        for service in services:
            with suppress(Exception):  # it is only ahead of time: the first call reports it
                self._client(service)

    def is_offered(self, service: str) -> bool:
        """Whether the region has a service, by the SDK's own list; unknown regions have all."""
        region = self._settings.region
        try:
            partition = self._session.get_partition_for_region(region)
        except BotoCoreError:
            return True
        return region in self._session.get_available_regions(service, partition)

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """One API call: service as boto3 names it, operation and parameters as AWS does.

        Raises AwsError by the table in `failures`, Stopping where `stop` has cut it short,
        NotLoopback, and what `may_write` raises.
        """
        pending = _Call(service, operation, params, self._clock.monotonic())
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((Throttled, Unavailable)),
            wait=_backoff,
            stop=lambda state: self._gives_up(pending, state.upcoming_sleep),
            sleep=lambda seconds: self._sleep(pending, float(seconds)),
            reraise=True,
        )
        try:
            return retrying(self._attempt, pending)
        except AwsError as error:
            if self._stop.is_set() and isinstance(error, Throttled | Unavailable):
                raise Stopping(f"{pending.service} {pending.operation}") from error
            raise
        finally:
            self._report(pending)

    def _attempt(self, pending: _Call) -> dict[str, Any]:
        service_id = SERVICE_IDS.get(pending.service, pending.service)
        wait = self._throttle.reserve(service_id, pending.operation, self._clock.monotonic())
        if wait:
            self._sleep(pending, wait)
        send = getattr(self._client(pending.service), xform_name(pending.operation))
        if _is_write(pending.operation):
            self._may_write()
        began = self._clock.monotonic()

        def note(status_code: str, error: AwsError | None) -> None:
            seconds = self._clock.monotonic() - began
            pending.attempts.append(Attempt(status_code, error, seconds))

        try:
            answer: dict[str, Any] = send(**pending.params)
        except Exception as error:
            failure = failure_of(pending.service, pending.operation, pending.params, error)
            if failure is None:
                raise
            note(failure.status, failure.error)
            # the cause is left out: its text quotes parameters
            raise failure.error from None
        note(str(answer.pop("ResponseMetadata", {}).get("HTTPStatusCode", "")), None)
        if _is_write(pending.operation):
            _thread.writes = writes_of_thread() + 1
        return answer

    def _gives_up(self, pending: _Call, upcoming_sleep: float) -> bool:
        now = self._clock.monotonic()
        if (
            self._stop.is_set()
            or len(pending.attempts) >= self._settings.max_attempts
            or now - pending.started + upcoming_sleep >= self._settings.deadline_seconds
        ):
            return True
        key = (pending.service, pending.operation)
        with self._lock:
            budget = self._budgets.setdefault(key, TokenBucket(*_RETRY_BUDGET))
        return not budget.try_take(now)

    def _sleep(self, pending: _Call, seconds: float) -> None:
        if self._clock.sleep(seconds, self._stop):
            raise Stopping(f"{pending.service} {pending.operation}")

    def _report(self, pending: _Call) -> None:
        if self._observe is not None and pending.attempts:
            self._observe(
                service=SERVICE_IDS.get(pending.service, pending.service),
                operation=pending.operation,
                attempts=pending.attempts,
                seconds=self._clock.monotonic() - pending.started,
            )

    def _client(self, service: str) -> Any:
        client = self._clients.get(service)
        if client is None:
            with self._lock:  # making clients is not thread-safe, using them is
                client = self._clients.get(service) or self._make_client(service)
                self._clients[service] = client
        return client

    def _make_client(self, service: str) -> Any:
        settings = self._settings
        if settings.loopback_only and not self._clients:
            # on the session, so that clients which fetch credentials are bound as well
            self._session.register("before-send", _refuse_other_hosts)
        client = self._session.create_client(
            service,
            region_name=settings.region or None,
            endpoint_url=_endpoint(settings.endpoints, service),
            config=Config(
                retries={"total_max_attempts": 1},
                connect_timeout=settings.connect_timeout_seconds,
                read_timeout=settings.read_timeout_seconds,
                max_pool_connections=settings.connections,
                tcp_keepalive=True,
                user_agent_extra=f"elbv2.k8s.aws/{settings.version}",
            ),
        )
        client.meta.events.register("before-send", self._check_write)
        return client

    def _check_write(self, event_name: str, **_: Any) -> None:
        """Once more when the request is signed: fetching credentials for it may take seconds."""
        if _is_write(event_name.rpartition(".")[2]):
            self._may_write()


class _Call:
    """One call on its way: what is counted over its attempts."""

    def __init__(
        self, service: str, operation: str, params: Mapping[str, Any], started: float
    ) -> None:
        self.service, self.operation, self.params = service, operation, params
        self.started = started
        self.attempts: list[Attempt] = []


def writes_of_thread() -> int:
    """Writes that the calling thread has sent, by any sender, and AWS has done."""
    return getattr(_thread, "writes", 0)


def _is_write(operation: str) -> bool:
    return not operation.startswith(_READS)


def pages(
    call: Callable[..., dict[str, Any]], service: str, operation: str, items: str, **params: Any
) -> list[dict[str, Any]]:
    """All items of all pages; `call` is `Sender.call`, `items` the list's name in the answer."""
    asked, given = _PAGE_MARKERS.get(service, ("NextToken", "NextToken"))
    found: list[dict[str, Any]] = []
    while True:
        answer = call(service, operation, **params)
        found.extend(answer.get(items) or ())
        marker = answer.get(given)
        if not marker:
            return found
        params[asked] = marker


_throttled_wait = tenacity.wait_random_exponential(multiplier=0.5, max=10)
_transient_wait = tenacity.wait_random_exponential(multiplier=0.1, max=5)


def _backoff(state: tenacity.RetryCallState) -> float:
    """Full jitter; longer where AWS asked for fewer calls than where a connection broke."""
    error = state.outcome.exception() if state.outcome else None
    wait = _throttled_wait if isinstance(error, Throttled) else _transient_wait
    return float(wait(state))


def _endpoint(endpoints: Mapping[str, str], service: str) -> str | None:
    by_name = {name.lower(): url for name, url in endpoints.items()}
    return by_name.get(SERVICE_IDS.get(service, service).lower()) or by_name.get(service)


def _refuse_other_hosts(**event: Any) -> None:
    host = urlsplit(event["request"].url).hostname or ""
    if host == "localhost":
        return
    try:
        if ipaddress.ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    raise NotLoopback(f"{host} is not this machine: only loopback endpoints may be called here")
