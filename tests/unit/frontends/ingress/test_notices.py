"""Warnings that stop nobody: keys of annotations and of JSON that are not read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.translation import Translation
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.core import KubeObject
from tests.factories import ingress, member, path, rule, service, to
from tests.unit.frontends.ingress.translation import WEB, translated


def warned(made: Translation[MemberIntent]) -> list[tuple[str, str, str]]:
    """Object, reason and sentence of each Warning."""
    assert {event.type for event in made.warnings} <= {"Warning"}
    return [(str(event.ref), event.reason, event.message) for event in made.warnings]


def test_an_unknown_annotation_is_reported_and_stops_nobody() -> None:
    """One Warning for the Ingress with all of them, and it is served."""
    made = translated(ingress(alb={"shceme": "internal", "sheme": "internal"}), key=WEB)
    assert made.problems == ()
    assert made.intent.balancers
    ((who, reason, sentence),) = warned(made)
    assert (who, reason) == ("Ingress shop/web", "UnknownAnnotation")
    assert sentence == (
        f"{PREFIX}shceme is not known and is ignored: did you mean {PREFIX}scheme?; "
        f"{PREFIX}sheme is not known and is ignored: did you mean {PREFIX}scheme?"
    )


def test_a_service_is_reported_of_its_own() -> None:
    """Its annotations count for the group as well."""
    made = translated(ingress(), service(alb={"heathcheck-path": "/"}), key=WEB)
    ((who, reason, sentence),) = warned(made)
    assert (who, reason) == ("Service shop/app", "UnknownAnnotation")
    assert sentence.endswith(f"did you mean {PREFIX}healthcheck-path?")


def test_unknown_keys_of_json_are_reported() -> None:
    """With a reason of their own."""
    action = '{"type": "fixed-response", "fixedResponseConfig": {"statusCode": "200", "body": ""}}'
    rules = [rule("", path("/", "Prefix", to("app", "use-annotation")))]
    made = translated(ingress(alb={"actions.app": action}, rules=rules), key=WEB)
    assert warned(made) == [
        (
            "Ingress shop/web",
            "UnknownKey",
            f"{PREFIX}actions.app: keys that are not known are ignored: fixedResponseConfig.body",
        )
    ]


def test_a_stopped_member_is_reported_too() -> None:
    """A typing error may be the reason why it is stopped."""
    made = translated(member("a", alb={"scheme": "x", "shceme": "internal"}))
    assert len(made.problems) == 1
    assert [reason for _, reason, _ in warned(made)] == ["UnknownAnnotation"]


def test_nothing_unknown_is_no_warning() -> None:
    """Nor are the keys of others."""
    made = translated(ingress(annotations={"example.com/scheme": "x"}), key=WEB)
    assert made.warnings == ()


OTHERS_DECIDE = "who may connect is for those groups to say"
HTTP = "listen-ports of the Ingress are HTTP-80"
BY_NAME = {"actions.up": '{"type": "fixed-response", "fixedResponseConfig": {"statusCode": "200"}}'}
SHARED = json.dumps(
    {
        "type": "forward",
        "forwardConfig": {
            "targetGroups": [
                {"serviceName": "app", "servicePort": 80, "weight": 1},
                {"serviceName": "blog", "servicePort": 80, "weight": 1},
            ]
        },
    }
)


def without_effect(*objects: KubeObject, **fields: Any) -> list[str]:
    """The Warnings of Ingress shop/web about what it asks for in vain."""
    made = translated(ingress(**fields), *objects, key=WEB)
    assert made.problems == ()
    reported = [(who, text) for who, reason, text in warned(made) if reason == "NoEffect"]
    assert {who for who, _ in reported} <= {"Ingress shop/web"}
    return [sentence for _, text in reported for sentence in text.split("; ")]


@pytest.mark.parametrize(
    "alb, sentence",
    [
        (BY_NAME, "actions.up has no effect: no backend of port use-annotation has that name"),
        (
            {"actions.app": BY_NAME["actions.up"]},
            "actions.app has no effect: no backend of port use-annotation has that name",
        ),
        (
            {"transforms.ap": "[]"},
            "transforms.ap has no effect: no path of spec.rules has a backend of that name",
        ),
        (
            {"listener-attributes.HTTPS-443": "a=b"},
            f"listener-attributes.HTTPS-443 has no effect: {HTTP}",
        ),
        (
            {"listener-attributes.http-80": "a=b"},
            f"listener-attributes.http-80 has no effect: {HTTP}",
        ),
        (
            {"mutual-authentication": '[{"port": 80, "mode": "passthrough"}]'},
            f"mutual-authentication has no effect on port 80: {HTTP}",
        ),
        ({"ssl-policy": "p"}, f"ssl-policy has no effect without an HTTPS listener: {HTTP}"),
        (
            {"certificate-arn": "arn:c", "listen-ports": '[{"HTTP": 80}]'},
            f"certificate-arn has no effect without an HTTPS listener: {HTTP}",
        ),
        (
            {"inbound-cidrs": "10.0.0.0/8", "security-groups": "sg-1"},
            f"inbound-cidrs has no effect beside {PREFIX}security-groups: {OTHERS_DECIDE}",
        ),
        (
            {"auth-idp-oidc": "{}"},
            f"auth-idp-oidc has no effect without {PREFIX}auth-type: no login is asked for",
        ),
    ],
)
def test_a_setting_that_applies_to_nothing_is_reported(alb: dict[str, str], sentence: str) -> None:
    """The Ingress is served without it, as with LBC."""
    assert without_effect(alb=alb) == [PREFIX + sentence]


def test_a_login_of_a_service_that_gets_a_share_is_reported() -> None:
    """It does not count (spec 1.1), unless the Ingress asks for one itself."""
    rules = [rule("", path("/", "Prefix", to("it", "use-annotation")))]
    objects = (service(alb={"auth-type": "oidc"}), service("blog"))
    (sentence,) = without_effect(*objects, alb={"actions.it": SHARED}, rules=rules)
    assert sentence == (
        f"{PREFIX}auth-type of Service app has no effect, as {PREFIX}actions.it shares requests "
        "among several target groups: set it on the Ingress"
    )
    own = {"actions.it": SHARED, "auth-type": "oidc"}
    assert without_effect(*objects, alb=own, rules=rules) == []


def test_what_applies_to_something_is_no_warning() -> None:
    """Names that paths and default backends have, ports that the Ingress listens on."""
    alb = {
        **BY_NAME,
        "conditions.app": '[{"field": "host-header", "hostHeaderConfig": {"values": ["a"]}}]',
        "transforms.app": "[]",
        "listen-ports": '[{"HTTPS": 443}]',
        "certificate-arn": "arn:c",
        "ssl-policy": "p",
        "mutual-authentication": '[{"port": 443, "mode": "passthrough"}]',
        "listener-attributes.HTTPS-443": "a=b",
        "inbound-cidrs": "10.0.0.0/8",
        "auth-idp-oidc": "{}",
    }
    by_service = service(alb={"auth-type": "none"})
    to_action = to("up", "use-annotation")
    assert without_effect(by_service, alb=alb, default_backend=to_action) == []
