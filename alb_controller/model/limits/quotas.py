"""How many of a thing AWS gives an account: the documented defaults."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

_APPLICATION = "Quotas for your Application Load Balancers"
_NETWORK = "Quotas for your Network Load Balancers"
_VPC = "Amazon VPC quotas"
_TAGS = "Tag an Application Load Balancer"


class Quota(msgspec.Struct, frozen=True):
    """The default, the error code beyond it, and who knows more of it."""

    most: int
    code: str
    source: str
    is_adjustable: bool = False
    """Whether AWS raises it on request."""
    is_listed: bool = False
    """Whether DescribeAccountLimits shows what the account has, under this name: the page of Limit
    names it.
    """


def _listed(most: int, code: str, source: str, *, is_adjustable: bool = False) -> Quota:
    return Quota(most, code, source, is_adjustable, is_listed=True)


def _raised(most: int, code: str, source: str) -> Quota:
    return Quota(most, code, source, is_adjustable=True)


QUOTAS: Mapping[str, Quota] = {
    "application-load-balancers": _listed(
        50, "TooManyLoadBalancers", _APPLICATION, is_adjustable=True
    ),
    "network-load-balancers": _listed(50, "TooManyLoadBalancers", _NETWORK, is_adjustable=True),
    "target-groups": _listed(3000, "TooManyTargetGroups", _APPLICATION, is_adjustable=True),
    "listeners-per-application-load-balancer": _listed(
        50, "TooManyListeners", _APPLICATION, is_adjustable=True
    ),
    "listeners-per-network-load-balancer": _listed(50, "TooManyListeners", _NETWORK),
    # default rules not counted
    "rules-per-application-load-balancer": _listed(
        100, "TooManyRules", _APPLICATION, is_adjustable=True
    ),
    # default ones not counted
    "certificates-per-application-load-balancer": _raised(25, "TooManyCertificates", _APPLICATION),
    "certificates-per-network-load-balancer": _raised(25, "TooManyCertificates", _NETWORK),
    "target-groups-per-application-load-balancer": _listed(
        100, "TooManyUniqueTargetGroupsPerLoadBalancer", _APPLICATION
    ),
    # the code of the refusal is not documented
    "target-groups-per-action-on-application-load-balancer": _listed(
        5, "TooManyTargetGroups", _APPLICATION
    ),
    "targets-per-application-load-balancer": _listed(
        1000, "TooManyTargets", _APPLICATION, is_adjustable=True
    ),
    "targets-per-network-load-balancer": _listed(
        3000, "TooManyTargets", _NETWORK, is_adjustable=True
    ),
    "targets-per-target-group": _raised(1000, "TooManyTargets", _APPLICATION),
    "target-id-registrations-per-application-load-balancer": Quota(
        100, "TooManyRegistrationsForTargetId", _APPLICATION
    ),
    "condition-values-per-alb-rule": _listed(5, "ValidationError", _APPLICATION),
    # 6 for accounts of an earlier default and in some editions of the page; "Condition types for
    # listener rules" says 5
    "condition-wildcards-per-alb-rule": _listed(5, "ValidationError", _APPLICATION),
    # one to authenticate, one to route
    "actions-per-rule": Quota(2, "TooManyActions", _APPLICATION),
    # the code of the refusal is not documented
    "security-groups-per-load-balancer": Quota(5, "InvalidConfigurationRequest", _APPLICATION),
    # those of AWS, `aws:…`, are not counted
    "tags-per-resource": Quota(50, "TooManyTags", _TAGS),
    "trust-stores": _raised(20, "TooManyTrustStores", _APPLICATION),
    "security-groups-per-region": _raised(2500, "SecurityGroupLimitExceeded", _VPC),
    # for each direction, IPv4 and IPv6 counted apart; a prefix list counts as many as it may hold
    "rules-per-security-group": _raised(60, "RulesPerSecurityGroupLimitExceeded", _VPC),
    "security-groups-per-network-interface": _raised(
        5, "SecurityGroupsPerInterfaceLimitExceeded", _VPC
    ),
}
