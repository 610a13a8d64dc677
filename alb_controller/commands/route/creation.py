"""Would AWS create a rule? By the table of limits that the sandbox's AWS refuses by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alb_controller.model.limits.requests.rules import Listened, refusal
from alb_controller.routing.state import State
from alb_controller.state.document import read_text
from alb_controller.state.nodes import Node

_NULL = "null"


def creation_answerer(text: str) -> Callable[[Node], dict[str, Any]]:
    """Answers about rules on listeners of the state; of nothing where the text is null."""
    state = None if text.strip() == _NULL else read_text(text)

    def answer(node: Node) -> dict[str, Any]:
        listener = node["listener"]
        front = Listened(listener["Protocol"].text(), listener["Port"].text(), _versions(state))
        rule = dict(node["rule"].mapping())
        problem = _standing_problem(rule, front, state)
        if problem is None:
            error = refusal(rule, front)
            problem = None if error is None else f"{error.code}: {error.message}"
        return {"refused": False} if problem is None else {"refused": True, "why": problem}

    return answer


def _versions(state: State | None) -> dict[str, str | None]:
    if state is None:
        return {}
    return {one.identity: one.resource.protocol_version for one in state.observed.target_groups}


def _standing_problem(rule: dict[str, Any], front: Listened, state: State | None) -> str | None:
    """What is there already: a rule of that priority on the listener."""
    if state is None:
        return None
    for listener in state.observed.listeners:
        if str(listener.resource.port) == front.port:
            taken = {str(one.resource.priority) for one in state.rules_of(listener)}
            if str(rule.get("Priority")) in taken:
                return f"PriorityInUse: {rule['Priority']} is another rule's"
    return None
