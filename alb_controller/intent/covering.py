"""Whether one rule takes every request that another could match.

True is a proof; False is said where there is doubt.
Source: "Condition types for listener rules" of the Application Load Balancer guide.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar

from alb_controller.intent.routing import (
    HeaderMatch,
    HostMatch,
    Match,
    MethodMatch,
    PathMatch,
    PathText,
    QueryMatch,
    Regex,
    SourceMatch,
    patterns_of,
)

T = TypeVar("T")
V = TypeVar("V")
Matches: TypeAlias = tuple[Match, ...]
_WILDCARD = re.compile(r"[*?]")
_REGEX = "\0"
"""Before regular expressions, so that they are no beginning of anything else."""


def covers(one: Matches, other: Matches) -> bool:
    """Each match of `one` follows from a match of `other`, of which all must hold."""
    return all(_is_always(ours) or any(_implies(theirs, ours) for theirs in other) for ours in one)


def _is_always(wanted: Match) -> bool:
    """Every request has a host, and a path that begins with a slash."""
    match wanted:
        case HostMatch(hosts=texts):
            return "*" in _patterns(texts)
        case PathMatch(paths=texts):
            return not {"*", "/*"}.isdisjoint(_patterns(texts))
        case _:
            return False


def _patterns(texts: Iterable[PathText]) -> list[str]:
    return [p for one in texts if not isinstance(one, Regex) for p in patterns_of(one)]


def _regexes(texts: Iterable[PathText]) -> set[str]:
    return {one.text for one in texts if isinstance(one, Regex)}


def _implies(theirs: Match, ours: Match) -> bool:
    """Whether a request for which `theirs` holds is one for which `ours` does."""
    match theirs, ours:
        case (HostMatch(), HostMatch()):
            return _texts_imply(_lower(theirs), _lower(ours))
        case (PathMatch(), PathMatch()):
            return _texts_imply(theirs.paths, ours.paths)
        case (HeaderMatch(), HeaderMatch()):
            is_same = theirs.name.lower() == ours.name.lower()
            return is_same and _texts_imply(theirs.values, ours.values)
        case _:
            return _values_imply(theirs, ours)


def _values_imply(theirs: Match, ours: Match) -> bool:
    """The same of matches without patterns."""
    match theirs, ours:
        case (MethodMatch(), MethodMatch()):
            return set(theirs.methods) <= set(ours.methods)
        case (QueryMatch(), QueryMatch()):
            known = {(param.key, param.value) for param in ours.params}
            params = (((p.key, p.value), (None, p.value)) for p in theirs.params)
            return all(not known.isdisjoint(either) for either in params)
        case (SourceMatch(), SourceMatch()):
            return all(any(_is_within(a, b) for b in ours.cidrs) for a in theirs.cidrs)
        case _:
            return False


def _lower(host: HostMatch) -> tuple[PathText, ...]:
    return tuple(
        one if isinstance(one, Regex) else type(one)(one.text.lower()) for one in host.hosts
    )


def _texts_imply(theirs: Sequence[PathText], ours: Sequence[PathText]) -> bool:
    """Two regular expressions are compared as texts; one is never compared with a pattern."""
    patterns = _patterns(ours)
    return _regexes(theirs) <= _regexes(ours) and all(
        any(_pattern_covers(pattern, value) for pattern in patterns) for value in _patterns(theirs)
    )


def _pattern_covers(pattern: str, other: str) -> bool:
    """Whether a pattern matches all that another does, which may have wildcards itself.

    `*` takes any part of the other, `?` any one sign of it but a `*`. As in `model.wildcards` only
    the last `*` met is reconsidered: the time grows at most with the product of the lengths.
    """
    at = place = 0
    star, resumed = -1, 0
    while place < len(other):
        part, sign = pattern[at : at + 1], other[place]
        if part == "*":
            at += 1
            star, resumed = at, place
        elif (part == "?" and sign != "*") or (part == sign and sign not in "*?"):
            at, place = at + 1, place + 1
        elif star >= 0:
            resumed += 1
            at, place = star, resumed
        else:
            return False
    return not pattern[at:].strip("*")


def _is_within(one: str, other: str) -> bool:
    match ipaddress.ip_network(one, strict=False), ipaddress.ip_network(other, strict=False):
        case ipaddress.IPv4Network() as ours, ipaddress.IPv4Network() as theirs:
            return ours.subnet_of(theirs)
        case ipaddress.IPv6Network() as ours6, ipaddress.IPv6Network() as theirs6:
            return ours6.subnet_of(theirs6)
        case _:
            return False


class Covering(Generic[T]):
    """Rules in their order; finds the first that covers another without comparing all pairs.

    A rule is filed by the texts before the wildcards of its hosts and paths: each of them must
    begin what it covers.
    """

    def __init__(self) -> None:
        self._rules: list[tuple[Matches, T]] = []
        self._filed: dict[str, dict[str, list[int]]] = {}

    def add(self, matches: Matches, rule: T) -> None:
        """Behind those that are there."""
        for host in {_head(one) for one in _written(matches, HostMatch)}:
            by_path = self._filed.setdefault(host, {})
            for path in {_head(one) for one in _written(matches, PathMatch)}:
                by_path.setdefault(path, []).append(len(self._rules))
        self._rules.append((matches, rule))

    def first(self, matches: Matches) -> T | None:
        """The first that takes every request that fits these, where one is known to."""
        hosts, paths = (_firsts(matches, one) for one in (HostMatch, PathMatch))
        found = {
            at
            for by_path in _of_beginnings(self._filed, hosts)
            for places in _of_beginnings(by_path, paths)
            for at in places
        }
        covering = (self._rules[at] for at in sorted(found))
        return next((rule for one, rule in covering if covers(one, matches)), None)


def _written(matches: Matches, kind: type[HostMatch | PathMatch]) -> list[str]:
    """What the first match of a kind asks for; an empty text is anything."""
    found = next((one for one in matches if isinstance(one, kind)), None)
    return [""] if found is None else _texts(found)


def _firsts(matches: Matches, kind: type[HostMatch | PathMatch]) -> set[str]:
    """The first that each match of a kind asks for: what covers the rule covers one of them."""
    return {_texts(one)[0] for one in matches if isinstance(one, kind)} | {""}


def _texts(found: HostMatch | PathMatch) -> list[str]:
    if _is_always(found):
        return [""]
    texts = _lower(found) if isinstance(found, HostMatch) else found.paths
    return [*_patterns(texts), *sorted(_REGEX + regex for regex in _regexes(texts))] or [""]


def _head(text: str) -> str:
    """What stands before the first wildcard; of a regular expression all of it."""
    return text if text.startswith(_REGEX) else _WILDCARD.split(text, maxsplit=1)[0]


def _of_beginnings(filed: Mapping[str, V], texts: Iterable[str]) -> Iterator[V]:
    """What is filed under any beginning of some texts."""
    beginnings = {text[:length] for text in texts for length in range(len(text) + 1)}
    yield from (filed[one] for one in beginnings if one in filed)
