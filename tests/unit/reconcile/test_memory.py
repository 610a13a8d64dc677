"""What is remembered of stacks between passes."""

from __future__ import annotations

from alb_controller.model.stack import Observed
from alb_controller.reconcile.memory import StackMemory
from alb_controller.values import StackKey

WEB, APP = StackKey("ingress", "shop", "web"), StackKey("ingress", "shop", "app")


def test_what_was_seen_is_known_until_it_is_doubted() -> None:
    """By stack, or all at once in the sweep."""
    memory = StackMemory[str]()
    for key in (WEB, APP):
        memory.observe(key, Observed())
    memory.doubt(WEB)
    assert memory.observed(WEB) is None
    assert memory.observed(APP) is not None
    memory.doubt_all()
    assert memory.observed(APP) is None


def test_a_sweep_during_a_pass_has_the_stack_read_again() -> None:
    """What the pass ends with was read before; the next one is told nothing."""
    memory = StackMemory[str]()
    assert memory.observed(WEB) is None
    memory.doubt_all()
    memory.observe(WEB, Observed())
    assert memory.observed(WEB) is None
    memory.observe(WEB, Observed())
    assert memory.observed(WEB) is not None


def test_good_words_are_kept_while_their_members_are_there() -> None:
    """A new word replaces the old; a member that left is forgotten."""
    memory = StackMemory[str]()
    memory.remember_good(WEB, {"a": "one", "b": "two"}, frozenset("ab"))
    memory.remember_good(WEB, {"a": "three"}, frozenset("ab"))
    assert memory.good(WEB) == {"a": "three", "b": "two"}
    memory.remember_good(WEB, {}, frozenset("b"))
    assert memory.good(WEB) == {"b": "two"}
    assert memory.good(APP) == {}


def test_a_sweep_leaves_good_words() -> None:
    """They are users', not AWS's."""
    memory = StackMemory[str]()
    memory.remember_good(WEB, {"a": "one"}, frozenset("a"))
    memory.doubt_all()
    assert memory.good(WEB) == {"a": "one"}


def test_who_changed_while_held_is_known_until_the_hold_ends() -> None:
    """Measured from its beginning; a member that came meanwhile counts as well."""
    memory = StackMemory[str]()
    assert memory.changed_while_held(WEB, {"a": "1", "b": "1"}) == frozenset()
    assert memory.changed_while_held(WEB, {"a": "2", "b": "1", "c": "1"}) == {"a", "c"}
    assert memory.changed_while_held(WEB, {"a": "2", "b": "1"}) == {"a"}
    memory.release(WEB)
    assert memory.changed_while_held(WEB, {"a": "2", "b": "1"}) == frozenset()


def test_a_change_is_told_once() -> None:
    """However many passes it took."""
    memory = StackMemory[str]()
    assert not memory.has_untold_change(WEB)
    memory.note_change(WEB)
    memory.note_change(WEB)
    assert memory.has_untold_change(WEB)
    memory.told(WEB)
    assert not memory.has_untold_change(WEB)


def test_a_stack_that_is_gone_leaves_nothing() -> None:
    """Its successor of the same name begins anew."""
    memory = StackMemory[str]()
    memory.observe(WEB, Observed())
    memory.remember_good(WEB, {"a": "one"}, frozenset("a"))
    memory.changed_while_held(WEB, {"a": "1"})
    memory.note_change(WEB)
    memory.forget(WEB)
    assert (memory.observed(WEB), memory.good(WEB)) == (None, {})
    assert memory.changed_while_held(WEB, {"a": "2"}) == frozenset()
    assert not memory.has_untold_change(WEB)
