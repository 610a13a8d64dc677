"""Actions of rules and listeners: answers, redirects, forwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from alb_controller.build.elbv2.limits.violations import Violation, check
from alb_controller.intent import ActionIntent, ForwardIntent
from alb_controller.model.actions import FixedResponseAction, RedirectAction

_HTTPS = "HTTPS"
_PAGE = "(AWS, RedirectActionConfig)"


def action_violations(
    action: ActionIntent, port: int, protocol: str, setting: str
) -> Iterator[Violation]:
    """Of what a listener does with requests, at its port and by its protocol."""
    match action:
        case FixedResponseAction():
            yield from _fixed(action, setting)
        case RedirectAction():
            yield from _redirect(action, setting)
            yield from _destination(action.canonical, port, protocol, setting)
        case ForwardIntent():
            yield from _forward(action, setting)
        case _:
            assert_never(action)


def _fixed(action: FixedResponseAction, setting: str) -> Iterator[Violation]:
    page = "FixedResponseActionConfig"
    kind, body = action.content_type or None, action.message_body
    yield from check(f"{page}.StatusCode", action.status_code, "statusCode", setting, "")
    yield from check(f"{page}.ContentType", kind, "contentType", setting, "")
    yield from check(f"{page}.MessageBody", body, "messageBody", setting, "")


def _redirect(action: RedirectAction, setting: str) -> Iterator[Violation]:
    page = "RedirectActionConfig"
    yield from check(f"{page}.StatusCode", action.status_code, "statusCode", setting, "")
    for name in ("protocol", "host", "port", "path", "query"):
        value = getattr(action, name)
        yield from check(f"{page}.{name.capitalize()}", value, name, setting, "")


def _destination(
    action: RedirectAction, port: int, protocol: str, setting: str
) -> Iterator[Violation]:
    """Not to the URL of the request, and not from HTTPS to HTTP."""
    if action.protocol == "HTTP" and protocol == _HTTPS:
        problem = f"HTTPS listener {port} cannot redirect to protocol 'HTTP', only to HTTPS {_PAGE}"
        yield Violation(problem, (setting, ""))
    is_kept = action.protocol in (None, protocol) and action.port in (None, str(port))
    if is_kept and action.host is None and action.path is None:
        problem = f"redirects requests on port {port} ({protocol}) to themselves"
        allowed = "protocol, port, host or path must be others"
        yield Violation(f"{problem}: {allowed} {_PAGE}", (setting, ""))


def _forward(action: ForwardIntent, setting: str) -> Iterator[Violation]:
    for target in action.targets:
        yield from check("TargetGroupTuple.Weight", target.weight, "weight", setting, "")
    if action.stickiness_enabled:
        field, seconds = "TargetGroupStickinessConfig.DurationSeconds", action.stickiness_seconds
        yield from check(field, seconds or 0, "durationSeconds", setting, "")
