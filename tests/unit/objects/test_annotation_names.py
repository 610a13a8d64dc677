"""Keys that nobody reads, and what their writer may have meant."""

from __future__ import annotations

import pytest

from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.annotations.names import unknown_annotations, unknown_json_keys


def meant(suffix: str) -> str:
    """The suffix that is proposed for an unknown one."""
    (sentence,) = unknown_annotations({PREFIX + suffix: "x"})
    assert sentence.startswith(f"{PREFIX}{suffix} is not known and is ignored")
    _, _, hint = sentence.partition(f"did you mean {PREFIX}")
    return hint.removesuffix("?")


@pytest.mark.parametrize(
    "written, known",
    [
        ("shceme", "scheme"),
        ("Scheme", "scheme"),
        ("listen-port", "listen-ports"),
        ("health-check-path", "healthcheck-path"),
        ("success-code", "success-codes"),
        ("certificate-arns", "certificate-arn"),
        ("group-name", "group.name"),
        ("action.ssl-redirect", "actions.ssl-redirect"),
        ("condition.app", "conditions.app"),
        ("listener-attribute.HTTP-80", "listener-attributes.HTTP-80"),
        ("xyzzy", ""),
    ],
)
def test_the_nearest_known_name_is_proposed(written: str, known: str) -> None:
    """Also the family of a name that ends in a Service; nothing where nothing is near."""
    assert meant(written) == known


def test_what_is_known_is_not_mentioned() -> None:
    """Every row of the table, every family, what controllers write, and others' keys."""
    known = [row.key for row in rows.TABLE]
    known += [f"{PREFIX}{family}app" for family in rows.FAMILIES]
    known += [f"{PREFIX}dry-run-plan", "kubernetes.io/ingress.class", "scheme", "example.com/x"]
    assert list(unknown_annotations(dict.fromkeys(known, ""))) == []


@pytest.mark.parametrize(
    "suffix, raw, unknown",
    [
        ("actions.a", '{"type": "redirect", "redirectConfig": {"port": "1", "x": 2}}', "redirec"),
        ("conditions.a", '[{"field": "f", "valuesConfig": {}}]', "[0].valuesConfig"),
        ("transforms.a", '[{"kind": 1, "b": 2}]', "[0].b, [0].kind"),
        ("auth-idp-oidc", '{"isuer": ""}', "isuer"),
        ("auth-idp-cognito", '{"userPool": ""}', "userPool"),
        ("jwt-validation", '{"additionalClaims": [{"nam": 1}]}', "additionalClaims[0].nam"),
        ("mutual-authentication", '[{"port": 443, "trust": 1}]', "[0].trust"),
    ],
)
def test_unknown_json_keys_are_named_by_their_path(suffix: str, raw: str, unknown: str) -> None:
    """In every annotation that is JSON."""
    (sentence,) = unknown_json_keys({PREFIX + suffix: raw})
    assert sentence.startswith(f"{PREFIX}{suffix}: keys that are not known are ignored: {unknown}")


@pytest.mark.parametrize("raw", ['{"Type": "forward", "targetGroupARN": "a"}', "{", "7", "null"])
def test_known_keys_and_unreadable_values_are_no_unknown_keys(raw: str) -> None:
    """Case does not matter; what cannot be read is told as that."""
    assert list(unknown_json_keys({f"{PREFIX}actions.a": raw, "other": raw})) == []
