"""Listeners and rules, made and read back over HTTP."""

from __future__ import annotations

import msgspec
import pytest

from alb_controller.errors import AlreadyExists
from alb_controller.model.actions import FixedResponseAction, RedirectAction, Rewrite, Transform
from alb_controller.model.elbv2 import (
    Action,
    Condition,
    ForwardAction,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    ListenerRule,
    PathPattern,
    QueryString,
    QueryStringPair,
    SourceIp,
    WeightedTargetGroup,
)
from alb_controller.model.refs import ResourceId
from alb_controller.model.stack import Found
from tests.moto.conftest import Account
from tests.unit.aws import samples


@pytest.fixture
def listener_arn(account: Account) -> str:
    """A listener on port 80 without rules."""
    balancer = account.has_load_balancer().identity
    return account.elbv2.create_listener(samples.listener(load_balancer=balancer)).identity


def _rule(listener_arn: str, number: int, **fields: object) -> ListenerRule:
    resource = f"80:{number}"
    mine = {
        "id": ResourceId("ListenerRule", resource),
        "tags": samples.tags(resource),
        "listener": listener_arn,
        "priority": number,
        "actions": (samples.NOT_FOUND,),
    }
    return samples.rule(**{**mine, **fields})


def _rules(account: Account) -> tuple[Found[ListenerRule], ...]:
    (balancer,) = account.elbv2.load_balancers()
    return account.elbv2.listeners_and_rules(balancer).rules


def test_a_listener_reads_back_as_it_was_made(account: Account) -> None:
    """What is created is what is listed, alone and together with its rules."""
    balancer = account.has_load_balancer()
    wanted = samples.listener(load_balancer=balancer.identity)
    made = account.elbv2.create_listener(wanted)
    assert made.resource == wanted
    assert account.elbv2.listeners(balancer) == (made,)
    assert account.elbv2.listeners_and_rules(balancer).listeners == (made,)


def test_the_default_rule_is_not_listed(account: Account, listener_arn: str) -> None:
    """A listener without rules of ours has none."""
    assert listener_arn
    assert _rules(account) == ()


def test_a_listener_is_changed_in_place(account: Account) -> None:
    """Port and default actions are what was set last; attributes too."""
    balancer = account.has_load_balancer()
    made = account.elbv2.create_listener(samples.listener(load_balancer=balancer.identity))
    redirect = RedirectAction(status_code="HTTP_301", port="443", protocol="HTTPS")
    wanted = msgspec.structs.replace(made.resource, port=8080, default_actions=(redirect,))
    account.elbv2.modify_listener(made.identity, wanted)
    account.elbv2.modify_listener_attributes(
        made.identity, {"routing.http.response.server.enabled": "false"}
    )
    assert account.elbv2.listeners(balancer)[0].resource == wanted
    attributes = account.elbv2.listener_attributes(made.identity)
    assert attributes["routing.http.response.server.enabled"] == "false"
    account.elbv2.delete_listener(made.identity)
    assert account.elbv2.listeners(balancer) == ()


CONDITIONS: list[tuple[Condition, ...]] = [
    (PathPattern(("/a", "/a/*")),),
    (HostHeader(("shop.example", "*.shop.example")), PathPattern(("/",))),
    (HostHeader(regex_values=("^shop",)), PathPattern(regex_values=("^/[ab]$",))),
    (HttpHeader("X-Canary", ("yes",)), HttpHeader("X-Canary", ("really",))),
    (HttpRequestMethod(("GET", "HEAD")),),
    (QueryString((QueryStringPair("1", "v"), QueryStringPair("debug"))),),
    (SourceIp(("10.0.0.0/8",)),),
]


@pytest.mark.parametrize("conditions", CONDITIONS, ids=lambda c: c[0].__class__.__name__)
def test_conditions_read_back_as_they_were_made(
    account: Account, listener_arn: str, conditions: tuple[Condition, ...]
) -> None:
    """Whatever its conditions, a rule that is created is the rule that is listed."""
    wanted = _rule(listener_arn, 1, conditions=conditions)
    made = account.elbv2.create_rule(wanted)
    (found,) = _rules(account)
    assert found.resource == made.resource == wanted


def _actions(first: str, second: str) -> list[tuple[Action, ...]]:
    weighted = (WeightedTargetGroup(first, 9), WeightedTargetGroup(second, 1))
    return [
        (ForwardAction((WeightedTargetGroup(first),)),),
        (ForwardAction(weighted),),
        (ForwardAction(weighted, stickiness_enabled=True, stickiness_seconds=60),),
        (RedirectAction(status_code="HTTP_302", host="new.example", query="a=#{query}"),),
        (RedirectAction(status_code="HTTP_301", port="443", protocol="HTTPS", path="/x"),),
        (FixedResponseAction("503", "text/html", "<p>soon</p>"),),
        (samples.NOT_FOUND,),
    ]


def test_actions_read_back_as_they_were_made(account: Account, listener_arn: str) -> None:
    """Whatever its actions, a rule that is created is the rule that is listed."""
    groups = [account.has_target_group(name=name).identity for name in ("one", "two")]
    wanted = [
        _rule(listener_arn, number, actions=actions)
        for number, actions in enumerate(_actions(*groups), start=1)
    ]
    made = [account.elbv2.create_rule(rule).resource for rule in wanted]
    assert made == wanted
    assert [found.resource for found in _rules(account)] == wanted


def test_a_rule_is_changed_as_a_whole(account: Account, listener_arn: str) -> None:
    """Conditions and actions are replaced; transforms come, and go when none are wanted."""
    arn = account.elbv2.create_rule(_rule(listener_arn, 1)).identity
    conditions: tuple[Condition, ...] = (HostHeader(("a.example",)), PathPattern(("/b",)))
    actions: tuple[Action, ...] = (FixedResponseAction("200", "text/plain", "ok"),)
    transforms = (Transform("url-rewrite", (Rewrite("^/b", "/"),)),)
    account.elbv2.modify_rule(arn, conditions, actions, transforms)
    (found,) = _rules(account)
    assert found.resource.content == (conditions, actions, transforms)
    account.elbv2.modify_rule(arn, conditions, actions)
    (found,) = _rules(account)
    assert found.resource.content == (conditions, actions, ())


def test_rules_swap_places_in_one_call(account: Account, listener_arn: str) -> None:
    """Rules move all at once, and are listed by priority."""
    arns = [account.elbv2.create_rule(_rule(listener_arn, number)).identity for number in (1, 2, 3)]
    account.elbv2.set_rule_priorities({arns[0]: 3, arns[1]: 1, arns[2]: 2})
    assert [found.identity for found in _rules(account)] == [arns[1], arns[2], arns[0]]
    assert [found.resource.priority for found in _rules(account)] == [1, 2, 3]


def test_a_taken_priority_is_reported(account: Account, listener_arn: str) -> None:
    """A rule at a priority that another one has is refused as existing."""
    account.elbv2.create_rule(_rule(listener_arn, 1))
    with pytest.raises(AlreadyExists):
        account.elbv2.create_rule(_rule(listener_arn, 1))


def test_rules_read_alone_are_the_same(account: Account, listener_arn: str) -> None:
    """One listener's rules are those of the shared read; a deleted one is gone for both."""
    arns = [account.elbv2.create_rule(_rule(listener_arn, number)).identity for number in (2, 1)]
    account.elbv2.delete_rule(arns[0])
    (balancer,) = account.elbv2.load_balancers()
    (listener,) = account.elbv2.listeners(balancer)
    assert account.elbv2.rules(listener) == _rules(account)
    assert [found.identity for found in _rules(account)] == [arns[1]]


def test_certificates_have_the_default_first(account: Account) -> None:
    """A secure listener shows its default certificate, then the others; they come and go."""
    arns = [_certificate(account, name) for name in ("z.example", "a.example", "m.example")]
    balancer = account.has_load_balancer()
    wanted = samples.listener(
        load_balancer=balancer.identity,
        port=443,
        protocol="HTTPS",
        certificates=(arns[0], *sorted(arns[1:])),
        ssl_policy="ELBSecurityPolicy-2016-08",
    )
    made = account.elbv2.create_listener(wanted)
    (found,) = account.elbv2.listeners(balancer)
    assert found.resource.certificates == made.resource.certificates == wanted.certificates
    assert found.resource.ssl_policy == "ELBSecurityPolicy-2016-08"
    account.elbv2.remove_listener_certificates(made.identity, [arns[1]])
    assert account.elbv2.listeners(balancer)[0].resource.certificates == (arns[0], arns[2])


def _certificate(account: Account, domain: str) -> str:
    answer = account.sender.call("acm", "RequestCertificate", DomainName=domain)
    return str(answer["CertificateArn"])
