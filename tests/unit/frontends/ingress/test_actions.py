"""What `actions.NAME` says for a backend of port `use-annotation` (spec 1.2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alb_controller.intent import ActionIntent, ForwardIntent, ForwardTarget
from alb_controller.model.actions import FixedResponseAction, RedirectAction
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.settings import Settings
from tests.factories import path, rule, service, to
from tests.unit.frontends.ingress.translation import alone, only_listener, refused, settings

RULES = [rule("", path("/", "Prefix", to("it", "use-annotation")))]


def action(config: dict[str, Any], by: Settings | None = None) -> ActionIntent:
    """What the one route does; Services app and blog exist."""
    alb = {"actions.it": json.dumps(config)}
    (route,) = only_listener(alone(service("blog"), rules=RULES, alb=alb, by=by)).routes
    return route.action


def forward(*targets: dict[str, Any], **config: Any) -> dict[str, Any]:
    """A forward to targets."""
    return {"type": "forward", "forwardConfig": {"targetGroups": list(targets), **config}}


APP = {"serviceName": "app", "servicePort": 80}
BLOG = {"serviceName": "blog", "servicePort": "http"}


def test_a_fixed_response_is_the_answer_itself() -> None:
    """With or without a body; AWS gets what was written, an empty body too."""
    full = {"statusCode": "503", "contentType": "text/html", "messageBody": "<p>"}
    assert action({"type": "fixed-response", "fixedResponseConfig": full}) == FixedResponseAction(
        "503", "text/html", "<p>"
    )
    bare = {"statusCode": "200", "messageBody": ""}
    assert action({"type": "fixed-response", "fixedResponseConfig": bare}) == FixedResponseAction(
        "200", message_body=""
    )


def test_a_redirect_says_what_was_given() -> None:
    """AWS gets what it keeps of the request, where that is written out (spec 1.2)."""
    config = {
        "statusCode": "HTTP_301",
        "host": "#{host}",
        "path": "/#{path}",
        "port": "443",
        "protocol": "HTTPS",
    }
    assert action({"type": "redirect", "redirectConfig": config}) == RedirectAction(
        "HTTP_301", host="#{host}", path="/#{path}", port="443", protocol="HTTPS"
    )


@pytest.mark.parametrize(
    "config,target",
    [
        ({"targetGroupARN": "arn:x"}, ForwardTarget("arn", "arn:x")),
        ({"targetGroupName": "mine"}, ForwardTarget("name", "mine")),
        (
            {"targetGroupARN": "arn:x", "targetGroupName": "mine"},
            ForwardTarget("arn", "arn:x"),
        ),
    ],
)
def test_the_short_form_forwards_to_one_target_group(
    config: dict[str, str], target: ForwardTarget
) -> None:
    """That somebody else owns; the ARN counts where both are there."""
    assert action({"type": "forward", **config}) == ForwardIntent((target,))
    assert action(forward(config)) == ForwardIntent((target,))


def test_one_service_is_a_backend_like_any_other() -> None:
    """As if the path named it, but for a weight."""
    assert action(forward(APP)) == ForwardIntent.to_backend("shop/web-app:80")
    weighted = forward({**APP, "weight": 50})
    assert action(weighted) == ForwardIntent.to_backend("shop/web-app:80", 50)


def test_traffic_is_split_by_weight() -> None:
    """Among Services and target groups of others."""
    wanted = forward(
        {**APP, "weight": 9}, {"targetGroupARN": "arn:x", "weight": 0}, {**BLOG, "weight": 1}
    )
    assert action(wanted) == ForwardIntent(
        (
            ForwardTarget("backend", "shop/web-app:80", 9),
            ForwardTarget("arn", "arn:x", 0),
            ForwardTarget("backend", "shop/web-blog:http", 1),
        )
    )


@pytest.mark.parametrize("targets", [(APP,), ({"targetGroupARN": "arn:x"},)])
def test_clients_may_stick_to_a_target_group(targets: tuple[dict[str, Any], ...]) -> None:
    """Only where it is said."""
    sticky = {"enabled": True, "durationSeconds": 60}
    made = action(forward(*targets, targetGroupStickinessConfig=sticky))
    assert isinstance(made, ForwardIntent)
    assert (made.stickiness_enabled, made.stickiness_seconds) == (True, 60)
    plain = action(forward(*targets))
    assert isinstance(plain, ForwardIntent)
    assert (plain.stickiness_enabled, plain.stickiness_seconds) == (None, None)


def test_without_weights_an_action_has_one_target_group() -> None:
    """The gate WeightedTargetGroups, off: several are a problem, stickiness has no place."""
    by = settings(gates={"weighted_target_groups": False})
    sticky = {"enabled": True, "durationSeconds": 60}
    made = action(forward(APP, targetGroupStickinessConfig=sticky), by)
    assert made == ForwardIntent.to_backend("shop/web-app:80")
    several = json.dumps(forward({**APP, "weight": 1}, {"targetGroupARN": "arn:x", "weight": 1}))
    (problem,) = refused(rules=RULES, alb={"actions.it": several}, by=by)
    assert problem.startswith(f"{PREFIX}actions.it: names several target groups, and the feature")


@pytest.mark.parametrize("written,port", [("80", "80"), ("+80", "80"), ("http", "http")])
def test_a_port_of_digits_is_a_number(written: str, port: str) -> None:
    """As Go's Atoi takes it."""
    made = action(forward({"serviceName": "app", "servicePort": written}))
    assert made == ForwardIntent.to_backend(f"shop/web-app:{port}")


def test_keys_match_in_any_case() -> None:
    """Go's JSON does so, and manifests rely on it; other keys are ignored."""
    config = {
        "TYPE": "forward",
        "ForwardConfig": {"targetgroups": [{"SERVICENAME": "app", "servicePort": 80}]},
    }
    assert action({**config, "comment": "x"}) == ForwardIntent.to_backend("shop/web-app:80")


UNAVAILABLE = FixedResponseAction("503", "text/plain", "Backend service does not exist")
ABSENT = {"serviceName": "absent", "servicePort": 80}


def test_one_missing_service_answers_503() -> None:
    """Stickiness or not: there is nothing to stick to."""
    assert action(forward(ABSENT)) == UNAVAILABLE
    sticky = {"enabled": True, "durationSeconds": 60}
    assert action(forward(ABSENT, targetGroupStickinessConfig=sticky)) == UNAVAILABLE


def test_a_missing_service_among_several_is_a_problem() -> None:
    """Its share of the traffic has nowhere to go; and so without the tolerance."""
    sentence = f"{PREFIX}actions.it: names Service shop/absent, which does not exist"
    wanted = json.dumps(forward({**APP, "weight": 1}, {**ABSENT, "weight": 1}))
    assert refused(rules=RULES, alb={"actions.it": wanted}) == [sentence]
    by = settings(tolerate_non_existent_backend_service=False)
    alb = {"actions.it": json.dumps(forward(ABSENT))}
    assert refused(rules=RULES, alb=alb, by=by) == [sentence]


EITHER = "needs either targetGroupARN or targetGroupName, or forwardConfig"
EACH = (
    "needs for each target group either targetGroupARN or targetGroupName, "
    "or serviceName and servicePort"
)


@pytest.mark.parametrize(
    "config,problem",
    [
        ({}, "type '' must be one of fixed-response, redirect, forward"),
        ({"type": "Forward"}, "type 'Forward' must be one of fixed-response, redirect, forward"),
        ({"type": "fixed-response"}, "needs fixedResponseConfig"),
        ({"type": "fixed-response", "fixedResponseConfig": {}}, "needs a statusCode"),
        ({"type": "redirect"}, "needs redirectConfig"),
        ({"type": "redirect", "redirectConfig": {"host": "x"}}, "needs a statusCode"),
        ({"type": "forward"}, EITHER),
        ({**forward(APP), "targetGroupARN": "arn:x"}, EITHER),
        (forward(), "needs a target group in targetGroups"),
        (forward({}), EACH),
        (forward({**APP, "targetGroupName": "mine"}), EACH),
        (forward({"serviceName": "app"}), "needs a servicePort beside serviceName"),
        (
            forward({**APP, "weight": 1}, BLOG),
            "needs a weight for each of several target groups",
        ),
        (
            forward({"serviceName": "app", "servicePort": "+-80"}),
            "names port '+-80', which Service shop/app does not have: it has 80 (http)",
        ),
    ],
)
def test_what_an_action_lacks_is_reported(config: dict[str, Any], problem: str) -> None:
    """With the annotation's key; the Ingress is left out."""
    assert refused(rules=RULES, alb={"actions.it": json.dumps(config)}) == [
        f"{PREFIX}actions.it: {problem}"
    ]


@pytest.mark.parametrize("raw", ["{", "[]", '{"type": 1}', "[" * 10_000])
def test_what_is_no_action_is_reported(raw: str) -> None:
    """With what was written."""
    (problem,) = refused(rules=RULES, alb={"actions.it": raw})
    assert problem.startswith(f"{PREFIX}actions.it: {raw!r} must be an action: ")


def test_an_action_that_no_backend_uses_is_not_read() -> None:
    """Only port `use-annotation` asks for it."""
    assert alone(alb={"actions.app": "bad"}).backends
