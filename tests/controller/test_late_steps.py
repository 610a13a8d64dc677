"""What nothing else needs fails alone: a web ACL that is not there holds up no one (ADR 13)."""

from __future__ import annotations

from alb_controller.objects.notes import STATUS
from tests.controller.manifests import ingress, ingress_class
from tests.controller.rig import Rig

NOBODYS = "arn:aws:wafv2:us-west-2:123456789012:regional/webacl/nobody/0a1b"


def test_a_web_acl_that_is_not_there_holds_up_neither_status_nor_clean_up(rig: Rig) -> None:
    """Rules change, members are let go, and the one who asked for the web ACL alone hears of it."""
    theirs = ingress_class("other")
    theirs["spec"]["controller"] = "example.com/another"
    rig.apply(theirs)
    rig.apply(
        ingress("a", ["/a"], group="g", wafv2_acl_arn=NOBODYS), ingress("b", ["/b"], group="g")
    )
    rig.apply(ingress("c", ["/c"], group="g"))
    with rig.running():
        rig.until(lambda: rig.warnings("a"))
        assert rig.warnings("b") == rig.warnings("c") == []
        rig.until(lambda: rig.get("Ingress", "a")["status"]["loadBalancer"].get("ingress"))
        assert sorted(rig.aws.paths()) == ["/a", "/b", "/c"]
        rig.merge("Ingress", "c", {"spec": {"ingressClassName": "other"}})
        rig.delete("Ingress", "b")
        rig.until(lambda: rig.is_gone("Ingress", "b"))
        assert rig.aws.paths() == ["/a"]
        (message,) = rig.warnings("a")
        assert "AssociateWebACL" in message
        assert rig.events("a", reason="SuccessfullyReconciled") == []
        rig.annotate("a", wafv2_acl_arn=None)
        rig.apply(ingress("a", ["/a", "/more"], group="g"))
        rig.until(lambda: rig.events("a", reason="SuccessfullyReconciled"))
        assert STATUS not in rig.get("Ingress", "c")["metadata"].get("annotations", {})


def test_a_frontend_nlb_comes_and_goes(rig: Rig) -> None:
    """Both load balancers are in the status; the one in front leaves nothing behind."""
    rig.apply(ingress("web", enable_frontend_nlb="true"))
    with rig.running() as controller:
        controller.settle()
        shown = rig.get("Ingress", "web")["status"]["loadBalancer"]["ingress"]
        assert ["ports" in entry for entry in shown] == [True, False]
        assert {one["Type"] for one in rig.aws.load_balancers()} == {"application", "network"}
        mark = rig.mark()
        rig.annotate("web", enable_frontend_nlb=None)
        controller.settle()
        deleted = [call.operation for call in rig.writes(mark)]
        assert deleted == ["DeleteLoadBalancer", "DeregisterTargets", "DeleteTargetGroup"]
        assert [one["Type"] for one in rig.aws.load_balancers()] == ["application"]
        assert len(rig.get("Ingress", "web")["status"]["loadBalancer"]["ingress"]) == 1
