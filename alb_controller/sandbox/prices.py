"""What load balancers cost while nobody uses them: enough to see what sharing saves.

From AWS's pages "Elastic Load Balancing pricing" and "Amazon VPC pricing" (public IPv4 addresses),
Oregon, as of 2025. Capacity units and traffic are left out: they are the same either way.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

AS_OF = "2025"
REGION = "us-west-2"
SOURCE = "AWS price pages for Elastic Load Balancing and public IPv4 addresses"
HOURS_A_MONTH = 730
DOLLARS_AN_HOUR = Decimal("0.0225")
"""An Application Load Balancer."""
DOLLARS_AN_HOUR_FOR_ADDRESS = Decimal("0.005")
"""A public IPv4 address; an internet-facing load balancer has one in each zone."""


def monthly_dollars(*, zones: int, is_public: bool) -> Decimal:
    """One Application Load Balancer that serves nobody."""
    addresses = zones if is_public else 0
    return HOURS_A_MONTH * (DOLLARS_AN_HOUR + addresses * DOLLARS_AN_HOUR_FOR_ADDRESS)


def in_cents(dollars: Iterable[Decimal]) -> Decimal:
    """A sum as it is shown: what is shown of others is to be subtracted from it exactly."""
    return sum(dollars, Decimal(0)).quantize(Decimal("0.01"), ROUND_HALF_UP)
