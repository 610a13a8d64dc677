"""A plan as lines for people and logs, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from alb_controller.model.refs import Ref, Reference
from alb_controller.plan import changes
from alb_controller.values import Origin, Secret


def render_lines(plan: changes.Plan) -> Iterator[str]:
    """One line a step, in order: the verb, the resource, and what changes of it."""
    for step in (*plan.steps, *plan.late):
        yield _line(step)
    yield from plan.gaps
    for wait in plan.waits:
        yield f"wait for {wait.phase} {wait.kind} {_short(wait.target)}"


def render_json(plan: changes.Plan) -> dict[str, Any]:
    """The plan with all its values; a Ref is `{"ref": "kind name"}`."""
    return {
        "steps": [_step(step) for step in plan.steps],
        "late": [_step(step) for step in plan.late],
        "notes": list(plan.notes),
        "gaps": list(plan.gaps),
        "waits": [_plain(wait) for wait in plan.waits],
    }


def _step(step: changes.Step) -> dict[str, Any]:
    return {"step": type(step).__name__, **_plain(step)}


def _line(step: changes.Step) -> str:
    match step:
        case changes.Create():
            return f"create {step.resource.id}"
        case changes.Delete():
            return f"delete {step.kind} {step.found.identity}"
        case changes.AwaitBindingsGone():
            return f"await the end of bindings {', '.join(step.bindings)}"
        case changes.SetRulePriorities():
            moves = ", ".join(f"{_short(rule)} to {place}" for rule, place in step.priorities)
            return f"set priorities on {_short(step.listener)}: {moves}"
        case _:
            verb = _verb(type(step).__name__)
            details = "; ".join(_details(step))
            return f"{verb} of {_short(step.target)}" + (f": {details}" if details else "")


def _details(step: Any) -> Iterator[str]:
    for name in step.__struct_fields__:
        value = getattr(step, name)
        if name in ("target", "kind", "resource", "asked_by", "by_setting"):
            continue
        if isinstance(value, dict):
            yield ", ".join(f"{key}={text}" for key, text in sorted(value.items()))
        elif isinstance(value, tuple):
            yield ", ".join(str(_short(one)) for one in value)
        else:
            yield str(value)


def _verb(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _short(reference: Reference | object) -> str:
    return str(reference.id) if isinstance(reference, Ref) else str(reference)


def _plain(value: Any) -> Any:
    if isinstance(value, Ref):
        return {"ref": str(value.id)}
    if isinstance(value, Origin):
        return str(value)
    if isinstance(value, msgspec.Struct):
        names = (name for name in value.__struct_fields__ if name != "by_setting")
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Secret):
        return repr(value)
    return dict(value) if isinstance(value, dict) else value
