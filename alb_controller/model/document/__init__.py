"""A stack as LBC's model JSON: what the annotation `dry-run-plan` holds (spec 1.1).

`{"id": STACK, "resources": {TYPE: {ID: {"spec": …}}}}`, with LBC's types, ids and names
of fields; what is not known before it is applied is a `$ref`. OIDC clients are redacted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from alb_controller.model.document import balancers, others
from alb_controller.model.document.references import (
    BINDING,
    LISTENER,
    LOAD_BALANCER,
    RULE,
    SECURITY_GROUP,
    TARGET_GROUP,
)
from alb_controller.model.stack import Stack
from alb_controller.objects.encoding import go_json

Document = dict[str, Any]


class _Entry(NamedTuple):
    """A resource and where it stands."""

    type: str
    id: str
    resource: Document


def stack_json(stack: Stack) -> str:
    """The text; the same for the same stack."""
    return go_json(stack_document(stack))


def stack_document(stack: Stack) -> Document:
    """The stack as built, before anything of it is compared with AWS."""
    resources: Document = {}
    for entry in _entries(stack):
        resources.setdefault(entry.type, {})[entry.id] = entry.resource
    return {"id": stack.key.id, "resources": resources}


def _entries(stack: Stack) -> Iterator[_Entry]:
    for balancer in stack.load_balancers:
        yield _spec(LOAD_BALANCER, balancer.id.name, balancers.load_balancer(balancer))
        for type_, spec in others.addons(balancer):
            yield _spec(type_, balancer.id.name, spec)
    for group in stack.target_groups:
        yield _spec(TARGET_GROUP, group.id.name, balancers.target_group(group))
    for listener in stack.listeners:
        yield _spec(LISTENER, listener.id.name, balancers.listener(listener))
    for rule in stack.rules:
        yield _spec(RULE, rule.id.name, balancers.rule(rule))
    for security_group in stack.security_groups:
        yield _spec(SECURITY_GROUP, security_group.id.name, others.security_group(security_group))
    for binding in stack.bindings:
        yield _spec(BINDING, binding.id.name, {"template": others.binding(binding)})
    if stack.load_balancers:
        registered = others.registrations(stack.target_groups)
        name = others.REGISTRATIONS
        yield _Entry(name, name, {"TargetGroups": registered})


def _spec(type_: str, name: str, spec: Document) -> _Entry:
    return _Entry(type_, name, {"spec": spec})
