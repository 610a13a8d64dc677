"""The matches and transforms of a route, from its rule and from annotations (spec 1.3, 4.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from alb_controller.errors import Invalid, InvalidAnnotation
from alb_controller.intent import (
    Exact,
    HeaderMatch,
    HostMatch,
    Match,
    MethodMatch,
    PathMatch,
    PathText,
    Prefix,
    QueryMatch,
    QueryParam,
    Regex,
    SourceMatch,
    Text,
    text_of,
)
from alb_controller.model.actions import Rewrite, Transform
from alb_controller.objects.actions import (
    ConditionConfig,
    HttpHeaderConfig,
    PatternsConfig,
    QueryStringConfig,
    RewritesConfig,
    TransformConfig,
)
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.rows import Reader, Source, parse
from alb_controller.objects.networking import HttpIngressPath, Ingress, IngressBackend
from alb_controller.objects.references import path_backends
from alb_controller.values import parse_cidr

EXACT, PREFIX = "Exact", "Prefix"
_ANYTHING = PathMatch((Prefix("/"),))


class ConditionTranslator:
    """Translates the matches and transforms of one Ingress's routes."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def matches(self, host: str, path: HttpIngressPath, field: str) -> tuple[Match, ...]:
        """What a request must have to fit a path of a rule; raises Invalid."""
        configs = self.annotated(path)
        found: list[Match] = [
            _OTHERS[one.field](_config(one)) for one in configs if one.field in _OTHERS
        ]
        hosts = (*([text_of(host)] if host else []), *_texts_of(configs, "host-header"))
        paths = (*self._paths(path, field), *_texts_of(configs, "path-pattern"))
        for texts, term in ((hosts, "host"), (paths, "path")):
            if len({isinstance(text, Regex) for text in texts}) > 1:
                problem = f"{term} condition must specify either values or regular expressions"
                raise Invalid(self._source.ref, field, problem)
        if hosts:
            found.append(HostMatch(hosts))
        if paths:
            found.append(PathMatch(paths))
        return tuple(found) or (_ANYTHING,)

    def check(self, backend: IngressBackend) -> None:
        """Read what a default backend has no use for (spec 3.5); raises InvalidAnnotation."""
        self.transforms(HttpIngressPath(backend=backend))

    def transforms(self, path: HttpIngressPath) -> tuple[Transform, ...]:
        """The rewrites of requests that go to a path's backend; raises InvalidAnnotation."""
        row = rows.transforms(service_name(path))
        if row.key not in self._source.annotations:
            return ()
        try:
            return tuple(_transform(config) for config in parse(row, self._source))
        except ValueError as error:
            raise InvalidAnnotation(self._source.ref, row.key, str(error)) from None

    def annotated(self, path: HttpIngressPath) -> list[ConditionConfig]:
        """The conditions that an annotation adds to a path's; raises InvalidAnnotation."""
        row = rows.conditions(service_name(path))
        if row.key not in self._source.annotations:
            return []
        configs = parse(row, self._source)
        try:
            for config in configs:
                _check(config)
        except ValueError as error:
            raise InvalidAnnotation(self._source.ref, row.key, str(error)) from None
        return configs

    def _paths(self, path: HttpIngressPath, field: str) -> Iterator[PathText]:
        """What a path takes in; none where it is empty (spec 4.2)."""
        text = path.path
        if not text:
            return
        if path.path_type not in (EXACT, PREFIX):
            is_regex = Reader(self._source).get(rows.USE_REGEX_PATH_MATCH)
            yield Regex(text[1:]) if is_regex else text_of(text)
            return
        if "*" in text or "?" in text:
            problem = f"{text!r} of pathType {path.path_type} cannot contain '*' or '?'"
            raise Invalid(self._source.ref, f"{field}.path", problem)
        yield Exact(text) if path.path_type == EXACT else Prefix(text)


def unapplied_conditions(source: Source, ingress: Ingress) -> Iterator[InvalidAnnotation]:
    """Conditions by a name that no path has: what they are to restrict would be open."""
    names = {one.service.name for one in path_backends(ingress) if one.service is not None}
    family = rows.conditions("").key
    for key in sorted(key for key in source.annotations if key.startswith(family)):
        name = key.removeprefix(family)
        if name not in names:
            problem = f"restricts nothing, as no path of spec.rules has a backend {name!r}"
            allowed = ", ".join(sorted(names)) or "none"
            yield InvalidAnnotation(source.ref, key, f"{problem}: allowed are {allowed}")


def service_name(path: HttpIngressPath) -> str:
    """The name by which annotations of a path's backend go."""
    return path.backend.service.name if path.backend.service else ""


def _texts_of(configs: Iterable[ConditionConfig], field: str) -> Iterator[Text]:
    """Of all conditions of a field, in their order."""
    for config in configs:
        if config.field == field:
            found: PatternsConfig = _config(config)
            yield from _texts(found.values, found.regex_values)


def _texts(values: Iterable[str], regexes: Iterable[str]) -> Iterator[Text]:
    yield from map(text_of, values)
    yield from map(Regex, regexes)


def _check(config: ConditionConfig) -> None:
    """Raises ValueError for what would be dropped, and where a condition lacks what it needs.

    LBC drops a condition of an unknown field, and what belongs to another one.
    """
    if config.field not in _CONFIGS:
        raise ValueError(f"field {config.field!r} must be one of {', '.join(_CONFIGS)}")
    needed, has_regex = _CONFIGS[config.field]
    for attribute, name in _NAMES.items():
        if attribute != needed and getattr(config, attribute) is not None:
            raise ValueError(f"field {config.field!r} has {name}: allowed is {_NAMES[needed]}")
    found = _config(config)
    if found is None:
        raise ValueError(f"field {config.field!r} needs {_NAMES[needed]}, which is missing")
    regexes = found.regex_values if has_regex else []
    if bool(found.values) == bool(regexes):
        wanted = "either values or regexValues" if has_regex else "values"
        raise ValueError(f"field {config.field!r} needs {wanted}")
    _check_values(config)


def _check_values(config: ConditionConfig) -> None:
    if config.http_header_config and not config.http_header_config.http_header_name:
        raise ValueError("field 'http-header' needs httpHeaderName")
    if config.query_string_config and not all(p.value for p in config.query_string_config.values):
        raise ValueError("field 'query-string' needs a value in each pair")
    for cidr in config.source_ip_config.values if config.source_ip_config else ():
        try:
            parse_cidr(cidr)
        except ValueError as error:
            raise ValueError(f"field 'source-ip': {error}") from None


_CONFIGS: dict[str, tuple[str, bool]] = {
    "host-header": ("host_header_config", True),
    "path-pattern": ("path_pattern_config", True),
    "http-header": ("http_header_config", True),
    "http-request-method": ("http_request_method_config", False),
    "query-string": ("query_string_config", False),
    "source-ip": ("source_ip_config", False),
}
"""Field -> the attribute of its config, and whether that may hold regular expressions."""
_NAMES = {
    one.name: one.encode_name
    for one in msgspec.structs.fields(ConditionConfig)
    if one.name != "field"
}
"""Attribute -> its key in JSON."""


def _config(config: ConditionConfig) -> Any:
    """The part that goes with the condition's field, which must be a known one."""
    attribute, _ = _CONFIGS[config.field]
    return getattr(config, attribute)


def _header(config: HttpHeaderConfig) -> Match:
    return HeaderMatch(config.http_header_name, tuple(_texts(config.values, config.regex_values)))


def _query(config: QueryStringConfig) -> Match:
    return QueryMatch(
        tuple(QueryParam(text_of(pair.value), pair.key or None) for pair in config.values)
    )


_OTHERS: dict[str, Callable[[Any], Match]] = {
    "http-header": _header,
    "http-request-method": lambda config: MethodMatch(tuple(config.values)),
    "query-string": _query,
    "source-ip": lambda config: SourceMatch(tuple(config.values)),
}


def _transform(config: TransformConfig) -> Transform:
    match config.type:
        case "url-rewrite":
            return Transform("url-rewrite", _rewrites(config.url_rewrite_config, config.type))
        case "host-header-rewrite":
            rewrites = _rewrites(config.host_header_rewrite_config, config.type)
            return Transform("host-header-rewrite", rewrites)
        case other:
            raise ValueError(f"type {other!r} must be one of url-rewrite, host-header-rewrite")


def _rewrites(config: RewritesConfig | None, type_: str) -> tuple[Rewrite, ...]:
    if config is None or not config.rewrites:
        raise ValueError(f"type {type_!r} needs rewrites")
    return tuple(Rewrite(one.regex, one.replace) for one in config.rewrites)
