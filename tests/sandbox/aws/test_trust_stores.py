"""Trust stores are made and found, and listeners name them as AWS wants it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.aws.world import World, refused

BUNDLE = {"CaCertificatesBundleS3Bucket": "bucket", "CaCertificatesBundleS3Key": "ca.pem"}


def test_create_trust_store(elbv2: Any) -> None:
    """It is active at once; its name is taken."""
    (made,) = elbv2.create_trust_store(Name="clients", **BUNDLE)["TrustStores"]
    assert (made["Name"], made["Status"]) == ("clients", "ACTIVE")
    with refused("DuplicateTrustStoreName"):
        elbv2.create_trust_store(Name="clients", **BUNDLE)


def test_describe_trust_stores(elbv2: Any) -> None:
    """All, or some by name or ARN; one that is not there spoils the call."""
    made = {
        name: elbv2.create_trust_store(Name=name, **BUNDLE)["TrustStores"][0]["TrustStoreArn"]
        for name in ("a", "b")
    }

    def found(**asked: list[str]) -> list[str]:
        return [one["Name"] for one in elbv2.describe_trust_stores(**asked)["TrustStores"]]

    assert found() == ["a", "b"]
    assert found(Names=["b"]) == ["b"]
    assert found(TrustStoreArns=[made["a"]]) == ["a"]
    with refused("TrustStoreNotFound"):
        elbv2.describe_trust_stores(Names=["a", "c"])


@pytest.mark.parametrize(
    "wanted",
    [{"Mode": "on"}, {"Mode": "verify"}, {"Mode": "passthrough", "TrustStoreArn": "arn:x"}],
    ids=str,
)
def test_check_client_certificates(world: World, elbv2: Any, wanted: dict[str, str]) -> None:
    """At creation and later; an empty trust store is none."""
    default = [{"CertificateArn": world.ids["cert:myapp.example"]}]
    balancer = world.load_balancer()
    with refused("ValidationError"):
        world.listener(
            balancer, 443, Protocol="HTTPS", Certificates=default, MutualAuthentication=wanted
        )
    empty = {"Mode": "passthrough", "TrustStoreArn": ""}
    arn = world.listener(
        balancer, 443, Protocol="HTTPS", Certificates=default, MutualAuthentication=empty
    )
    with refused("ValidationError"):
        elbv2.modify_listener(ListenerArn=arn, MutualAuthentication=wanted)
    (shown,) = elbv2.describe_listeners(ListenerArns=[arn])["Listeners"]
    assert shown["MutualAuthentication"]["Mode"] == "passthrough"
