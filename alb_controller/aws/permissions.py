"""Every IAM action that the code needs, as its modules declare them; `iam` makes the policies."""

from __future__ import annotations

from alb_controller.aws import ec2, elbv2, elbv2_reads, metadata, network, tagging
from alb_controller.aws.addons import shield, wafregional, wafv2
from alb_controller.aws.certificates import acm, managed, presented

MODULES = (
    acm,
    ec2,
    elbv2,
    elbv2_reads,
    metadata,
    network,
    presented,
    shield,
    tagging,
    wafregional,
    wafv2,
)
USED = frozenset().union(*(module.PERMISSIONS for module in MODULES))
"""Every action that the code needs, but for certificates that it requests itself."""

MANAGED_CERTIFICATES = managed.PERMISSIONS
"""What the gate EnableCertificateManagement needs beside them (spec 3.4)."""

SERVICE_LINKED_ROLE = "iam:CreateServiceLinkedRole"
"""AWS makes it at an account's first load balancer, on behalf of who creates that."""
