"""The store: newest version wins, deletions stay, changes are delivered once and in order."""

from __future__ import annotations

import random
import threading

import pytest
from structlog.testing import capture_logs

from alb_controller.kube import store as store_module
from alb_controller.kube.store import Store, Stores
from alb_controller.objects.core import Metadata, Pod, PodSpec, Service
from alb_controller.objects.indexes import BY_NODE
from alb_controller.objects.kinds import INGRESS, POD, SERVICE

Names = tuple[str | None, str | None]


def pod(name: str, version: int, *, uid: str = "", namespace: str = "ns", node: str = "n1") -> Pod:
    """A Pod of that version; its uid is its name unless it is another's."""
    metadata = Metadata(
        name=name, namespace=namespace, uid=uid or name, resource_version=str(version)
    )
    return Pod(metadata=metadata, spec=PodSpec(node_name=node))


@pytest.fixture
def pods() -> Store[Pod]:
    """An empty store."""
    return Store(POD)


def name_of(obj: Pod | None) -> str | None:
    """None for none."""
    return obj.metadata.name if obj is not None else None


def versions(pods: Store[Pod]) -> dict[str, int]:
    """What the store holds, by name."""
    return {p.metadata.name: int(p.metadata.resource_version) for p in pods.list()}


def test_an_older_or_equal_version_changes_nothing(pods: Store[Pod]) -> None:
    """A watch event that our own write has overtaken is ignored, and reported to nobody."""
    reported: list[object] = []
    pods.upsert(pod("a", 7))
    pods.on_change(lambda old, new: reported.append((old, new)))
    pods.upsert(pod("a", 7, node="n2"))
    pods.upsert(pod("a", 6, node="n2"))
    assert pods.get("ns", "a") == pod("a", 7)
    assert reported == []


def test_versions_are_compared_as_numbers(pods: Store[Pod]) -> None:
    """10 is newer than 9, though not as text."""
    pods.upsert(pod("a", 9))
    pods.upsert(pod("a", 10))
    assert versions(pods) == {"a": 10}


def test_an_object_without_a_version_is_always_news(pods: Store[Pod]) -> None:
    """Where a server gives no version, the last one delivered wins."""
    for node in ("n1", "n2"):
        pods.upsert(Pod(metadata=Metadata(name="a"), spec=PodSpec(node_name=node)))
    assert [p.metadata.name for p in pods.select(BY_NODE, "n2")] == ["a"]


def test_a_late_response_does_not_resurrect_a_deleted_object(pods: Store[Pod]) -> None:
    """Neither an older version nor any version of the same uid comes back after a deletion."""
    pods.upsert(pod("a", 7))
    pods.delete(pod("a", 9))
    pods.upsert(pod("a", 8))
    pods.upsert(pod("a", 10))
    assert pods.list() == []


def test_a_successor_of_the_same_name_is_another_object(pods: Store[Pod]) -> None:
    """A new uid with a newer version lives, also when the old one's deletion comes late."""
    pods.upsert(pod("a", 7))
    pods.upsert(pod("a", 12, uid="second"))
    pods.delete(pod("a", 9))
    assert versions(pods) == {"a": 12}
    pods.upsert(pod("a", 13, uid="second"))
    assert versions(pods) == {"a": 13}


def test_deleting_what_is_not_known_is_nothing(pods: Store[Pod]) -> None:
    """A deletion of an unknown object is reported to nobody, but remembered."""
    reported: list[object] = []
    pods.on_change(lambda *change: reported.append(change))
    pods.delete(pod("a", 9))
    pods.upsert(pod("a", 8))
    assert reported == []
    assert len(pods) == 0


def test_deletions_are_remembered_within_bounds(
    pods: Store[Pod], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory of deletions does not grow for ever; the newest are kept."""
    monkeypatch.setattr(store_module, "TOMBSTONES", 2)
    for number, name in enumerate("abc"):
        pods.delete(pod(name, 10 + number))
    pods.upsert(pod("a", 20))
    pods.upsert(pod("c", 20))
    assert versions(pods) == {"a": 20}


def test_a_list_replaces_all_and_reports_the_difference(pods: Store[Pod]) -> None:
    """After a list: what it lacks is deleted, what is new added, what is the same not delivered."""
    for name, version in (("goes", 1), ("same", 2), ("changes", 3)):
        pods.upsert(pod(name, version))
    reported: list[Names] = []
    pods.on_change(lambda old, new: reported.append((name_of(old), name_of(new))))
    pods.replace([pod("same", 2), pod("changes", 8), pod("comes", 9)], 10)
    assert sorted(reported, key=str) == [("changes", "changes"), ("goes", None), (None, "comes")]
    assert versions(pods) == {"same": 2, "changes": 8, "comes": 9}


def test_a_list_does_not_undo_what_was_written_after_it(pods: Store[Pod]) -> None:
    """An object that was created or changed after the list's version is kept as it is."""
    pods.upsert(pod("changed", 21))
    pods.upsert(pod("created", 22))
    pods.upsert(pod("deleted", 5))
    pods.delete(pod("deleted", 23))
    pods.replace([pod("changed", 8), pod("deleted", 5)], 20)
    assert versions(pods) == {"changed": 21, "created": 22}


def test_a_rewound_list_wins_over_everything(pods: Store[Pod]) -> None:
    """When the server's history is another, its lower versions are the truth."""
    pods.upsert(pod("a", 900))
    pods.upsert(pod("b", 901))
    pods.delete(pod("b", 902))
    pods.replace([pod("a", 3), pod("b", 4)], 5, is_rewound=True)
    assert versions(pods) == {"a": 3, "b": 4}
    assert pods.version == 5
    pods.upsert(pod("a", 6))
    assert versions(pods)["a"] == 6


def test_indexes_follow_changes(pods: Store[Pod]) -> None:
    """An object is found by its present values only, by namespace as well."""
    pods.upsert(pod("a", 1, node="n1"))
    pods.upsert(pod("b", 2, node="n1", namespace="other"))
    pods.upsert(pod("a", 3, node="n2"))
    assert [p.key for p in pods.select(BY_NODE, "n1")] == [("other", "b")]
    assert [p.key for p in pods.select(BY_NODE, "n2")] == [("ns", "a")]
    assert [p.key for p in pods.list("ns")] == [("ns", "a")]
    pods.delete(pod("a", 4))
    assert pods.select(BY_NODE, "n2") == []
    assert pods.list("ns") == []


def test_an_unknown_index_is_a_bug_that_shows(pods: Store[Pod]) -> None:
    """Asking by an index that the table lacks raises."""
    with pytest.raises(KeyError):
        pods.select("colour", "red")


def test_handlers_see_old_and_new_and_may_read_and_write(pods: Store[Pod]) -> None:
    """A handler runs outside the lock: it may use the store, and sees changes one by one."""
    reported: list[tuple[int, int]] = []

    def handler(old: Pod | None, new: Pod | None) -> None:
        assert new is not None
        reported.append((version(old), version(new)))
        if version(new) == 1:
            pods.upsert(pod("a", 2))
            assert versions(pods) == {"a": 2}

    pods.on_change(handler)
    pods.upsert(pod("a", 1))
    assert reported == [(0, 1), (1, 2)]


def version(obj: Pod | None) -> int:
    """0 for none."""
    return int(obj.metadata.resource_version) if obj else 0


def test_a_failing_handler_stops_neither_the_others_nor_the_store(pods: Store[Pod]) -> None:
    """A bug in one handler is logged; the next handler and the next change go on."""
    reported: list[str] = []

    def broken(_old: Pod | None, _new: Pod | None) -> None:
        raise ZeroDivisionError

    pods.on_change(broken)
    pods.on_change(lambda _old, new: reported.append(new.metadata.name if new else ""))
    with capture_logs() as logs:
        pods.upsert(pod("a", 1))
        pods.upsert(pod("b", 2))
    assert reported == ["a", "b"]
    assert [log["event"] for log in logs] == ["handler_failed"] * 2


def test_threads_end_in_the_newest_state_and_report_it_in_order(pods: Store[Pod]) -> None:
    """Whatever the interleaving of writers, each object's changes are delivered oldest first."""
    reported: list[tuple[str, int, int]] = []
    pods.on_change(
        lambda old, new: reported.append(
            (new.metadata.name if new else "", version(old), version(new))
        )
    )
    orders = [random.Random(seed).sample(range(1, 301), 300) for seed in range(4)]

    def write(order: list[int]) -> None:
        for n in order:
            pods.upsert(pod(f"p{n % 3}", n))

    threads = [threading.Thread(target=write, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert versions(pods) == {"p0": 300, "p1": 298, "p2": 299}
    for name in ("p0", "p1", "p2"):
        chain = [(old, new) for reported_name, old, new in reported if reported_name == name]
        assert [old for old, _ in chain] == [0, *(new for _, new in chain[:-1])]
        assert all(old < new for old, new in chain)


def test_stores_are_looked_up_by_struct() -> None:
    """The Cluster protocol goes by struct; a kind that is not watched is a bug that shows."""
    stores = Stores([SERVICE, POD])
    service = Service(metadata=Metadata(name="s", namespace="ns", resource_version="1"))
    seen: list[Service | None] = []
    stores.on_change(Service, lambda _, new: seen.append(new))
    stores.of(Service).upsert(service)
    assert stores.get(Service, "ns", "s") is service
    assert list(stores.list(Service)) == seen == [service]
    assert stores.select(Pod, BY_NODE, "n1") == []
    assert stores.find(INGRESS) is None
    with pytest.raises(KeyError):
        stores.of(INGRESS.struct)


def test_stores_have_synced_when_every_kind_has() -> None:
    """The kinds that are still waited for are named."""
    stores = Stores([SERVICE, POD])
    assert stores.unsynced() == ["Service", "Pod"]
    assert stores.not_ready() == "not synced: Service, Pod"
    stores.of(Pod).synced.set()
    assert not stores.has_synced()
    stores.of(Service).synced.set()
    assert stores.has_synced()
    assert stores.not_ready() == ""
