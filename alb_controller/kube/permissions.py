"""What this package's requests need by RBAC; the chart's roles are generated from it."""

from __future__ import annotations

from typing import NamedTuple

from alb_controller.settings import Settings


class Permission(NamedTuple):
    """Verbs on one resource."""

    group: str
    """Empty for core/v1."""
    resource: str
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()
    """Objects by name; empty for all. RBAC cannot limit `create` by name."""


_READ = ("list", "watch")
"""What an informer asks for."""

PERMISSIONS: tuple[Permission, ...] = (
    Permission("", "configmaps", ("create", "delete", "get", "patch")),
    Permission("", "events", ("create",)),
    Permission("", "namespaces", _READ),
    Permission("", "nodes", _READ),
    Permission("", "pods", _READ),
    Permission("", "pods/status", ("patch",)),
    Permission("", "services", _READ),
    Permission("discovery.k8s.io", "endpointslices", _READ),
    Permission("elbv2.k8s.aws", "ingressclassparams", _READ),
    Permission("elbv2.k8s.aws", "targetgroupbindings", (*_READ, "create", "delete", "patch")),
    Permission("elbv2.k8s.aws", "targetgroupbindings/status", ("patch",)),
    Permission("gateway.networking.k8s.io", "gateways", ("list",)),
    Permission("networking.k8s.io", "ingressclasses", _READ),
    Permission("networking.k8s.io", "ingresses", (*_READ, "patch")),
    Permission("networking.k8s.io", "ingresses/status", ("patch",)),
)
"""Cluster-wide."""

SECRET_PERMISSIONS: tuple[Permission, ...] = (Permission("", "secrets", _READ),)
"""For each Secret of an OIDC client: users grant them, in its namespace and by its name."""

_ADMISSION, _CONFIGURATION = "admissionregistration.k8s.io", (Settings().webhook_configuration,)
WEBHOOK_PERMISSIONS: tuple[Permission, ...] = (
    Permission(_ADMISSION, "mutatingwebhookconfigurations", ("get", "patch"), _CONFIGURATION),
    Permission(_ADMISSION, "validatingwebhookconfigurations", ("get", "patch"), _CONFIGURATION),
)
"""With `--webhook-cert-secret`: cluster-wide."""

WEBHOOK_SECRET_PERMISSIONS: tuple[Permission, ...] = (
    Permission("", "secrets", ("create",)),
    Permission("", "secrets", ("get", "update"), ("aws-load-balancer-tls",)),
)
"""With `--webhook-cert-secret`, in its namespace, under the name that the chart gives it."""

LEASE_PERMISSIONS: tuple[Permission, ...] = (
    Permission("coordination.k8s.io", "leases", ("create",)),
    Permission(
        "coordination.k8s.io", "leases", ("get", "update"), (Settings().leader_election_id,)
    ),
)
"""In the Lease's namespace."""
