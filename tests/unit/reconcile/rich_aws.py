"""An account that has whatever users name, and one that refuses what a member asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alb_controller.errors import ControllerError
from alb_controller.model.queries import (
    AddonOffered,
    Answer,
    Certificate,
    IssuedCertificates,
    Offer,
    Query,
    SecurityGroupInfo,
    SecurityGroupsById,
    SecurityGroupsByName,
    Subnet,
    SubnetsById,
    SubnetsByName,
    SubnetsByRole,
    SubnetsByTags,
    TargetGroupByName,
    TargetGroupInfo,
    TargetGroupOfCluster,
    TrustStoreByName,
    TrustStoreInfo,
    WebAclByName,
    WebAclInfo,
)
from alb_controller.reconcile.writes import Operations
from tests.unit.build.intents import subnet
from tests.unit.reconcile.stack_world import Aws


class RichAws(Aws):
    """An account that has whatever is asked for."""

    def _answer(self, query: Query) -> Answer:
        match query:
            case SubnetsByRole(role=role):
                return tuple(_subnet(f"{role}-{zone}") for zone in "abc")
            case SubnetsById(ids=ids):
                return tuple(_subnet(id_.removeprefix("subnet-")) for id_ in ids)
            case SubnetsByName(names=names):
                return tuple(_subnet(name, name) for name in names)
            case SubnetsByTags():
                return tuple(_subnet(f"tagged-{zone}") for zone in "abc")
            case _:
                return _ANSWERS[type(query)](query)


def _subnet(id_: str, name: str = "") -> Subnet:
    """In the zone that its id ends in."""
    return subnet(id_, id_[-1], name, has_ipv6=True)


_ANSWERS: dict[type[object], Callable[[Any], Answer]] = {
    SecurityGroupsById: lambda asked: tuple(_group(id_) for id_ in asked.ids),
    SecurityGroupsByName: lambda asked: tuple(_group(f"sg-{n}", n) for n in asked.names),
    IssuedCertificates: lambda asked: tuple(
        Certificate(arn=f"arn:{host}", domains=(host,)) for host in asked.hosts
    ),
    AddonOffered: lambda asked: (Offer(service=asked.service),),
    TargetGroupByName: lambda asked: (TargetGroupInfo(name=asked.name, arn=f"arn:{asked.name}"),),
    TargetGroupOfCluster: lambda asked: (),
    TrustStoreByName: lambda asked: (TrustStoreInfo(name=asked.name, arn=f"arn:{asked.name}"),),
    WebAclByName: lambda asked: (WebAclInfo(name=asked.name, arn=f"arn:{asked.name}"),),
}


def _group(id_: str, name: str = "") -> SecurityGroupInfo:
    return SecurityGroupInfo(id=id_, name_tag=name, tags={})


OPERATIONS = tuple(name for name in vars(Operations) if not name.startswith("_"))


class PickyAws(RichAws):
    """Writes whose parameters have a text in them are refused, by operation or all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.picky: dict[str, tuple[str, ControllerError]] = {}
        """By operation, or `*`: the text, and the answer to calls with it."""
        self.not_taken: list[str] = []
        """The operations that were refused for it."""

    def check(self, operation: str, parameters: object) -> None:
        """Raises what a call is answered."""
        text, error = self.picky.get(operation) or self.picky.get("*") or ("", None)
        if error is not None and text in repr(parameters):
            self.not_taken.append(operation)
            raise error


def _checked(operation: str) -> Any:
    def write(self: PickyAws, *args: Any, **named: Any) -> Any:
        self.check(operation, (args, named))
        return getattr(RichAws, operation)(self, *args, **named)

    return write


for _name in OPERATIONS:
    setattr(PickyAws, _name, _checked(_name))
