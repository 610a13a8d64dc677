"""Flags and environment -> Settings, or the one sentence that says why not. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from alb_controller.model.limits import QUOTAS, tag_problem
from alb_controller.model.ownership import TRACKING_KEYS
from alb_controller.settings.forms import format_duration
from alb_controller.settings.gates import gate_rows, named_gates
from alb_controller.settings.table import FlagRow, Settings, flag_rows

LEAST_LIFETIME = timedelta(seconds=10)
"""Of a kept certificate: rotation needs some looks at the cluster."""


_OWN_TAGS = 3
"""Cluster, stack and resource: AWS counts them too."""


class InvalidSetting(ValueError):
    """A flag cannot be taken as it is: `flag` by name without dashes, `problem` in words."""

    def __init__(self, flag: str, problem: str) -> None:
        super().__init__(flag, problem)
        self.flag, self.problem = flag, problem

    def __str__(self) -> str:
        return f"--{self.flag} {self.problem}"


def parse_settings(
    given: Mapping[str, Sequence[str]], environment: Mapping[str, str] | None = None
) -> Settings:
    """The settings that `given` asks for: flag name without dashes -> each value it was given.

    A flag that is absent takes its first variable set in `environment`, else its default.

    Raises InvalidSetting for the first value that cannot be read, asks for a feature that is not
    served yet, or contradicts another.
    """
    rows = list(flag_rows())
    fields = {row.field: _read(row, given, environment or {}) for row in rows}
    gates_given = named_gates(given.get("feature-gates", ()))
    settings = Settings(
        **fields, without_effect=(*_flags_without_effect(fields, given), *_idle_gates(gates_given))
    )
    _check(settings)
    for row in rows:
        _refuse_unserved(row, fields[row.field])
    _refuse_unserved_gates(gates_given)
    return settings


def _read(row: FlagRow, given: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> Any:
    texts = (
        given.get(row.name)
        or [environment[name] for name in row.flag.environment if environment.get(name)][:1]
    )
    if not texts:
        return row.default
    try:
        value = row.form.parse(texts)
    except ValueError as error:
        raise InvalidSetting(row.name, str(error)) from None
    minimum = row.flag.minimum
    if minimum is not None and value < minimum:
        raise InvalidSetting(row.name, f"must be {minimum} or more, not {value}")
    return value


def _refuse_unserved(row: FlagRow, value: object) -> None:
    if not row.flag.served.accepts(value, row.default):
        default = row.form.show(row.default)
        raise InvalidSetting(
            row.name,
            f"is not served yet: {row.form.show(value)!r} is refused, allowed is "
            + (repr(default) if default else "to leave it out"),
        )


def _refuse_unserved_gates(named: Mapping[str, bool]) -> None:
    for row in gate_rows():
        value = named.get(row.gate.name, row.default)
        if not row.gate.served.accepts(value, row.default):
            raise InvalidSetting(
                "feature-gates",
                f"{row.gate.name}={str(value).lower()} is not served yet, "
                f"allowed is {row.gate.name}={str(row.default).lower()}",
            )


def _flags_without_effect(
    fields: Mapping[str, object], given: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    for row in flag_rows():
        if row.flag.served.is_worth_reporting(fields[row.field], given=row.name in given):
            yield f"--{row.name}"


def _idle_gates(named: Mapping[str, bool]) -> Iterator[str]:
    for row in gate_rows():
        value = named.get(row.gate.name, row.default)
        if row.gate.served.is_worth_reporting(value, given=row.gate.name in named):
            yield row.gate.name


def _check(settings: Settings) -> None:
    """LBC's checks at start (spec 10.2) that need more than one value's form."""
    if not settings.cluster_name:
        raise InvalidSetting("cluster-name", "is required: the name of the Kubernetes cluster")
    _check_tag_keys(settings)
    group = settings.backend_security_group
    if group and not group.startswith("sg-"):
        raise InvalidSetting("backend-security-group", f"must begin with sg-, not {group!r}")
    if (
        settings.enable_manage_backend_security_group_rules
        and not settings.enable_backend_security_group
    ):
        raise InvalidSetting(
            "enable-manage-backend-security-group-rules",
            "needs --enable-backend-security-group=true",
        )
    _check_webhooks(settings)
    label = settings.required_secrets_label
    if label is not None and not all(label.partition("=")):
        raise InvalidSetting("required-secrets-label", f"must be key=value, not {label!r}")


def _check_webhooks(settings: Settings) -> None:
    if not 0 < settings.webhook_bind_port < 65536:
        problem = f"must be a port from 1 to 65535, not {settings.webhook_bind_port}"
        raise InvalidSetting("webhook-bind-port", problem)
    if settings.webhook_cert_lifetime < LEAST_LIFETIME:
        shown = format_duration(settings.webhook_cert_lifetime)
        raise InvalidSetting("webhook-cert-lifetime", f"must be 10s or more, not {shown}")
    secret = settings.webhook_cert_secret
    if secret is None:
        return
    if secret.count("/") > 1 or not all(secret.split("/")):
        raise InvalidSetting("webhook-cert-secret", f"must be NAME or NAMESPACE/NAME: {secret!r}")
    if settings.webhook_cert_dir or settings.webhook_cert_file or settings.webhook_key_file:
        problem = (
            "cannot be used beside --webhook-cert-dir, --webhook-cert-file, --webhook-key-file"
        )
        raise InvalidSetting("webhook-cert-secret", problem)


def _check_tag_keys(settings: Settings) -> None:
    """What every call for every resource would be refused for is refused once, here."""
    for key, value in settings.default_tags.items():
        problem = tag_problem(key, value)
        if problem is not None:
            raise InvalidSetting("default-tags", problem)
    most = QUOTAS["tags-per-resource"].most - _OWN_TAGS
    if len(settings.default_tags) > most:
        count = len(settings.default_tags)
        problem = f"has {count} tags: {most} at most, as {_OWN_TAGS} are the controller's"
        raise InvalidSetting("default-tags", problem)
    for flag, keys in (
        ("default-tags", settings.default_tags),
        ("external-managed-tags", settings.external_managed_tags),
    ):
        for key in sorted(TRACKING_KEYS.intersection(keys)):
            raise InvalidSetting(flag, f"must not hold {key!r}: that tag says who owns a resource")
    for key in settings.external_managed_tags:
        if key in settings.default_tags:
            raise InvalidSetting("external-managed-tags", f"holds {key!r}, as --default-tags does")
