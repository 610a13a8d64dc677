"""An account and a cluster that are made of what is named."""

from __future__ import annotations

from typing import Any

import pytest

from alb_controller.commands.offline.account import OfflineAccount
from alb_controller.commands.offline.cluster import BadManifest, ManifestCluster
from alb_controller.model import queries
from alb_controller.model.queries import Query
from alb_controller.model.stack import Observed
from alb_controller.objects.core import Service
from alb_controller.objects.indexes import BY_SERVICE
from alb_controller.objects.networking import Ingress, IngressClass
from alb_controller.values import StackKey
from tests.resources import stack

_KEY = StackKey("ingress", "default", "web")


@pytest.mark.parametrize(
    "query, expected",
    [
        (queries.SubnetsByRole("elb"), ["subnet-a", "subnet-b"]),
        (queries.SubnetsByTags((("k", ("v",)),)), ["subnet-a", "subnet-b"]),
        (queries.SubnetsByReachability(True), ["subnet-a", "subnet-b"]),
        (queries.SubnetsById(("s-1", "s-2")), ["s-1", "s-2"]),
        (queries.SubnetsByName(("one",)), ["subnet-one"]),
        (queries.SecurityGroupsById(("sg-1",)), ["sg-1"]),
        (queries.SecurityGroupsByName(("edge",)), ["sg-edge"]),
        (queries.AddonOffered("shield"), []),
        (queries.TargetGroupOfCluster("arn:x"), []),
    ],
)
def test_the_account_has_what_is_named(query: Query, expected: list[str]) -> None:
    """Subnets in different zones; groups by id and name; no services beside."""
    found: Any = OfflineAccount().answer([query])[query]
    assert [one.id for one in found] == expected
    zones = [one.availability_zone for one in found if isinstance(one, queries.Subnet)]
    assert len(set(zones)) == len(zones)


@pytest.mark.parametrize(
    "query",
    [
        queries.TargetGroupByName("old"),
        queries.TrustStoreByName("corp"),
        queries.WebAclByName("edge"),
    ],
)
def test_a_name_has_an_arn(query: Any) -> None:
    """Made of the name."""
    answer: Any = OfflineAccount().answer([query])[query]
    (found,) = answer
    assert query.name in found.arn
    assert found.name == query.name


def test_each_host_has_a_certificate_which_is_remembered() -> None:
    """For the handshakes of the state."""
    account = OfflineAccount()
    query = queries.IssuedCertificates(("a.test", "b.test"))
    answer: Any = account.answer([query])[query]
    assert [one.domains for one in answer] == [("a.test",), ("b.test",)]
    assert [*account.certificates.values()] == [*answer]


def test_the_account_has_nothing_of_a_stack() -> None:
    """Everything would be created."""
    account, nothing = OfflineAccount(), Observed()
    assert account.observe(_KEY, None) == nothing
    assert account.complete(stack(), nothing) is nothing
    assert not account.is_protected("arn")
    assert account.is_healthy("arn")
    assert account.deregistration_seconds("arn") == 0


def ingress(**spec: Any) -> dict[str, Any]:
    """An Ingress."""
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    return {
        "kind": "Ingress",
        "metadata": {"name": "web"},
        "spec": {"defaultBackend": backend, **spec},
    }


SERVICE = {"kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
CLASS = {
    "kind": "IngressClass",
    "metadata": {"name": "mine"},
    "spec": {"controller": "ingress.k8s.aws/alb"},
}


def test_objects_are_as_the_api_server_shows_them() -> None:
    """With namespace, uid and the defaults of a Service's ports; other kinds are left out."""
    cluster = ManifestCluster([SERVICE, ingress(), {"kind": "Role", "metadata": {"name": "r"}}])
    service = cluster.get(Service, "default", "web")
    assert service is not None
    assert (service.spec.type, service.spec.ports[0].target_port) == ("ClusterIP", 80)
    assert service.spec.ports[0].node_port
    assert [one.metadata.uid for one in cluster.list(Ingress)] == ["uid-Ingress/default/web"]
    assert cluster.list(Ingress, "other") == []
    assert len(cluster.select(Ingress, BY_SERVICE, "default/web")) == 1
    assert cluster.select(Ingress, BY_SERVICE, "default/other") == []
    assert not cluster.unreadable(Ingress)
    assert cluster.secrets() == {}


def test_a_class_that_is_named_and_missing_is_ours() -> None:
    """Where the manifests have classes, those alone count."""
    named = ManifestCluster([ingress(ingressClassName="alb")])
    assert named.get(IngressClass, "", "alb") is not None
    assert not ManifestCluster([ingress()]).list(IngressClass)
    given = ManifestCluster([ingress(ingressClassName="alb"), CLASS])
    assert given.get(IngressClass, "", "alb") is None


def test_an_object_that_cannot_be_read_is_named() -> None:
    """With the place in it."""
    with pytest.raises(BadManifest, match="Ingress default/web: "):
        ManifestCluster([ingress(rules=7)])
