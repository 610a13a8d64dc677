"""What AWS has becomes a state."""

from __future__ import annotations

import pytest

from alb_controller.commands.live import read_state
from alb_controller.errors import AccessDenied, ControllerError
from alb_controller.model.elbv2 import Target, TargetHealth
from alb_controller.plan.plan import plan
from alb_controller.reconcile.apply import apply
from alb_controller.routing.state import Certificate
from alb_controller.state.document import read_text
from alb_controller.state.writer import write_text
from tests.resources import (
    POLICY,
    forward,
    listener,
    load_balancer,
    on,
    rule,
    stack,
    target_group,
)
from tests.world_reads import Account

SITE = Certificate(name="arn:site", domains=("a.example",))


class Certificates:
    """Knows one certificate; those of the denied must not be read."""

    def __init__(self, *denied: str) -> None:
        self._denied = denied

    def certificate(self, arn: str) -> Certificate | None:
        """One of them."""
        if arn in self._denied:
            raise AccessDenied("acm", "DescribeCertificate", "AccessDenied", "no")
        return SITE if arn == SITE.name else None


@pytest.fixture
def account() -> Account:
    """A load balancer that uses one of two target groups, whose target is unhealthy."""
    used, other = target_group("app"), target_group("other", name="other")
    made = Account()
    desired = stack(
        load_balancers=(load_balancer(),),
        target_groups=(used, other),
        listeners=(listener(80, protocol="HTTPS", certificates=("arn:site", "arn:other")),),
        rules=(rule(1, on("/a"), forward(used)),),
    )
    outcome = apply(plan(desired, made.observe(), POLICY), made.observe(), made)
    assert outcome.error is None
    (arn,) = [f.identity for f in made.target_groups() if f.resource.name == used.name]
    made.health[arn] = [TargetHealth(target=Target("10.0.0.1", 80), state="unhealthy", reason="r")]
    return made


def test_all_that_decides_about_requests_is_read(account: Account) -> None:
    """Groups that some rule uses, their targets, attributes, and certificates that are known."""
    state = read_state(account, Certificates())
    (balancer,) = state.observed.load_balancers
    (one,) = state.listeners_of(balancer)
    assert [found.resource.priority for found in state.rules_of(one)] == [1]
    (group,) = state.observed.target_groups
    (target,) = state.targets[group.identity]
    assert (target.target.id, target.state, target.reason) == ("10.0.0.1", "unhealthy", "r")
    assert state.certificates == {"arn:site": SITE}
    for found in (balancer, one, group):
        assert found.resource.attributes is not None
    assert read_text(write_text(state)).targets == state.targets


def test_one_load_balancer_is_asked_for_by_name(account: Account) -> None:
    """A name that nobody has is an error."""
    (balancer,) = account.load_balancers()
    name = balancer.resource.name
    assert read_state(account, Certificates(), name).observed.load_balancers
    with pytest.raises(ControllerError, match="there is no load balancer other"):
        read_state(account, Certificates(), "other")


def test_names_of_certificates_need_a_permission(account: Account) -> None:
    """Without it the state has what was read before."""
    assert read_state(account, Certificates("arn:site")).certificates == {}
    assert read_state(account, Certificates("arn:other")).certificates == {"arn:site": SITE}
