"""The AWS side of the corpus: the sandbox's EKS-like account, which the recordings were made in."""

from __future__ import annotations

import requests

from alb_controller.sandbox.aws.account import CLUSTER, NODES, REGION, Ids
from alb_controller.sandbox.aws.account import Account as SandboxAccount

__all__ = ["CLUSTER", "NODES", "REGION", "Account", "Ids"]


class Account(SandboxAccount):
    """Clients of one server, which can be brought back to where it began."""

    def seed(self) -> Ids:
        """Empty the account, build the world, and give its ids by name; the same ones each time."""
        if not (self.ids and self._post("/local-aws/bring-back").ok):
            for path in ("/moto-api/reset", "/moto-api/seed?a=42"):
                self._post(path).raise_for_status()
            self.build()
            self._post("/local-aws/keep").raise_for_status()
        return dict(self.ids)

    def _post(self, path: str) -> requests.Response:
        return requests.post(self.endpoint + path, timeout=30)
