"""Any JSON that an API server may send, through list, watch and admission: it stops nothing."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from alb_controller.kube.informer import Reflector
from alb_controller.kube.store import Store
from alb_controller.objects.kinds import WATCHED, Kind
from alb_controller.webhooks import reviews
from tests.clocks import FakeClock
from tests.odd_json import ODD, dumps, places, put, sample

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Nd"]))
"""Without digits: they would be versions."""
ODD_VALUES = st.sampled_from(ODD)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
KINDS = st.sampled_from(WATCHED)


@st.composite
def odd_objects(draw: st.DrawFn, kind: Kind, name: str, version: int) -> str:
    """An object, or less, with something odd in some places; with another uid it is another one."""
    metadata = {"uid": name, "resourceVersion": str(version), "managedFields": []}
    made: Any = sample(kind, name, **metadata)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from([p for p in places(made) if p[-1:] != ("uid",)]))
        made = put(made, place, draw(ODD_VALUES | JSON))
    return dumps(made)


def odd_pairs(kind: Kind, *versions: int) -> st.SearchStrategy[tuple[str, str]]:
    """Two of them."""
    first, second = versions
    return st.tuples(odd_objects(kind, "odd-a", first), odd_objects(kind, "odd-b", second))


class Listed:
    """A store, and the reflector's two ways to fill it, without a network."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.store: Store[Any] = Store(kind)
        self.reflector = Reflector(self, self.store, FakeClock())  # type: ignore[arg-type]  # no network
        self.items: list[str] = []

    def request(self, *_: Any, **__: Any) -> bytes:
        """The list."""
        return (
            f'{{"metadata":{{"resourceVersion":"10"}},"items":[{",".join(self.items)}]}}'.encode()
        )

    def list(self, *items: str) -> None:
        """A list with these items."""
        self.items = [*items]
        assert self.reflector._list() == "10"

    def watch(self, *events: tuple[str, str]) -> None:
        """A watch with these events."""
        lines = (f'{{"type":"{type_}","object":{text}}}'.encode() for type_, text in events)
        self.reflector._apply_all(lines, "10")

    def good(self, name: str, version: int) -> str:
        """An object with nothing wrong."""
        return dumps(sample(self.kind, name, uid=name, resourceVersion=str(version)))

    def versions(self) -> dict[str, str]:
        """What is known of good objects."""
        found = (one.metadata for one in self.store.list())
        return {m.name: m.resource_version for m in found if m.name.startswith("good")}


@given(st.data())
def test_a_list_brings_all_that_can_be_read(data: st.DataObject) -> None:
    """Whatever stands in front of it, between and behind; each bad object is named once."""
    listed = Listed(data.draw(KINDS))
    odd = data.draw(odd_pairs(listed.kind, 7, 8))
    good = [listed.good("good-a", 5), listed.good("good-b", 6)]
    with capture_logs() as logs:
        for _ in range(3):
            listed.list(odd[0], good[0], odd[1], good[1])
    assert listed.versions() == {"good-a": "5", "good-b": "6"}
    assert not [log for log in logs if "exc_info" in log]
    reported = [log["name"] for log in logs if log["log_level"] == "warning" and log["name"]]
    assert len(reported) == len(set(reported))


@given(st.data())
def test_a_watch_goes_on(data: st.DataObject) -> None:
    """Behind whatever came; what was known of an object stays until its deletion comes."""
    listed = Listed(data.draw(KINDS))
    before = [listed.good("odd-a", 3), listed.good("odd-b", 4)]
    listed.list(*before, listed.good("good-a", 5), listed.good("good-b", 6))
    odd = data.draw(odd_pairs(listed.kind, 11, 13))
    types = data.draw(st.lists(st.sampled_from(["ADDED", "MODIFIED"]), min_size=2, max_size=2))
    listed.watch(
        (types[0], odd[0]),
        ("MODIFIED", listed.good("good-a", 12)),
        (types[1], odd[1]),
        ("DELETED", listed.good("good-b", 14)),
    )
    assert listed.versions() == {"good-a": "12"}
    assert {one.metadata.name for one in listed.store.list()} >= {"odd-a", "odd-b"}


@given(st.data())
def test_a_review_is_read_or_refused(data: st.DataObject) -> None:
    """With a ValueError, which is answered with 400, and no other error."""
    kind = data.draw(KINDS)
    review: Any = {
        "apiVersion": reviews.API_VERSION,
        "kind": reviews.KIND,
        "request": {"uid": "1", "operation": "UPDATE", "userInfo": {"username": "me"}},
    }
    for key in ("object", "oldObject"):
        review["request"][key] = sample(kind, "web", managedFields=[])
    for _ in range(data.draw(st.integers(1, 2))):
        review = put(
            review, data.draw(st.sampled_from(places(review))), data.draw(ODD_VALUES | JSON)
        )
    with contextlib.suppress(ValueError):
        request = reviews.decode(dumps(review).encode())
        request.new(kind.struct)
        request.old(kind.struct)
