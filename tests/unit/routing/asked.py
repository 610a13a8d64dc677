"""Requests to small load balancers, which are written as documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from alb_controller.routing.evaluate import LoadBalancerOf
from alb_controller.routing.outcome import Outcome
from alb_controller.routing.request import Request
from alb_controller.routing.state import State
from alb_controller.state.document import read_document

NOW = 1_700_000_000
Document = dict[str, Any]


class FixedChance(msgspec.Struct):
    """Chance that is none: one fraction, and digits that are all alike."""

    at: float = 0.0
    seconds: int = NOW

    def fraction(self) -> float:
        return self.at

    def digits(self, count: int) -> str:
        return "a" * count


def forward(group: str) -> Document:
    """A forward action."""
    return {"Type": "forward", "TargetGroupArn": group}


def fixed(status: int = 404, **config: str) -> Document:
    """A fixed response."""
    return {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": status, **config}}


def rule(priority: int, *actions: Document, **more: Any) -> Document:
    """A rule; `conditions` are pairs of field and values."""
    conditions = [
        {"Field": field, "Values": list(values)} for field, values in more.pop("conditions", ())
    ]
    return {"Priority": priority, "Conditions": conditions, "Actions": list(actions), **more}


def group(*targets: Document | str, **fields: Any) -> Document:
    """A target group; a target that is a text is that address, and healthy."""
    made = [{"Id": one, "Port": 8080} if isinstance(one, str) else one for one in targets]
    return {"Protocol": "HTTP", "Port": 80, "Targets": made, **fields}


def balancer(
    rules: Iterable[Document] = (),
    groups: dict[str, Document] | None = None,
    *,
    default: Document | None = None,
    attributes: dict[str, str] | None = None,
    **listener: Any,
) -> Document:
    """A load balancer with one listener; its port decides about the protocol."""
    port = listener.get("Port", 80)
    return {
        "dns_name": "alb.example.net",
        "attributes": attributes or {},
        "listeners": [
            {
                "Port": port,
                "Protocol": "HTTPS" if port in (443, 8443) else "HTTP",
                "DefaultActions": [default or fixed()],
                "Rules": list(rules),
                **listener,
            }
        ],
        "target_groups": groups or {},
    }


def to_target(**more: Any) -> Document:
    """A load balancer that forwards everything to one target."""
    return balancer(groups={"web": group("10.0.0.1")}, default=forward("web"), **more)


def asked(document: Document, path: str = "/", at: float = 0.0, **fields: Any) -> Outcome:
    """What becomes of a request; `headers` is a mapping or pairs, Host is there by itself."""
    given = fields.pop("headers", {})
    pairs = tuple(given.items() if isinstance(given, dict) else given)
    if not any(name.lower() == "host" for name, _ in pairs) and fields.pop("host", True):
        pairs = (("Host", "x.example.com"), *pairs)
    state = state_of(document)
    ports = [one.resource.port for one in state.observed.listeners]
    request = Request(
        **{"listener": ports[0] if ports else 0, "target": path, "headers": pairs, **fields}
    )
    return LoadBalancerOf(state.observed.load_balancers[0], state).evaluate(
        request, FixedChance(at)
    )


def state_of(document: Document) -> State:
    """The state of a document."""
    return read_document(document)


def seen(outcome: Outcome, name: str) -> str | None:
    """A header as the target sees it; several are joined."""
    found = [value for key, value in outcome.headers_seen if key.lower() == name.lower()]
    return ", ".join(found) if found else None
