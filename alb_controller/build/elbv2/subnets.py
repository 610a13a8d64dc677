"""Which subnets a load balancer gets: named, tagged, kept or discovered (spec 6.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import assert_never, cast

from alb_controller.build.context import Context, Facts
from alb_controller.errors import Missing
from alb_controller.intent import (
    BalancerIntent,
    DiscoveredSubnets,
    NamedSubnets,
    Origin,
    TaggedSubnets,
)
from alb_controller.model.queries import (
    Query,
    Subnet,
    SubnetsById,
    SubnetsByName,
    SubnetsByReachability,
    SubnetsByRole,
    SubnetsByTags,
)

MINIMUM_FREE_ADDRESSES = 8
"""Elastic Load Balancing needs as many in each subnet (ALB user guide, subnets)."""
_CLUSTER_TAG_PREFIX = "kubernetes.io/cluster/"
_ZONE = "availability-zone"


def queries(balancer: BalancerIntent, context: Context, facts: Facts) -> Iterator[Query]:
    """What must be known of subnets."""
    match balancer.subnets:
        case NamedSubnets(names=names):
            yield from _named_queries(names)
        case TaggedSubnets(tags=tags):
            yield SubnetsByTags(tags)
        case DiscoveredSubnets():
            yield from _discovery_queries(balancer, context, facts)
        case _:
            assert_never(balancer.subnets)


def choose(balancer: BalancerIntent, context: Context, facts: Facts) -> tuple[str, ...]:
    """The subnet ids, sorted unless the user gave an order; raises Missing."""
    kept = _kept(balancer, context)
    if isinstance(balancer.subnets, DiscoveredSubnets) and kept is not None:
        return _checked_kept(kept, balancer, context, facts)
    origin, found = _select(balancer, context, facts)
    _check_all(found, balancer, context, origin)
    return tuple(s.id for s in found)


def _select(
    balancer: BalancerIntent, context: Context, facts: Facts
) -> tuple[Origin, list[Subnet]]:
    """The subnets of the balancer's choice, and who chose."""
    choice = balancer.subnets
    if isinstance(choice, NamedSubnets):
        found = _in_order(choice.names, facts, choice.origin)
        _check_named(found, balancer, choice.origin)
        return choice.origin, found
    if isinstance(choice, TaggedSubnets):
        candidates: Iterable[Subnet] = _subnets(SubnetsByTags(choice.tags), facts)
        return choice.origin, _one_per_zone(candidates, balancer, context, choice.origin)
    origin = Origin(balancer.ip_address_type_origin.ref, "subnets")
    candidates = _discovered(balancer, context, facts)
    return origin, _one_per_zone(candidates, balancer, context, origin)


def _named_queries(names: tuple[str, ...]) -> Iterator[Query]:
    ids = tuple(sorted({n for n in names if _is_id(n)}))
    others = tuple(sorted({n for n in names if not _is_id(n)}))
    if ids:
        yield SubnetsById(ids)
    if others:
        yield SubnetsByName(others)


def _discovery_queries(balancer: BalancerIntent, context: Context, facts: Facts) -> Iterator[Query]:
    kept = _kept(balancer, context)
    if kept is not None:
        if _becomes_dualstack(balancer, context):
            yield SubnetsById(kept)
        return
    role = _role(balancer)
    yield role
    if facts.get(role) == () and context.settings.feature_gates.subnet_discovery_by_reachability:
        yield _reachable(balancer)


def _kept(balancer: BalancerIntent, context: Context) -> tuple[str, ...] | None:
    """The live load balancer's subnets, as long as it is not to be replaced."""
    kept = context.kept.get(balancer.id)
    return kept.subnets if kept and kept.scheme == balancer.scheme else None


def _becomes_dualstack(balancer: BalancerIntent, context: Context) -> bool:
    kept = context.kept.get(balancer.id)
    return _wants_ipv6(balancer) and kept is not None and kept.ip_address_type == "ipv4"


def _checked_kept(
    kept: tuple[str, ...], balancer: BalancerIntent, context: Context, facts: Facts
) -> tuple[str, ...]:
    if _becomes_dualstack(balancer, context):
        for subnet in _subnets(SubnetsById(kept), facts):
            _check_ipv6(subnet, balancer, balancer.ip_address_type_origin)
    return kept


def _role(balancer: BalancerIntent) -> SubnetsByRole:
    return SubnetsByRole("elb" if balancer.scheme == "internet-facing" else "internal-elb")


def _reachable(balancer: BalancerIntent) -> SubnetsByReachability:
    return SubnetsByReachability(public=balancer.scheme == "internet-facing")


def _discovered(balancer: BalancerIntent, context: Context, facts: Facts) -> Iterable[Subnet]:
    tagged = _subnets(_role(balancer), facts)
    if tagged or not context.settings.feature_gates.subnet_discovery_by_reachability:
        return tagged
    return _subnets(_reachable(balancer), facts)


def _is_id(name: str) -> bool:
    return name.startswith("subnet-")


def _subnets(query: Query, facts: Facts) -> tuple[Subnet, ...]:
    return cast("tuple[Subnet, ...]", facts.get(query, ()))


def _in_order(names: tuple[str, ...], facts: Facts, origin: Origin) -> list[Subnet]:
    """One subnet for each mention, in the user's order; of one Name the lowest id first."""
    known = [s for q in _named_queries(names) for s in _subnets(q, facts)]
    left = sorted(known, key=lambda s: s.id)
    found: list[Subnet] = []
    for name in names:
        match = next((s for s in left if _is_called(s, name)), None)
        if match is None:
            raise Missing(origin.ref, origin.field, _not_found(name, known))
        left.remove(match)
        found.append(match)
    return found


def _not_found(name: str, known: Iterable[Subnet]) -> str:
    count = len({subnet.id for subnet in known if _is_called(subnet, name)})
    if not count:
        return f"names subnet {name!r}, which does not exist"
    return f"names subnet {name!r} more often than there are subnets of that name: {count}"


def _is_called(subnet: Subnet, name: str) -> bool:
    return name in (subnet.id, subnet.tags.get("Name"))


def _one_per_zone(
    candidates: Iterable[Subnet], balancer: BalancerIntent, context: Context, origin: Origin
) -> list[Subnet]:
    """In each zone the cluster's own subnet, else the one with the lowest id (spec 6.3)."""
    own = _CLUSTER_TAG_PREFIX + context.settings.cluster_name
    rejected: Counter[str] = Counter()
    chosen: dict[str, Subnet] = {}
    for subnet in sorted(candidates, key=lambda s: (own not in s.tags, s.id)):
        reason = _ineligible(subnet, balancer, context)
        if reason:
            rejected[reason] += 1
        else:
            chosen.setdefault(subnet.availability_zone, subnet)
    if chosen:
        return sorted(chosen.values(), key=lambda s: s.id)
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(rejected.items()))
    problem = f"no subnet fits scheme {balancer.scheme}: {reasons or 'none is tagged for it'}"
    raise Missing(origin.ref, origin.field, problem)


def _ineligible(subnet: Subnet, balancer: BalancerIntent, context: Context) -> str:
    """Why a subnet cannot be taken; the first reason counts."""
    settings = context.settings
    own = _CLUSTER_TAG_PREFIX + settings.cluster_name
    foreign = any(key.startswith(_CLUSTER_TAG_PREFIX[:-1]) for key in subnet.tags)
    if settings.feature_gates.subnets_cluster_tag_check and foreign and own not in subnet.tags:
        return "tagged for other clusters"
    if subnet.available_ip_addresses < MINIMUM_FREE_ADDRESSES:
        return f"with fewer than {MINIMUM_FREE_ADDRESSES} free addresses"
    if _wants_ipv6(balancer) and not subnet.has_ipv6:
        return "without IPv6 CIDR"
    return ""


def _wants_ipv6(balancer: BalancerIntent) -> bool:
    return balancer.ip_address_type != "ipv4"


def _check_named(found: list[Subnet], balancer: BalancerIntent, origin: Origin) -> None:
    if not found:
        raise Missing(origin.ref, origin.field, "names no subnet")
    zones: dict[str, Subnet] = {}
    for subnet in found:
        other = zones.get(subnet.availability_zone)
        if other is not None:
            problem = f"names {other.id} and {subnet.id} of one zone, {subnet.availability_zone}: "
            raise Missing(origin.ref, origin.field, problem + "allowed is one subnet per zone")
        zones[subnet.availability_zone] = subnet
        _check_ipv6(subnet, balancer, origin)


def _check_ipv6(subnet: Subnet, balancer: BalancerIntent, origin: Origin) -> None:
    if _wants_ipv6(balancer) and not subnet.has_ipv6:
        problem = f"subnet {subnet.id} has no IPv6 CIDR, which {balancer.ip_address_type} needs"
        raise Missing(origin.ref, origin.field, problem)


def _check_all(
    found: list[Subnet], balancer: BalancerIntent, context: Context, origin: Origin
) -> None:
    """One kind of zone; two subnets for an ALB, unless the zone is not a plain one (spec 6.3)."""
    kinds = sorted({s.zone_type for s in found})
    if len(kinds) > 1:
        problem = f"subnets lie in zones of several kinds: {', '.join(kinds)}"
        raise Missing(origin.ref, origin.field, problem)
    single = context.settings.feature_gates.alb_single_subnet or kinds != [_ZONE]
    if len(found) < 2 and balancer.family == "application" and not single:
        problem = f"only subnet {found[0].id} fits: an ALB needs subnets in at least 2 zones"
        raise Missing(origin.ref, origin.field, problem)
