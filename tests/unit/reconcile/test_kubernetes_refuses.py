"""What the Kubernetes API does not take of one object is reported there, and harms no other."""

from __future__ import annotations

import pytest

from alb_controller.errors import Forbidden, KubeError
from alb_controller.objects.elbv2 import TargetGroupBinding
from alb_controller.objects.networking import Ingress
from tests.factories import service
from tests.unit.reconcile.stack_world import World
from tests.unit.reconcile.test_refused_parts import asking, is_published, state

HOUR = 3600.0
REFUSALS = [
    KubeError(422, "Invalid", "metadata: Invalid value"),
    Forbidden(403, "Forbidden", "ingresses is forbidden: cannot patch"),
    Forbidden(403, "Forbidden", "exceeded quota: objects"),
    KubeError(400, "BadRequest", 'admission webhook "no.example" denied the request'),
]


def a_group(*more: Ingress) -> World:
    """Two members at rest."""
    world = World(service("api"), asking("good"), asking("left"), *more)
    return world.settle().wait(30)


def others_go_on(world: World) -> None:
    """One innocent is edited, one is deleted, and nobody but the guilty one hears anything."""
    world.put(asking("good", "/edited"))
    world.remove("left")
    world.settle().wait(60)
    assert "/edited" in world.aws.paths()
    assert "/left" not in world.aws.paths()
    assert world.ingress("left") is None
    assert is_published(world, "good")
    assert state(world, "good") == "served"
    assert world.kube.warnings("good") == world.kube.warnings("left") == []


@pytest.mark.parametrize("error", REFUSALS)
def test_a_member_that_cannot_be_held_is_not_served(error: KubeError) -> None:
    """AWS has nothing of it, as it could be deleted unseen; it is tried once in a while."""
    world = a_group()
    world.kube.denied["hold", "bad"] = error
    world.put(asking("bad"))
    world.settle()
    others_go_on(world)
    assert world.aws.paths() == ["/edited"]
    (warning,) = world.kube.warnings("bad")
    assert "metadata.finalizers" in warning
    assert error.message in warning
    world.kube.denials.clear()
    world.wait(HOUR)
    assert 1 <= len(world.kube.denials) <= 2
    world.kube.denied.clear()
    world.wait(HOUR)
    assert world.aws.paths() == ["/bad", "/edited"]


@pytest.mark.parametrize("error", REFUSALS)
@pytest.mark.parametrize("verb", ["status", "patch"])
def test_a_member_whose_status_cannot_be_written_is_served(error: KubeError, verb: str) -> None:
    """One Warning says why nothing is shown; the write is tried once in a while."""
    world = a_group()
    world.kube.denied[verb, "bad"] = error
    world.put(asking("bad"))
    world.settle()
    others_go_on(world)
    assert world.aws.paths() == ["/bad", "/edited"]
    (warning,) = world.kube.warnings("bad")
    assert warning == f"Failed update status due to {error}"
    world.kube.denials.clear()
    world.forget_calls()
    world.wait(HOUR)
    assert 1 <= len(world.kube.denials) <= 4
    assert world.aws.calls == []
    world.kube.denied.clear()
    world.wait(HOUR)
    assert is_published(world, "bad")
    assert state(world, "bad") == "served"


@pytest.mark.parametrize("error", REFUSALS)
def test_a_finalizer_that_cannot_be_taken_away_holds_its_own_object(error: KubeError) -> None:
    """It has left AWS; the others are let go."""
    world = a_group(asking("bad"))
    world.kube.denied["let go", "bad"] = error
    world.remove("bad")
    world.settle()
    others_go_on(world)
    assert world.aws.paths() == ["/edited"]
    (warning,) = world.kube.warnings("bad")
    assert warning == f"Failed remove finalizer due to {error}"
    world.kube.denials.clear()
    world.wait(HOUR)
    assert 1 <= len(world.kube.denials) <= 2
    world.kube.denied.clear()
    world.wait(HOUR)
    assert world.ingress("bad") is None


def test_the_last_one_whose_finalizer_stays_is_not_forgotten() -> None:
    """It goes once the API server takes it."""
    world = World(asking("bad")).settle().wait(30)
    world.kube.denied["let go", "bad"] = REFUSALS[0]
    world.remove("bad")
    world.settle().wait(HOUR)
    assert world.aws.kinds() == []
    assert world.ingress("bad") is not None
    world.kube.denied.clear()
    world.wait(HOUR)
    assert world.ingress("bad") is None


@pytest.mark.parametrize("error", REFUSALS)
def test_a_binding_that_is_not_taken_is_its_members_alone(error: KubeError) -> None:
    """The member is rejected, and served once the API server takes it."""
    world = a_group()
    world.kube.refuse("create", *[error] * 2)
    world.put(asking("bad", service="api"))
    world.settle()
    others_go_on(world)
    assert world.aws.paths() == ["/edited"]
    (warning,) = world.kube.warnings("bad")
    assert error.message in warning


def test_what_is_no_refusal_is_tried_again_by_all() -> None:
    """An outage says nothing of an object."""
    world = a_group()
    world.kube.denied["hold", "bad"] = KubeError(500, "InternalError", "etcd is away")
    world.put(asking("bad"))
    world.settle()
    assert world.kube.warnings("bad") == []
    world.kube.denied.clear()
    world.wait(60)
    assert "/bad" in world.aws.paths()
    assert len(world.kube.stores.list(TargetGroupBinding)) == 3
