"""An Ingress's rules as routes: conditions, their order, and where the traffic goes (spec 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alb_controller.errors import Invalid
from alb_controller.frontends.ingress.backends import BackendTranslator
from alb_controller.intent import ActionIntent, Origin, RouteIntent
from alb_controller.model.elbv2 import Condition, HostHeader, PathPattern
from alb_controller.objects.core import ref
from alb_controller.objects.networking import HttpIngressPath, Ingress, IngressRule
from alb_controller.values import ObjectRef

_EXACT, _PREFIX = "Exact", "Prefix"
_ANYTHING = "/*"


def translate_default_backend(
    ingress: Ingress, backends: BackendTranslator
) -> tuple[tuple[ActionIntent, ...] | None, list[Invalid]]:
    """The actions of `spec.defaultBackend`, None without one, and the problems (spec 3.5)."""
    if ingress.spec.default_backend is None:
        return None, []
    try:
        return (backends.action(ingress.spec.default_backend, "spec.defaultBackend"),), []
    except Invalid as problem:
        return None, [problem]


def translate_routes(
    ingress: Ingress, backends: BackendTranslator, tags: Mapping[str, str]
) -> tuple[tuple[RouteIntent, ...], list[Invalid]]:
    """The routes in final order, each path one route, and the problems of those left out."""
    routes: list[RouteIntent] = []
    problems: list[Invalid] = []
    origin = ref("Ingress", ingress)
    for at, rule in enumerate(ingress.spec.rules):
        for field, path in _ranked(rule, f"spec.rules[{at}].http.paths"):
            try:
                routes.append(
                    RouteIntent(
                        conditions=_conditions(rule.host, path, origin, field),
                        actions=(backends.action(path.backend, f"{field}.backend"),),
                        tags=tags,
                        origin=Origin(origin, field),
                    )
                )
            except Invalid as problem:
                problems.append(problem)
    return tuple(routes), problems


def _ranked(rule: IngressRule, field: str) -> Iterator[tuple[str, HttpIngressPath]]:
    """Exact paths, then prefixes by falling length in bytes, then the rest (spec 4.1)."""
    paths = [(f"{field}[{i}]", p) for i, p in enumerate(rule.http.paths if rule.http else ())]
    yield from (p for p in paths if p[1].path_type == _EXACT)
    prefixes = (p for p in paths if p[1].path_type == _PREFIX)
    yield from sorted(prefixes, key=lambda p: -len(p[1].path.encode()))
    yield from (p for p in paths if p[1].path_type not in (_EXACT, _PREFIX))


def _conditions(
    host: str, path: HttpIngressPath, origin: ObjectRef, field: str
) -> tuple[Condition, ...]:
    found: list[Condition] = []
    if host:
        found.append(HostHeader(values=(host,)))
    patterns = _patterns(path, origin, field)
    if patterns:
        found.append(PathPattern(values=patterns))
    return tuple(found) or (PathPattern(values=(_ANYTHING,)),)


def _patterns(path: HttpIngressPath, origin: ObjectRef, field: str) -> tuple[str, ...]:
    """The path patterns of one path; none for an empty path (spec 4.2)."""
    text = path.path
    if not text:
        return ()
    if path.path_type not in (_EXACT, _PREFIX):
        return (text,)
    if "*" in text or "?" in text:
        problem = f"{text!r} of pathType {path.path_type} cannot contain '*' or '?'"
        raise Invalid(origin, f"{field}.path", problem)
    if path.path_type == _EXACT:
        return (text,)
    if text == "/":
        return (_ANYTHING,)
    stem = text.removesuffix("/")
    return stem, f"{stem}/*"
