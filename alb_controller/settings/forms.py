"""How flag values are written: Go's forms, as LBC's flag library reads them.

A form turns what stands after `--flag` (once for each time the flag is given) into a value, and a
value back into text for the reference page. Parsers raise ValueError with the rest of a sentence:
"must be …, not '…'".
"""

from __future__ import annotations

import csv
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import msgspec

from alb_controller.model.limits import QUOTAS

_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


class BindAddress(msgspec.Struct, frozen=True):
    """Where a server listens; an empty host is every address of the machine."""

    host: str
    port: int


class ThrottleRule(msgspec.Struct, frozen=True):
    """A token bucket for the operations whose name matches `operations` (a regex, unanchored)."""

    operations: str
    rate_per_second: float
    burst: int


class Form(msgspec.Struct, frozen=True):
    """A way of writing values: its name in the docs, the reader and the writer."""

    name: str
    parse: Callable[[Sequence[str]], Any]
    show: Callable[[Any], str] = str


def parse_bool(text: str) -> bool:
    """One of Go's `strconv.ParseBool` tokens."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"must be true or false, not {text!r}")


def parse_int(text: str) -> int:
    """A whole number; 0x, 0o and 0b prefixes as in Go."""
    try:
        return int(text, 0)
    except ValueError:
        raise ValueError(f"must be a whole number, not {text!r}") from None


def parse_duration(text: str) -> timedelta:
    """Go's `time.ParseDuration` without a sign: `10h`, `1m30s`, `500ms`, `0`."""
    if text == "0":
        return timedelta()
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"must be a duration such as 30s, 1m30s or 10h, not {text!r}")
    try:
        return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in parts))
    except OverflowError:
        raise ValueError(f"must be a shorter duration than {text!r}") from None


def format_duration(duration: timedelta) -> str:
    """The shortest text that `parse_duration` reads back: `10h`, `1m30s`."""
    hours, rest = divmod(duration, timedelta(hours=1))
    minutes, seconds = divmod(rest, timedelta(minutes=1))
    shown = f"{hours}h" * bool(hours) + f"{minutes}m" * bool(minutes)
    return shown + f"{seconds.total_seconds():.9g}s" * bool(seconds) or "0s"


def parse_list(texts: Sequence[str]) -> tuple[str, ...]:
    """`a,b,c`, with CSV quotes; a flag that is given again adds to the list."""
    return tuple(item for text in texts if text for item in _split_csv(text))


def parse_map(texts: Sequence[str]) -> Mapping[str, str]:
    """`k=v,k=v`, with CSV quotes; a flag that is given again adds, and the last value wins."""
    found: dict[str, str] = {}
    for text in texts:
        pairs = [text.strip('"')] if text.count("=") == 1 else _split_csv(text)
        for pair in pairs or [text]:
            key, equals, value = pair.partition("=")
            if not equals:
                raise ValueError(f"must be key=value pairs, not {text!r}")
            found[key] = value
    return MappingProxyType(found)


def parse_bind_address(text: str) -> BindAddress | None:
    """`:8080`, `127.0.0.1:8080` or `[::1]:8080`; `0` or nothing switches the server off."""
    if text in ("", "0"):
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"must be an address such as :8080 or 127.0.0.1:8080, not {text!r}")
    return BindAddress(host.removeprefix("[").removesuffix("]"), int(port))


def parse_throttle(
    texts: Sequence[str], defaults: Mapping[str, tuple[ThrottleRule, ...]]
) -> Mapping[str, tuple[ThrottleRule, ...]]:
    """`service:operations=rate:burst,…`; a service that is named loses its default rules."""
    rules = dict(defaults)
    for text in texts:
        named: dict[str, list[ThrottleRule]] = {}
        for item in text.split(","):
            service, rule = _parse_throttle_rule(item)
            named.setdefault(service, []).append(rule)
        rules.update((service, tuple(made)) for service, made in named.items())
    return MappingProxyType(rules)


def _parse_throttle_rule(text: str) -> tuple[str, ThrottleRule]:
    matched = re.fullmatch(r"([^:=]+):([^:=]+)=([0-9.]+):(\d+)", text)
    if not matched:
        raise ValueError(f"must be service:operations=rate:burst, not {text!r}")
    service, operations, rate, burst = matched.groups()
    try:
        re.compile(operations)
        return service, ThrottleRule(operations, float(rate), int(burst))
    except (re.error, ValueError):
        raise ValueError(
            f"must have a regular expression and a number in {text!r}: {operations!r}, {rate!r}"
        ) from None


def format_throttle(rules: Mapping[str, tuple[ThrottleRule, ...]]) -> str:
    """Text that `parse_throttle` reads back."""
    return ",".join(
        f"{service}:{rule.operations}={rule.rate_per_second:g}:{rule.burst}"
        for service, made in rules.items()
        for rule in made
    )


def form_of(hint: Any, default: Any) -> Form:
    """The form in which values of a field's type are written; `default` is the field's own."""
    if typing.get_origin(hint) is Literal:
        return _choice(typing.get_args(hint))
    if hint == ThrottleRules:
        return Form("throttle rules", lambda texts: parse_throttle(texts, default), format_throttle)
    return _FORMS[hint]


def _choice(allowed: tuple[str, ...]) -> Form:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be {' or '.join(allowed)}, not {text!r}")
        return text

    return Form(" or ".join(allowed), _last(parse))


def _last(parse: Callable[[str], Any]) -> Callable[[Sequence[str]], Any]:
    return lambda texts: parse(texts[-1])


def _split_csv(text: str) -> list[str]:
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise ValueError(f"must be comma separated: {error} in {text!r}") from None


def _show_address(address: BindAddress | None) -> str:
    return f"{address.host}:{address.port}" if address else "0"


def parse_quotas(texts: Sequence[str]) -> Mapping[str, int]:
    """`name=number,…`; a flag that is given again adds, and the last number wins."""
    found: dict[str, int] = {}
    for name, text in parse_map(texts).items():
        if name not in QUOTAS:
            raise ValueError(f"must name quotas ({', '.join(sorted(QUOTAS))}), not {name!r}")
        if not (text.isascii() and text.isdecimal() and int(text) > 0):
            raise ValueError(f"must have a whole number above 0 for {name}, not {text!r}")
        found[name] = int(text)
    return MappingProxyType(found)


ThrottleRules: TypeAlias = Mapping[str, tuple[ThrottleRule, ...]]

QuotaNumbers: TypeAlias = Mapping[str, int]

_FORMS: dict[Any, Form] = {
    str: Form("text", _last(str)),
    str | None: Form("text", _last(lambda text: text or None), lambda value: value or ""),
    int: Form("number", _last(parse_int)),
    bool: Form("bool", _last(parse_bool), lambda value: str(value).lower()),
    timedelta: Form("duration", _last(parse_duration), format_duration),
    tuple[str, ...]: Form("list", parse_list, ",".join),
    QuotaNumbers: Form(
        "name=number,…", parse_quotas, lambda value: ",".join(f"{k}={v}" for k, v in value.items())
    ),
    Mapping[str, str]: Form(
        "key=value,…", parse_map, lambda value: ",".join(f"{k}={v}" for k, v in value.items())
    ),
    BindAddress | None: Form("address", _last(parse_bind_address), _show_address),
}
