"""When what was refused is asked for again: what a try takes comes to two calls an hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import LoadBalancer, TargetGroup
from alb_controller.plan import changes
from alb_controller.reconcile.apply import Outcome

LOOK_AGAIN = timedelta(minutes=40)
"""A limit may be raised, what is missing may be made, and AWS informs nobody."""
_EACH_CALL = timedelta(minutes=30)
_LONGEST_PAUSE = timedelta(hours=6)


def until_next_try(
    now: datetime, outcome: Outcome, *, keeps_what_was_made: bool = False
) -> datetime:
    """Of what a plan was stopped by; what came before it is written again, and taken back.

    Names are looked up before the first creation, and some quotas are met twice.
    """
    calls = len(outcome.apart) + 1 + outcome.beside
    if keeps_what_was_made:
        calls -= sum(isinstance(step, changes.Create) and _has_name(step) for step in outcome.done)
    else:
        calls += 2 * len(outcome.done)
    match outcome.failed:
        case changes.Create(resource=LoadBalancer()):
            calls += 1  # whether the one that it replaces is protected
        case changes.ModifyAttributes():
            calls += 1  # what they are now
    return now + pause_of(calls)


def pause_of(calls: int) -> timedelta:
    """After a try of so many calls."""
    return min(max(LOOK_AGAIN, calls * _EACH_CALL), _LONGEST_PAUSE)


def _has_name(step: changes.Create) -> bool:
    return isinstance(step.resource, LoadBalancer | TargetGroup | SecurityGroup)
