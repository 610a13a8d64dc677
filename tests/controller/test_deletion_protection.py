"""A load balancer whose Ingress asks for deletion protection."""

from __future__ import annotations

from tests.controller.manifests import ingress
from tests.controller.rig import Rig

PROTECTED = "deletion_protection.enabled=true"


def test_a_deleted_ingress_with_protection_keeps_its_load_balancer(rig: Rig) -> None:
    """Its deletion is refused with a Warning that names the attribute, until it is set to false."""
    rig.apply(ingress("web", load_balancer_attributes=PROTECTED))
    with rig.running() as controller:
        controller.settle()
        mark = rig.mark()
        rig.delete("Ingress", "web")
        controller.settle()
        assert rig.since(mark).aws == []
        (message,) = rig.warnings("web")
        assert "deletion_protection.enabled" in message
        rig.annotate("web", load_balancer_attributes="deletion_protection.enabled=false")
        controller.settle()
        assert rig.is_gone("Ingress", "web")
        assert rig.aws.load_balancers() == []
        assert rig.aws.made_groups() == []


def test_a_member_with_protection_leaves_a_group_that_stays(rig: Rig) -> None:
    """The load balancer does not go, so there is nothing to protect: its rules alone go."""
    rig.apply(
        ingress("a", ["/a"], group="g", load_balancer_attributes=PROTECTED),
        ingress("b", ["/b"], group="g"),
    )
    with rig.running() as controller:
        controller.settle()
        rig.delete("Ingress", "a")
        controller.settle()
        assert rig.is_gone("Ingress", "a")
        assert rig.aws.paths() == ["/b"]
        assert rig.warnings() == []


def test_protection_that_nobody_has_taken_back_stops_a_replacement(rig: Rig) -> None:
    """The annotation is gone, AWS protects: another scheme changes nothing without the line."""
    rig.apply(ingress("web", load_balancer_attributes=PROTECTED))
    with rig.running() as controller:
        controller.settle()
        (arn,) = [one["LoadBalancerArn"] for one in rig.aws.load_balancers()]
        rig.annotate("web", load_balancer_attributes=None)
        controller.settle()
        mark = rig.mark()
        rig.annotate("web", scheme="internet-facing")
        controller.settle()
        assert rig.since(mark).aws == []
        (message,) = rig.warnings("web")
        line = "alb.ingress.kubernetes.io/load-balancer-attributes: deletion_protection.enabled="
        assert f"add `{line}false`" in message
        rig.annotate("web", load_balancer_attributes="deletion_protection.enabled=false")
        controller.settle()
        (now,) = rig.aws.load_balancers()
        assert (now["Scheme"], now["LoadBalancerArn"] == arn) == ("internet-facing", False)
        rig.delete("Ingress", "web")
        controller.settle()
        assert rig.aws.load_balancers() == []
