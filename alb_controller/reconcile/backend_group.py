"""The cluster's shared backend security group: a key of its own, one worker (spec 6.5)."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import msgspec

from alb_controller.aws.inventory import Inventory
from alb_controller.build.elbv2.security_groups import shared_backend
from alb_controller.errors import AlreadyExists, ControllerError, ForeignOwner, NotReady
from alb_controller.model.ec2 import SecurityGroup
from alb_controller.model.ownership import is_shared_group, stack_of_labels
from alb_controller.model.stack import Found
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.reconcile.owners import GroupNames, owner_of
from alb_controller.settings import Settings
from alb_controller.values import Api, StackKey, Tags

_SOON_SECONDS = 0.5
_LATER_SECONDS = 60.0
"""Until the next look whether a user's own binding still names the group: no watch reports it."""


class GroupApi(GroupNames, Protocol):
    """What is needed of `aws.ec2.Ec2`."""

    def create_security_group(self, group: SecurityGroup, /) -> Found[SecurityGroup]: ...
    def create_tags(self, ids: Iterable[str], tags: Tags, /) -> None: ...
    def delete_tags(self, ids: Iterable[str], keys: Iterable[str], /) -> None: ...
    def delete_security_group(self, group_id: str, /) -> None: ...


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """What the group asks of its neighbours, and what wakes them."""

    held_keys: Callable[[], Iterable[StackKey]]
    """Stacks whose finalizer some object carries."""
    count_holders: Callable[[], Mapping[str, int]]
    """Objects of controllers beside this one whose load balancers may use the group."""
    is_referenced: Callable[[str], bool]
    """Whether an ingress rule of ours has a group as its source."""
    request: Callable[[], None]
    """Enqueues this key."""
    wake: Callable[[StackKey], None]
    """Enqueues a stack."""
    apis: frozenset[Api]
    """Those whose stacks this process brings about, and takes away."""


class _Demand:
    """Who uses the group, who waits for it, and who was looked at; guarded by its lock.

    `leaving` are stacks that wait for an attempt to delete it, `left` those that have seen one.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users: set[StackKey] = set()
        self.seen: set[StackKey] = set()
        self.waiting: set[StackKey] = set()
        self.leaving: set[StackKey] = set()
        self.left: set[StackKey] = set()
        self.problem: ControllerError | None = None


class BackendGroup:
    """Makes the group for its first user and deletes it after its last.

    A stack asks by `id_for`, which raises NotReady until the group is there; whoever waits is
    woken through `wake`. The group goes only when every stack whose finalizer some object carries
    was seen by this process and needs it no more, and no binding or rule names it. The last
    finalizer is all that remembers the group after a crash: it stays until deleting was tried.
    """

    def __init__(
        self,
        ec2: GroupApi,
        inventory: Inventory,
        cluster: Cluster,
        settings: Settings,
        signals: Signals,
    ) -> None:
        self._ec2, self._inventory, self._cluster = ec2, inventory, cluster
        self._settings, self._signals = settings, signals
        self._demand = _Demand()
        self._id = settings.backend_security_group
        self._sweeps = 0

    def id_for(self, key: StackKey) -> str:
        """The group's id for a stack that needs it; raises NotReady while it is being made.

        Where it could not be made, raises what the last attempt ended with.
        """
        with self._demand.lock:
            self._demand.users.add(key)
            self._demand.seen.add(key)
            if self._id is not None:
                return self._id
            self._demand.waiting.add(key)
            problem = self._demand.problem
        if problem is not None:  # the key of the group has its own time to try again
            raise copy.copy(problem)
        self._signals.request()
        raise NotReady("the shared backend security group", 20.0)

    def known_id(self) -> str | None:
        """The id, where this process has made the group or listed it; asks nobody."""
        if self._id is not None or not self._inventory.was_read:
            return self._id
        found = self._inventory.shared_security_group(self._settings.cluster_name)
        return None if found is None else found.identity

    def release(self, key: StackKey) -> None:
        """A stack was looked at and does not need the group."""
        with self._demand.lock:
            self._demand.users.discard(key)
            self._demand.waiting.discard(key)
            self._demand.seen.add(key)
        if self._is_left_over():
            self._signals.request()

    def await_end(self, key: StackKey) -> None:
        """To be asked before the finalizer of a stack that is gone is removed.

        Raises NotReady until one attempt to delete a group without users has ended; the stack is
        then woken. Whether it was deleted is no longer the stack's business.
        """
        with self._demand.lock:
            if key in self._demand.left:
                return
        if self._is_left_over():
            with self._demand.lock:
                self._demand.leaving.add(key)
            self._signals.request()
            raise NotReady("the end of the shared backend security group", 20.0)

    def forget(self, key: StackKey) -> None:
        """A stack is gone, finalizers and all."""
        with self._demand.lock:
            self._demand.seen.discard(key)
            self._demand.leaving.discard(key)
            self._demand.left.discard(key)

    def _is_left_over(self) -> bool:
        """Whether the group is there, ours to delete, and nobody uses it."""
        is_fixed = self._settings.backend_security_group is not None
        if is_fixed or self._demand.users or not self._inventory.was_read:
            return False
        return self._inventory.shared_security_group(self._settings.cluster_name) is not None

    def invalidate(self) -> None:
        """The slow sweep: look again whether the group is there."""
        with self._demand.lock:
            self._id = self._settings.backend_security_group
            self._sweeps += 1
            self._demand.problem = None

    def reconcile(self) -> None:
        """Make the group, keep its tags, or delete it."""
        if self._settings.backend_security_group is not None:
            return
        with self._demand.lock:
            is_wanted = bool(self._demand.users)
            if not is_wanted:
                self._demand.problem = None
        if not is_wanted:
            self._end()
            return
        try:
            self._ensure()
        except ControllerError as error:
            self._report(error)
            raise

    def _report(self, problem: ControllerError) -> None:
        """Wake those who wait, so that they report it, once for each problem."""
        with self._demand.lock:
            is_news = str(problem) != str(self._demand.problem)
            self._demand.problem = problem
            waiting = sorted(self._demand.waiting) if is_news else []
        for key in waiting:
            self._signals.wake(key)

    def _ensure(self) -> None:
        with self._demand.lock:
            sweep, known = self._sweeps, self._id
        if known is None:
            cluster = self._settings.cluster_name
            found = self._inventory.shared_security_group(cluster) or self._create()
            self._sync_tags(found, sweep)
            known = found.identity
        with self._demand.lock:
            is_current = self._sweeps == sweep
            waiting = self._demand.waiting if is_current else set()
            if is_current:
                self._id, self._demand.problem, self._demand.waiting = known, None, set()
        if not is_current:  # a sweep came meanwhile: what was read is older
            self._signals.request()
        for key in sorted(waiting):
            self._signals.wake(key)

    def _create(self) -> Found[SecurityGroup]:
        """A new group; or ours all the same, where an earlier answer of AWS was lost."""
        wanted = shared_backend(self._settings)
        try:
            found = self._ec2.create_security_group(wanted)
        except AlreadyExists as error:
            other = self._ec2.security_group_by_name(wanted.name)
            if other is None:
                raise
            if not is_shared_group(other.resource.tags, self._settings.cluster_name):
                owner = owner_of(other.resource.tags)
                raise ForeignOwner("security group", wanted.name, owner) from error
            found = other
        self._inventory.put(found)
        return found

    def _sync_tags(self, found: Found[SecurityGroup], sweep: int) -> None:
        """Add what is missing, remove what nobody may have put there.

        What a later sweep has read of the group is newer than `found`, and stays.
        """
        wanted, present = shared_backend(self._settings).tags, found.resource.tags
        left_alone = set(self._settings.external_managed_tags)
        missing = {k: v for k, v in wanted.items() if present.get(k) != v}
        surplus = [
            k
            for k in present
            if k not in wanted and k not in left_alone and not k.startswith("aws:")
        ]
        if missing:
            self._ec2.create_tags([found.identity], missing)
        if surplus:
            self._ec2.delete_tags([found.identity], surplus)
        if (missing or surplus) and sweep == self._sweeps:
            resource = msgspec.structs.replace(found.resource, tags=wanted)
            self._inventory.put(msgspec.structs.replace(found, resource=resource))

    def _end(self) -> None:
        """Try to delete it; those who leave are woken by every outcome but "not yet"."""
        try:
            self._delete_if_unused()
        except NotReady:
            raise
        except ControllerError:
            self._let_go()
            raise
        self._let_go()

    def _let_go(self) -> None:
        with self._demand.lock:
            leaving, self._demand.leaving = self._demand.leaving, set()
            self._demand.left |= leaving
        for key in sorted(leaving):
            self._signals.wake(key)

    def _delete_if_unused(self) -> None:
        found = self._inventory.shared_security_group(self._settings.cluster_name)
        if found is None or self._unseen_holders():
            return
        group_id = found.identity
        naming = self._bindings_naming(group_id)
        if any(self._is_users(binding) for binding in naming):
            self._let_go()  # that is no stack's business
            raise NotReady("users' bindings that name the shared security group", _LATER_SECONDS)
        if naming or self._signals.is_referenced(group_id):
            raise NotReady("the last rules that name the shared security group", _SOON_SECONDS)
        with self._demand.lock:
            if self._demand.users:  # a stack was given the id a moment ago: its rules come
                return
            self._id = None
        self._ec2.delete_security_group(group_id)
        self._inventory.drop(group_id)

    def _unseen_holders(self) -> bool:
        """Whether some object may use the group that this process has not looked at."""
        with self._demand.lock:
            seen = set(self._demand.seen)
        if any(key not in seen for key in self._signals.held_keys()):
            return True
        return bool(self._signals.count_holders())

    def _is_users(self, binding: TargetGroupBinding) -> bool:
        """Whether it stays until its user deletes it; those of our stacks go with them."""
        owner = stack_of_labels(binding.metadata.labels)
        is_ours = owner is not None and owner.api in self._signals.apis
        return not is_ours and not binding.is_deleting

    def _bindings_naming(self, group_id: str) -> list[TargetGroupBinding]:
        return [b for b in self._cluster.list(TargetGroupBinding) if _names(b, group_id)]


def _names(binding: TargetGroupBinding, group_id: str) -> bool:
    networking = binding.spec.networking
    peers = (p for r in (networking.ingress if networking else ()) for p in r.from_)
    return any(p.security_group and p.security_group.group_id == group_id for p in peers)
