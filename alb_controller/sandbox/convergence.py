"""When the world has come to rest: by what was applied, and by what the parts say of themselves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from alb_controller.sandbox.failures import NotConverged
from alb_controller.sandbox.state import State, TargetGroup, read_cluster, read_state
from alb_controller.sandbox.world import World

_LOOK_SECONDS = 0.1


def wait_for_controller(world: World, seconds: float) -> None:
    """Wait until the controller has read the cluster. Raises NotConverged, PartEnded."""
    deadline = time.monotonic() + seconds
    while world.controller is None or not world.controller.is_ready():
        world.check()
        if time.monotonic() > deadline:
            raise NotConverged(f"after {seconds:.0f} s the controller is not ready")
        time.sleep(_LOOK_SECONDS)


def wait_until_at_rest(world: World, seconds: float, note: Callable[[str], None]) -> State:
    """Wait until nothing is missing or nothing more will come; the state then.

    `note` is called with what is waited for when that changes. Raises PartEnded, and NotConverged,
    which names what is missing.
    """
    deadline, last = time.monotonic() + seconds, ""
    while True:
        world.check()
        waiting = next(waits(world), "")
        if not waiting:
            state = read_state(world.kube.api, world.account)
            waiting = next(missing_in(state), "")
            # last, since targets become healthy in AWS when they are looked at, as just now
            if not waiting and world.data_plane.is_current():
                return state
            waiting = waiting or "the data plane follows AWS"
        if time.monotonic() > deadline:
            raise NotConverged(f"after {seconds:.0f} s: {waiting}")
        if waiting != last:
            note(waiting)
            last = waiting
        time.sleep(_LOOK_SECONDS)


def waits(world: World) -> Iterator[str]:
    """What can be seen to be missing without asking AWS, the first first."""
    if not world.controllers.is_idle():
        yield "Pods are starting or stopping"
    yield from missing_in(read_cluster(world.kube.api))
    if world.controller is None or not world.controller.is_idle():
        yield "the controller is at work"


def missing_in(state: State) -> Iterator[str]:
    """What was applied and is not there yet; a refused Ingress will not come."""
    for ingress in state.ingresses:
        if not ingress.host_name and not ingress.warning:
            yield f"Ingress {ingress.name} has no load balancer yet"
    for group in state.target_groups.values():
        wanted = state.ready_endpoints.get(group.backend.rpartition(":")[0], 0)
        if group.kind == "ip" and len(group.targets) != wanted:
            have = len(group.targets)
            yield f"target group {group.name} has {have} of {wanted} Pods of {group.backend}"
        yield from _unsettled(group)


def _unsettled(group: TargetGroup) -> Iterator[str]:
    for target in group.targets:
        if target.health != "healthy" and group.is_in_use:
            place = f"{target.address}:{target.port}"
            yield f"target {place} of {group.backend} is {target.health}"


def problems(state: State) -> list[str]:
    """What will not come by waiting: each Ingress that was refused, and why."""
    return [
        f"Ingress {ingress.name} was refused: {ingress.warning}"
        for ingress in state.ingresses
        if not ingress.host_name and ingress.warning
    ]
