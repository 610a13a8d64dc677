"""Structured logs on stderr, one event a line; libraries' warnings join in."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import structlog

LEVELS: dict[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def set_up_logging(level: str, form: Literal["json", "console"] = "json") -> None:
    """Lines on stderr from that level up (a key of LEVELS), libraries' warnings included.

    JSON for machines, or columns for people. Raises ValueError, naming the levels, for any other.
    """
    if level not in LEVELS:
        raise ValueError(f"log level {level!r} is not one of {', '.join(LEVELS)}")
    shared = _shared_processors()
    written = _written_as(form)
    structlog.configure(
        processors=[*shared, *written],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _route_standard_logging(shared, written, max(LEVELS[level], logging.WARNING))


def _shared_processors() -> Sequence[structlog.typing.Processor]:
    return (
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
    )


def _written_as(form: Literal["json", "console"]) -> Sequence[structlog.typing.Processor]:
    if form == "console":
        plain = structlog.dev.plain_traceback  # the pretty one prints locals, and secrets in them
        return (
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), timestamp_key="ts", exception_formatter=plain
            ),
        )
    return (
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=_to_json),
    )


def _to_json(event: Any, **_: Any) -> str:
    """One line of JSON; what JSON does not know is written by its str()."""
    return msgspec.json.encode(event, enc_hook=str).decode(errors="replace")


def _route_standard_logging(
    shared: Sequence[structlog.typing.Processor],
    written: Sequence[structlog.typing.Processor],
    level: int,
) -> None:
    """Libraries log by `logging`: the same form, warnings and errors only (they log secrets)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *written,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
