"""Requests to what manifests make: backends as the Ingress names them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alb_controller.commands.offline.compile import compile_manifests
from alb_controller.commands.route.program import state_answerer
from alb_controller.routing.request import Chance
from alb_controller.sandbox.manifests import read_manifests
from alb_controller.state.nodes import Node


def ingress_answerer(file: Path, chance: Chance) -> Callable[[Node], dict[str, Any]]:
    """Answers with `backends` instead of target groups. Raises BadInput and BadManifest."""
    compiled = compile_manifests(one.body for one in read_manifests([file]))
    state = compiled.state
    names = {one.resource.name: one.identity for one in state.observed.target_groups}
    answer = state_answerer(state, chance)

    def with_backends(node: Node) -> dict[str, Any]:
        made = answer(node)
        weights = made.pop("target_groups", None)
        if weights is None:
            return made
        del made["target_group"], made["targets"], made["target"]
        backends: dict[str, int] = {}
        for name, weight in weights.items():
            backend = compiled.backends.get(names[name], name)
            backends[backend] = backends.get(backend, 0) + weight
        made["backends"] = backends
        if len(backends) == 1:
            made["backend"] = next(iter(backends))
        return made

    return with_backends
