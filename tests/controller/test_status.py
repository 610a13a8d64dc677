"""What an Ingress's status shows."""

from __future__ import annotations

from tests.controller.manifests import ingress
from tests.controller.rig import Rig

TWO_PORTS = '[{"HTTP": 8080}, {"HTTP": 80}]'


def test_status_shows_the_host_in_lower_case_and_every_port(rig: Rig) -> None:
    """One entry with the load balancer's name as DNS compares it, and all ports of the group."""
    rig.apply(
        ingress("a", ["/a"], group="g", load_balancer_name="MyEdge", listen_ports=TWO_PORTS),
        ingress("b", ["/b"], group="g"),
    )
    with rig.running() as controller:
        controller.settle()
    (balancer,) = rig.aws.load_balancers()
    assert balancer["DNSName"] != balancer["DNSName"].lower()
    ports = [{"port": port, "protocol": "TCP"} for port in (80, 8080)]
    for name in ("a", "b"):
        status = rig.get("Ingress", name)["status"]["loadBalancer"]["ingress"]
        assert status == [{"hostname": balancer["DNSName"].lower(), "ports": ports}]


def test_a_port_that_goes_leaves_every_members_status(rig: Rig) -> None:
    """The ports of the group are shown on all members, whoever asks for them."""
    rig.apply(
        ingress("a", ["/a"], group="g", listen_ports=TWO_PORTS), ingress("b", ["/b"], group="g")
    )
    with rig.running() as controller:
        controller.settle()
        rig.annotate("a", listen_ports=None)
        controller.settle()
    for name in ("a", "b"):
        (entry,) = rig.get("Ingress", name)["status"]["loadBalancer"]["ingress"]
        assert [shown["port"] for shown in entry["ports"]] == [80]


def test_an_entry_that_is_not_ours_is_removed(rig: Rig) -> None:
    """A sweep takes away what others wrote beside our entry, and an IP in it."""
    rig.apply(ingress("web"))
    with rig.running("--sync-period=1s") as controller:
        controller.settle()
        ours = rig.get("Ingress", "web")["status"]["loadBalancer"]["ingress"]
        url = rig.cluster.path("Ingress", "shop", "web") + "/status"
        both = {"loadBalancer": {"ingress": [*ours, {"hostname": "elsewhere.example"}]}}
        rig.cluster.merge(url, {"status": both}).raise_for_status()
        rig.until(lambda: rig.get("Ingress", "web")["status"]["loadBalancer"]["ingress"] == ours)
