"""Where the traffic of one backend goes: a Service, or what `actions.NAME` says (spec 1.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from alb_controller.errors import Invalid, InvalidAnnotation, Missing
from alb_controller.frontends.ingress.backends import BackendTranslator
from alb_controller.intent import ActionIntent, ForwardIntent, ForwardTarget
from alb_controller.model.actions import FixedResponseAction, RedirectAction
from alb_controller.objects.actions import (
    ActionConfig,
    ForwardConfig,
    RedirectConfig,
    TargetGroupTuple,
)
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.rows import Source, parse
from alb_controller.objects.core import Service
from alb_controller.objects.networking import IngressBackend
from alb_controller.objects.references import USE_ANNOTATION
from alb_controller.settings import Settings
from alb_controller.values import PortRef

_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """An action, and the one Service that gets all its traffic, if there is one."""

    action: ActionIntent
    service: Service | None = None
    annotation: str = ""
    """The key of the one that says so, if one does."""


class ActionTranslator:
    """Translates the backends of one Ingress."""

    def __init__(self, source: Source, backends: BackendTranslator, settings: Settings) -> None:
        self._source, self._backends, self._settings = source, backends, settings

    def translate(self, backend: IngressBackend, field: str) -> Choice:
        """Where a backend's traffic goes; raises Invalid, naming `field` or the annotation."""
        wanted = backend.service
        if wanted is None:
            problem = "names no service: resource backends are not supported"
            raise Invalid(self._source.ref, field, problem)
        if wanted.port.name == USE_ANNOTATION:
            return self._annotated(wanted.name, field)
        port: PortRef = wanted.port.name or wanted.port.number
        return self._to_service(wanted.name, port, field)

    def _to_service(
        self, name: str, port: PortRef, field: str, weight: int | None = None
    ) -> Choice:
        try:
            made = self._backends.backend(name, port, field)
        except Missing:
            if not self._settings.tolerate_non_existent_backend_service:
                raise
            return Choice(action=_unavailable("Backend service does not exist"))
        service = self._backends.service(name)
        return Choice(action=ForwardIntent.to_backend(made.id, weight), service=service)

    def _annotated(self, name: str, field: str) -> Choice:
        row = rows.action(name)
        if row.key not in self._source.annotations:
            if self._settings.tolerate_non_existent_backend_action:
                return Choice(action=_unavailable("Backend action does not exist"))
            problem = f"needs the annotation {row.key}, which is missing"
            raise Invalid(self._source.ref, field, problem)
        config = parse(row, self._source)
        try:
            choice = self._configured(config, row.key)
        except ValueError as error:
            raise InvalidAnnotation(self._source.ref, row.key, str(error)) from None
        return msgspec.structs.replace(choice, annotation=row.key)

    def _configured(self, config: ActionConfig, key: str) -> Choice:
        """Raises ValueError with what is wrong, in LBC's order of checks."""
        match config.type:
            case "fixed-response":
                fixed = config.fixed_response_config
                if fixed is None:
                    raise ValueError("needs fixedResponseConfig")
                _need_status_code(fixed.status_code)
                return Choice(
                    action=FixedResponseAction(
                        fixed.status_code, fixed.content_type, fixed.message_body
                    )
                )
            case "redirect":
                if config.redirect_config is None:
                    raise ValueError("needs redirectConfig")
                return Choice(action=_redirect(config.redirect_config))
            case "forward":
                return self._forward(_forward_config(config), key)
            case other:
                allowed = "fixed-response, redirect, forward"
                raise ValueError(f"type {other!r} must be one of {allowed}")

    def _forward(self, config: ForwardConfig, key: str) -> Choice:
        is_weighted = self._settings.feature_gates.weighted_target_groups
        _check_targets(config.target_groups, is_weighted=is_weighted)
        alone = config.target_groups[0] if len(config.target_groups) == 1 else None
        if alone is not None and _names_service(alone):
            choice = self._to_service(*_service_port(alone), key, alone.weight)
        else:
            choice = Choice(action=ForwardIntent(tuple(self._targets(config, key))))
        sticky = config.target_group_stickiness_config
        if sticky is None or not is_weighted or not isinstance(choice.action, ForwardIntent):
            return choice
        action = msgspec.structs.replace(
            choice.action,
            stickiness_enabled=sticky.enabled,
            stickiness_seconds=sticky.duration_seconds,
        )
        return msgspec.structs.replace(choice, action=action)

    def _targets(self, config: ForwardConfig, key: str) -> Iterator[ForwardTarget]:
        for one in config.target_groups:
            if one.target_group_arn:
                yield ForwardTarget("arn", one.target_group_arn, one.weight)
            elif one.target_group_name:
                yield ForwardTarget("name", one.target_group_name, one.weight)
            else:
                name, port = _service_port(one)
                made = self._backends.backend(name, port, key)
                yield ForwardTarget("backend", made.id, one.weight)


def _unavailable(body: str) -> FixedResponseAction:
    return FixedResponseAction("503", content_type="text/plain", message_body=body)


def _need_status_code(code: str) -> None:
    if not code:
        raise ValueError("needs a statusCode")


def _redirect(config: RedirectConfig) -> RedirectAction:
    _need_status_code(config.status_code)
    return RedirectAction(
        config.status_code, config.host, config.path, config.port, config.protocol, config.query
    )


def _forward_config(config: ActionConfig) -> ForwardConfig:
    """The simplified form, a group alone, as a list of one."""
    is_simple = bool(config.target_group_arn or config.target_group_name)
    if is_simple == (config.forward_config is not None):
        raise ValueError("needs either targetGroupARN or targetGroupName, or forwardConfig")
    if config.forward_config is not None:
        return config.forward_config
    group = TargetGroupTuple(
        target_group_arn=config.target_group_arn, target_group_name=config.target_group_name
    )
    return ForwardConfig(target_groups=[group])


def _names_service(one: TargetGroupTuple) -> bool:
    return one.service_name is not None


def _check_targets(targets: Sequence[TargetGroupTuple], *, is_weighted: bool) -> None:
    """`is_weighted` is the gate WeightedTargetGroups."""
    if not targets:
        raise ValueError("needs a target group in targetGroups")
    for one in targets:
        _check_tuple(one)
    if len(targets) == 1:
        return
    if any(one.weight is None for one in targets):
        raise ValueError("needs a weight for each of several target groups")
    if not is_weighted:
        raise ValueError(
            "names several target groups, and the feature gate WeightedTargetGroups is off: "
            "allowed is one"
        )


def _check_tuple(one: TargetGroupTuple) -> None:
    names_group = bool(one.target_group_arn or one.target_group_name)
    if names_group == _names_service(one):
        raise ValueError(
            "needs for each target group either targetGroupARN or targetGroupName, "
            "or serviceName and servicePort"
        )
    if _names_service(one) and one.service_port is None:
        raise ValueError("needs a servicePort beside serviceName")


def _service_port(one: TargetGroupTuple) -> tuple[str, PortRef]:
    """A port of digits alone is a number (Go `strconv.Atoi`)."""
    port = one.service_port
    assert one.service_name is not None and port is not None  # noqa: S101, PT018 - checked before
    if isinstance(port, str) and _NUMBER.fullmatch(port):
        port = int(port)
    return one.service_name, port
