"""What every loop is made of."""

from __future__ import annotations

import msgspec

from alb_controller.clock import Clock
from alb_controller.kube.client import KubeClient
from alb_controller.kube.store import Stores
from alb_controller.kube.writer import Writer
from alb_controller.settings import Settings
from alb_controller.wiring.aws_clients import AwsClients
from alb_controller.wiring.front_ends import Served


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, the front ends, the two edges, and the time."""

    settings: Settings
    served: tuple[Served, ...]
    vpc_id: str
    aws: AwsClients
    client: KubeClient
    stores: Stores
    writer: Writer
    clock: Clock
