"""A load balancer that must go while a deleted Ingress asks for protection (spec 9.6)."""

from __future__ import annotations

import pytest

from alb_controller.errors import DeletionProtected
from alb_controller.objects.core import ref
from alb_controller.objects.networking import Ingress
from tests.factories import deleted, member
from tests.unit.frontends.ingress.translation import translated

HELD = ["group.ingress.k8s.aws/team"]
ON = "deletion_protection.enabled=true"


def leaving(name: str, attributes: str | None = ON) -> Ingress:
    """A member that a user has deleted."""
    alb = {} if attributes is None else {"load-balancer-attributes": attributes}
    return deleted(member(name, alb=alb, finalizers=HELD))


def protected(*objects: Ingress) -> DeletionProtected | None:
    """Who keeps the load balancer from going."""
    return translated(*objects).protected


def test_a_protected_load_balancer_does_not_go() -> None:
    """The deleted Ingress gets a Warning with what to set."""
    of = leaving("a")
    found = protected(of)
    assert found is not None
    assert found.origin == ref("Ingress", of)
    assert str(found).startswith(
        "deletion_protection is enabled, cannot delete the ingress: shop/a; add "
    )


@pytest.mark.parametrize(
    "attributes",
    [None, "deletion_protection.enabled=false", "idle=1", "bad", "deletion_protection.enabled=on"],
)
def test_without_a_readable_setting_it_goes(attributes: str | None) -> None:
    """What cannot be read was never applied."""
    assert protected(leaving("a", attributes)) is None


def test_any_of_those_leaving_can_protect_it() -> None:
    """The first by name is named, whatever the order of the store."""
    a, b, c = leaving("a", None), leaving("b"), leaving("c")
    for objects in ((a, b, c), (c, b, a)):
        found = protected(*objects)
        assert found is not None
        assert found.origin.name == "b"


def test_a_group_that_goes_on_is_not_frozen() -> None:
    """The load balancer stays for the others, so nothing is to be protected."""
    made = translated(member("b"), leaving("a"))
    assert made.protected is None
    assert made.served == {"uid-b"}


def test_who_moves_away_does_not_protect() -> None:
    """Only deleted Ingresses are looked at."""
    moved = member("a", group="other", alb={"load-balancer-attributes": ON}, finalizers=HELD)
    assert protected(moved) is None
