"""IngressClassParams at admission and in translation: the same is refused (spec 10.1)."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.frontends.ingress.admission import validate_class_params
from alb_controller.frontends.review import ALLOWED, AdmissionResponse
from alb_controller.objects.elbv2 import IngressClassParams
from tests.factories import BORN, changed, cluster, ingress_class, params
from tests.unit.frontends.ingress.translation import refused, settings


def response_to(
    new: IngressClassParams, old: IngressClassParams | None = None, **flags: Any
) -> AdmissionResponse:
    """The response."""
    return validate_class_params(new, old, cluster(), settings(**flags))


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"inboundCIDRs": ["10.0.0.1"]}, "spec.inboundCIDRs: '10.0.0.1' is not a CIDR"),
    ({"inboundCIDRs": ["10.0.0.1/8"]}, "'10.0.0.1/8' has host bits set: allowed is 10.0.0.0/8"),
    ({"inboundCIDRs": ["2001:db8::1/32"]}, "allowed is 2001:db8::/32"),
    ({"subnets": {}}, "spec.subnets: needs either ids or tags"),
    ({"subnets": {"ids": ["subnet-1"], "tags": {"a": ["b"]}}}, "needs either ids or tags"),
    ({"subnets": {"ids": ["subnet-1", "subnet-1"]}}, "spec.subnets.ids: 'subnet-1' is there twice"),
    ({"subnets": {"tags": {}}}, "spec.subnets.tags: needs at least one key"),
    ({"subnets": {"tags": {"a": ["b", "b"]}}}, "spec.subnets.tags.a: 'b' is there twice"),
]


@pytest.mark.parametrize("spec, sentence", REFUSED)
def test_what_the_reference_refuses_is_refused_here_and_to_members(
    spec: dict[str, Any], sentence: str
) -> None:
    """Where the webhook is off, the Ingresses of the class hear of it."""
    assert sentence in response_to(params(**spec)).problem
    assert any(
        sentence in reported for reported in refused(ingress_class(params="params"), params(**spec))
    )


def test_what_no_ingress_could_do_with_is_a_warning() -> None:
    """Refused with --strict-admission."""
    made = params(sslRedirectPort="no")
    (warning,) = response_to(made).warnings
    assert warning.startswith("spec.sslRedirectPort: 'no' must be a whole number")
    assert "spec.sslRedirectPort" in response_to(made, strict_admission=True).problem


def _pair(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": value}


BEYOND: list[tuple[dict[str, Any], str]] = [
    ({"tags": [_pair("aws:a", "b")]}, "spec.tags: key 'aws:a' must be of letters"),
    (
        {"loadBalancerAttributes": [_pair("idle_timeout.timeout_seconds", "0")]},
        "spec.loadBalancerAttributes: idle_timeout.timeout_seconds '0' must be 1 to 4000",
    ),
    (
        {
            "listeners": [
                {
                    "protocol": "HTTP",
                    "port": 80,
                    "listenerAttributes": [_pair("routing.http.response.server.enabled", "?")],
                }
            ]
        },
        "spec.listeners: routing.http.response.server.enabled '?' must be one of true, false",
    ),
    ({"loadBalancerName": "a_b"}, "spec.loadBalancerName: 'a_b' must be of letters, digits"),
    (
        {"ipamConfiguration": {"ipv4IPAMPoolId": "pool"}},
        "spec.ipamConfiguration: 'pool' must be ipam-pool-",
    ),
]


@pytest.mark.parametrize("spec, sentence", BEYOND)
def test_what_is_beyond_awss_limits_is_a_warning_and_a_problem_of_each_user(
    spec: dict[str, Any], sentence: str
) -> None:
    """Each Ingress of the class hears of the field, and keeps what AWS has."""
    (warning,) = response_to(params(**spec)).warnings
    assert warning.startswith(sentence)
    (reported,) = refused(ingress_class(params="params"), params(**spec))
    assert reported.startswith(f"IngressClassParams {sentence}")


def test_parameters_within_the_limits_are_taken() -> None:
    """A name, a pool, tags and attributes."""
    spec: dict[str, Any] = {
        "loadBalancerName": 32 * "a",
        "ipamConfiguration": {"ipv4IPAMPoolId": "ipam-pool-1"},
        "tags": [_pair("team", "a b")],
        "loadBalancerAttributes": [_pair("idle_timeout.timeout_seconds", "4000")],
    }
    assert response_to(params(**spec)) == ALLOWED


def test_tags_that_others_manage_are_a_warning() -> None:
    """As each of its Ingresses would have it."""
    made = params(tags=[{"key": "owner", "value": "me"}])
    (warning,) = response_to(made, external_managed_tags=("owner",)).warnings
    assert "tag 'owner' is managed by others" in warning


@pytest.mark.timeout(8)
def test_many_subnets_are_counted_in_one_go() -> None:
    """100,000 take a moment; compared one by one they take 10 s, of each review and each pass."""
    ids = [f"subnet-{number}" for number in range(100_000)]
    assert response_to(params(subnets={"ids": ids})).is_allowed


def test_good_parameters_are_taken() -> None:
    """With subnets by tags, and CIDRs as AWS writes them."""
    spec: dict[str, Any] = {
        "inboundCIDRs": ["10.0.0.0/8", "::/0"],
        "subnets": {"tags": {"a": ["b", "c"]}},
    }
    assert response_to(params(**spec)) == ALLOWED


def test_old_mistakes_and_deletions_pass() -> None:
    """A change is reviewed for what it changes."""
    bad: dict[str, Any] = {"inboundCIDRs": ["10.0.0.1/8"]}
    assert response_to(params(**bad, scheme="internal"), params(**bad)) == ALLOWED
    assert response_to(changed(params(**bad), labels={"a": "b"}), params(**bad)) == ALLOWED
    assert response_to(changed(params(**bad), deletion_timestamp=BORN), params()) == ALLOWED
    assert response_to(params(inboundCIDRs=["10.0.0.2/8"]), params(**bad)).problem
