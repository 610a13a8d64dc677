"""Capacity, web ACLs, Shield and load balancers as targets, written and read back over HTTP."""

from __future__ import annotations

import pytest

from alb_controller.aws.addons.services import AddonServices
from alb_controller.errors import NotFound
from alb_controller.model.elbv2 import Target
from tests.moto.conftest import Account


def made_web_acl(account: Account, name: str) -> str:
    """The ARN of a new web ACL."""
    metrics = {
        "SampledRequestsEnabled": False,
        "CloudWatchMetricsEnabled": False,
        "MetricName": "m",
    }
    answer = account.sender.call(
        "wafv2",
        "CreateWebACL",
        Name=name,
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig=metrics,
    )
    return str(answer["Summary"]["ARN"])


def test_capacity_is_reserved_and_given_back(account: Account) -> None:
    """What is read is what was written last; 0 is none."""
    arn = account.has_load_balancer().identity
    for units in (0, 100, 200, 0):
        account.elbv2.reserve_capacity(arn, units)
        assert account.elbv2.capacity_units(arn) == units


def test_a_new_load_balancer_is_provisioned_for_a_while(account: Account) -> None:
    """Its state is asked for by ARN; one that is gone is NotFound."""
    arn = account.has_load_balancer().identity
    assert account.elbv2.load_balancer_state(arn) in ("provisioning", "active")
    account.elbv2.delete_load_balancer(arn)
    with pytest.raises(NotFound):
        account.elbv2.load_balancer_state(arn)


def test_a_web_acl_takes_the_place_of_another(account: Account) -> None:
    """One at a time; an empty ARN takes it away; names find ARNs."""
    waf = AddonServices.of(account.sender).wafv2
    arn = account.has_load_balancer().identity
    first, second = made_web_acl(account, "first"), made_web_acl(account, "second")
    assert waf.web_acl_of(arn) == ""
    for wanted in (first, second, ""):
        waf.set_web_acl(arn, wanted)
        assert waf.web_acl_of(arn) == wanted
    by_name = waf.web_acls_by_name()
    assert (by_name["first"], by_name["second"]) == (first, second)


def test_a_web_acl_that_does_not_exist_is_not_found(account: Account) -> None:
    """The user hears of it, and everything else goes on."""
    waf = AddonServices.of(account.sender).wafv2
    arn = account.has_load_balancer().identity
    with pytest.raises(NotFound):
        waf.set_web_acl(arn, made_web_acl(account, "third").replace("third", "nobody"))


def test_protection_comes_and_goes(account: Account) -> None:
    """Made once, deleted once; doing it again is no error."""
    shield = AddonServices.of(account.sender).shield
    arn = account.has_load_balancer().identity
    assert shield.is_subscribed()
    for protected, state in ((True, "on"), (True, "on"), (False, "off"), (False, "off")):
        shield.set_protection(arn, protected=protected)
        assert shield.protection_of(arn) == state


def test_a_load_balancer_is_a_target(account: Account) -> None:
    """Of a target group of type alb, with the port that gets its traffic."""
    behind = account.has_load_balancer().identity
    group = account.has_target_group(
        name="front", target_type="alb", protocol="TCP", protocol_version=None, port=80
    )
    account.elbv2.register_targets(group.identity, [Target(behind, 8080)])
    (found,) = account.elbv2.target_health(group.identity)
    assert (found.target.id, found.target.port) == (behind, 8080)
    account.elbv2.deregister_targets(group.identity, [Target(behind, 8080)])
    left = [one for one in account.elbv2.target_health(group.identity) if one.state != "draining"]
    assert left == []


def test_an_address_pool_is_taken_changed_and_left(account: Account) -> None:
    """It is given at creation, and shown as it is."""
    arn = account.has_load_balancer(ipv4_ipam_pool_id="ipam-pool-1").identity
    for wanted in ("ipam-pool-1", "ipam-pool-2", None):
        account.elbv2.modify_ip_pools(arn, wanted)
        (found,) = account.elbv2.load_balancers()
        assert found.resource.ipv4_ipam_pool_id == wanted


def test_a_control_port_reads_back(account: Account) -> None:
    """So that a restart does not replace the target group."""
    wanted = account.target_group(target_control_port=9000)
    assert account.elbv2.create_target_group(wanted).resource == wanted
    assert [one.resource for one in account.elbv2.target_groups()] == [wanted]


def test_a_classic_web_acl_takes_the_place_of_another(account: Account) -> None:
    """One at a time; an empty id takes it away; one that does not exist is not found."""
    waf = AddonServices.of(account.sender).waf_regional
    arn = account.has_load_balancer().identity
    ids = [_classic_web_acl(account, name) for name in ("first", "second")]
    assert waf.web_acl_of(arn) == ""
    for wanted in (*ids, ""):
        waf.set_web_acl(arn, wanted)
        assert waf.web_acl_of(arn) == wanted
    with pytest.raises(NotFound):
        waf.set_web_acl(arn, "nobody")
    assert waf.web_acl_of(arn.replace("app", "net")) == ""


def _classic_web_acl(account: Account, name: str) -> str:
    token = account.sender.call("waf-regional", "GetChangeToken")["ChangeToken"]
    answer = account.sender.call(
        "waf-regional",
        "CreateWebACL",
        Name=name,
        MetricName=name,
        DefaultAction={"Type": "ALLOW"},
        ChangeToken=token,
    )
    return str(answer["WebACL"]["WebACLId"])
