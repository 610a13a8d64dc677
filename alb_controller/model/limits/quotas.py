"""How many of a thing AWS gives an account: the documented defaults.

Named as DescribeAccountLimits names them where it does.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

_APPLICATION = "Quotas for your Application Load Balancers"
_NETWORK = "Quotas for your Network Load Balancers"
_VPC = "Amazon VPC quotas"
_TAGS = "Tag an Application Load Balancer"


class Quota(msgspec.Struct, frozen=True):
    """The default, the error code beyond it, and whether AWS raises it on request."""

    most: int
    code: str
    source: str
    is_adjustable: bool = True


QUOTAS: Mapping[str, Quota] = {
    "application-load-balancers": Quota(50, "TooManyLoadBalancers", _APPLICATION),
    "network-load-balancers": Quota(50, "TooManyLoadBalancers", _NETWORK),
    "target-groups": Quota(3000, "TooManyTargetGroups", _APPLICATION),
    "listeners-per-application-load-balancer": Quota(50, "TooManyListeners", _APPLICATION),
    "listeners-per-network-load-balancer": Quota(
        50, "TooManyListeners", _NETWORK, is_adjustable=False
    ),
    "rules-per-application-load-balancer": Quota(100, "TooManyRules", _APPLICATION),
    # beside the default ones
    "certificates-per-application-load-balancer": Quota(25, "TooManyCertificates", _APPLICATION),
    "certificates-per-network-load-balancer": Quota(25, "TooManyCertificates", _NETWORK),
    "target-groups-per-application-load-balancer": Quota(
        100, "TooManyUniqueTargetGroupsPerLoadBalancer", _APPLICATION, is_adjustable=False
    ),
    # the code of its refusal is not documented
    "target-groups-per-action-on-application-load-balancer": Quota(
        5, "TooManyTargetGroups", _APPLICATION, is_adjustable=False
    ),
    "targets-per-application-load-balancer": Quota(1000, "TooManyTargets", _APPLICATION),
    "targets-per-network-load-balancer": Quota(3000, "TooManyTargets", _NETWORK),
    "targets-per-target-group": Quota(1000, "TooManyTargets", _APPLICATION),
    "target-id-registrations-per-application-load-balancer": Quota(
        100, "TooManyRegistrationsForTargetId", _APPLICATION, is_adjustable=False
    ),
    "condition-values-per-alb-rule": Quota(5, "ValidationError", _APPLICATION, is_adjustable=False),
    # 6 for accounts of an earlier default and in some editions of the page; "Condition types for
    # listener rules" says 5
    "condition-wildcards-per-alb-rule": Quota(
        5, "ValidationError", _APPLICATION, is_adjustable=False
    ),
    # one to authenticate, one to route
    "actions-per-rule": Quota(2, "TooManyActions", _APPLICATION, is_adjustable=False),
    # the code of its refusal is not documented
    "security-groups-per-load-balancer": Quota(
        5, "InvalidConfigurationRequest", _APPLICATION, is_adjustable=False
    ),
    # those of AWS, `aws:…`, are not counted
    "tags-per-resource": Quota(50, "TooManyTags", _TAGS, is_adjustable=False),
    "trust-stores": Quota(20, "TooManyTrustStores", _APPLICATION),
    "security-groups-per-region": Quota(2500, "SecurityGroupLimitExceeded", _VPC),
    # for each direction, IPv4 and IPv6 counted apart; a prefix list counts as many as it may hold
    "rules-per-security-group": Quota(60, "RulesPerSecurityGroupLimitExceeded", _VPC),
    "security-groups-per-network-interface": Quota(
        5, "SecurityGroupsPerInterfaceLimitExceeded", _VPC
    ),
}
