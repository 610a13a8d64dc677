"""The Lease of two controllers on a real API server."""

from __future__ import annotations

from tests.controller.rig import Rig

LED = ("--enable-leader-election=true", "--leader-election-namespace=default")
LEASE = ("Lease", "default", "aws-load-balancer-controller-leader")


def holder(rig: Rig) -> str:
    """Who has it; nobody where it was given back."""
    lease = rig.cluster.get(*LEASE) or {}
    return str(lease.get("spec", {}).get("holderIdentity") or "")
