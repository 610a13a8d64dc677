"""The parts of a pass, and how they are put together for one front end."""

from __future__ import annotations

from typing import Generic

import msgspec

from alb_controller.clock import Clock
from alb_controller.frontends.frontend import FrontEnd, M, S
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.writer import ObjectWriter
from alb_controller.reconcile.memory import StackMemory
from alb_controller.reconcile.quotas import AccountQuotas
from alb_controller.reconcile.stack.compile import Compiler, Known
from alb_controller.reconcile.stack.deploy import Deployer
from alb_controller.reconcile.stack.edges import (
    Lookups,
    NameOwners,
    StackRecord,
    WatchedSecrets,
)
from alb_controller.reconcile.stack.prerequisites import Prerequisites
from alb_controller.reconcile.stack.publish import Publisher
from alb_controller.reconcile.stack.refusals.members import Refusals
from alb_controller.reconcile.stack.refusals.parts import RefusedParts
from alb_controller.reconcile.stack.replacing import Replacements
from alb_controller.reconcile.stack.reporter import Reporter
from alb_controller.reconcile.writes import Operations
from alb_controller.settings import Settings


class Edges(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that passes touch outside the pure core; the same for all front ends."""

    cluster: Cluster
    writer: ObjectWriter
    lookups: Lookups
    record: StackRecord
    operations: Operations
    owners: NameOwners
    prerequisites: Prerequisites
    secrets: WatchedSecrets
    quotas: AccountQuotas
    clock: Clock


class Parts(msgspec.Struct, Generic[S, M], frozen=True, kw_only=True):
    """What a pass over a stack of one front end is made of."""

    front_end: FrontEnd[S, M]
    edges: Edges
    memory: StackMemory[M]
    compiler: Compiler[S, M]
    deployer: Deployer
    publisher: Publisher
    refusals: Refusals[M]
    refused_parts: RefusedParts
    replacements: Replacements
    reporter: Reporter[S, M]


def make_parts(
    front_end: FrontEnd[S, M],
    edges: Edges,
    memory: StackMemory[M],
    *,
    settings: Settings,
    vpc_id: str,
) -> Parts[S, M]:
    """The parts for a front end; makes no call."""
    replacements = Replacements(edges.record, edges.clock, settings)
    compiler = Compiler(
        front_end,
        edges.lookups,
        edges.record,
        Known(
            ready=edges.prerequisites.known,
            quotas=edges.quotas.known,
            replacements=replacements,
        ),
        settings=settings,
        vpc_id=vpc_id,
    )
    refused_parts = RefusedParts(edges.clock)
    deployer = Deployer(
        compiler, memory, edges.record, edges.owners, edges.operations, refused_parts
    )
    publisher = Publisher(
        edges.cluster,
        edges.writer,
        edges.clock,
        component=front_end.name,
        shows_status=settings.enable_status_annotation,
    )
    return Parts(
        front_end=front_end,
        edges=edges,
        memory=memory,
        compiler=compiler,
        deployer=deployer,
        publisher=publisher,
        refusals=Refusals(edges.clock),
        refused_parts=refused_parts,
        replacements=replacements,
        reporter=Reporter(front_end, publisher, deployer),
    )
