"""Listeners and their rules; the intent's order becomes priorities 1..n (spec 3.5, 4.5)."""

from __future__ import annotations

from collections.abc import Iterator

from alb_controller.build.context import Context
from alb_controller.build.elbv2.tags import resource_tags
from alb_controller.intent import ActionIntent, ForwardIntent, ListenerIntent, StackIntent
from alb_controller.model.elbv2 import (
    Action,
    Condition,
    ForwardAction,
    Listener,
    ListenerRule,
    WeightedTargetGroup,
)
from alb_controller.model.refs import Ref, ResourceId


def build_listener(
    listener: ListenerIntent, load_balancer: ResourceId, intent: StackIntent, context: Context
) -> Listener:
    """One port of the load balancer."""
    id_ = listener_id(listener)
    return Listener(
        id=id_,
        load_balancer=Ref(load_balancer),
        port=listener.port,
        protocol=listener.protocol,
        default_actions=tuple(_action(a) for a in listener.default_actions),
        tags=resource_tags(listener.tags, context.settings, intent.name, id_.name),
    )


def build_rules(
    listener: ListenerIntent, intent: StackIntent, context: Context
) -> Iterator[ListenerRule]:
    """The listener's rules in order of priority."""
    for priority, route in enumerate(listener.routes, start=1):
        id_ = ResourceId("ListenerRule", f"{listener.port}:{priority}")
        yield ListenerRule(
            id=id_,
            listener=Ref(listener_id(listener)),
            priority=priority,
            conditions=tuple(sorted(route.conditions, key=_field)),
            actions=tuple(_action(a) for a in route.actions),
            transforms=route.transforms,
            tags=resource_tags(route.tags, context.settings, intent.name, id_.name),
        )


def listener_id(listener: ListenerIntent) -> ResourceId:
    """A listener is known by its port (spec 3.2)."""
    return ResourceId("Listener", str(listener.port))


def _field(condition: Condition) -> str:
    return str(condition.__struct_config__.tag)


def _action(action: ActionIntent) -> Action:
    if not isinstance(action, ForwardIntent):
        return action
    only = len(action.backends) == 1
    return ForwardAction(
        tuple(
            WeightedTargetGroup(Ref(ResourceId("TargetGroup", id_)), None if only else weight)
            for id_, weight in action.backends
        )
    )
