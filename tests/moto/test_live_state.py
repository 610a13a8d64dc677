"""The state that `--live` reads: what an account has, over HTTP."""

from __future__ import annotations

import pytest

from alb_controller.aws.certificates.presented import PresentedCertificates
from alb_controller.commands.live import read_state
from alb_controller.errors import AccessDenied, ControllerError
from alb_controller.model.elbv2 import ForwardAction, Target, WeightedTargetGroup
from alb_controller.routing.state import Certificate
from tests.moto.conftest import Account
from tests.unit.aws import samples


class NoPermission:
    """Who may not read certificates."""

    def certificate(self, arn: str) -> Certificate | None:
        raise AccessDenied("acm", "DescribeCertificate", "AccessDenied", arn)


@pytest.fixture
def balancer(account: Account) -> str:
    """The name of a load balancer that forwards to a group with one target."""
    made, group = account.has_load_balancer(), account.has_target_group()
    account.elbv2.register_targets(group.identity, [Target("10.0.0.7", 8080)])
    forward = ForwardAction(target_groups=(WeightedTargetGroup(group.identity, 1),))
    account.elbv2.create_listener(
        samples.listener(load_balancer=made.identity, default_actions=(forward,))
    )
    return made.resource.name


def test_all_that_decides_about_a_request_is_read(account: Account, balancer: str) -> None:
    """Load balancer, listener, the group in use, its target and attributes; by name or all."""
    state = read_state(account.elbv2, PresentedCertificates(account.sender))
    (found,) = state.observed.load_balancers
    (listener,) = state.observed.listeners
    (group,) = state.observed.target_groups
    assert found.resource.name == balancer
    assert found.resource.attributes == account.elbv2.load_balancer_attributes(found.identity)
    assert listener.resource.attributes == account.elbv2.listener_attributes(listener.identity)
    assert group.resource.attributes == account.elbv2.target_group_attributes(group.identity)
    assert [one.target.id for one in state.targets[group.identity]] == ["10.0.0.7"]
    assert read_state(account.elbv2, NoPermission(), balancer) == state


@pytest.mark.usefixtures("balancer")
def test_a_name_that_is_not_there_is_an_error(account: Account) -> None:
    """It names what was asked for."""
    with pytest.raises(ControllerError, match="there is no load balancer other in the VPC"):
        read_state(account.elbv2, NoPermission(), "other")
