"""Which addresses lie in a VPC."""

from __future__ import annotations

from alb_controller.reconcile.targets.vpc_addresses import FRESH_SECONDS, VpcAddresses
from tests.clocks import FakeClock
from tests.unit.reconcile.binding_world import VPC, FakeAws


def test_a_vpc_is_asked_about_once_for_addresses_inside() -> None:
    """Its CIDRs do not go while addresses are in use."""
    aws, clock = FakeAws(), FakeClock()
    aws.cidrs[VPC] = ("10.0.0.0/16", "fd00::/56")
    addresses = VpcAddresses(aws, clock)
    assert addresses.contains(VPC, "10.0.1.1")
    clock.advance(FRESH_SECONDS + 1)
    assert addresses.contains(VPC, "fd00::1")
    assert aws.counted() == {"DescribeVpcs": 1}


def test_an_address_outside_is_asked_about_again_after_a_while() -> None:
    """CIDRs may have been added."""
    aws, clock = FakeAws(), FakeClock()
    addresses = VpcAddresses(aws, clock)
    assert not addresses.contains(VPC, "10.9.0.1")
    assert not addresses.contains(VPC, "10.9.0.2")
    assert aws.counted() == {"DescribeVpcs": 1}
    aws.cidrs[VPC] = ("10.0.0.0/16", "10.9.0.0/16")
    clock.advance(FRESH_SECONDS + 1)
    assert addresses.contains(VPC, "10.9.0.1")
