"""Keys that nobody reads, and what their writer may have meant."""

from __future__ import annotations

import re
from typing import Any

import pytest

from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.annotations.names import unknown_annotations, unknown_json_keys
from alb_controller.objects.annotations.rows import Annotation


def meant(suffix: str) -> str:
    """The suffix that is proposed for an unknown one."""
    (sentence,) = unknown_annotations({PREFIX + suffix: "x"})
    assert sentence.startswith(f"{PREFIX}{suffix} is not known and is ignored")
    _, _, hint = sentence.partition("did you mean ")
    return hint.removesuffix("?").removeprefix(PREFIX)


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
        ("allow-unauthenticated-http", "alb-controller.aws/allow-unauthenticated-http"),
        ("xyzzy", ""),
    ],
)
def test_the_nearest_known_name_is_proposed(written: str, known: str) -> None:
    """Also the family of a name that ends in a Service; nothing where nothing is near."""
    assert meant(written) == known


def test_a_key_under_our_own_prefix_is_looked_at_too() -> None:
    """Nobody else writes there."""
    (sentence,) = unknown_annotations({"alb-controller.aws/allow-unauthorized-http": "true"})
    assert sentence == (
        "alb-controller.aws/allow-unauthorized-http is not known and is ignored: did you mean "
        "alb-controller.aws/allow-unauthenticated-http?"
    )


def test_what_is_known_is_not_mentioned() -> None:
    """Every row of the table, every family, what controllers write, and others' keys."""
    known = [row.key for row in rows.TABLE]
    known += [f"{PREFIX}{family}app" for family in rows.FAMILIES]
    known += ["alb-controller.aws/status"]
    known += [f"{PREFIX}dry-run-plan", "kubernetes.io/ingress.class", "scheme", "example.com/x"]
    assert list(unknown_annotations(dict.fromkeys(known, ""))) == []


@pytest.mark.parametrize(
    "suffix, raw, unknown",
    [
        ("actions.a", '{"type": "redirect", "redirectConfig": {"port": "1", "x": 2}}', "redirec"),
        ("transforms.a", '[{"kind": 1, "b": 2}]', "[0].b, [0].kind"),
    ],
)
def test_unknown_json_keys_are_named_by_their_path(suffix: str, raw: str, unknown: str) -> None:
    """In every annotation that is JSON and restricts nothing."""
    (sentence,) = unknown_json_keys({PREFIX + suffix: raw})
    assert sentence.startswith(f"{PREFIX}{suffix}: keys that are not known are ignored: {unknown}")


@pytest.mark.parametrize(
    "row, raw, unknown",
    [
        (rows.conditions("a"), '[{"field": "f", "valuesConfig": {}}]', "[0].valuesConfig"),
        (rows.AUTH_IDP_OIDC, '{"isuer": ""}', "isuer"),
        (rows.AUTH_IDP_COGNITO, '{"userPool": ""}', "userPool"),
        (rows.JWT_VALIDATION, '{"additionalClaims": [{"nam": "x"}]}', "additionalClaims[0].nam"),
        (rows.MUTUAL_AUTHENTICATION, '[{"port": 443, "trust": 1}]', "[0].trust"),
    ],
)
def test_unknown_json_keys_of_a_restriction_are_refused(
    row: Annotation[Any], raw: str, unknown: str
) -> None:
    """The key is named with those that are allowed there, and not reported as ignored as well."""
    with pytest.raises(ValueError, match=f"has the unknown key {re.escape(unknown)}: allowed are"):
        row.parse(raw)
    assert list(unknown_json_keys({row.key: raw})) == []


@pytest.mark.parametrize("raw", ['{"Type": "forward", "targetGroupARN": "a"}', "{", "7", "null"])
def test_known_keys_and_unreadable_values_are_no_unknown_keys(raw: str) -> None:
    """Case does not matter; what cannot be read is reported as that."""
    assert list(unknown_json_keys({f"{PREFIX}actions.a": raw, "other": raw})) == []
