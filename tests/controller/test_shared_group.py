"""The shared backend security group under many groups at once."""

from __future__ import annotations

import pytest

from tests.controller.manifests import NAMESPACE, ingress
from tests.controller.rig import Rig

GROUPS = [f"web-{number:02}" for number in range(20)]
EIGHT = (
    "--ingress-max-concurrent-reconciles=8",
    "--targetgroupbinding-max-concurrent-reconciles=8",
)


@pytest.mark.parametrize("is_restarted", [False, True], ids=["one process", "a restart between"])
def test_twenty_groups_share_one_group_that_goes_with_the_last(
    rig: Rig, *, is_restarted: bool
) -> None:
    """Made at once they make one group; deleted at once they leave none, nor a rule of it."""
    with rig.running(*EIGHT) as controller:
        rig.apply(*(ingress(name) for name in GROUPS))
        controller.settle()
        assert len(rig.aws.load_balancers()) == 20
        made = [c for c in rig.aws.front.writes() if c.operation == "CreateSecurityGroup"]
        shared = [c for c in made if c.params["GroupName"].startswith("k8s-traffic-prod")]
        assert len(shared) == 1
        if not is_restarted:
            _delete_all(rig)
            controller.settle()
    if is_restarted:
        with rig.running(*EIGHT) as controller:
            _delete_all(rig)
            controller.settle()
    assert rig.cluster.list("Ingress") == []
    assert rig.cluster.list("TargetGroupBinding") == []
    assert rig.aws.load_balancers() == []
    assert rig.aws.target_groups() == []
    assert rig.aws.made_groups() == []
    nodes = rig.aws.security_groups()["eks-cluster-sg-prod"]
    assert nodes["IpPermissions"] == []


def _delete_all(rig: Rig) -> None:
    for name in GROUPS:
        rig.cluster.delete("Ingress", NAMESPACE, name)
