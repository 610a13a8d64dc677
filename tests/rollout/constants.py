"""THE table of the data-plane model: how long things take, and who says so.

`ELB` is Elastic Load Balancing's user guide for Application Load Balancers, `K8s` the Kubernetes
documentation. Where the sources leave room, the model takes what is harder for us.
"""

from __future__ import annotations

import msgspec


class Constant(msgspec.Struct, frozen=True):
    """One row."""

    value: float
    meaning: str
    source: str


CONSTANTS = {
    "aws_call": Constant(0.05, "seconds that a call to AWS takes", "assumed; from within a region"),
    "kube_write": Constant(
        0.005,
        "seconds that a write to the Kubernetes API takes",
        "assumed; K8s SLO: 1 s at the 99th percentile for one object, mostly a few ms",
    ),
    "watch": Constant(
        0.02,
        "seconds until a change of an object has reached the controller's watch",
        "assumed; 5 ms on the embedded API (tests/sandbox/kubeapi/test_speed.py)",
    ),
    "slice_lag": Constant(
        0.3,
        "seconds by which EndpointSlices trail the Pods that they list",
        "assumed; K8s, EndpointSlices: kept up by a controller of their own, eventually consistent",
    ),
    "propagation": Constant(
        5.0,
        "seconds after DeregisterTargets returned in which a target still gets new requests",
        "assumed; ELB, Deregistration delay: a target that deregisters gets no requests, without a "
        "figure for how soon; users see some arrive (aws-load-balancer-controller issue 3270)",
    ),
    "check_interval": Constant(
        15.0,
        "seconds between two health checks of a target",
        "the annotation healthcheck-interval-seconds's default, as LBC's",
    ),
    "check_spread": Constant(
        5.0,
        "seconds over which the first checks of targets that were registered together spread",
        "assumed; ELB, Health checks: each load balancer node checks for itself",
    ),
    "healthy_threshold": Constant(
        2,
        "passed checks in a row after which a target is healthy",
        "the annotation healthy-threshold-count's default; ELB, Health checks: the first check of "
        "a new target is enough, which is easier",
    ),
    "unhealthy_threshold": Constant(
        2,
        "failed checks in a row after which a target gets no more requests",
        "the annotation unhealthy-threshold-count's default; ELB, Health checks",
    ),
    "container_start": Constant(
        2.0,
        "seconds from a Pod's binding to its containers being ready",
        "assumed; K8s, Pod Lifecycle",
    ),
    "listen_lag": Constant(
        1.0,
        "seconds from ContainersReady until the app listens: one without a readiness probe",
        "assumed; K8s, Pod Lifecycle: without a probe a running container counts as ready",
    ),
    "exit": Constant(
        1.0,
        "seconds from SIGTERM, at which the app stops to listen, to the end of the Pod",
        "assumed; K8s, Pod Lifecycle: SIGTERM is sent at deletion, after the preStop hook",
    ),
}


def seconds(name: str) -> float:
    """A constant's value."""
    return CONSTANTS[name].value
