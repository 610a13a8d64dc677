"""When two ingress rules are one to AWS."""

from __future__ import annotations

import pytest

from alb_controller.model.ec2 import IngressRule


@pytest.mark.parametrize(
    "one,other,is_same",
    [
        ("10.0.0.1/8", "10.0.0.0/8", True),
        ("10.0.0.0/8", "10.0.0.0/9", False),
        ("2001:DB8::1/32", "2001:db8::/32", True),
        ("not a CIDR", "not a CIDR", True),
    ],
)
def test_host_bits_and_spelling_make_no_other_rule(one: str, other: str, is_same: bool) -> None:
    """EC2 keeps the network of a CIDR (API reference, AuthorizeSecurityGroupIngress)."""
    keys = [IngressRule("tcp", 80, 80, "cidr", source).key for source in (one, other)]
    assert (keys[0] == keys[1]) is is_same


def test_sources_that_are_no_cidrs_are_compared_as_they_are() -> None:
    """A group's id is not an address."""
    rule = IngressRule("tcp", 80, 80, "security_group", "sg-1")
    assert rule.key == ("tcp", 80, 80, "security_group", "sg-1")
