"""Whether one request can match two routes, and which of many routes it can match beside one.

False is a proof that none can; True is the answer where that is uncertain. It is the proof of
`plan.rules.overlap` in the words of intents.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Generic, NamedTuple, TypeVar

from alb_controller.intent.routing import (
    HostMatch,
    Match,
    MethodMatch,
    PathMatch,
    PathText,
    Regex,
    SourceMatch,
    patterns_of,
)
from alb_controller.model.meeting import head_of, networks_meet, patterns_meet, tail_of

T = TypeVar("T")


class Requests(NamedTuple):
    """What a request must have for a route, as far as that can exclude another one.

    Each part has an entry for each match of its kind, and all of them must hold. A regular
    expression excludes nothing, so that its match has no entry; nor do headers and query strings,
    of which a request can have several.
    """

    hosts: tuple[tuple[str, ...], ...]
    """Patterns, in lower case."""
    paths: tuple[tuple[str, ...], ...]
    """Patterns."""
    methods: tuple[frozenset[str], ...]
    sources: tuple[tuple[str, ...], ...]


def requests_of(matches: Iterable[Match]) -> Requests:
    """The requests that fit all of some matches."""
    hosts: list[tuple[str, ...]] = []
    paths: list[tuple[str, ...]] = []
    methods: list[frozenset[str]] = []
    sources: list[tuple[str, ...]] = []
    for match in matches:
        if isinstance(match, HostMatch):
            hosts += _patterns(match.hosts, ignore_case=True)
        elif isinstance(match, PathMatch):
            paths += _patterns(match.paths, ignore_case=False)
        elif isinstance(match, MethodMatch):
            methods.append(frozenset(match.methods))
        elif isinstance(match, SourceMatch):
            sources.append(match.cidrs)
    return Requests(tuple(hosts), tuple(paths), tuple(methods), tuple(sources))


def _patterns(texts: Sequence[PathText], *, ignore_case: bool) -> Iterator[tuple[str, ...]]:
    found: list[str] = []
    for text in texts:
        if isinstance(text, Regex):
            return
        found += patterns_of(text)
    yield tuple(one.lower() for one in found) if ignore_case else tuple(found)


def may_overlap(one: Requests, other: Requests) -> bool:
    """Whether a request can be among both."""
    return (
        all(patterns_meet(*pair) for pair in product(one.hosts, other.hosts))
        and all(patterns_meet(*pair) for pair in product(one.paths, other.paths))
        and all(ours & theirs for ours, theirs in product(one.methods, other.methods))
        and all(networks_meet(*pair) for pair in product(one.sources, other.sources))
    )


class Overlaps(Generic[T]):
    """Finds the routes that may overlap one, without a comparison of all pairs.

    A route is filed by the ends of its hosts and the beginnings of its paths. Of two hosts that
    one request can have, the end of one is an end of the other's; likewise of paths.
    """

    def __init__(self, routes: Iterable[tuple[Requests, T]]) -> None:
        self._routes = list(routes)
        filed: dict[str, dict[str, list[int]]] = {}
        for at, (requests, _) in enumerate(self._routes):
            for host in _ends(requests):
                by_path = filed.setdefault(host, {})
                for path in _beginnings(requests):
                    by_path.setdefault(path, []).append(at)
        self._filed = _Texts([(host, _Texts(list(paths.items()))) for host, paths in filed.items()])

    def near(self, requests: Requests) -> Iterator[tuple[Requests, T]]:
        """Those that may overlap, and few others, in their order: `may_overlap` settles it."""
        found: set[int] = set()
        for host in _ends(requests):
            for by_path in self._filed.along(host):
                for path in _beginnings(requests):
                    for places in by_path.along(path):
                        found.update(places)
        yield from (self._routes[at] for at in sorted(found))


class _Texts(Generic[T]):
    """Values filed by texts."""

    def __init__(self, filed: list[tuple[str, T]]) -> None:
        self._values = dict(filed)
        self._sorted = sorted(self._values)

    def along(self, text: str) -> Iterator[T]:
        """What is filed under a beginning of a text, under the text, or what begins with it."""
        for length in range(len(text)):
            if text[:length] in self._values:
                yield self._values[text[:length]]
        for at in range(bisect_left(self._sorted, text), len(self._sorted)):
            if not self._sorted[at].startswith(text):
                return
            yield self._values[self._sorted[at]]


def _ends(requests: Requests) -> set[str]:
    """Of the hosts of the first match, backwards; an empty text is any host."""
    return {tail_of(host)[::-1] for host in next(iter(requests.hosts), ("*",))}


def _beginnings(requests: Requests) -> set[str]:
    """Of the paths of the first match; an empty text is any path."""
    return {head_of(path) for path in next(iter(requests.paths), ("*",))}
