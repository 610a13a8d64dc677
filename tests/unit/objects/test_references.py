"""Which Services an Ingress names, in rules and in actions (spec 9.9)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alb_controller.objects.networking import IngressBackend
from alb_controller.objects.references import service_names
from tests.factories import ingress, path, rule, to

IT = to("it", "use-annotation")


def forward(*names: str) -> str:
    """An action that forwards to Services and to a target group of others."""
    targets: list[dict[str, Any]] = [{"serviceName": n, "servicePort": 80} for n in names]
    config = {"targetGroups": [*targets, {"targetGroupARN": "arn:x"}]}
    return json.dumps({"type": "forward", "forwardConfig": config})


def test_rules_and_the_default_backend_name_services() -> None:
    """Each once; a resource names none, nor does a rule without paths."""
    rules = [rule("", path(), path("/b", backend=to("blog"))), rule("empty"), rule("r", path())]
    resource = path("/r", "Exact", IngressBackend())
    made = ingress(rules=[*rules, rule("x", resource)], default_backend=to("fallback"))
    assert service_names(made) == {"app", "blog", "fallback"}


def test_an_action_names_services_too() -> None:
    """Its own name is none of them."""
    made = ingress(rules=[rule("", path(backend=IT))], alb={"actions.it": forward("a", "b")})
    assert service_names(made) == {"a", "b"}


@pytest.mark.parametrize(
    "alb",
    [
        {},
        {"actions.it": "{"},
        {"actions.it": '{"type": "fixed-response"}'},
        {"actions.other": forward("a")},
    ],
)
def test_what_cannot_be_read_hides_no_other_service(alb: dict[str, str]) -> None:
    """LBC forgets all Services of the Ingress then (spec 12.1 #26)."""
    made = ingress(rules=[rule("", path(backend=IT), path("/b", backend=to("blog")))], alb=alb)
    assert service_names(made) == {"blog"}
