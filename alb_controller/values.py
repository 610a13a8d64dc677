"""Small values that every layer shares: names of objects and stacks, tags, addresses.

Everything here is frozen, comparable and hashable, and knows no client.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

Tags: TypeAlias = Mapping[str, str]
IpFamily: TypeAlias = Literal["ipv4", "ipv6"]
PortRef: TypeAlias = int | str
"""A port by number or by name, as Kubernetes' IntOrString."""


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the frozen values; fields are given by keyword, so calls read as sentences."""


class Secret:
    """A text that no log, event, traceback or golden file may show; equal by content.

    Not a str, so that nothing formats or encodes it by accident: `reveal` is for the one request.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, to be sent and not to be kept."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(
            self._text.encode(), other._text.encode()
        )

    def __hash__(self) -> int:
        return hash(Secret)  # nothing derived from the content


class ObjectRef(msgspec.Struct, frozen=True, order=True):
    """A Kubernetes object by kind, namespace (empty for cluster scope), name and known uid."""

    kind: str
    namespace: str
    name: str
    uid: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.path}"

    @property
    def path(self) -> str:
        """`namespace/name`, or the name alone for cluster scope."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class StackKey(msgspec.Struct, frozen=True, order=True):
    """One group of Ingresses that share a load balancer (spec 2.3).

    An explicit group has no namespace; an implicit one carries those of its Ingress.
    """

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def is_explicit(self) -> bool:
        return not self.namespace


class BindingKey(msgspec.Struct, frozen=True, order=True):
    """A TargetGroupBinding by namespace and name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def parse_cidr(text: str) -> IpFamily:
    """The family of a CIDR; host bits may be set, the prefix length must be there.

    As Go's `net.ParseCIDR`, which the reference uses (spec 0): no IPv6 zone either.

    Raises ValueError for anything else, naming the text.
    """
    if "/" not in text or "%" in text or not text.rsplit("/", 1)[1].isdigit():
        raise ValueError(f"{text!r} is not a CIDR such as 10.0.0.0/8 or 2001:db8::/32")
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not a CIDR such as 10.0.0.0/8 or 2001:db8::/32") from None
    return "ipv6" if network.version == 6 else "ipv4"
