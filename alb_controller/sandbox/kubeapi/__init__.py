"""An embedded Kubernetes API over HTTPS on loopback: what a bare kube-apiserver does, in this
process.

It makes no Pods and no EndpointSlices, and invents no status: controllers do that, and none runs
here. Held to a real server by tests/sandbox/kubeapi. Server-side apply has simplified ownership
(see `ownership`).
"""

from __future__ import annotations

from alb_controller.sandbox.kubeapi.api import ResourceApi, Target
from alb_controller.sandbox.kubeapi.deletion import DeleteOptions
from alb_controller.sandbox.kubeapi.faults import Faults
from alb_controller.sandbox.kubeapi.http.server import ApiServer
from alb_controller.sandbox.kubeapi.kinds import Kind, Registry
from alb_controller.sandbox.kubeapi.listing import ListOptions
from alb_controller.sandbox.kubeapi.statuses import StatusError
from alb_controller.sandbox.kubeapi.store import Store
from alb_controller.sandbox.kubeapi.watching import WatchEvent, WatchOptions, watch
from alb_controller.sandbox.kubeapi.writes import WriteOptions

__all__ = [
    "ApiServer",
    "DeleteOptions",
    "Faults",
    "Kind",
    "ListOptions",
    "Registry",
    "ResourceApi",
    "StatusError",
    "Store",
    "Target",
    "WatchEvent",
    "WatchOptions",
    "WriteOptions",
    "watch",
]
