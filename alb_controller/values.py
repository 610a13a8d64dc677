"""Small values that every layer shares: names of objects and stacks, tags, addresses.

Everything here is frozen, comparable and hashable, and knows no client.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

Tags: TypeAlias = Mapping[str, str]
IpFamily: TypeAlias = Literal["ipv4", "ipv6"]
Scheme: TypeAlias = Literal["internal", "internet-facing"]
IpAddressType: TypeAlias = Literal["ipv4", "dualstack", "dualstack-without-public-ipv4"]
"""Of a load balancer."""
MutualTlsMode: TypeAlias = Literal["off", "passthrough", "verify"]
Api: TypeAlias = Literal["ingress", "service", "gateway-alb", "gateway-nlb", "accelerator"]
"""The APIs by which users ask for load balancers; a Gateway's depends on its class."""
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


class Joined(msgspec.Struct, frozen=True, order=True):
    """Since when an object is a member of a stack; who joined before others sorts first."""

    since: datetime
    """Its creation, or the last one of those that were there before."""
    late: int
    """0: by its creation; else its place among those that joined later than they were made."""


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


class Origin(msgspec.Struct, frozen=True):
    """The object and the field in it that asked for something."""

    ref: ObjectRef
    field: str = ""

    def __str__(self) -> str:
        return f"{self.ref} {self.field}".rstrip()


class StackKey(msgspec.Struct, frozen=True, order=True):
    """What one set of AWS resources is made for: a group of Ingresses, a Service, a Gateway.

    An explicit group of Ingresses has no namespace (spec 2.3); every other key has namespace and
    name of its object. Two APIs may have a key of one namespace and name: only with the API are
    they distinguished, so that nothing is filed under `id` alone.
    """

    api: Api
    namespace: str
    name: str

    def __str__(self) -> str:
        return self.id if self.api == "ingress" else f"{self.api} {self.id}"

    @property
    def id(self) -> str:
        """The stack id, as in the tag of the API (spec 7.1): `namespace/name`, or `name`."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class BindingKey(msgspec.Struct, frozen=True, order=True):
    """A TargetGroupBinding by namespace and name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def parse_cidr(text: str) -> IpFamily:
    """The family of a CIDR; host bits may be set, the prefix length must be there.

    As Go's `net.ParseCIDR`, which LBC uses (spec 0): no IPv6 zone either.

    Raises ValueError for anything else, naming the text.
    """
    return "ipv6" if _network(text).version == 6 else "ipv4"


def canonical_cidr(text: str) -> str:
    """The one spelling of a network: without host bits, as EC2 keeps it (IpPermission).

    Raises ValueError as `parse_cidr`.
    """
    return str(_network(text))


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    if "/" not in text or "%" in text or not text.rsplit("/", 1)[1].isdigit():
        raise ValueError(f"{text!r} is not a CIDR such as 10.0.0.0/8 or 2001:db8::/32")
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not a CIDR such as 10.0.0.0/8 or 2001:db8::/32") from None
