"""The AWS side of the corpus: the sandbox's EKS-like account, which the recordings were made in."""

from __future__ import annotations

import requests

from alb_controller.sandbox.aws.account import CLUSTER, NODES, REGION, Ids
from alb_controller.sandbox.aws.account import Account as SandboxAccount

__all__ = ["CLUSTER", "NODES", "REGION", "Account", "Ids"]


class Account(SandboxAccount):
    """Clients of one server, which can be emptied."""

    def seed(self) -> Ids:
        """Empty the account, build the world, and give its ids by name."""
        for path in ("/moto-api/reset", "/moto-api/seed?a=42"):
            requests.post(self.endpoint + path, timeout=30).raise_for_status()
        return self.build()
