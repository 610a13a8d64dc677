"""How soon AWS hears of pods, by the clock: the real process, 50 ms for every call to AWS."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alb_controller.sandbox.kubeapi import ApiServer
from alb_controller.sandbox.life import Life, Pace
from alb_controller.sandbox.nodes import pod_addresses
from tests.apiserver.cluster import Cluster
from tests.conformance.embedded import embedded
from tests.controller.manifests import NAMESPACE, ingress, ingress_class, service
from tests.controller.rig import Rig, seeded_account
from tests.rollout.constants import seconds
from tests.rollout.objects import template
from tests.rollout.pod_log import NEVER, PodLog
from tests.rollout.report import percentile

pytestmark = [pytest.mark.perf, pytest.mark.timeout(180)]
REPLICAS = 20


class Town(msgspec.Struct, frozen=True):
    """A cluster that lives, a controller that serves its one Ingress, and what its pods did."""

    rig: Rig
    pods: PodLog

    def sent(self, operation: str, *, answered: bool = False) -> dict[str, float]:
        """Address -> when it was first named in a call: sent, or answered."""
        found: dict[str, float] = {}
        for call in self.rig.aws.front.calls:
            for address in call.values("Targets.member") if call.operation == operation else ():
                found.setdefault(address, call.at if answered else call.began)
        return found
