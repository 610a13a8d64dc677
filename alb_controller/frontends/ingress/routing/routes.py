"""An Ingress's rules as routes, in their order (spec 4.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alb_controller.errors import Invalid
from alb_controller.frontends.ingress.backends import BackendTranslator
from alb_controller.frontends.ingress.routing.actions import ActionTranslator, Choice
from alb_controller.frontends.ingress.routing.conditions import (
    EXACT,
    PREFIX,
    ConditionTranslator,
    service_name,
)
from alb_controller.frontends.ingress.routing.guards import Guard, GuardTranslator
from alb_controller.intent import (
    ActionIntent,
    DefaultIntent,
    Origin,
    Prefix,
    RouteIntent,
    patterns_of,
)
from alb_controller.model.actions import RedirectAction
from alb_controller.model.origins import AskedBy, Origins
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.rows import Source
from alb_controller.objects.networking import HttpIngressPath, Ingress, IngressRule
from alb_controller.settings import Settings


class RouteTranslator:
    """Translates the rules of one Ingress; `problems` are those of paths that are left out."""

    def __init__(
        self,
        ingress: Ingress,
        source: Source,
        backends: BackendTranslator,
        guards: GuardTranslator,
        settings: Settings,
    ) -> None:
        self._ingress, self._source = ingress, source
        self._actions = ActionTranslator(source, backends, settings)
        self._conditions = ConditionTranslator(source)
        self._guards = guards
        self.problems: list[Invalid] = []

    def default_backend(self) -> DefaultIntent | None:
        """What `spec.defaultBackend` wants, None without one (spec 3.5)."""
        backend, field = self._ingress.spec.default_backend, "spec.defaultBackend"
        if backend is None:
            return None
        try:
            self._conditions.check(backend)
            choice = self._actions.translate(backend, field)
            guard = self._guards.guard(choice.service)
        except Invalid as problem:
            self.problems.append(problem)
            return None
        return DefaultIntent(
            action=choice.action,
            guard=guard.action,
            is_restricted=_is_restricted(guard, choice.action),
            origin=Origin(self._source.ref, field),
            asked_by=self._action_origins(choice, guard),
        )

    def routes(self, tags: Mapping[str, str]) -> tuple[RouteIntent, ...]:
        """The routes in final order, one for each path."""
        made: list[RouteIntent] = []
        for at, rule in enumerate(self._ingress.spec.rules):
            for field, path in _ranked(rule, f"spec.rules[{at}].http.paths"):
                try:
                    made.append(self._route(rule.host, path, field, tags))
                except Invalid as problem:
                    self.problems.append(problem)
        return tuple(made)

    def _route(
        self, host: str, path: HttpIngressPath, field: str, tags: Mapping[str, str]
    ) -> RouteIntent:
        choice = self._actions.translate(path.backend, f"{field}.backend")
        guard = self._guards.guard(choice.service)
        return RouteIntent(
            matches=self._conditions.matches(host, path, field),
            action=choice.action,
            guard=guard.action,
            is_restricted=_is_restricted(guard, choice.action),
            transforms=self._conditions.transforms(path),
            tags=tags,
            origin=Origin(self._source.ref, field),
            asked_by={
                **self._tag_origins(tags),
                **self._match_origins(host, path, field),
                **self._action_origins(choice, guard),
                **_named("transforms", self._annotation(rows.transforms(service_name(path)).key)),
            },
        )

    def _match_origins(self, host: str, path: HttpIngressPath, field: str) -> AskedBy:
        """Where an annotation adds conditions: it, and the rule's own host and path.

        Without it all is asked for by the path itself.
        """
        added = self._annotation(rows.conditions(service_name(path)).key)
        if not added:
            return {}
        owner, of_rule = self._source.ref, field.partition(".http")[0]
        own = {text: Origin(owner, f"{field}.path") for text in patterns_of(Prefix(path.path))}
        own |= {path.path: Origin(owner, f"{field}.path"), host: Origin(owner, f"{of_rule}.host")}
        return {
            "matches": added,
            **{f"matches.{text}": (one,) for text, one in own.items() if text},
        }

    def _action_origins(self, choice: Choice, guard: Guard) -> AskedBy:
        """By annotations; what they do not say is asked for by the path itself."""
        own = self._annotation(choice.annotation)
        found = (*own, *((guard.origin,) if guard.origin else ()))
        session = {f"action.{name}": origins for name, origins in guard.session.items()}
        return {**_named("action", found), **session}

    def _annotation(self, key: str) -> Origins:
        """The Ingress's own, if it has it."""
        return (Origin(self._source.ref, key),) if key in self._source.annotations else ()

    def _tag_origins(self, tags: Mapping[str, str]) -> AskedBy:
        return {f"tags.{key}": (Origin(self._source.ref, rows.TAGS.key),) for key in tags}


def _named(setting: str, origins: Origins) -> AskedBy:
    return {setting: origins} if origins else {}


def _is_restricted(guard: Guard, action: ActionIntent) -> bool:
    """A redirect to HTTPS leads to where the guard is."""
    leads_to_https = isinstance(action, RedirectAction) and action.protocol == "HTTPS"
    return guard.is_required and not leads_to_https


def _ranked(rule: IngressRule, field: str) -> Iterator[tuple[str, HttpIngressPath]]:
    """Exact paths, then prefixes by falling length in bytes, then the rest (spec 4.1)."""
    paths = [(f"{field}[{i}]", p) for i, p in enumerate(rule.http.paths if rule.http else ())]
    yield from (p for p in paths if p[1].path_type == EXACT)
    prefixes = (p for p in paths if p[1].path_type == PREFIX)
    yield from sorted(prefixes, key=lambda p: -len(p[1].path.encode()))
    yield from (p for p in paths if p[1].path_type not in (EXACT, PREFIX))
