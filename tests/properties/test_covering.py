"""Laws of covering: who is said to take all requests of another does, and nobody is overlooked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alb_controller.build.elbv2.conditions import build_conditions
from alb_controller.intent.covering import Covering, Effort, covers
from alb_controller.intent.overlap import Overlaps, requests_of
from alb_controller.intent.overlap import may_overlap as routes_may_overlap
from alb_controller.intent.routing import HostMatch, Match, MethodMatch, PathMatch, Regex, text_of
from alb_controller.plan.rules.overlap import may_overlap
from tests.properties.test_optimize import REQUESTS, fits_matches

WILD = st.text(alphabet="a/*?", min_size=1, max_size=5).map("/{}".format)
PATHS = st.sampled_from(["/*", "/a", "/a/*", "/b"]) | WILD
HOSTS = st.sampled_from(["a.example", "A.EXAMPLE", "*.example", "?.example", "*", "c.test"])
MORE: list[st.SearchStrategy[Match]] = [
    st.builds(PathMatch, st.lists(PATHS.map(text_of), min_size=1, max_size=2).map(tuple)),
    st.builds(PathMatch, st.sampled_from([(Regex("^/a"),), (Regex("^/a"), Regex("b$"))])),
    st.builds(HostMatch, st.lists(HOSTS.map(text_of), min_size=1, max_size=2).map(tuple)),
    st.builds(MethodMatch, st.sampled_from([("GET",), ("GET", "PUT"), ("PUT",)])),
]
RULES = st.lists(st.one_of(MORE), max_size=3).map(tuple)


@given(RULES, RULES)
def test_who_covers_another_takes_all_of_its_requests(
    one: tuple[Match, ...], other: tuple[Match, ...]
) -> None:
    """And two that exclude each other cover each other only where nothing can match."""
    if not covers(one, other):
        return
    matching = [request for request in REQUESTS if fits_matches(other, request)]
    assert all(fits_matches(one, request) for request in matching)
    assert not matching or may_overlap(build_conditions(one), build_conditions(other))


@given(RULES, RULES)
def test_routes_overlap_where_their_rules_do(
    one: tuple[Match, ...], other: tuple[Match, ...]
) -> None:
    """One proof, whether it is asked of matches or of the conditions that they become."""
    ours = routes_may_overlap(requests_of(one), requests_of(other))
    assert ours is may_overlap(build_conditions(one), build_conditions(other))


@given(st.lists(RULES, max_size=8), RULES)
def test_all_that_may_overlap_are_found(
    rules: list[tuple[Match, ...]], one: tuple[Match, ...]
) -> None:
    """Each once and in order, as by a comparison with each of them."""
    requests = [requests_of(rule) for rule in rules]
    wanted = requests_of(one)
    near = Overlaps(zip(requests, range(len(rules)), strict=True)).near(wanted)
    found = [at for other, at in near if routes_may_overlap(wanted, other)]
    assert found == [at for at, rule in enumerate(requests) if routes_may_overlap(wanted, rule)]


@given(st.lists(RULES, max_size=8), RULES)
def test_the_first_that_covers_is_found(
    rules: list[tuple[Match, ...]], last: tuple[Match, ...]
) -> None:
    """As by a comparison with each of them."""
    filed = Covering[int](Effort())
    for at, rule in enumerate(rules):
        filed.add(rule, at)
    assert filed.first(last) == next((at for at, r in enumerate(rules) if covers(r, last)), None)
