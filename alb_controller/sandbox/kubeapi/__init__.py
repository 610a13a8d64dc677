"""An embedded Kubernetes API over HTTPS on loopback: what a bare kube-apiserver does, in this
process.

It makes no Pods and no EndpointSlices, and invents no status: controllers do that, and none runs
here. Held to a real server by tests/sandbox/kubeapi. Server-side apply has simplified ownership
(see `ownership`).
"""

from .api import ResourceApi, Target
from .deletion import DeleteOptions
from .faults import Faults
from .kinds import Kind, Registry
from .listing import ListOptions
from .server import ApiServer
from .statuses import StatusError
from .store import Store
from .watching import WatchEvent, WatchOptions, watch
from .writes import WriteOptions

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
