"""What is known of the account's quotas: given, read from AWS, learned from a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from alb_controller.errors import AwsError, QuotaExceeded, Rejected, Throttled
from alb_controller.model.stack import Observed
from alb_controller.plan.changes import (
    AddCertificates,
    AuthorizeIngress,
    Create,
    ModifyListener,
    ModifyRule,
    Step,
)
from alb_controller.reconcile.apply import Outcome
from alb_controller.reconcile.quotas import AccountQuotas
from alb_controller.values import StackKey
from tests.clocks import FakeClock
from tests.resources import (
    KEY,
    answer,
    forward,
    listener,
    load_balancer,
    on,
    open_port,
    rule,
    stack,
    target_group,
)
from tests.unit.plan.deploys import deployed

RULES = "rules-per-application-load-balancer"
GROUPS = "target-groups-per-application-load-balancer"
CERTIFICATES = "certificates-per-application-load-balancer"
INGRESS = "rules-per-security-group"
VALUES = "condition-values-per-alb-rule"
ONE_RULE = Create(resource=rule(1, on("/a"), answer("a")))


def refused(code: str, step: Step | None, *, done: int = 0, rules: int = 2) -> Outcome:
    """A plan that met a quota where the load balancer has so many rules."""
    world = deployed(
        stack(
            load_balancers=(load_balancer(),),
            target_groups=(target_group(),),
            listeners=(
                listener(),
                listener(
                    443,
                    protocol="HTTPS",
                    certificates=("default", "more"),
                    default_actions=(forward(target_group()),),
                ),
            ),
            rules=tuple(rule(n, on(f"/{n}"), answer("a")) for n in range(1, rules + 1)),
        )
    )
    error = QuotaExceeded("elbv2", "x", code, "too many")
    observed = world.observe()
    return Outcome(observed=observed, error=error, failed=step, done=(ONE_RULE,) * done)


def wrong(message: str, step: Step) -> Outcome:
    """A plan that AWS calls wrong."""
    error = Rejected("elbv2", "x", "ValidationError", message)
    return Outcome(observed=Observed(), error=error, failed=step)


def test_a_refusal_shows_how_many_there_are() -> None:
    """What AWS has at that moment; a larger number of the operator's is corrected."""
    quotas = AccountQuotas(FakeClock(), {RULES: 10})
    assert quotas.known(KEY) == {RULES: 10}
    assert quotas.learn(KEY, refused("TooManyRules", ONE_RULE))
    assert quotas.known(KEY) == {RULES: 2}
    assert not quotas.learn(KEY, refused("TooManyRules", ONE_RULE))
    assert not quotas.learn(KEY, refused("TooManyRules", ONE_RULE, rules=3))


@pytest.mark.parametrize(
    "code, step, known",
    [
        pytest.param("TooManyLoadBalancers", Create(resource=load_balancer()), {}, id="account"),
        pytest.param("TooManyRules", None, {}, id="no step"),
        pytest.param(
            "RulesPerSecurityGroupLimitExceeded",
            AuthorizeIngress(target="sg", rules=(open_port(80),)),
            {},
            id="no room for the first",
        ),
        pytest.param(
            "TooManyUniqueTargetGroupsPerLoadBalancer",
            ModifyListener(
                target="arn", resource=listener(default_actions=(forward(target_group()),))
            ),
            {GROUPS: 1},
            id="a default",
        ),
        pytest.param(
            "TooManyUniqueTargetGroupsPerLoadBalancer",
            ModifyRule(target="arn", resource=rule(1, on("/a"), forward(target_group()))),
            {GROUPS: 1},
            id="a rule",
        ),
        pytest.param(
            "TooManyCertificates",
            AddCertificates(target="arn", certificate="c"),
            {CERTIFICATES: 1},
            id="a certificate",
        ),
        pytest.param(
            "RulesPerSecurityGroupLimitExceeded",
            AuthorizeIngress(target="sg", rules=tuple(open_port(n) for n in range(1, 70))),
            {INGRESS: 60},
            id="many rules at once: the default, where it lies between",
        ),
    ],
)
def test_what_a_refusal_shows(code: str, step: Step | None, known: Mapping[str, int]) -> None:
    """Quotas that can be counted in a stack; nothing of others."""
    quotas = AccountQuotas(FakeClock(), {})
    assert quotas.learn(KEY, refused(code, step)) == bool(known)
    assert quotas.known(KEY) == known


def test_the_number_of_condition_values_is_in_the_values_of_the_refusal() -> None:
    """It is no quota that AWS raises: it is not forgotten."""
    clock = FakeClock()
    quotas = AccountQuotas(clock, {})
    assert not quotas.learn(KEY, wrong("A rule can only have '5' friends", ONE_RULE))
    change = AddCertificates(target="arn", certificate="c")
    assert not quotas.learn(KEY, wrong("A rule can only have '5' condition values", change))
    assert quotas.learn(KEY, wrong("A rule can only have '5' condition values", ONE_RULE))
    assert quotas.learn(KEY, wrong("A rule can only have '6' condition wildcards", ONE_RULE))
    clock.advance(timedelta(days=30).total_seconds())
    assert quotas.known(KEY) == {VALUES: 5, "condition-wildcards-per-alb-rule": 6}


def test_less_than_the_default_counts_for_its_stack_alone() -> None:
    """Others have made something there that is not seen; a full quota counts for all."""
    quotas, other = AccountQuotas(FakeClock(), {}), StackKey("ingress", "shop", "other")
    quotas.learn(KEY, refused("TooManyRules", ONE_RULE))
    assert quotas.known(other) == {}
    quotas.learn(other, refused("TooManyRules", ONE_RULE, rules=100))
    assert quotas.known(other) == {RULES: 100}
    assert quotas.known(KEY) == {RULES: 2}


@pytest.mark.parametrize("done, minutes", [(0, 40), (4, 270)])
def test_what_was_learned_is_asked_again_at_two_calls_an_hour(done: int, minutes: int) -> None:
    """The more calls that takes, the later: AWS raises a quota and informs nobody."""
    clock = FakeClock()
    quotas = AccountQuotas(clock, {})
    quotas.learn(KEY, refused("TooManyRules", ONE_RULE, done=done))
    clock.advance(minutes * 60 - 1)
    assert quotas.known(KEY) == {RULES: 2}
    clock.advance(1)
    assert quotas.known(KEY) == {}


class Shown:
    """AWS, that shows the account's quotas, or fails."""

    def __init__(self) -> None:
        self.answer: dict[str, int] | AwsError = {RULES: 200}
        self.calls = 0

    def __call__(self) -> Mapping[str, int]:
        self.calls += 1
        if isinstance(self.answer, AwsError):
            raise self.answer
        return self.answer


def test_the_accounts_quotas_are_read_once_an_hour() -> None:
    """The operator's number counts more; where AWS does not answer, what is known stays."""
    clock, aws = FakeClock(), Shown()
    quotas = AccountQuotas(clock, {GROUPS: 7}, aws)
    for _ in range(3):
        assert quotas.known(KEY) == {RULES: 200, GROUPS: 7}
    assert aws.calls == 1
    aws.answer = Throttled("elbv2", "DescribeAccountLimits", "Throttling", "slow down")
    clock.advance(3600)
    assert quotas.known(KEY) == {RULES: 200, GROUPS: 7}
    aws.answer = {RULES: 300, GROUPS: 100}
    clock.advance(3600)
    assert quotas.known(KEY) == {RULES: 300, GROUPS: 7}
    assert aws.calls == 3


def test_a_stack_is_looked_at_when_more_may_be_known() -> None:
    """When AWS is asked again, or read again; else when something changes."""
    clock = FakeClock()
    assert AccountQuotas(clock, {}).next_look(KEY) is None
    reading = AccountQuotas(clock, {}, Shown())
    reading.known(KEY)
    assert reading.next_look(KEY) == clock.now() + timedelta(hours=1)
    reading.learn(KEY, refused("TooManyRules", ONE_RULE))
    assert reading.next_look(KEY) == clock.now() + timedelta(minutes=40)
