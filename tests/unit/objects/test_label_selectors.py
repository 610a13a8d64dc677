"""Label selectors, as Kubernetes evaluates them."""

from __future__ import annotations

import pytest

from alb_controller.objects.core import LabelSelector, LabelSelectorRequirement


def requirement(operator: str, *values: str) -> LabelSelector:
    """A selector of one expression on the label team."""
    return LabelSelector({}, [LabelSelectorRequirement("team", operator, list(values))])


@pytest.mark.parametrize(
    "selector,matching,others",
    [
        (LabelSelector(), [{}, {"a": "b"}], []),
        (LabelSelector({"team": "a"}), [{"team": "a", "x": "y"}], [{}, {"team": "b"}]),
        (requirement("Exists"), [{"team": ""}], [{}]),
        (requirement("DoesNotExist"), [{}], [{"team": ""}]),
        (requirement("In", "a", "b"), [{"team": "a"}, {"team": "b"}], [{}, {"team": "c"}]),
        (requirement("NotIn", "a"), [{}, {"team": "b"}], [{"team": "a"}]),
        (requirement("Gt", "1"), [], [{"team": "2"}]),
    ],
)
def test_a_selector_matches_what_satisfies_all_its_parts(
    selector: LabelSelector, matching: list[dict[str, str]], others: list[dict[str, str]]
) -> None:
    """The empty one matches everything; an operator that does not exist nothing."""
    assert all(selector.matches(labels) for labels in matching)
    assert not any(selector.matches(labels) for labels in others)


def test_labels_and_expressions_must_both_hold() -> None:
    """One of the two is not enough."""
    both = LabelSelector({"env": "prod"}, requirement("Exists").match_expressions)
    assert both.matches({"env": "prod", "team": "a"})
    assert not both.matches({"env": "prod"})
    assert not both.matches({"team": "a"})


@pytest.mark.parametrize(
    "selector, problem",
    [
        (requirement("In", "a"), ""),
        (requirement("Exists"), ""),
        (requirement("NotIn"), "operator 'NotIn' on key 'team' needs values"),
        (requirement("Exists", "a"), "operator 'Exists' on key 'team' takes no values"),
        (
            requirement("Gt", "1"),
            "operator 'Gt' on key 'team' must be one of In, NotIn, Exists, DoesNotExist",
        ),
    ],
)
def test_a_selector_says_what_is_wrong_with_it(selector: LabelSelector, problem: str) -> None:
    """What selects nothing by mistake differs from what selects nothing."""
    assert selector.problem == problem
