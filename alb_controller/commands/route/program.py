"""The form for programs: JSON on stdin, JSON on stdout, one object or a list of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias

from alb_controller.commands.chance import Dice
from alb_controller.commands.route.exchange import answer_of, read_request, rejected
from alb_controller.objects.reading.reader import decode
from alb_controller.routing.evaluate import LoadBalancerOf, NoListener
from alb_controller.routing.health import Check, states_after
from alb_controller.routing.rejections import Rejection
from alb_controller.routing.request import Chance
from alb_controller.routing.state import State
from alb_controller.state.document import read_text
from alb_controller.state.nodes import Node

Kind: TypeAlias = Literal["alb", "ingress", "validate", "health"]
Answer: TypeAlias = Callable[[Node], dict[str, Any]]


def run_program(kind: Kind, file: Path, text: str) -> str:
    """The answers to what stdin says. Raises StateError, msgspec.DecodeError and BadInput."""
    answer = _answerer(kind, file)
    if text.lstrip().startswith("["):
        items = enumerate(decode(text, list[Any]))
        return json.dumps([answer(Node(one, f"[{number}]")) for number, one in items])
    return json.dumps(answer(Node(decode(text, dict[str, Any]))))


def _answerer(kind: Kind, file: Path) -> Answer:
    match kind:
        case "health":
            return answer_health
        case "validate":
            from alb_controller.commands.route.creation import creation_answerer

            return creation_answerer(file.read_text(encoding="utf-8"))
        case "ingress":
            from alb_controller.commands.route.clusters import ingress_answerer

            return ingress_answerer(file, Dice())
        case "alb":
            return state_answerer(read_text(file.read_text(encoding="utf-8")), Dice())


def state_answerer(state: State, chance: Chance) -> Answer:
    """Answers about the state's load balancer; of several, whichever listens on the port."""
    balancers = [LoadBalancerOf(one, state) for one in state.observed.load_balancers]

    def answer(node: Node) -> dict[str, Any]:
        request = read_request(node)
        if isinstance(request, Rejection):
            return rejected(request)
        error = "the state has no load balancer"
        for balancer in balancers:
            try:
                return answer_of(balancer.evaluate(request, chance), state)
            except NoListener as problem:
                error = str(problem)
        return {"error": error}

    return answer


def answer_health(node: Node) -> dict[str, Any]:
    """The states of a target after a series of results."""
    group = node.get("target_group", {})
    matcher = group.get("Matcher", {})
    code = "GrpcCode" if group.get("ProtocolVersion").value == "GRPC" else "HttpCode"
    default = "12" if code == "GrpcCode" else "200"
    check = Check(
        healthy_threshold=group.get("HealthyThresholdCount", 5).number(),
        unhealthy_threshold=group.get("UnhealthyThresholdCount", 2).number(),
        matcher=matcher.get("GrpcCode", matcher.get(code, default).value).text(),
    )
    results = [_result(one) for one in node["results"].entries()]
    return {"states": list(states_after(check, node["initial"].text(), results))}


def _result(node: Node) -> int | str:
    """A code, or what came instead of one."""
    is_named = node.value in ("timeout", "refused")
    return node.text() if is_named else node.number()
