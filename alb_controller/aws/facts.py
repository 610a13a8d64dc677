"""Answers to the builders' questions, out of as few calls as possible.

A question about subnets is answered from one listing of the VPC. What is missing is absent from
an answer (the builder says so), and is never taken from memory: it may have been made just now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeAlias

from alb_controller.aws.caches import (
    ROUTE_TABLES,
    SECURITY_GROUPS,
    SUBNETS,
    TARGET_GROUP_NAMES,
    ZONES,
    Expiring,
    Shared,
)
from alb_controller.aws.ec2 import Ec2
from alb_controller.aws.elbv2 import Elbv2
from alb_controller.aws.inventory import Inventory
from alb_controller.aws.network import RouteTable
from alb_controller.clock import Clock
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.elbv2 import TargetGroup
from alb_controller.model.queries import (
    Answer,
    Query,
    SecurityGroupInfo,
    SecurityGroupsById,
    SecurityGroupsByName,
    Subnet,
    SubnetsById,
    SubnetsByName,
    SubnetsByReachability,
    SubnetsByRole,
    SubnetsByTags,
    TargetGroupByName,
    TargetGroupInfo,
    TargetGroupOfCluster,
)
from alb_controller.model.stack import Found
from alb_controller.model.wildcards import matches

_OfVpc: TypeAlias = SubnetsByRole | SubnetsByName | SubnetsByTags | SubnetsByReachability
NetworkQuery: TypeAlias = _OfVpc | SubnetsById | SecurityGroupsById | SecurityGroupsByName
_NOT_BEFORE_ANY = float("-inf")


class Source(Protocol):
    """Knows the answers to some kinds of questions."""

    kinds: ClassVar[tuple[type[Any], ...]]

    def answer(self, queries: Iterable[Any]) -> dict[Query, Answer]:
        """Each question, of one of `kinds`, with its answer. Raises AwsError."""


class Facts:
    """Answers every kind of question: each goes to the source that knows of it."""

    def __init__(self, *sources: Source) -> None:
        self._sources = sources

    def answer(self, queries: Iterable[Query]) -> dict[Query, Answer]:
        """Each question with its answer. Raises AwsError."""
        asked = tuple(queries)
        answers: dict[Query, Answer] = {}
        for source in self._sources:
            mine = [q for q in asked if isinstance(q, source.kinds)]
            if mine:
                answers |= source.answer(mine)
        return answers


class TargetGroupFacts:
    """Target groups that users name; one that is not there is asked for each time."""

    kinds: ClassVar[tuple[type[Any], ...]] = (TargetGroupByName,)

    def __init__(self, elbv2: Elbv2, clock: Clock) -> None:
        self._elbv2 = elbv2
        self._arns = Expiring[str, str](TARGET_GROUP_NAMES, clock)

    def answer(self, queries: Iterable[TargetGroupByName]) -> dict[Query, Answer]:
        """Each question with the group, or with nothing. Raises AwsError."""
        asked = tuple(queries)
        known = self._arns.get_many({q.name for q in asked}, self._read)
        return {
            q: tuple(TargetGroupInfo(name=n, arn=known[n]) for n in (q.name,) if n in known)
            for q in asked
        }

    def _read(self, names: Sequence[str]) -> dict[str, str]:
        """One call for each: AWS answers none of several names if one is unknown."""
        found = {name: self._elbv2.target_group_by_name(name) for name in names}
        return {name: group.identity for name, group in found.items() if group is not None}


class OwnedFacts:
    """The cluster's own target groups, as far as they are known: no call is made for them."""

    kinds: ClassVar[tuple[type[Any], ...]] = (TargetGroupOfCluster,)

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def answer(self, queries: Iterable[TargetGroupOfCluster]) -> dict[Query, Answer]:
        """Each question with the group, or with nothing. Raises AwsError."""
        return {query: tuple(self._find(query.arn)) for query in queries}

    def _find(self, arn: str) -> Iterator[TargetGroupInfo]:
        found = self._inventory.by_identity(arn)
        if found is not None and isinstance(found.resource, TargetGroup):
            tags = dict(found.resource.tags)
            yield TargetGroupInfo(name=found.resource.name, arn=arn, tags=tags)


class NetworkFacts:
    """Subnets and security groups; one for the process, thread-safe."""

    kinds: ClassVar[tuple[type[Any], ...]] = (
        SubnetsById,
        SubnetsByRole,
        SubnetsByName,
        SubnetsByTags,
        SubnetsByReachability,
        SecurityGroupsById,
        SecurityGroupsByName,
    )

    def __init__(self, ec2: Ec2, clock: Clock) -> None:
        self._ec2 = ec2
        self._clock = clock
        self._zone_types = Shared(ec2.zone_types, ZONES, clock)
        self._subnets = Shared(lambda: ec2.subnets(self._zone_types.get()), SUBNETS, clock)
        self._route_tables = Shared(ec2.route_tables, ROUTE_TABLES, clock)
        self._groups_by_id = Expiring[str, SecurityGroupInfo](SECURITY_GROUPS, clock)
        self._groups_by_name = Expiring[str, tuple[SecurityGroupInfo, ...]](SECURITY_GROUPS, clock)

    def answer(self, queries: Iterable[NetworkQuery]) -> dict[Query, Answer]:
        """Each question with its answer; subnets and groups are sorted by id. Raises AwsError."""
        asked = tuple(queries)
        groups_by_id = self._read_groups_by_id(asked)
        groups_by_name = self._read_groups_by_name(asked)
        answers: dict[Query, Answer] = {}
        for query in asked:
            match query:
                case SecurityGroupsById():
                    answers[query] = _sorted(
                        groups_by_id[i] for i in query.ids if i in groups_by_id
                    )
                case SecurityGroupsByName():
                    answers[query] = _sorted(
                        group for name in query.names for group in groups_by_name.get(name, ())
                    )
                case SubnetsById():
                    answers[query] = self._subnets_by_id(query)
                case _:
                    answers[query] = self._subnets_of_vpc(query)
        return answers

    def _subnets_by_id(self, query: SubnetsById) -> tuple[Subnet, ...]:
        wanted = set(query.ids)
        known = {subnet.id: subnet for subnet in self._subnets.get() if subnet.id in wanted}
        others = wanted - known.keys()  # new, of another VPC, or not there
        if others:
            found = self._ec2.subnets_by_id(others, self._zone_types.get())
            known |= {subnet.id: subnet for subnet in found}
        return _sorted_subnets(known.values())

    def _subnets_of_vpc(self, query: _OfVpc) -> tuple[Subnet, ...]:
        began = self._clock.monotonic()
        found = self._matching(query, _NOT_BEFORE_ANY)
        return found if _is_complete(query, found) else self._matching(query, began)

    def _matching(self, query: _OfVpc, not_before: float) -> tuple[Subnet, ...]:
        subnets = self._subnets.get(not_before)
        match query:
            case SubnetsByRole():
                key = f"kubernetes.io/role/{query.role}"
                return _sorted_subnets(s for s in subnets if s.tags.get(key) in ("", "1"))
            case SubnetsByName():
                return _sorted_subnets(s for s in subnets if s.tags.get("Name") in query.names)
            case SubnetsByTags():
                return _sorted_subnets(s for s in subnets if _carries(s.tags, query.tags))
            case SubnetsByReachability():
                public = _public_subnets(subnets, self._route_tables.get(not_before))
                return _sorted_subnets(s for s in subnets if (s.id in public) is query.public)

    def _read_groups_by_id(self, asked: Sequence[NetworkQuery]) -> dict[str, SecurityGroupInfo]:
        ids = {i for query in asked if isinstance(query, SecurityGroupsById) for i in query.ids}

        def read(unknown: Sequence[str]) -> Mapping[str, SecurityGroupInfo]:
            found = self._ec2.security_groups_by_id(unknown)
            return {group.identity: _info(group) for group in found}

        return self._groups_by_id.get_many(ids, read)

    def _read_groups_by_name(
        self, asked: Sequence[NetworkQuery]
    ) -> dict[str, tuple[SecurityGroupInfo, ...]]:
        names = {
            n for query in asked if isinstance(query, SecurityGroupsByName) for n in query.names
        }

        def read(unknown: Sequence[str]) -> Mapping[str, tuple[SecurityGroupInfo, ...]]:
            by_name: dict[str, tuple[SecurityGroupInfo, ...]] = {}
            for group in self._ec2.security_groups_by_name_tag(unknown):
                info = _info(group)
                by_name[info.name_tag] = (*by_name.get(info.name_tag, ()), info)
            return by_name

        return self._groups_by_name.get_many(names, read)


def _is_complete(query: _OfVpc, found: tuple[Subnet, ...]) -> bool:
    if isinstance(query, SubnetsByName):
        return {subnet.tags.get("Name") for subnet in found} == set(query.names)
    return bool(found)


def _carries(tags: Mapping[str, str], wanted: Iterable[tuple[str, tuple[str, ...]]]) -> bool:
    return all(
        key in tags and any(matches(pattern, tags[key]) for pattern in patterns)
        for key, patterns in wanted
    )


def _public_subnets(subnets: Iterable[Subnet], tables: Iterable[RouteTable]) -> frozenset[str]:
    """Those whose own route table, or else the VPC's main one, leads to an internet gateway."""
    tables = tuple(tables)
    own = {subnet: table for table in tables for subnet in table.subnets}
    main = next((table for table in tables if table.is_main), None)
    routed = {subnet.id: own.get(subnet.id, main) for subnet in subnets}
    return frozenset(
        subnet for subnet, table in routed.items() if table and table.leads_to_internet
    )


def _info(group: Found[SecurityGroup]) -> SecurityGroupInfo:
    tags = dict(group.resource.tags)
    return SecurityGroupInfo(id=group.identity, name_tag=tags.get("Name", ""), tags=tags)


def _sorted(groups: Iterable[SecurityGroupInfo]) -> tuple[SecurityGroupInfo, ...]:
    return tuple(sorted({group.id: group for group in groups}.values(), key=lambda group: group.id))


def _sorted_subnets(subnets: Iterable[Subnet]) -> tuple[Subnet, ...]:
    return tuple(sorted(subnets, key=lambda subnet: subnet.id))
