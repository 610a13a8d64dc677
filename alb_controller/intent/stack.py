"""Everything wanted for one key."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from alb_controller.intent.backends import BackendIntent, BalancerBackendIntent
from alb_controller.intent.balancers import BalancerIntent
from alb_controller.intent.listeners import CertificateIntent
from alb_controller.model.origins import Origins
from alb_controller.model.protection import DeletionChoice
from alb_controller.values import StackKey


class StackIntent(msgspec.Struct, frozen=True, kw_only=True):
    """Everything wanted for one key; without balancers everything of the stack goes."""

    key: StackKey
    balancers: tuple[BalancerIntent, ...] = ()
    backends: tuple[BackendIntent, ...] = ()
    balancer_backends: tuple[BalancerBackendIntent, ...] = ()
    certificates: tuple[CertificateIntent, ...] = ()
    deletion: Mapping[str, DeletionChoice] = {}
    """What is said of deletion protection, by the id of a balancer, wanted or not."""
    asked_by: Origins = ()
    """Every object that asks for a part of it, or did, where none does any more: whom it concerns
    what becomes of parts that nobody asks for.
    """

    @property
    def is_empty(self) -> bool:
        """Whether nothing is wanted: what AWS has of the stack goes."""
        return not self.balancers

    def balancer(self, id_: str) -> BalancerIntent:
        """The balancer of an id; raises KeyError where the stack has none."""
        for one in self.balancers:
            if one.id == id_:
                return one
        raise KeyError(id_)
