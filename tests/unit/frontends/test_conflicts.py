"""Members of a stack, of whatever API, agree or give way (ADR 9, 35)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import pytest

from alb_controller.errors import Conflict, Invalid
from alb_controller.frontends.agreement.resolve import Resolution, Rules, resolve
from alb_controller.frontends.conflicts import (
    Agreement,
    Key,
    MapKeys,
    PortKeys,
    Setting,
)
from alb_controller.values import ObjectRef

COLOUR, SIZE = Key[str]("colour"), Key[int]("size")
PROTOCOL = PortKeys[str]("protocol")
TAGS = MapKeys[str]("tag")
CHECKS = MapKeys[int]("check", 443, "second")


class Part(msgspec.Struct, frozen=True):
    """A member of a made-up API: its settings, and whether it has them from before."""

    ref: ObjectRef
    settings: tuple[Setting[object], ...]


def part(name: str, *settings: Setting[object]) -> Part:
    """A member of this name."""
    return Part(ObjectRef("Part", "shop", name), settings)


def colour(text: str, *, is_exclusive: bool = True) -> Setting[str]:
    """The setting of a colour."""
    return COLOUR.setting(text, "spec.colour", is_exclusive=is_exclusive)


class World:
    """The rules of the made-up API; remembers whom they were asked about."""

    def __init__(self, refused: str = "") -> None:
        self.candidates: list[list[str]] = []
        self._refused = refused

    def rules(self, candidates: Sequence[Part]) -> Rules[Part]:
        """For one attempt."""
        self.candidates.append([one.ref.name for one in candidates])
        seen: list[str] = []

        def check(member: Part, _: Sequence[Setting[object]], agreed: Agreement) -> str:
            if member.ref.name == self._refused:
                raise Invalid(member.ref, "", "may not")
            return f"after {', '.join(seen)}" if seen and agreed.set_by(SIZE) else ""

        return Rules(
            settings_of=lambda member: member.settings,
            check=check,
            accept=lambda member: seen.append(member.ref.name),
        )


def resolved(
    current: Sequence[Part], last: Mapping[str, Part] | None = None, world: World | None = None
) -> Resolution[Part]:
    """The members of these, the oldest first, and of `last`; names are uids."""
    names = [one.ref.name for one in current]
    return resolve(
        names + [name for name in last or {} if name not in names],
        current={one.ref.name: one for one in current},
        last_known_good=last or {},
        rules_for=(world or World()).rules,
    )


@pytest.mark.parametrize(
    "key, text",
    [
        (COLOUR, "colour"),
        (Key[str]("colour", balancer="second"), "second colour"),
        (PROTOCOL.of(443), "protocol of port 443"),
        (TAGS.of("team"), "tag team"),
        (MapKeys[str]("attribute", 443).of("a.b"), "attribute of port 443: a.b"),
        (CHECKS.of("path"), "second check of port 443: path"),
    ],
)
def test_a_key_reads_as_what_it_is_about(key: object, text: str) -> None:
    """Its load balancer, its name, its port, its entry."""
    assert str(key) == text


def test_the_oldest_wins_and_the_younger_is_stopped_whole() -> None:
    """Nothing of the younger counts, and its Warning says with whom it disagrees on what."""
    old, young = part("old", colour("red")), part("young", SIZE.setting(4, "f"), colour("blue"))
    made = resolved([old, young])
    assert list(made.accepted) == ["old"]
    assert (made.agreed.get(COLOUR), made.agreed.get(SIZE)) == ("red", None)
    problem = made.stopped["young"]
    assert isinstance(problem, Conflict)
    assert problem.origin == young.ref
    assert str(problem) == (
        "spec.colour: 'blue' disagrees on colour with Part shop/old of the same group, "
        "which is older and says 'red'"
    )


def test_who_says_the_same_or_is_not_asked_agrees() -> None:
    """The value that counts is the oldest one's, also where nothing is exclusive."""
    made = resolved(
        [
            part("a", colour("red")),
            part("b", colour("red")),
            part("c", colour("x", is_exclusive=False)),
        ]
    )
    assert list(made.accepted) == ["a", "b", "c"]
    found = made.agreed.find(COLOUR)
    assert found is not None
    assert (found.setting.value, found.set_by.name) == ("red", "a")


def test_values_are_compared_by_what_is_meant_and_shown_as_written() -> None:
    """Two orders of one list are no conflict; sets are shown sorted, texts as they are given."""

    def listed(*names: str, shown: str | None = None) -> Setting[object]:
        key = Key[tuple[str, ...]]("names")
        return key.setting(names, "f", compared=frozenset(names), shown=shown)

    same = resolved([part("a", listed("x", "y")), part("b", listed("y", "x"))])
    assert same.agreed.get(Key[tuple[str, ...]]("names")) == ("x", "y")
    assert not same.stopped
    other = resolved([part("a", listed("z", "x")), part("b", listed("q", shown=""))])
    sentence = str(other.stopped["b"])
    assert sentence.startswith("f: '' disagrees on names with")
    assert sentence.endswith("says 'x, z'")


def test_entries_of_a_map_are_agreed_on_one_by_one() -> None:
    """Of this map alone: neither another port's nor another load balancer's."""
    others = [MapKeys[str]("tag", 80), MapKeys[str]("tag", balancer="second")]
    made = resolved(
        [
            part(
                "a", TAGS.of("x").setting("1", "f"), *(m.of("y").setting("9", "f") for m in others)
            ),
            part("b", TAGS.of("x").setting("1", "f"), TAGS.of("y").setting("2", "f")),
        ]
    )
    assert made.agreed.entries(TAGS) == {"x": "1", "y": "2"}
    assert made.agreed.entries(others[0]) == {"y": "9"}


def test_a_stopped_member_keeps_what_it_had() -> None:
    """Against what others change too, whoever is older."""
    last = {
        "old": part("old", colour("green")),
        "young": part("young", colour("green"), SIZE.setting(3, "f")),
    }
    made = resolved([part("old", colour("red")), part("young", colour("blue"))], last)
    assert dict(made.accepted) == last
    found = made.agreed.find(SIZE)
    assert found is not None
    assert (found.setting.value, found.is_last_known_good) == (3, True)
    assert (made.agreed[COLOUR], list(made.stopped)) == ("green", ["old", "young"])
    assert str(made.stopped["young"]) == (
        "spec.colour: 'blue' disagrees on colour with Part shop/old of the same group, "
        "which changes it as well, to 'red': what AWS has stays until they agree"
    )


def test_who_had_it_before_wins_though_it_is_younger() -> None:
    """And the sentence says so."""
    last = {"young": part("young", colour("green"))}
    made = resolved([part("old", colour("red")), part("young", colour("green"))], last)
    assert list(made.accepted) == ["young"]
    assert str(made.stopped["old"]).endswith(
        "with Part shop/young of the same group, which had set it before, to 'green'"
    )


def test_who_changes_nothing_wins_where_it_did_not_matter_before() -> None:
    """A change of an older member brings the contradiction about."""
    last = {"old": part("old", colour("red")), "young": part("young", colour("blue"))}
    made = resolved([part("old", colour("red"), SIZE.setting(1, "f")), last["young"]], last)
    assert list(made.stopped) == ["old"]
    made = resolved([last["old"], last["young"]], last)
    assert list(made.stopped) == ["young"]


def test_what_nobody_is_asked_about_all_may_change() -> None:
    """At once, and to different values."""
    names, now = ("a", "b"), ("red", "blue")
    last = {name: part(name, colour("green", is_exclusive=False)) for name in names}
    made = resolved(
        [part(n, colour(c, is_exclusive=False)) for n, c in zip(names, now, strict=True)], last
    )
    assert (list(made.accepted), dict(made.stopped)) == (["a", "b"], {})


def test_settings_that_cannot_be_read_stop_their_member() -> None:
    """The others agree without it."""

    class Strict(World):
        def rules(self, candidates: Sequence[Part]) -> Rules[Part]:
            def settings_of(member: Part) -> tuple[Setting[object], ...]:
                if member.ref.name == "b":
                    raise Invalid(member.ref, "f", "cannot be read")
                return member.settings

            return msgspec.structs.replace(super().rules(candidates), settings_of=settings_of)

    made = resolved([part("a"), part("b"), part("c", colour("red"))], None, Strict())
    assert (list(made.accepted), list(made.stopped)) == (["a", "c"], ["b"])


def test_what_a_member_had_binds_the_younger() -> None:
    """Also where the member has nothing valid to ask for now."""
    made = resolved([], {"old": part("old", colour("red")), "young": part("young", colour("blue"))})
    assert list(made.accepted) == ["old", "young"]
    assert made.agreed[COLOUR] == "red"


def test_who_is_stopped_decides_nothing_for_the_others() -> None:
    """Neither by what of it would fit, nor by the rules, which are made anew without it."""
    world = World(refused="b")
    wrong = part("c", SIZE.setting(9, "f"), colour("blue"))
    made = resolved(
        [part("a", colour("red")), part("b"), wrong, part("d", SIZE.setting(4, "f"))], None, world
    )
    assert list(made.accepted) == ["a", "d"]
    assert sorted(made.stopped) == ["b", "c"]
    assert (made.agreed[COLOUR], made.agreed[SIZE]) == ("red", 4)
    assert world.candidates[-1] == ["a", "d"]


def test_a_valid_member_is_taken_as_it_is_now() -> None:
    """What it asked for before plays no part."""
    before = part("a", colour("blue"), SIZE.setting(1, "f"))
    made = resolved([part("a", colour("red"))], {"a": before})
    assert dict(made.accepted) == {"a": part("a", colour("red"))}
    assert (made.agreed[COLOUR], made.agreed.get(SIZE)) == ("red", None)


def test_a_warning_is_of_a_member_that_was_taken() -> None:
    """Each once, however often members are taken anew."""
    sized = part("a", SIZE.setting(1, "f"), colour("red"))
    made = resolved([sized, part("b"), part("c", colour("blue"))])
    assert made.warnings == [(part("b").ref, "after a")]
    assert list(made.stopped) == ["c"]


def test_what_nobody_set_is_none_or_a_mistake() -> None:
    """`get` answers, a subscript is for what must be there."""
    agreed = resolved([]).agreed
    assert (agreed.get(COLOUR), agreed.find(COLOUR), agreed.set_by(COLOUR)) == (None, None, None)
    with pytest.raises(KeyError, match="protocol of port 80"):
        agreed[PROTOCOL.of(80)]
