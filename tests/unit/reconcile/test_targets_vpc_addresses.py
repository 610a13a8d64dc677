"""Which addresses lie in a VPC."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from alb_controller.aws.caches import VPC_CIDRS
from alb_controller.reconcile.targets.vpc_addresses import VpcAddresses
from tests.clocks import FakeClock
from tests.world_endpoints import VPC, EndpointAccount


def test_a_vpc_is_asked_about_once_for_addresses_inside() -> None:
    """Its CIDRs do not go while addresses are in use."""
    aws, clock = EndpointAccount(), FakeClock()
    aws.cidrs[VPC] = ("10.0.0.0/16", "fd00::/56")
    addresses = VpcAddresses(aws, clock)
    assert addresses.contains(VPC, "10.0.1.1")
    clock.advance(VPC_CIDRS.seconds + 1)
    assert addresses.contains(VPC, "fd00::1")
    assert aws.counted() == {"DescribeVpcs": 1}


def test_an_address_outside_is_asked_about_again_after_a_while() -> None:
    """CIDRs may have been added."""
    aws, clock = EndpointAccount(), FakeClock()
    addresses = VpcAddresses(aws, clock)
    assert not addresses.contains(VPC, "10.9.0.1")
    assert not addresses.contains(VPC, "10.9.0.2")
    assert aws.counted() == {"DescribeVpcs": 1}
    aws.cidrs[VPC] = ("10.0.0.0/16", "10.9.0.0/16")
    clock.advance(VPC_CIDRS.seconds + 1)
    assert addresses.contains(VPC, "10.9.0.1")


class SlowAws(EndpointAccount):
    """Describes the VPC `vpc-slow` not before `finished`."""

    def __init__(self) -> None:
        super().__init__()
        self.cidrs |= {"vpc-slow": self.cidrs[VPC], "vpc-2": self.cidrs[VPC]}
        self.begun, self.finished = threading.Event(), threading.Event()

    def vpc_cidrs(self, vpc_id: str) -> tuple[str, ...]:
        if vpc_id == "vpc-slow":
            self.begun.set()
            assert self.finished.wait(60)
        return super().vpc_cidrs(vpc_id)


def test_a_vpc_that_is_read_slowly_holds_up_no_other() -> None:
    """Known or not."""
    aws = SlowAws()
    addresses = VpcAddresses(aws, FakeClock())
    assert addresses.contains(VPC, "10.0.1.1")
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(addresses.contains, "vpc-slow", "10.0.1.1")
        assert aws.begun.wait(60)
        quick = pool.submit(lambda: [addresses.contains(v, "10.0.1.2") for v in (VPC, "vpc-2")])
        try:
            assert quick.result(10) == [True, True]
            assert not slow.done()
        finally:
            aws.finished.set()
        assert slow.result(10)
