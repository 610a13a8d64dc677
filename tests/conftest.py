"""Rules for every test: no network beyond this machine, nothing of the caller's AWS set-up.

Order is random; pytest prints the seed, and `-p "randomly_seed=…"` repeats it. Hypothesis has no
deadline: how long one example takes is the machine's business. With `CI` set its examples are the
same in every run, so that a landing does not hang on luck; without, each run looks at others.
"""

from __future__ import annotations

import ipaddress
import os
import sys

import coverage
import pytest
from hypothesis import HealthCheck, settings

from tests import sdk_models
from tests.meta.measured import Measuring

_OFFLINE = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


class NotHermetic(RuntimeError):
    """A test tried to leave this machine."""


def pytest_configure(config: pytest.Config) -> None:
    """Shut the network and clear the environment before any test module is imported."""
    for name in [name for name in os.environ if _leads_elsewhere(name)]:
        del os.environ[name]
    os.environ.update(_OFFLINE)
    sys.addaudithook(_stay_on_this_machine)
    settings.register_profile(
        "any machine",
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        derandomize="CI" in os.environ,
        database=None,
    )
    settings.load_profile("any machine")
    sdk_models.parse_once()
    if coverage.Coverage.current() is not None:
        config.pluginmanager.register(Measuring())


def _leads_elsewhere(name: str) -> bool:
    return name.startswith("AWS_") or name == "KUBECONFIG" or name.upper().endswith("_PROXY")


def _stay_on_this_machine(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.bind"):
        address = arguments[1]
        if isinstance(address, tuple) and not _is_here(address[0] or "every address"):
            raise NotHermetic(f"{event} to {address}: tests stay on loopback")
    elif event == "socket.getaddrinfo" and not _is_here(_text(arguments[0] or "localhost")):
        raise NotHermetic(f"look-up of {arguments[0]!r}: tests stay on loopback")


def _text(host: object) -> str:
    return host.decode() if isinstance(host, bytes) else str(host)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
