"""What is remembered of stacks between passes."""

from __future__ import annotations

from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.model.stack import Observed
from alb_controller.objects.core import ref
from alb_controller.objects.networking import Ingress
from alb_controller.reconcile.memory import StackMemory
from alb_controller.values import ObjectRef, StackKey
from tests.factories import member, with_status
from tests.unit.frontends.ingress.translation import TEAM, snapshot, translated

WEB, APP = StackKey("ingress", "shop", "web"), StackKey("ingress", "shop", "app")
A, B = member("a"), member("b")
BAD = with_status(member("bad", alb={"scheme": "open"}), "lb.example", 80)
"""It was good once, and nobody knows what it asked for: it blocks its group."""


def memory_of(*members: Ingress) -> StackMemory[MemberIntent]:
    """After these were applied."""
    memory = StackMemory[MemberIntent]()
    memory.remember(snapshot(TEAM, *members), translated(*members))
    return memory


def waiting(memory: StackMemory[MemberIntent], *members: Ingress) -> tuple[ObjectRef, ...]:
    """Whose change waits, when the group has these members."""
    return memory.waiting(snapshot(TEAM, *members), translated(*members))


def test_what_was_observed_is_known_until_it_is_invalidated() -> None:
    """By stack, or all at once in the periodic resync."""
    memory = StackMemory[MemberIntent]()
    for key in (WEB, APP):
        memory.observe(key, Observed())
    memory.invalidate(WEB)
    assert memory.observed(WEB) is None
    assert memory.observed(APP) is not None
    memory.invalidate_all()
    assert memory.observed(APP) is None


def test_a_resync_during_a_pass_has_the_stack_read_again() -> None:
    """What the pass ends with was read before; the next pass reads anew."""
    memory = StackMemory[MemberIntent]()
    assert memory.observed(WEB) is None
    memory.invalidate_all()
    memory.observe(WEB, Observed())
    assert memory.observed(WEB) is None
    memory.observe(WEB, Observed())
    assert memory.observed(WEB) is not None


def test_last_known_good_is_kept_while_its_member_is_there() -> None:
    """A new one replaces the old, a rejected member keeps it, one that left loses it."""
    memory = memory_of(A, B)
    memory.remember(snapshot(TEAM, A, B), translated(member("a", alb={"scheme": "internal"}), B))
    good = memory.last_known_good(TEAM)
    assert {uid: one.scheme for uid, one in good.items()} == {"uid-a": "internal", "uid-b": None}
    memory.remember(snapshot(TEAM, A, B), translated(member("a", alb={"scheme": "open"}), B))
    assert memory.last_known_good(TEAM) == good
    memory.remember(snapshot(TEAM, B), translated(B))
    assert memory.last_known_good(TEAM).keys() == {"uid-b"}
    assert memory.last_known_good(APP) == {}


def test_a_resync_leaves_last_known_good() -> None:
    """It is users', not AWS's."""
    memory = memory_of(A)
    memory.invalidate_all()
    assert memory.last_known_good(TEAM).keys() == {"uid-a"}


def test_whose_change_waits_is_known_until_the_block_ends() -> None:
    """Measured from its beginning, and nobody waits once it has ended."""
    memory = StackMemory[MemberIntent]()
    edited = member("b", generation=2)
    assert waiting(memory, A, B, BAD) == ()
    assert waiting(memory, A, edited, BAD) == (ref("Ingress", edited),)
    assert waiting(memory, A, B, BAD) == ()
    assert waiting(memory, A, edited) == ()
    assert waiting(memory, A, edited, BAD) == ()


def test_a_member_that_comes_while_the_group_is_blocked_waits() -> None:
    """It is news since the block began."""
    memory = StackMemory[MemberIntent]()
    assert waiting(memory, A, BAD) == ()
    assert waiting(memory, A, B, BAD) == (ref("Ingress", B),)


def test_a_change_is_news_once() -> None:
    """However many passes it took."""
    memory = StackMemory[MemberIntent]()
    assert not memory.has_news(WEB)
    memory.note_change(WEB)
    memory.note_change(WEB)
    assert memory.has_news(WEB)
    memory.news_published(WEB)
    assert not memory.has_news(WEB)


def test_a_stack_that_is_gone_leaves_nothing() -> None:
    """Its successor of the same name begins anew."""
    memory = memory_of(A, B)
    memory.observe(TEAM, Observed())
    memory.note_change(TEAM)
    assert waiting(memory, A, B, BAD) == ()
    memory.forget(TEAM)
    assert (memory.observed(TEAM), memory.last_known_good(TEAM)) == (None, {})
    assert waiting(memory, A, member("b", generation=2), BAD) == ()
    assert not memory.has_news(TEAM)
