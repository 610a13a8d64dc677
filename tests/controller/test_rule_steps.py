"""What a listener answers at every moment of a change, not only at its end."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from tests.conformance.corpus import DELETE, steps
from tests.controller.aws_front import Call
from tests.controller.manifests import ingress
from tests.controller.rig import Aws, Rig

Answers = Mapping[str, str]
PATHS = ("/", "/0", "/0/x", "/1", "/1/x", "/2", "/2/x", "/elsewhere")
HOST = "a.example"


def _answers(aws: Aws) -> Answers:
    """Path -> what serves it: a target group's resource tag, or the default."""
    rules = aws.rules()
    return {path: _first_match(aws, rules, path) for path in PATHS}


def _first_match(aws: Aws, rules: list[dict[str, Any]], path: str) -> str:
    for rule in rules:
        if all(_holds(condition, path) for condition in rule["Conditions"]):
            groups = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
            return aws.tags(groups[0]["TargetGroupArn"])["ingress.k8s.aws/resource"]
    return "404"


def _holds(condition: Mapping[str, Any], path: str) -> bool:
    if condition["Field"] == "host-header":
        return HOST in condition["HostHeaderConfig"]["Values"]
    assert condition["Field"] == "path-pattern"
    patterns = condition["PathPatternConfig"]["Values"]
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _check_steps(before: Answers, seen: list[tuple[str, Answers]], after: Answers) -> None:
    """Who is not edited never answers otherwise; who is, changes once, from old to new."""
    for path in PATHS:
        answers = [before[path], *(found[path] for _, found in seen)]
        history = [answer for answer, _ in itertools.groupby(answers)]
        wanted = [before[path]] if before[path] == after[path] else [before[path], after[path]]
        assert history == wanted, (path, [name for name, _ in seen])


def test_no_request_is_answered_wrongly_while_rules_change(rig: Rig) -> None:
    """In each step of change-rules, after every write, only edited paths change their answer."""
    seen: list[tuple[str, Answers]] = []

    def look(call: Call) -> None:
        if "Rule" in call.operation:
            seen.append((call.operation, _answers(rig.aws)))

    with rig.running() as controller:
        for step in steps("change-rules"):
            if step.name == DELETE:
                continue
            before = _answers(rig.aws)
            rig.aws.front.on_write = look
            rig.apply(*step.documents(rig.aws.ids))
            controller.settle()
            rig.aws.front.on_write = None
            _check_steps(before, seen, _answers(rig.aws))
            seen.clear()
        assert _answers(rig.aws)["/1/x"] == "shop/app-api:80"
        assert _answers(rig.aws)["/0"] == "404"


def test_two_paths_that_swap_their_order_are_never_both_wrong(rig: Rig) -> None:
    """A group's order turned round moves priorities in one write: no path loses its rule."""
    seen: list[tuple[str, Answers]] = []
    rig.apply(*(ingress(n, [f"/{n}"], group="g", host=HOST, **{"group.order": n}) for n in "012"))
    with rig.running() as controller:
        controller.settle()
        before = _answers(rig.aws)
        rig.aws.front.on_write = lambda call: seen.append((call.operation, _answers(rig.aws)))
        rig.annotate("0", **{"group.order": "5"})
        controller.settle()
        rig.aws.front.on_write = None
        assert rig.aws.paths() == ["/1", "/2", "/0"]
        assert seen
        for _, answers in seen:
            assert answers == before
