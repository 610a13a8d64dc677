"""Warnings that stop nobody: keys of annotations and of JSON that are not read."""

from __future__ import annotations

from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.translation import Translation
from alb_controller.objects.annotations.ingress_table import PREFIX
from tests.factories import ingress, member, service
from tests.unit.frontends.ingress.translation import WEB, translated


def warned(made: Translation[MemberIntent]) -> list[tuple[str, str, str]]:
    """Object, reason and sentence of each Warning."""
    assert {event.type for event in made.warnings} <= {"Warning"}
    return [(str(event.ref), event.reason, event.message) for event in made.warnings]


def test_an_unknown_annotation_is_told_and_stops_nobody() -> None:
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


def test_a_service_is_told_of_its_own() -> None:
    """Its annotations count for the group as well."""
    made = translated(ingress(), service(alb={"heathcheck-path": "/"}), key=WEB)
    ((who, reason, sentence),) = warned(made)
    assert (who, reason) == ("Service shop/app", "UnknownAnnotation")
    assert sentence.endswith(f"did you mean {PREFIX}healthcheck-path?")


def test_unknown_keys_of_json_are_told() -> None:
    """With a reason of their own."""
    action = '{"type": "fixed-response", "fixedResponseConfig": {"statusCode": "200", "body": ""}}'
    made = translated(ingress(alb={"actions.app": action}), key=WEB)
    assert warned(made) == [
        (
            "Ingress shop/web",
            "UnknownKey",
            f"{PREFIX}actions.app: keys that are not known are ignored: fixedResponseConfig.body",
        )
    ]


def test_a_stopped_member_is_told_too() -> None:
    """A typing error may be the reason why it is stopped."""
    made = translated(member("a", alb={"scheme": "x", "shceme": "internal"}))
    assert len(made.problems) == 1
    assert [reason for _, reason, _ in warned(made)] == ["UnknownAnnotation"]


def test_nothing_unknown_is_no_warning() -> None:
    """Nor are the keys of others."""
    made = translated(ingress(annotations={"example.com/scheme": "x"}), key=WEB)
    assert made.warnings == ()
