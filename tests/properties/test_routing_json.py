"""Law of the JSON annotations: any JSON is an Ingress that is served, or reported as wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alb_controller.errors import Invalid
from alb_controller.objects import actions as structs
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.core import KubeStruct
from tests.factories import ingress, path, rule, to
from tests.unit.frontends.ingress.translation import WEB, translated

SUFFIXES = (
    "actions.app",
    "conditions.app",
    "transforms.app",
    "auth-idp-oidc",
    "auth-idp-cognito",
    "jwt-validation",
    "mutual-authentication",
    "listen-ports",
)
KEYS = sorted(
    {
        field
        for struct in vars(structs).values()
        if isinstance(struct, type) and issubclass(struct, KubeStruct)
        for field in struct.__struct_encode_fields__
    }
    | {"port", "mode", "HTTP", "HTTPS", "trustStore"}
)
NAMES = [
    *("forward", "redirect", "fixed-response", "host-header", "path-pattern", "http-header"),
    *("http-request-method", "query-string", "source-ip", "url-rewrite", "host-header-rewrite"),
    *("app", "http", "80", "HTTP_301", "200", "/*", "verify", "oidc", ""),
]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(NAMES)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=12,
)
"""JSON of the right words in any places."""


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("login", ["none", "oidc", "cognito"])
@given(value=VALUES)
def test_any_json_is_served_or_reported(suffix: str, login: str, value: Any) -> None:
    """Problems name the Ingress, stop it whole, and are never another exception."""
    alb = {
        "listen-ports": '[{"HTTPS": 443}]',
        "certificate-arn": "arn:certificate",
        "auth-type": login,
        suffix: json.dumps(value),
    }
    rules = [rule("a.example", path("/", "Prefix", to("app", "use-annotation")))]
    made = translated(ingress(alb=alb, rules=rules), key=WEB)
    if not made.problems:
        assert made.served == {"uid-web"}
        return
    assert not made.intent.balancers
    for problem in made.problems:
        assert isinstance(problem, Invalid)
        assert str(problem.origin) == "Ingress shop/web"
        assert problem.field.startswith((PREFIX, "spec.")), problem
        assert str(problem).removeprefix(problem.field)
