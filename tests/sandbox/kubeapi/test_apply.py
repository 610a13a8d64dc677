"""Server-side apply: who owns which field, and what becomes of fields left out."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.sandbox.kubeapi import ApiServer, StatusError, WriteOptions
from alb_controller.sandbox.kubeapi.api import APPLY_PATCH, MERGE_PATCH


class Applier:
    """Managers that apply one Service."""

    def __init__(self) -> None:
        self.api = ApiServer().api
        self.target = self.api.target("Service", "x", "default")

    def apply(self, manager: str, *, force: bool = False, **body: Any) -> dict[str, Any]:
        """The Service after the manager has applied these parts of it."""
        applied = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, **body}
        options = WriteOptions(field_manager=manager, force=force)
        return self.api.patch(self.target, APPLY_PATCH, applied, options)


@pytest.fixture
def service() -> Applier:
    """A Service with one port, applied by `first`."""
    applier = Applier()
    applier.apply("first", spec={"ports": [{"name": "a", "port": 80}]})
    return applier


def ports(service: dict[str, Any]) -> dict[str, int]:
    """Target ports by name."""
    return {port["name"]: port["targetPort"] for port in service["spec"]["ports"]}


def test_items_of_two_managers_stand_side_by_side(service: Applier) -> None:
    """A list with keys is shared item by item, and one manager's leaving takes its own alone."""
    both = service.apply("second", spec={"ports": [{"name": "b", "port": 81}]})
    assert set(ports(both)) == {"a", "b"}
    left = service.apply("second", spec={"ports": []})
    assert set(ports(left)) == {"a"}


def test_another_value_for_an_owned_field_is_a_conflict(service: Applier) -> None:
    """409 that names the owner and the field; nothing is written."""
    with pytest.raises(StatusError) as refused:
        service.apply("second", spec={"ports": [{"name": "z", "port": 80}]})
    assert refused.value.code == 409
    (cause,) = (refused.value.details or {})["causes"]
    assert cause == {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "first"',
        "field": '.spec.ports[port=80,protocol="TCP"].name',
    }
    assert set(ports(service.api.get(service.target))) == {"a"}


def test_many_conflicts_are_reported_at_once(service: Applier) -> None:
    """A user resolves them in one go."""
    service.apply("second", metadata={"name": "x", "labels": {"l": "1"}})
    with pytest.raises(StatusError, match="2 conflicts") as refused:
        service.apply(
            "third",
            metadata={"name": "x", "labels": {"l": "2"}},
            spec={"ports": [{"name": "z", "port": 80}]},
        )
    assert refused.value.message.splitlines() == [
        'Apply failed with 2 conflicts: conflicts with "first":',
        '- .spec.ports[port=80,protocol="TCP"].name',
        'conflicts with "second":',
        "- .metadata.labels.l",
    ]


def test_force_takes_a_field_over(service: Applier) -> None:
    """Afterwards it is the new owner's: the old one's leaving does not remove it."""
    service.apply("second", force=True, spec={"ports": [{"name": "z", "port": 80}]})
    left = service.apply("first", metadata={"name": "x", "labels": {"l": "1"}})
    assert set(ports(left)) == {"z"}


def test_the_same_value_is_owned_together(service: Applier) -> None:
    """No conflict; the field goes when its last owner has left it out."""
    label = {"name": "x", "labels": {"l": "1"}}
    service.apply("second", metadata=label)
    service.apply("third", metadata=label)
    assert service.apply("second")["metadata"]["labels"] == {"l": "1"}
    assert "labels" not in service.apply("third")["metadata"]


def test_an_apply_that_changes_nothing_writes_nothing(service: Applier) -> None:
    """The version stays, so watches stay quiet."""
    before = service.api.get(service.target)
    again = service.apply("first", spec={"ports": [{"name": "a", "port": 80}]})
    assert again["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


def test_other_writers_own_nothing(service: Applier) -> None:
    """The simplification: a patch between two applies is no conflict, and stays where not named."""
    patch = {"metadata": {"labels": {"p": "1"}}, "spec": {"ports": [{"name": "q", "port": 80}]}}
    service.api.patch(service.target, MERGE_PATCH, patch)
    after = service.apply("second", spec={"ports": [{"name": "r", "port": 80}]}, force=True)
    assert after["metadata"]["labels"] == {"p": "1"}
    assert set(ports(after)) == {"r"}


def test_status_is_applied_apart() -> None:
    """Each endpoint has managers of its own."""
    applier = Applier()
    applier.apply("first", spec={"type": "LoadBalancer", "ports": [{"name": "a", "port": 80}]})
    status = applier.api.target("Service", "x", "default", "status")
    applied = {
        "metadata": {"name": "x"},
        "status": {"loadBalancer": {"ingress": [{"hostname": "h"}]}},
    }
    after = applier.api.patch(status, APPLY_PATCH, applied, WriteOptions(field_manager="first"))
    assert after["status"]["loadBalancer"] == {"ingress": [{"hostname": "h"}]}
    assert set(ports(after)) == {"a"}
    assert {entry.get("subresource") for entry in after["metadata"]["managedFields"]} == {
        None,
        "status",
    }
