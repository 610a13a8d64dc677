"""How much of AWS's quotas a load balancer uses up."""

from __future__ import annotations

from collections import Counter

from alb_controller.model.stack import Observed
from alb_controller.telemetry import metrics
from alb_controller.telemetry.series import Labels

DEFAULTS = {
    "rules-per-application-load-balancer": 100,
    "certificates-per-application-load-balancer": 25,
    "target-groups-per-application-load-balancer": 100,
    "listeners-per-application-load-balancer": 50,
}
"""Names as DescribeAccountLimits has them; defaults, and what counts, from "Quotas for your
Application Load Balancers": neither default rules nor default certificates do."""

for _name, _limit in DEFAULTS.items():
    metrics.QUOTA_LIMIT.labels(_name).set(_limit)


def usage(observed: Observed) -> dict[Labels, float]:
    """By name of the load balancer and of the quota; of application load balancers alone."""
    names = {
        one.identity: one.resource.name
        for one in observed.load_balancers
        if one.resource.type == "application"
    }
    used = Counter({(name, quota): 0 for name in names.values() for quota in DEFAULTS})
    rules, certificates, groups, listeners = DEFAULTS
    balancer_of: dict[object, str] = {}
    for listener in observed.listeners:
        name = names.get(str(listener.resource.load_balancer))
        if name is None:
            continue
        balancer_of[listener.identity] = name
        used[name, listeners] += 1
        used[name, certificates] += len(listener.resource.certificates[1:])
    for rule in observed.rules:
        if rule.resource.listener in balancer_of:
            used[balancer_of[rule.resource.listener], rules] += 1
    for name in names.values():  # a stack has one
        used[name, groups] = sum(g.resource.target_type != "alb" for g in observed.target_groups)
    return {labels: float(count) for labels, count in used.items()}
