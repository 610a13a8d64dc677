"""The registry of wanted rules, and its writes to one security group."""

from __future__ import annotations

import pytest

from alb_controller.errors import NotFound, NotReady, QuotaExceeded, Throttled
from alb_controller.model.ec2 import IngressRule
from alb_controller.reconcile.targets.endpoint_rules import SWEEP, EndpointRules
from alb_controller.targets.networking import SHARED_DESCRIPTION
from alb_controller.values import BindingKey
from tests.factories import cluster
from tests.unit.targets.cluster import binding
from tests.world_endpoints import EndpointAccount

MINE, OTHER = BindingKey("shop", "mine"), BindingKey("shop", "other")


def rule(port: int, source: str = "sg-lb", description: str = SHARED_DESCRIPTION) -> IngressRule:
    """One port, from a security group."""
    return IngressRule("tcp", port, port, "security_group", source, description)


def want(*rules: IngressRule) -> frozenset[IngressRule]:
    """What a binding wants of one group."""
    return frozenset(rules)


def registry(aws: EndpointAccount, *bindings: str) -> EndpointRules:
    """A registry over a cluster of bindings that want port 80 of sg-lb."""
    peer = {"securityGroup": {"groupID": "sg-lb"}}
    networking = {"ingress": [{"from": [peer], "ports": [{"port": 80}]}]}
    known = cluster(*(binding(name, networking=networking) for name in bindings))
    return EndpointRules(aws, known, cluster_name="prod", restricted=True)


def with_group(*rules: IngressRule, tagged: bool = True) -> EndpointAccount:
    """An AWS with security group sg-1."""
    aws = EndpointAccount()
    aws.add_group("sg-1", *rules)
    if tagged:
        aws.tag("sg-1", {"kubernetes.io/cluster/prod": "owned"})
    return aws


def test_only_groups_whose_whole_changes_are_due() -> None:
    """What another binding wants already changes nothing; the first one of all sweeps."""
    rules = registry(EndpointAccount())
    assert rules.want(MINE, {"sg-1": want(rule(80)), "sg-2": want()}) == {"sg-1", SWEEP}
    assert rules.want(OTHER, {"sg-1": want(rule(80))}) == set()
    assert rules.want(OTHER, {"sg-1": want(rule(81))}) == {"sg-1"}
    assert rules.drop(OTHER) == {"sg-1"}
    assert rules.drop(OTHER) == set()
    assert rules.wanted_by("sg-1") == (MINE,)
    assert rules.wanted_by("sg-9") == ()


def test_a_group_without_the_clusters_tag_is_read_by_id() -> None:
    """The only group on an interface needs no tag."""
    aws = with_group(tagged=False)
    rules = registry(aws)
    rules.want(MINE, {"sg-1": want(rule(80))})
    rules.reconcile("sg-1")
    assert aws.rules("sg-1") == {rule(80)}


def test_rules_of_others_are_never_touched() -> None:
    """A rule without our mark stays, and where it lets in the same it suffices."""
    foreign = {rule(80, description="by hand"), rule(81, description="")}
    aws = with_group(*foreign)
    rules = registry(aws)
    rules.want(MINE, {"sg-1": want(rule(80))})
    rules.reconcile("sg-1")
    rules.drop(MINE)
    rules.reconcile("sg-1")
    assert aws.rules("sg-1") == foreign
    assert set(aws.calls) == {"DescribeSecurityGroups"}


def test_new_rules_are_there_before_old_ones_go() -> None:
    """A port that moves is never closed at both places."""
    aws = with_group(rule(80))
    rules = registry(aws)
    rules.want(MINE, {"sg-1": want(rule(8080))})
    rules.reconcile("sg-1")
    assert aws.calls[1:] == ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"]


def test_a_group_is_read_once_and_again_after_a_failed_write() -> None:
    """Whether a write took effect is asked, not guessed."""
    aws = with_group()
    rules = registry(aws)
    rules.want(MINE, {"sg-1": want(rule(80))})
    operation = "AuthorizeSecurityGroupIngress"
    aws.refuse(operation, Throttled("ec2", operation, "RequestLimitExceeded", "slow down"))
    with pytest.raises(Throttled):
        rules.reconcile("sg-1")
    aws.counted()
    rules.reconcile("sg-1")
    assert aws.counted() == {"DescribeSecurityGroups": 1, operation: 1}
    rules.reconcile("sg-1")
    assert aws.counted() == {}


def test_a_rule_that_aws_refuses_stops_no_other() -> None:
    """A source group is gone: other rules are added, surplus ones go, the error is reported."""

    class Aws(EndpointAccount):
        def authorize_ingress(self, group_id: str, rules: object) -> None:
            listed = list(rules)  # type: ignore[call-overload]  # as EndpointAccount takes it
            if any(r.source == "sg-gone" for r in listed):
                operation = "AuthorizeSecurityGroupIngress"
                raise NotFound("ec2", operation, "InvalidGroup.NotFound", "no sg-gone")
            super().authorize_ingress(group_id, listed)

    aws = Aws()
    aws.add_group("sg-1", rule(7))
    rules = registry(aws)
    rules.want(MINE, {"sg-1": want(rule(80), rule(81, "sg-gone"), rule(82, "sg-x"))})
    with pytest.raises(NotFound, match="no sg-gone"):
        rules.reconcile("sg-1")
    assert aws.rules("sg-1") == {rule(80), rule(82, "sg-x")}


def test_a_wanted_group_that_is_gone_is_waited_for() -> None:
    """EC2 may show a new group late; what is wanted of it is not forgotten."""
    aws = EndpointAccount()
    rules = registry(aws)
    rules.want(MINE, {"sg-1": want(rule(80))})
    with pytest.raises(NotReady, match="sg-1, which is gone"):
        rules.reconcile("sg-1")
    aws.add_group("sg-1")
    rules.reconcile("sg-1")
    assert aws.rules("sg-1") == {rule(80)}


def test_a_resync_during_a_write_has_the_group_read_again() -> None:
    """What the write has taught does not count as read since."""

    class Aws(EndpointAccount):
        def authorize_ingress(self, group_id: str, rules: object) -> None:
            super().authorize_ingress(group_id, rules)  # type: ignore[arg-type]  # as EndpointAccount's
            registered.forget_found()

    aws = Aws()
    aws.add_group("sg-1")
    registered = registry(aws)
    registered.want(MINE, {"sg-1": want(rule(80))})
    registered.reconcile("sg-1")
    aws.set_rules("sg-1")  # by hand
    registered.reconcile("sg-1")
    assert aws.rules("sg-1") == {rule(80)}


def test_a_group_that_is_gone_and_not_wanted_is_forgotten() -> None:
    """Its rules went with it."""
    aws = with_group(rule(80))
    rules = registry(aws)
    rules.want(MINE, {"sg-1": want(rule(80))})
    rules.reconcile("sg-1")
    del aws.things["sg-1"]
    rules.drop(MINE)
    assert rules.forget_found() == {"sg-1"}
    assert rules.reconcile("sg-1") == set()
    assert rules.forget_found() == set()


def test_nothing_is_revoked_that_a_binding_not_yet_seen_could_want() -> None:
    """It is revoked once the binding has said what it wants, and not before."""
    aws = with_group(rule(80), rule(9))
    rules = registry(aws, "mine", "other")
    rules.want(MINE, {})
    rules.reconcile("sg-1")
    assert aws.rules("sg-1") == {rule(80)}
    due = rules.want(OTHER, {})
    assert due == {"sg-1"}
    rules.reconcile("sg-1")
    assert aws.rules("sg-1") == set()


def test_the_deletion_of_a_binding_not_yet_seen_frees_what_was_held_for_it() -> None:
    """It will want nothing any more."""
    aws = with_group(rule(80))
    rules = registry(aws, "mine", "other")
    rules.want(MINE, {})
    rules.reconcile("sg-1")
    assert rules.drop(OTHER) == {"sg-1"}


def test_a_source_is_referenced_until_its_last_rule_is_revoked() -> None:
    """The load balancers' shared group may go only then; others' rules never go."""
    aws = with_group(rule(7, description="by hand"))
    rules = registry(aws)
    assert not rules.references("sg-lb")
    rules.want(MINE, {"sg-1": want(rule(80))})
    assert rules.references("sg-lb")
    rules.reconcile("sg-1")
    rules.drop(MINE)
    assert rules.references("sg-lb")
    operation = "RevokeSecurityGroupIngress"
    aws.refuse(operation, Throttled("ec2", operation, "RequestLimitExceeded", "slow down"))
    with pytest.raises(Throttled):
        rules.reconcile("sg-1")
    assert rules.references("sg-lb")
    rules.reconcile("sg-1")
    assert not rules.references("sg-lb")


def test_the_sweep_names_groups_with_rules_that_nobody_wants() -> None:
    """One look by tag, which also serves the groups that are wanted."""
    aws = with_group(rule(80))
    aws.add_group("sg-2")
    aws.tag("sg-2", {"kubernetes.io/cluster/prod": "owned"})
    rules = registry(aws)
    rules.want(MINE, {"sg-2": want(rule(80))})
    rules.reconcile("sg-2")
    assert rules.reconcile(SWEEP) == {"sg-1"}
    assert aws.counted()["DescribeSecurityGroups"] == 1


def test_rules_that_a_former_process_left_behind_go_though_no_binding_is_there() -> None:
    """It ended before it could revoke them; they are looked for once, with the first resync."""
    aws = with_group(rule(80), rule(22, "sg-x", description="by hand"))
    rules = registry(aws)
    assert rules.forget_found() == {SWEEP}
    assert rules.reconcile(SWEEP) == {"sg-1"}
    rules.reconcile("sg-1")
    assert {one.description for one in aws.rules("sg-1")} == {"by hand"}
    assert aws.counted() == {"DescribeSecurityGroups": 1, "RevokeSecurityGroupIngress": 1}
    assert rules.forget_found() == {"sg-1"}


def test_a_part_of_a_merged_rule_is_not_added_while_the_whole_stays() -> None:
    """At a start only some bindings are known: the rule that is there covers what they want."""
    merged = IngressRule("tcp", 80, 9000, "security_group", "sg-lb", SHARED_DESCRIPTION)
    aws = with_group(merged)
    rules = registry(aws, "mine", "other")
    rules.want(MINE, {"sg-1": want(rule(9000))})
    rules.reconcile("sg-1")
    assert rules.want(OTHER, {"sg-1": want(rule(80))}) == {"sg-1"}
    rules.reconcile("sg-1")
    assert aws.rules("sg-1") == {merged}
    assert set(aws.calls) == {"DescribeSecurityGroups"}


def test_groups_that_were_only_read_are_not_ours_to_clean() -> None:
    """Rules of another cluster's controller on its groups carry the same mark."""
    aws = with_group(rule(80), tagged=False)
    rules = registry(aws)
    rules.remember(aws.endpoint_security_groups(["sg-1"]))
    rules.want(MINE, {})
    assert rules.reconcile(SWEEP) == set()
    assert rules.forget_found() == set()


def test_what_is_known_of_a_group_is_not_overwritten_by_an_older_look() -> None:
    """A look made for another reason may have begun before our write."""
    aws = with_group()
    rules = registry(aws)
    before = aws.endpoint_security_groups(["sg-1"])
    rules.want(MINE, {"sg-1": want(rule(80))})
    rules.reconcile("sg-1")
    rules.remember(before)
    aws.counted()
    rules.reconcile("sg-1")
    assert aws.counted() == {}


def test_at_the_quota_of_rules_those_that_go_make_room() -> None:
    """Where nothing goes the refusal is reported, and nothing is touched."""
    aws = with_group()
    aws.ingress_limit = 2
    rules = registry(aws)
    rules.want(MINE, {"sg-1": want(rule(80, "sg-a"), rule(80, "sg-b"))})
    rules.reconcile("sg-1")
    rules.want(MINE, {"sg-1": want(rule(80, "sg-b"), rule(80, "sg-c"))})
    rules.reconcile("sg-1")
    assert aws.rules("sg-1") == {rule(80, "sg-b"), rule(80, "sg-c")}
    rules.want(MINE, {"sg-1": want(rule(80, "sg-b"), rule(80, "sg-c"), rule(80, "sg-d"))})
    with pytest.raises(QuotaExceeded):
        rules.reconcile("sg-1")
    assert aws.rules("sg-1") == {rule(80, "sg-b"), rule(80, "sg-c")}
