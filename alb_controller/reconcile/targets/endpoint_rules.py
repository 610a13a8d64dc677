"""The ingress rules on endpoints' security groups, for all bindings together (spec 8.6).

What bindings want is kept here; each security group is a key of its own, with one worker, so
that no two writes to a group cross.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Protocol

from alb_controller.aws.batches import for_each_part
from alb_controller.errors import AwsError, NotFound, NotReady, QuotaExceeded, Rejected
from alb_controller.model.ec2 import IngressRule, SecurityGroup
from alb_controller.model.stack import Found
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.targets.networking import SHARED_DESCRIPTION, aggregate, could_want
from alb_controller.targets.watch import key_of
from alb_controller.values import BindingKey

SWEEP = "every security group"
"""The key that finds rules left over from former times; due once a process, with its first
binding or else its first resync. What may be revoked is decided rule by rule, so it need not wait
for the last binding."""
GONE_GROUP_SECONDS = 60.0


class RuleApi(Protocol):
    """What is needed of `aws.ec2.Ec2`."""

    def endpoint_security_groups(self, ids: Iterable[str]) -> tuple[Found[SecurityGroup], ...]:
        """Groups by id; those that are gone are absent."""

    def cluster_security_groups(self, cluster: str) -> tuple[Found[SecurityGroup], ...]:
        """The VPC's groups tagged as the cluster's, owned or shared."""

    def authorize_ingress(self, group_id: str, rules: Iterable[IngressRule]) -> None:
        """Add rules; those that are there are fine."""

    def revoke_ingress(self, group_id: str, rules: Iterable[IngressRule]) -> None:
        """Take rules away; those that are gone are fine."""


class _Group:
    """One security group: what each binding wants of it, all together, and what was found."""

    def __init__(self) -> None:
        self.wanted: dict[BindingKey, frozenset[IngressRule]] = {}
        self.desired: set[IngressRule] = set()
        self.found: frozenset[IngressRule] = frozenset()
        """All rules as last read, kept up by our own writes."""
        self.is_read = False
        """Whether `found` is to be trusted; after a failed write it is not."""
        self.resyncs = 0
        """How often it was to be read anew: what a write then teaches is not a read."""
        self.is_ours = False
        """It guards endpoints of this cluster, or is tagged so; another cluster's rules on other
        groups look the same as ours."""
        self.is_held = False
        """Rules wait to be revoked until more bindings are known."""

    def surplus(self) -> set[IngressRule]:
        """Rules of ours that nobody wants; rules without our mark are others'."""
        wanted = {r.key for r in self.desired}
        shared = (r for r in self.found if r.description == SHARED_DESCRIPTION)
        return {r for r in shared if r.key not in wanted}

    def missing(self, held: Iterable[IngressRule]) -> set[IngressRule]:
        """What has to be added, as long as the held rules stay.

        At a start few bindings are known, and what they want together is but a part of the
        merged rule that is there: to add the part, only to revoke it later, would be noise.
        """
        there = {r.key for r in self.found}
        return {
            rule
            for rule in self.desired
            if rule.key not in there and not any(_covers(h, rule) for h in held)
        }


def _covers(wide: IngressRule, rule: IngressRule) -> bool:
    return (
        (wide.protocol, wide.source_kind, wide.source)
        == (rule.protocol, rule.source_kind, rule.source)
        and wide.from_port <= rule.from_port
        and rule.to_port <= wide.to_port
    )


class EndpointRules:
    """Who wants which rules, and the rules that are there; thread-safe."""

    def __init__(
        self, ec2: RuleApi, cluster: Cluster, *, cluster_name: str, restricted: bool
    ) -> None:
        self._ec2, self._cluster = ec2, cluster
        self._cluster_name, self._restricted = cluster_name, restricted
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._groups: dict[str, _Group] = {}
        self._complete: set[BindingKey] = set()
        self._is_sweep_due = self._is_cluster_unread = True

    # ---- what bindings want

    def want(
        self,
        key: BindingKey,
        wanted: Mapping[str, frozenset[IngressRule]],
        *,
        is_complete: bool = True,
    ) -> frozenset[str]:
        """Take over all that a binding wants, by security group; returns the keys that are due.

        `is_complete` False: some endpoints' groups are not known, so found rules that the binding
        might turn out to need are left alone.
        """
        with self._lock:
            is_news = is_complete and key not in self._complete
            (self._complete.add if is_complete else self._complete.discard)(key)
            due = {name for name in self._touched(key, wanted) if self._replace(name, key, wanted)}
            if due or is_news:
                due |= {name for name, group in self._groups.items() if group.is_held}
            due |= self._first_sweep()
        return frozenset(due)

    def drop(self, key: BindingKey) -> frozenset[str]:
        """The binding wants nothing any more; returns the keys that are due."""
        due = self.want(key, {})
        if self._cluster.get(TargetGroupBinding, key.namespace, key.name) is None:
            with self._lock:
                self._complete.discard(key)
        return due

    def wanted_by(self, group_id: str) -> tuple[BindingKey, ...]:
        """The bindings that want rules on a group."""
        with self._lock:
            group = self._groups.get(group_id)
            return tuple(sorted(group.wanted)) if group else ()

    def references(self, group_id: str) -> bool:
        """Whether a rule of ours, known or wanted, has that group as its source.

        Others' rules do not go, so nothing can wait for that.
        """
        with self._lock:
            return any(
                rule.source_kind == "security_group"
                and rule.source == group_id
                and rule.description == SHARED_DESCRIPTION
                for group in self._groups.values()
                for rule in (*group.desired, *group.found)
            )

    def _first_sweep(self) -> set[str]:
        """The sweep's key, for the first one who asks."""
        is_due, self._is_sweep_due = self._is_sweep_due, False
        return {SWEEP} if is_due else set()

    def _touched(
        self, key: BindingKey, wanted: Mapping[str, frozenset[IngressRule]]
    ) -> Iterable[str]:
        before = {n: g.wanted[key] for n, g in self._groups.items() if key in g.wanted}
        return [n for n in before.keys() | wanted.keys() if before.get(n) != wanted.get(n)]

    def _replace(
        self, name: str, key: BindingKey, wanted: Mapping[str, frozenset[IngressRule]]
    ) -> bool:
        """Take over what one binding wants of one group; whether that changes the whole."""
        group = self._groups.setdefault(name, _Group())
        group.wanted.pop(key, None)
        if name in wanted:
            group.wanted[key] = wanted[name]
            group.is_ours = True
        before = group.desired
        group.desired = aggregate(group.wanted.values(), restricted=self._restricted)
        return group.desired != before

    # ---- what is there

    def remember(self, found: Iterable[Found[SecurityGroup]]) -> None:
        """Take over groups that were read for another reason, unless they are known."""
        with self._lock:
            for one in found:
                group = self._groups.setdefault(one.identity, _Group())
                if not group.is_read:
                    group.found, group.is_read = frozenset(one.resource.ingress or ()), True

    def forget_found(self) -> frozenset[str]:
        """Have all rules read again, so that drift is found; returns the keys that are due."""
        with self._lock:
            for group in self._groups.values():
                group.is_read = False
                group.resyncs += 1
            due = {name for name, group in self._groups.items() if group.is_ours}
            due |= self._first_sweep()
        return frozenset(due)

    def reconcile(self, group_id: str) -> frozenset[str]:
        """Add what is missing, then revoke what nobody wants; returns further keys that are due.
        At the quota of rules what nobody wants makes room first.

        Raises AwsError, after all that could be done was done, where a rule is refused.
        """
        if group_id == SWEEP:
            return self._sweep()
        group = self._read(group_id)
        try:
            errors = self._authorize(group_id, group)
        except QuotaExceeded:
            if not self._revoke(group_id, group, is_known=False):
                raise
            group = self._read(group_id)
            errors = self._authorize(group_id, group)
        self._revoke(group_id, group, is_known=not errors)
        if errors:
            raise errors[0]
        return frozenset()

    def _authorize(self, group_id: str, group: _Group) -> list[AwsError]:
        """Add what is missing. Returns the errors of rules that AWS refuses by themselves."""
        held = self._held(group)
        with self._lock:
            missing = sorted(group.missing(held))
        if not missing:
            return []
        group.is_read, resyncs = False, group.resyncs  # until the answer is there
        errors = for_each_part(
            missing,
            lambda part: self._ec2.authorize_ingress(group_id, part),
            lambda error: isinstance(error, NotFound | Rejected),
        )
        if not errors:
            self._learn(group, group.found.union(missing), resyncs)
        return errors

    def _revoke(self, group_id: str, group: _Group, *, is_known: bool) -> bool:
        """Whether there was anything to revoke."""
        held = self._held(group)
        with self._lock:
            group.is_held = bool(held)
            surplus = group.surplus() - held
        if not surplus:
            return False
        group.is_read, resyncs = False, group.resyncs
        self._ec2.revoke_ingress(group_id, sorted(surplus))
        if is_known:
            self._learn(group, group.found - surplus, resyncs)
        return True

    def _held(self, group: _Group) -> set[IngressRule]:
        """Rules that nobody wants so far, but a binding that is not fully known might."""
        with self._lock:
            surplus = group.surplus()
        return {rule for rule in surplus if self._may_be_wanted(rule)}

    def _learn(self, group: _Group, found: frozenset[IngressRule], resyncs: int) -> None:
        """Keep what a write has left; a resync that came meanwhile still wants it read."""
        with self._lock:
            group.found, group.is_read = found, resyncs == group.resyncs

    def _may_be_wanted(self, rule: IngressRule) -> bool:
        unreadable = self._cluster.unreadable(TargetGroupBinding)
        return any(item.lacks("$.spec.networking") for item in unreadable) or any(
            could_want(binding.spec.networking, rule)
            for binding in self._cluster.list(TargetGroupBinding)
            if binding.spec.networking is not None and key_of(binding) not in self._complete
        )

    def _sweep(self) -> frozenset[str]:
        """The groups of the cluster that carry rules of ours which nobody wants."""
        with self._reading:
            self._read_cluster_groups()
        with self._lock:
            ours = ((name, group) for name, group in self._groups.items() if group.is_ours)
            return frozenset(name for name, group in ours if group.surplus())

    def _read(self, group_id: str) -> _Group:
        """The group with its rules known; others that are to be read are read along.

        Raises NotReady where a group that is wanted does not exist.
        """
        with self._lock:
            group = self._groups.setdefault(group_id, _Group())
            if group.is_read:
                return group
        with self._reading:
            if not group.is_read:
                self._read_cluster_groups()
            if not group.is_read:
                self.remember(self._ec2.endpoint_security_groups(self._unread()))
        if not group.is_read:
            with self._lock:
                group.found = frozenset()
                if not group.wanted:  # else it is kept: EC2 may show a new group late
                    self._groups.pop(group_id, None)
            if group.desired:
                raise NotReady(f"security group {group_id}, which is gone", GONE_GROUP_SECONDS)
        return group

    def _unread(self) -> list[str]:
        with self._lock:
            return sorted(name for name, group in self._groups.items() if not group.is_read)

    def _read_cluster_groups(self) -> None:
        """Once a process: the endpoints' groups are among the cluster's, mostly."""
        if self._is_cluster_unread:
            found = self._ec2.cluster_security_groups(self._cluster_name)
            self.remember(found)
            with self._lock:
                for one in found:
                    self._groups[one.identity].is_ours = True
            self._is_cluster_unread = False
