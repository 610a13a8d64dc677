"""What can be left out of the policy by who does not use it, and the actions that go with it."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from alb_controller.aws import tagging
from alb_controller.aws.addons import shield, wafregional, wafv2
from alb_controller.aws.certificates import acm
from alb_controller.aws.permissions import MANAGED_CERTIFICATES, SERVICE_LINKED_ROLE, USED


class Feature(msgspec.Struct, frozen=True):
    """`without` says what must be so for the controller to do without these actions."""

    name: str
    help: str
    without: str
    actions: frozenset[str] = frozenset()
    by_default: bool = True


def _elbv2(*operations: str) -> frozenset[str]:
    return frozenset(f"elasticloadbalancing:{operation}" for operation in operations)


FEATURES = (
    Feature(
        "account-quotas",
        "the account's quotas, read from AWS",
        "--read-aws-quotas=false",
        _elbv2("DescribeAccountLimits"),
        by_default=False,
    ),
    Feature("acm", "certificates found in ACM", "no TLS by host names", acm.PERMISSIONS),
    Feature(
        "capacity",
        "reserved capacity",
        "gate LBCapacityReservation=false",
        _elbv2("DescribeCapacityReservation", "ModifyCapacityReservation"),
    ),
    Feature(
        "certificate-management",
        "certificates requested from ACM, proven in Route 53",
        "gate EnableCertificateManagement=false",
        MANAGED_CERTIFICATES,
        by_default=False,
    ),
    Feature(
        "first-load-balancer",
        "an account that never had a load balancer",
        "the role AWSServiceRoleForElasticLoadBalancing exists",
        frozenset({SERVICE_LINKED_ROLE}),
    ),
    Feature("ip-pools", "addresses from IPAM", "no ipamConfiguration", _elbv2("ModifyIpPools")),
    Feature(
        "multi-cluster",
        "targets in target groups of other clusters",
        "no binding with multiClusterTargetGroup to another cluster's target group",
        by_default=False,
    ),
    Feature(
        "mutual-tls",
        "client certificates",
        "no trust store named by its name",
        _elbv2("DescribeTrustStores"),
    ),
    Feature(
        "resource-groups",
        "resources found by the tagging API",
        "gate EnableRGTAPI=false",
        tagging.PERMISSIONS,
        by_default=False,
    ),
    Feature("shield", "Shield Advanced", "--enable-shield=false", shield.PERMISSIONS),
    Feature(
        "subnet-reachability",
        "public subnets recognised by their routes",
        "gate SubnetDiscoveryByReachability=false",
        frozenset({"ec2:DescribeRouteTables"}),
    ),
    Feature("waf-classic", "WAF Classic", "--enable-waf=false", wafregional.PERMISSIONS),
    Feature("wafv2", "WAFv2", "--enable-wafv2=false", wafv2.PERMISSIONS),
)

DEFAULT_FEATURES = frozenset(feature.name for feature in FEATURES if feature.by_default)
_OPTIONAL = frozenset().union(*(feature.actions for feature in FEATURES))


def actions_of(names: Collection[str]) -> frozenset[str]:
    """The actions of these features, and those that are always needed.

    Raises ValueError for a name that is no feature's.
    """
    known = {feature.name: feature for feature in FEATURES}
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: features are {', '.join(sorted(known))}")
    return (USED - _OPTIONAL).union(*(known[name].actions for name in names))
