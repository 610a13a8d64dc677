"""What to register and to deregister, so that a target group holds what it should."""

from __future__ import annotations

from collections.abc import Iterable

from alb_controller.model.elbv2 import Target, TargetHealth
from alb_controller.values import Value


class TargetChanges(Value, frozen=True, kw_only=True):
    """Targets that are missing and targets that are too many, each in order."""

    register: tuple[Target, ...] = ()
    deregister: tuple[Target, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.register or self.deregister)


def diff(desired: Iterable[Target], known: Iterable[Target]) -> TargetChanges:
    """Targets match by id and port; a known one is handed back as it is known."""
    wanted = {t.key: t for t in desired}
    there = {t.key: t for t in known}
    return TargetChanges(
        register=tuple(wanted[key] for key in sorted(wanted.keys() - there.keys())),
        deregister=tuple(there[key] for key in sorted(there.keys() - wanted.keys())),
    )


def registered(health: Iterable[TargetHealth]) -> tuple[Target, ...]:
    """Targets that count as registered: a draining one does not, so it is registered again.

    States are those of DescribeTargetHealth; `unhealthy.draining` is an unhealthy target on its
    way out (Elastic Load Balancing API reference, TargetHealth).
    """
    return tuple(h.target for h in health if h.state not in ("draining", "unhealthy.draining"))
