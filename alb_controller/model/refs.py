"""How resources name each other before AWS has given them an ARN or id."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

ResourceKind: TypeAlias = Literal[
    "SecurityGroup", "TargetGroup", "LoadBalancer", "Listener", "ListenerRule", "Binding"
]


class ResourceId(msgspec.Struct, frozen=True, order=True):
    """A resource within its stack; `name` is the value of the API's resource tag."""

    kind: ResourceKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Ref(msgspec.Struct, frozen=True, order=True, tag=True):
    """The identity (ARN, id) of another resource of the stack, known once that is applied."""

    id: ResourceId


Reference: TypeAlias = Ref | str
"""A Ref, or the identity itself where it is known already."""
