"""A stack's bindings as objects: ours by their labels, and nobody else's touched."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.errors import ForeignOwner, ObjectExists, ObjectMissing
from alb_controller.model.kube import Binding
from alb_controller.model.ownership import stack_labels
from alb_controller.objects.core import Metadata
from alb_controller.objects.elbv2 import TargetGroupBinding, TargetGroupBindingSpec
from alb_controller.reconcile.bindings import Bindings
from alb_controller.values import StackKey
from tests.resources import binding, target_group
from tests.unreadable import turn_unreadable
from tests.world_kube import Kube

WEB = StackKey("ingress", "shop", "web")
LABELS = stack_labels(WEB)
WANTED = msgspec.structs.replace(
    binding(target_group()), labels=LABELS, namespace="shop", name="k8s-app"
)


class Rig:
    """Bindings over a cluster with some in it."""

    def __init__(self, *there: TargetGroupBinding) -> None:
        self.kube = Kube()
        self.kube.replace(*there)
        self.bindings = Bindings(self.kube.stores, self.kube)

    def spec(self) -> TargetGroupBindingSpec | None:
        """Of the binding k8s-app as it is now."""
        found = self.kube.stores.get(TargetGroupBinding, "shop", "k8s-app")
        return None if found is None else found.spec


def there(name: str = "k8s-app", **metadata: Any) -> TargetGroupBinding:
    """A binding in the cluster; our stack's unless labels say otherwise."""
    given = {"labels": LABELS, "uid": f"uid-{name}", **metadata}
    return TargetGroupBinding(
        metadata=Metadata(name=name, namespace="shop", **given),
        spec=TargetGroupBindingSpec(target_group_arn="arn"),
    )


def changed_spec(made: TargetGroupBinding, **fields: Any) -> TargetGroupBinding:
    """With other fields in its spec."""
    spec = msgspec.structs.replace(made.spec, **fields)
    return msgspec.structs.replace(made, spec=spec)


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
    assert rig.kube.writes == ["create k8s-app"]
    (made,) = rig.kube.stores.list(TargetGroupBinding)
    assert made.metadata.labels == dict(LABELS)
    assert made.spec.target_group_arn == "arn:tg"
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
    assert rig.kube.writes == []


def test_one_that_is_there_is_patched_and_deleted_by_name() -> None:
    """Labels and spec become what they should be; a deletion is asked for once."""
    old = there(labels={"by": "hand"}, finalizers=["elbv2.k8s.aws/resources"])
    rig = Rig(changed_spec(old, target_group_name="old", vpc_id="vpc-old"))
    rig.bindings.update_binding("shop/k8s-app", _wanted())
    assert rig.spec() == msgspec.structs.replace(WANTED.spec, target_group_arn="arn:tg")
    (found,) = rig.bindings.of_stack(WEB)
    assert found.resource.labels == {"by": "hand", **LABELS}
    for _ in range(2):
        rig.bindings.delete_binding("shop/k8s-app")
    assert rig.kube.writes == ["patch k8s-app", "delete k8s-app"]


def test_one_that_cannot_be_read_is_ours_by_its_labels_and_put_right() -> None:
    """An update sends what cannot be read of it, and it can be deleted; others' stay foreign."""
    rig = Rig(there())
    turn_unreadable(rig.kube.stores, there(), "$.spec.targetType")
    (found,) = rig.bindings.of_stack(WEB)
    rig.bindings.update_binding(found.identity, _wanted())
    assert rig.spec() == msgspec.structs.replace(WANTED.spec, target_group_arn="arn:tg")
    turn_unreadable(rig.kube.stores, there(), "$.spec.targetType")
    rig.bindings.delete_binding(found.identity)
    assert rig.kube.writes == ["patch k8s-app", "delete k8s-app"]
    assert rig.bindings.of_stack(WEB) == ()
    turn_unreadable(rig.kube.stores, there(labels={}))
    assert rig.bindings.of_stack(WEB) == ()
