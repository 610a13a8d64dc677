"""Laws of targets: whatever the cluster looks like."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from alb_controller.model.ec2 import IngressRule
from alb_controller.model.elbv2 import Target
from alb_controller.targets.diff import diff
from alb_controller.targets.endpoints import resolve
from alb_controller.targets.networking import SHARED_DESCRIPTION, aggregate
from tests.factories import cluster, service
from tests.unit.targets.cluster import binding, endpoint, endpoint_slice, node, pod

TARGETS = st.sets(
    st.builds(Target, st.sampled_from(["10.0.0.1", "10.0.0.2", "i-1"]), st.integers(1, 4))
)
RULES = st.frozensets(
    st.builds(
        lambda protocol, low, span, kind, source: IngressRule(
            protocol, low, low + span, kind, source, SHARED_DESCRIPTION
        ),
        st.sampled_from(["tcp", "udp"]),
        st.integers(1, 60000),
        st.integers(0, 100),
        st.sampled_from(["security_group", "cidr"]),
        st.sampled_from(["one", "two"]),
    ),
    max_size=6,
)


@given(TARGETS, TARGETS)
def test_applying_the_difference_gives_what_is_desired(
    desired: set[Target], known: set[Target]
) -> None:
    """Register and deregister, and nothing is left to do."""
    changes = diff(desired, known)
    after = (known | set(changes.register)) - set(changes.deregister)
    assert {t.key for t in after} == {t.key for t in desired}
    assert not diff(desired, after)


@given(st.lists(RULES, max_size=4))
def test_a_merged_rule_set_lets_in_whatever_any_binding_asked_for(
    wanted: list[frozenset[IngressRule]],
) -> None:
    """Restricted rules cover each wanted rule; merging twice changes nothing; order is moot."""
    merged = aggregate(wanted, restricted=True)
    for rule in frozenset[IngressRule]().union(*wanted):
        assert any(
            (m.protocol, m.source_kind, m.source) == (rule.protocol, rule.source_kind, rule.source)
            and m.from_port <= rule.from_port
            and rule.to_port <= m.to_port
            for m in merged
        )
    assert aggregate([frozenset(merged)], restricted=True) == merged
    assert aggregate(reversed(wanted), restricted=True) == merged
    assert aggregate(wanted, restricted=False) == frozenset[IngressRule]().union(*wanted)


@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.sampled_from([True, False, None]), st.booleans()),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_objects_arrive_does_not_matter(
    states: list[tuple[int, bool | None, bool]], random: Random
) -> None:
    """Endpoints are a function of the set of objects."""
    endpoints = [
        endpoint(f"p{n}", f"10.0.0.{n}", ready=ready, terminating=leaving)
        for n, ready, leaving in states
    ]
    slices = [endpoint_slice(f"s{i}", [e]) for i, e in enumerate(endpoints)]
    objects = [service(), node(), *(pod(f"p{n}", f"10.0.0.{n}") for n in range(1, 6)), *slices]
    shuffled = list(objects)
    random.shuffle(shuffled)
    here = resolve(binding(), cluster(*objects), fail_open=True)
    there = resolve(binding(), cluster(*shuffled), fail_open=True)
    assert here == there
