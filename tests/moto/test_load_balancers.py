"""Load balancers and target groups, made and read back over HTTP."""

from __future__ import annotations

import msgspec
import pytest

from alb_controller.errors import AlreadyExists, InUse
from tests.moto.conftest import Account
from tests.unit.aws import samples


def test_a_load_balancer_reads_back_as_it_was_made(account: Account) -> None:
    """What is created is what is listed, with its tags, address and ARN."""
    wanted = account.load_balancer(tags=samples.tags("LoadBalancer", team="web"))
    made = account.elbv2.create_load_balancer(wanted)
    assert made.resource == wanted
    (found,) = account.elbv2.load_balancers()
    assert found.resource == wanted
    assert found.identity == made.identity
    assert found.dns_name


def test_other_vpcs_are_not_ours(account: Account) -> None:
    """Load balancers and target groups of other VPCs are not listed, but are found by name."""
    from_elsewhere = type(account.elbv2)(account.sender, "vpc-other")
    account.has_load_balancer()
    account.has_target_group()
    assert from_elsewhere.load_balancers() == ()
    assert from_elsewhere.target_groups() == ()
    by_name = from_elsewhere.load_balancers_by_name("k8s-shop-web-1")
    assert by_name is not None
    assert by_name.resource.tags == samples.tags("LoadBalancer")


def test_names_that_nobody_has_are_none(account: Account) -> None:
    """Asking by an unknown name is no error."""
    assert account.elbv2.load_balancers_by_name("nobody") is None
    assert account.elbv2.target_group_by_name("nobody") is None


def test_changes_of_a_load_balancer_show(account: Account) -> None:
    """Subnets, groups, address type and attributes are what was set last."""
    arn = account.has_load_balancer().identity
    new_group = account.ec2.create_security_group(samples.security_group()).identity
    account.elbv2.set_security_groups(arn, [new_group])
    account.elbv2.set_subnets(arn, account.subnets)
    account.elbv2.set_ip_address_type(arn, "dualstack")
    account.elbv2.modify_load_balancer_attributes(arn, {"idle_timeout.timeout_seconds": "90"})
    (found,) = account.elbv2.load_balancers()
    assert found.resource.security_groups == (new_group,)
    assert found.resource.ip_address_type == "dualstack"
    attributes = account.elbv2.load_balancer_attributes(arn)
    assert attributes["idle_timeout.timeout_seconds"] == "90"


def test_deleting_twice_is_success(account: Account) -> None:
    """What is gone already counts as deleted."""
    arn = account.has_load_balancer().identity
    group = account.has_target_group().identity
    for _ in range(2):
        account.elbv2.delete_load_balancer(arn)
        account.elbv2.delete_target_group(group)
    assert account.elbv2.load_balancers() == ()
    assert account.elbv2.target_groups() == ()


def test_tags_are_read_in_chunks(account: Account) -> None:
    """More than 20 resources keep their own tags each."""
    for number in range(23):
        account.has_target_group(name=f"group-{number}", tags={"number": str(number)})
    found = account.elbv2.target_groups()
    assert {f.resource.name: f.resource.tags for f in found} == {
        f"group-{number}": {"number": str(number)} for number in range(23)
    }


def test_tags_change_one_resource_at_a_time(account: Account) -> None:
    """Tags are added to and removed from every resource that is named."""
    arns = [account.has_target_group(name=name).identity for name in ("one", "two")]
    account.elbv2.add_tags(arns, {"a": "1", "b": "2"})
    account.elbv2.remove_tags(arns, ["b"])
    for found in account.elbv2.target_groups():
        assert found.resource.tags == {**samples.tags("shop/web-svc:80"), "a": "1"}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"target_type": "instance", "port": 30080},
        {"protocol_version": "HTTP2"},
        {
            "protocol_version": "GRPC",
            "health_check": samples.health_check(path="/AWS.ALB/healthcheck", matcher="12"),
        },
        {"ip_address_type": "ipv6"},
        {"health_check": samples.health_check(port="8081", protocol="HTTPS", matcher="200-299")},
    ],
    ids=["http", "instance", "http2", "grpc", "ipv6", "health"],
)
def test_a_target_group_reads_back_as_it_was_made(
    account: Account, fields: dict[str, object]
) -> None:
    """Whatever its kind, what is created is what is listed."""
    wanted = account.target_group(**fields)
    made = account.elbv2.create_target_group(wanted)
    (found,) = account.elbv2.target_groups()
    assert found.resource == made.resource == wanted
    by_name = account.elbv2.target_group_by_name(wanted.name)
    assert by_name == found


def test_the_health_check_is_changed_as_a_whole(account: Account) -> None:
    """Every field of the new health check shows."""
    made = account.has_target_group()
    check = samples.health_check(
        path="/up", interval_seconds=20, timeout_seconds=6, healthy_threshold=3, matcher="201"
    )
    changed = msgspec.structs.replace(made.resource, health_check=check)
    account.elbv2.modify_target_group(made.identity, changed)
    account.elbv2.modify_target_group_attributes(made.identity, {"stickiness.enabled": "true"})
    (found,) = account.elbv2.target_groups()
    assert found.resource.health_check == check
    attributes = account.elbv2.target_group_attributes(made.identity)
    assert attributes["stickiness.enabled"] == "true"


def test_a_used_target_group_cannot_be_deleted(account: Account) -> None:
    """The error says that it is in use, so that the delete is tried later."""
    group = account.has_target_group().identity
    balancer = account.has_load_balancer().identity
    forwarding = samples.listener(load_balancer=balancer, default_actions=(samples.forward(group),))
    account.elbv2.create_listener(forwarding)
    with pytest.raises(InUse):
        account.elbv2.delete_target_group(group)


def test_a_taken_name_is_reported(account: Account) -> None:
    """A target group with other settings and a taken name is refused as existing."""
    account.has_target_group()
    with pytest.raises(AlreadyExists):
        account.has_target_group(port=9)
