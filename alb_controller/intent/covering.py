"""Whether one rule takes every request that another could match.

True is a proof; False is the answer where that is uncertain.
Source: "Condition types for listener rules" of the Application Load Balancer guide.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, assert_never

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
from alb_controller.model.meeting import head_of, tail_of

T = TypeVar("T")
Matches: TypeAlias = tuple[Match, ...]
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


class Effort:
    """What is left of the work that a look at rules may take: none is worth holding a group up.

    A unit is a sign of one rule beside a sign of another; five million take half a second at most.
    """

    def __init__(self, left: int = 5_000_000) -> None:
        self._left = left

    def spend(self, units: int) -> bool:
        """Whether there was so much left."""
        self._left -= units
        return self._left >= 0


class _Rule(NamedTuple, Generic[T]):
    matches: Matches
    rule: T
    size: int


class Covering(Generic[T]):
    """Rules in their order; finds the first that covers another without comparing all pairs.

    A rule is filed by the texts before the first and behind the last wildcard of its hosts and
    paths: they must begin and end what it covers.
    """

    def __init__(self, effort: Effort) -> None:
        """Nothing is found any more once the effort is spent: that is no proof of anything."""
        self._effort = effort
        self._rules: list[_Rule[T]] = []
        self._filed: dict[str, Any] = {}
        """By the head of a host, its tail, the head of a path, its tail: places in `_rules`."""

    def add(self, matches: Matches, rule: T) -> None:
        """Behind those that are there."""
        hosts, paths = (_written(matches, one) for one in (HostMatch, PathMatch))
        for host, path in {(_ends(host), _ends(path)) for host in hosts for path in paths}:
            filed = self._filed
            for text in (*host, *path[:1]):
                filed = filed.setdefault(text, {})
            filed.setdefault(path[1], []).append(len(self._rules))
        self._rules.append(_Rule(matches, rule, _size(matches)))

    def first(self, matches: Matches) -> T | None:
        """The first that takes every request that fits these, where one is known to."""
        hosts, paths = (_firsts(matches, one) for one in (HostMatch, PathMatch))
        found: set[int] = set()
        for places in _of_ends(_of_ends([self._filed], hosts), paths):
            found.update(places)
        size = _size(matches)
        for one in (self._rules[at] for at in sorted(found)):
            if not self._effort.spend(one.size * size):
                return None
            if covers(one.matches, matches):
                return one.rule
        return None


def _size(matches: Matches) -> int:
    """How much there is to compare, in signs."""
    return sum(16 + sum(map(len, map(str, _texts_in(one)))) for one in matches) + 16


def _texts_in(match: Match) -> Iterable[str]:
    match match:
        case HostMatch() | PathMatch():
            return _texts(match)
        case HeaderMatch(values=values):
            return _all_texts(values)
        case MethodMatch(methods=methods):
            return methods
        case QueryMatch(params=params):
            return (f"{one.key}{one.value.text}" for one in params)
        case SourceMatch(cidrs=cidrs):
            return (cidr * 4 for cidr in cidrs)  # to read a network takes longer than its signs
        case _:
            assert_never(match)


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
    return _all_texts(_lower(found) if isinstance(found, HostMatch) else found.paths)


def _all_texts(texts: Iterable[PathText]) -> list[str]:
    known = tuple(texts)
    return [*_patterns(known), *sorted(_REGEX + regex for regex in _regexes(known))] or [""]


def _ends(text: str) -> tuple[str, str]:
    """What stands before the first and behind the last wildcard; of a regular expression all."""
    if text.startswith(_REGEX):
        return text, text
    return head_of(text), tail_of(text)


def _of_ends(filed: Iterable[Mapping[str, Any]], texts: Iterable[str]) -> Iterator[Any]:
    """What is filed under any beginning, then any ending of some texts."""
    known = tuple(texts)
    beginnings = {text[:length] for text in known for length in range(len(text) + 1)}
    endings = {text[length:] for text in known for length in range(len(text) + 1)}
    for one in filed:
        for by_ending in _under(one, beginnings):
            yield from _under(by_ending, endings)


def _under(filed: Mapping[str, Any], keys: AbstractSet[str]) -> list[Any]:
    """The smaller of both is gone through."""
    if len(filed) < len(keys):
        return [value for key, value in filed.items() if key in keys]
    return [filed[key] for key in keys if key in filed]
