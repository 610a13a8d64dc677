"""Validation rules of CRDs: CEL is evaluated, what Kubernetes adds to it is named."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.sandbox.kubeapi import ApiServer, WriteOptions
from alb_controller.sandbox.kubeapi.rules.expressions import (
    Unsupported,
    check_rules,
    compile_rule,
    unsupported_rules,
)

SELF = {"a": 1, "b": "text", "list": ["x", "y"], "in": {"deep": True}, "PrefixListsIDs": ["p"]}


@pytest.mark.parametrize(
    "rule,expected",
    [
        ("!(has(self.prefixListsIDs) && has(self.PrefixListsIDs))", True),
        ("has(self.a) || self.nope == 1", True),
        ("!has(self['in'].nope)", True),
        ("self.a == 1 && self.b != 'other'", True),
        ("self.a > 1 ? false : self.a <= 1", True),
        ("size(self.list) == 2 && self.list.size() >= 2", True),
        ("'x' in self.list && !('z' in self.list)", True),
        ("self.b in ['text', 'other']", True),
        ("self.list[1] == 'y'", True),
        ("self.b.startsWith('te') && self.b.endsWith('xt') && self.b.contains('ex')", True),
        ("self.b.matches('^t.*t$')", True),
        ("self['in'].deep == true && self.a == 1.0", True),
        ("self.list.all(x, x.size() == 1) && self.list.exists(x, x == 'y')", True),
        ("self.list.all(x, self.list.exists_one(y, x == y))", True),
        (
            "self.list.map(x, x + x) == ['xx', 'yy'] && self.list.filter(x, x == 'x').size() == 1",
            True,
        ),
        ("self.nope == 1 || self.a + 1 == 2", True),
        ('self.b == "text"', True),
        ("self.a < 1", False),
    ],
)
def test_a_rule_is_evaluated(rule: str, expected: bool) -> None:
    """Comparisons, presence, membership, size and the string methods, as CEL defines them."""
    assert compile_rule(rule)({"self": SELF, "oldSelf": None}) is expected


@pytest.mark.parametrize(
    "rule",
    ["isURL(self.b)", "quantity(self.b).isInteger()", "self.b.find('x') == ''", "self.b == ", "§"],
)
def test_what_is_not_understood_is_named(rule: str) -> None:
    """A rule beyond the subset is found when the CRD is read, not when an object is."""
    with pytest.raises(Unsupported):
        compile_rule(rule)
    schema = {"properties": {"spec": {"x-kubernetes-validations": [{"rule": rule}]}}}
    assert list(unsupported_rules(schema)) == [rule]
    assert list(check_rules({"spec": SELF}, None, schema)) == []


def test_names_that_cel_reserves_are_escaped() -> None:
    """A field `in` is `__in__` in a rule and a dash is `__dash__`; keys of a map are as written."""
    rule = "self.__in__.a__dash__b == 1 && self.map['in'] == 1"
    fields: dict[str, Any] = {
        "in": {"properties": {"a-b": {"type": "integer"}}},
        "map": {"additionalProperties": {"type": "integer"}},
    }
    schema = {"properties": fields, "x-kubernetes-validations": [{"rule": rule}]}
    assert list(check_rules({"in": {"a-b": 1}, "map": {"in": 1}}, None, schema)) == []
    assert len(list(check_rules({"in": {"a-b": 1}, "map": {"in": 2}}, None, schema))) == 1


def test_a_rule_that_fails_on_the_object_is_broken() -> None:
    """A field that is not there makes a rule false, as an error does in CEL."""
    schema = {"x-kubernetes-validations": [{"rule": "self.nope == 1", "message": "no"}]}
    (cause,) = check_rules(SELF, None, schema, "spec")
    assert (cause.field, cause.message) == ("spec", "Invalid value: no")


@pytest.mark.parametrize("old,count", [(None, 0), ("a", 0), ("b", 1)])
def test_a_transition_rule_looks_at_changes_alone(old: str | None, count: int) -> None:
    """A new value passes; a changed one does not."""
    schema: dict[str, Any] = {
        "properties": {"f": {"x-kubernetes-validations": [{"rule": "self == oldSelf"}]}}
    }
    before = None if old is None else {"f": old}
    assert len(list(check_rules({"f": "a"}, before, schema))) == count


def test_a_crd_with_such_a_rule_is_taken_with_a_warning() -> None:
    """The user learns which rule is not evaluated; the kind is served all the same."""
    server = ApiServer()
    rule = "self.all(x, isURL(x))"
    items = {
        "type": "array",
        "items": {"type": "integer"},
        "x-kubernetes-validations": [{"rule": rule}],
    }
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": items}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"plural": "gadgets", "kind": "Gadget"}
    spec = {"group": "example.test", "scope": "Cluster", "names": names, "versions": [version]}
    options = WriteOptions()
    body = {"metadata": {"name": "gadgets.example.test"}, "spec": spec}
    server.api.create(server.registry.named("CustomResourceDefinition"), body, None, options)
    assert options.warnings == [f"the embedded API does not evaluate the rule: {rule}"]
    gadget = server.registry.named("Gadget")
    server.api.create(gadget, {"metadata": {"name": "g"}, "spec": [1]})
