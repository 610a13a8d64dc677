"""A stack's bindings as objects: ours by their labels, and nobody else's touched."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from alb_controller.errors import ForeignOwner, ObjectExists, ObjectMissing
from alb_controller.kube.store import Stores
from alb_controller.model.kube import Binding
from alb_controller.model.ownership import stack_labels
from alb_controller.objects.core import Metadata
from alb_controller.objects.elbv2 import TargetGroupBinding, TargetGroupBindingSpec
from alb_controller.objects.kinds import Kind
from alb_controller.reconcile.bindings import Bindings
from alb_controller.values import StackKey
from tests.factories import cluster
from tests.resources import binding, target_group
from tests.unreadable import turn_unreadable

WEB = StackKey("ingress", "shop", "web")
LABELS = stack_labels(WEB)
WANTED = msgspec.structs.replace(
    binding(target_group()), labels=LABELS, namespace="shop", name="k8s-app"
)


class FakeWriter:
    """Writes into the store, as the API would; an existing name is refused."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.sent: list[tuple[str, Any]] = []

    def create(self, kind: Kind, body: dict[str, Any]) -> TargetGroupBinding:
        self.sent.append(("create", body))
        made = msgspec.convert(msgspec.json.decode(msgspec.json.encode(body)), kind.struct)
        if self.stores.get(TargetGroupBinding, *made.key) is not None:
            raise ObjectExists(409, "AlreadyExists", made.metadata.name)
        return cast("TargetGroupBinding", made)

    def merge_patch(self, _kind: Kind, namespace: str, name: str, body: dict[str, Any]) -> None:
        self.sent.append((f"patch {namespace}/{name}", body))

    def delete(self, _kind: Kind, obj: TargetGroupBinding) -> None:
        self.sent.append((f"delete {obj.metadata.name}", None))


class Rig:
    """Bindings over a cluster with some in it."""

    def __init__(self, *there: TargetGroupBinding) -> None:
        self.stores = stores = cluster(*there)
        self.writer = FakeWriter(stores)
        self.bindings = Bindings(stores, cast("Any", self.writer))


def there(name: str = "k8s-app", **metadata: Any) -> TargetGroupBinding:
    """A binding in the cluster; our stack's unless labels say otherwise."""
    given = {"labels": LABELS, "uid": f"uid-{name}", **metadata}
    return TargetGroupBinding(
        metadata=Metadata(name=name, namespace="shop", **given),
        spec=TargetGroupBindingSpec(target_group_arn="arn"),
    )


def _wanted() -> Binding:
    return msgspec.structs.replace(WANTED, target_group="arn:tg")


def test_a_stack_has_the_bindings_with_its_labels() -> None:
    """Also those that are going; never another stack's or a user's."""
    app, own = (
        there("app", labels=stack_labels(StackKey("ingress", "shop", "app"))),
        there("own", labels={}),
    )
    found = Rig(there("one"), there("two"), app, own).bindings.of_stack(WEB)
    assert sorted(one.identity for one in found) == ["shop/one", "shop/two"]


def test_a_new_one_carries_labels_and_spec() -> None:
    """What is answered is known without another read."""
    rig = Rig()
    found = rig.bindings.create_binding(_wanted())
    ((verb, body),) = rig.writer.sent
    assert verb == "create"
    assert body["metadata"]["labels"] == dict(LABELS)
    assert body["spec"]["targetGroupARN"] == "arn:tg"
    assert found.identity == "shop/k8s-app"


def test_a_name_that_is_anothers_is_refused_by_its_labels() -> None:
    """The error shows them."""
    rig = Rig(there(labels={"owner": "them"}))
    with pytest.raises(ForeignOwner, match=r"shop/k8s-app.*owner.*them"):
        rig.bindings.create_binding(_wanted())


def test_one_of_ours_that_was_just_made_is_no_foreigner() -> None:
    """The next pass finds it."""
    with pytest.raises(ObjectExists):
        Rig(there()).bindings.create_binding(_wanted())


def test_one_that_is_gone_cannot_be_updated_and_need_not_be_deleted() -> None:
    """NotFound says that the picture is old; deleting has what it wants."""
    rig = Rig()
    with pytest.raises(ObjectMissing):
        rig.bindings.update_binding("shop/k8s-app", _wanted())
    rig.bindings.delete_binding("shop/k8s-app")
    assert rig.writer.sent == []


def test_one_that_is_there_is_patched_and_deleted_by_name() -> None:
    """A deletion is asked for once."""
    rig = Rig(there())
    rig.bindings.update_binding("shop/k8s-app", _wanted())
    rig.bindings.delete_binding("shop/k8s-app")
    assert [verb for verb, _ in rig.writer.sent] == ["patch shop/k8s-app", "delete k8s-app"]
    assert rig.writer.sent[0][1]["spec"]["targetGroupARN"] == "arn:tg"


def test_one_that_cannot_be_read_is_ours_by_its_labels_and_put_right() -> None:
    """An update sends what cannot be read of it, and it can be deleted; others' stay foreign."""
    rig = Rig(there())
    turn_unreadable(rig.stores, there(), "$.spec.targetType")
    (found,) = rig.bindings.of_stack(WEB)
    rig.bindings.update_binding(found.identity, _wanted())
    rig.bindings.delete_binding(found.identity)
    assert [verb for verb, _ in rig.writer.sent] == ["patch shop/k8s-app", "delete k8s-app"]
    assert rig.writer.sent[0][1]["spec"]["targetType"] == _wanted().spec.target_type
    turn_unreadable(rig.stores, there(labels={}))
    assert rig.bindings.of_stack(WEB) == ()
