"""States are read from documents of two forms and written in one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alb_controller.model.actions import FixedResponseAction
from alb_controller.model.elbv2 import ForwardAction, MutualAuthentication, WeightedTargetGroup
from alb_controller.routing.state import Certificate, ServedTarget, State
from alb_controller.state.document import read_document, read_text
from alb_controller.state.nodes import StateError
from alb_controller.state.writer import write_document, write_text

FIXED = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": 404}}


def alone(**changes: Any) -> dict[str, Any]:
    """A document of one load balancer with one listener and one target group."""
    listener = {"Port": 80, "Protocol": "HTTP", "DefaultActions": [FIXED]}
    group = {"Protocol": "HTTP", "Port": 80, "Targets": [{"Id": "10.0.0.1", "Port": 8080}]}
    return {"listeners": [listener], "target_groups": {"web": group}} | changes


def with_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """The document with one rule."""
    document = alone()
    whole = {"Priority": "1", "Conditions": [], "Actions": [FIXED]} | rule
    document["listeners"][0]["Rules"] = [whole]
    return document


def with_action(action: dict[str, Any]) -> dict[str, Any]:
    """The document with one rule of that action."""
    return with_rule({"Actions": [action]})


def oidc(**fields: Any) -> dict[str, Any]:
    """An action that asks who the client is."""
    return {"Type": "authenticate-oidc", "AuthenticateOidcConfig": fields}


def with_listener(**fields: Any) -> dict[str, Any]:
    """The document with other fields of its listener."""
    document = alone()
    document["listeners"][0] |= fields
    return document


def only_rule(state: State) -> Any:
    """The one rule of a state."""
    return state.observed.rules[0].resource


LARGE: dict[str, Any] = {
    "dns_name": "alb.example.net",
    "attributes": [
        {"Key": "routing.http2.enabled", "Value": False},
        {"Key": "idle_timeout.timeout_seconds", "Value": 30},
    ],
    "certificates": {
        "site": {"domains": ["a.example"], "key": "EC-P256"},
        "old": {"domains": ["b.example"], "key": "RSA-4096"},
    },
    "trust_stores": {"corp": ["ca"]},
    "client_certificates": {"ann": {"subject": "CN=ann", "issuer": "ca", "expired": True}},
    "listeners": [
        {
            "Port": 443,
            "Protocol": "HTTPS",
            "Certificates": ["site", {"CertificateArn": "old"}],
            "MutualAuthentication": {
                "Mode": "verify",
                "TrustStoreArn": "corp",
                "IgnoreClientCertificateExpiry": True,
            },
            "Attributes": {"routing.http.response.server.enabled": "false"},
            "DefaultActions": [
                {
                    "Type": "authenticate-oidc",
                    "Order": 1,
                    "AuthenticateOidcConfig": {
                        "Issuer": "https://idp.example",
                        "ClientId": "app",
                        "ClientSecret": "hidden-word",
                        "SessionTimeout": 60,
                    },
                },
                {"Type": "forward", "Order": 2, "TargetGroupArn": "web"},
            ],
            "Rules": [
                {"Priority": "default", "Actions": [FIXED]},
                {
                    "Priority": "20",
                    "Conditions": [
                        {"Field": "host-header", "Values": ["a.example"]},
                        {"Field": "http-header", "HttpHeaderConfig": {
                            "HttpHeaderName": "X-A", "RegexValues": ["^a$"]}},
                        {"Field": "query-string", "QueryStringConfig": {
                            "Values": [{"Key": "k", "Value": "v"}, {"Value": 1}]}},
                    ],
                    "Actions": [
                        {"Type": "forward", "ForwardConfig": {
                            "TargetGroups": [
                                {"TargetGroupArn": "web", "Weight": 1},
                                {"TargetGroupArn": "arn:api"},
                            ],
                            "TargetGroupStickinessConfig": {"Enabled": True}}},
                    ],
                    "Transforms": [
                        {"Type": "url-rewrite", "UrlRewriteConfig": {
                            "Rewrites": [{"Regex": "^/a", "Replace": "/b"}]}},
                    ],
                },
                {"Priority": 3, "Actions": [FIXED]},
            ],
        },
    ],
    "target_groups": {
        "web": {"Protocol": "HTTP", "Port": 80, "Targets": []},
        "api": {
            "TargetGroupArn": "arn:api",
            "Port": 80,
            "Matcher": {"HttpCode": "200-299"},
            "Targets": [
                {"Id": "i-1", "AvailabilityZone": "a", "State": "draining", "Reason": "r",
                 "Description": "d", "Endpoint": "127.0.0.1:1"},
            ],
        },
    },
}  # fmt: skip


@pytest.fixture
def large() -> State:
    """What the document above says."""
    return read_text(json.dumps(LARGE))


def test_what_is_written_is_read_again(large: State) -> None:
    """The versioned document of a state is that state."""
    assert read_text(write_text(large)) == large


def test_no_secret_is_kept(large: State) -> None:
    """A client secret of a document is in no value and no text made of it."""
    assert "hidden-word" not in repr(large) + write_text(large)
    assert "ClientSecret" not in write_text(large)


def test_rules_are_in_order_without_the_default_rule(large: State) -> None:
    """Rules stand in the order in which they are tried; the default rule is the listener's."""
    (listener,) = large.listeners_of(large.observed.load_balancers[0])
    assert [rule.resource.priority for rule in large.rules_of(listener)] == [3, 20]
    assert isinstance(listener.resource.default_actions[1], ForwardAction)


def test_weights_and_stickiness_are_read(large: State) -> None:
    """A forward has its groups by identity, and how long a choice among them lasts."""
    rule = large.observed.rules[1].resource
    assert rule.actions == (
        ForwardAction(
            (WeightedTargetGroup("web", 1), WeightedTargetGroup("arn:api")),
            stickiness_enabled=True,
            stickiness_seconds=3600,
        ),
    )


def test_tls_is_read(large: State) -> None:
    """Certificates, trust stores and what a listener asks of clients are known."""
    listener = large.observed.listeners[0].resource
    assert listener.certificates == ("site", "old")
    assert listener.mutual_authentication == MutualAuthentication("verify", "corp", True, "off")
    assert large.certificates["site"] == Certificate(
        name="site", domains=("a.example",), algorithm="EC", bits=256
    )
    assert large.trust_stores["corp"].authorities == ("ca",)
    assert large.client_certificates["ann"].is_expired


def test_attributes_are_texts_in_either_form(large: State) -> None:
    """AWS's list of attributes and a mapping of them are the same texts."""
    assert large.observed.load_balancers[0].resource.attributes == {
        "routing.http2.enabled": "false",
        "idle_timeout.timeout_seconds": "30",
    }


def test_targets_have_the_port_of_their_group_unless_they_have_one(large: State) -> None:
    """A target without a port gets that of its group; its state, zone and endpoint are kept."""
    (target,) = large.targets["arn:api"]
    assert target.target.key == ("i-1", 80)
    assert (target.state, target.target.availability_zone) == ("draining", "a")
    assert (target.endpoint, target.reason) == ("127.0.0.1:1", "r")


def test_what_a_document_leaves_out_has_its_usual_value() -> None:
    """A target is healthy, a load balancer has no attributes, a name stands for an ARN."""
    state = read_document(alone())
    assert state.targets == {
        "web": (ServedTarget(target=state.targets["web"][0].target, state="healthy"),)
    }
    assert state.observed.load_balancers[0].resource.attributes == {}
    assert state.target_group("web").resource.name == "web"
    assert state.observed.listeners[0].resource.default_actions == (FixedResponseAction("404"),)


def test_a_group_that_is_not_there_is_no_group() -> None:
    """Only identities of the state name a group."""
    with pytest.raises(KeyError):
        read_document(alone()).target_group("other")


def test_two_forms_of_one_load_balancer_are_alike(large: State) -> None:
    """A network load balancer and an empty document of version 1 can be read, too."""
    document = write_document(large)
    document["load_balancers"][0]["Type"] = "network"
    assert read_document(document).observed.load_balancers[0].resource.type == "network"
    assert read_document({"version": 1, "load_balancers": []}).observed.load_balancers == ()


CONDITION = {"Field": "path-pattern", "Values": ["/a"]}


@pytest.mark.parametrize(
    "document, message",
    [
        ([], "the document: [], but it must be a mapping"),
        ({1: 2}, "the document: the key 1 is no text"),
        ({"version": 2}, "version: 2, but it must be 1, the one that this program knows"),
        ({"a": 1}, "the document has neither `version`"),
        ({"version": 1}, "load_balancers is missing"),
        ({"listeners": 7}, "listeners: 7, but it must be a list"),
        ({"version": True}, "version: True, but it must be 1"),
        (with_listener(Port="9" * 5000), "but it must be a whole number"),
        (alone(dns_name="\ud800"), "dns_name: '\\ud800', but it must be a text without half"),
        (with_action({"Type": "redirect", "RedirectConfig": {}}), "StatusCode is missing"),
        (
            with_action({"Type": "redirect", "RedirectConfig": {"StatusCode": "301"}}),
            "StatusCode: '301', but it must be HTTP_301 or HTTP_302",
        ),
        (
            with_action({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "x"}}),
            "StatusCode: 'x', but it must be a status of 2XX, 4XX or 5XX",
        ),
        (
            with_action({"Type": "forward", "ForwardConfig": {"TargetGroups": []}}),
            "TargetGroups: [], but it must be a list of one target group or more",
        ),
        (
            with_action(oidc(ClientId=["a"])),
            "AuthenticateOidcConfig.ClientId: ['a'], but it must be a text",
        ),
        (with_action(oidc(SessionTimeout="x")), "SessionTimeout: 'x', but it must be a whole"),
        (
            with_action(oidc(AuthenticationRequestExtraParams=[1])),
            "AuthenticationRequestExtraParams: [1], but it must be a mapping",
        ),
        (
            with_action(oidc(OnUnauthenticatedRequest="no")),
            "OnUnauthenticatedRequest: 'no', but it must be one of authenticate, allow, deny",
        ),
        (
            with_action(
                {
                    "Type": "jwt-validation",
                    "JwtValidationConfig": {"AdditionalClaims": [{"Name": "a", "Format": "x"}]},
                }
            ),
            "AdditionalClaims[0].Format: 'x', but it must be one of single-string",
        ),
        (
            {
                "version": 1,
                "load_balancers": [{"LoadBalancerArn": "a", "LoadBalancerName": "a", "State": "x"}],
            },
            "load_balancers[0].State: 'x', but it must be a mapping",
        ),
        (with_listener(Port=0), "listeners[0].Port: 0, but it must be a port, 1 to 65535"),
        (with_listener(Port=True), "listeners[0].Port: True, but it must be a whole number"),
        (with_listener(Port=None), "listeners[0].Port is missing"),
        (with_listener(Protocol="FTP"), "listeners[0].Protocol: 'FTP', but it must be one of HTTP"),
        (
            with_listener(MutualAuthentication={"Mode": "verify"}),
            "listeners[0].MutualAuthentication.TrustStoreArn is missing",
        ),
        (
            alone(listeners=alone()["listeners"] * 2),
            "listeners[1].Port: 80, but it must be a port that no other listener has",
        ),
        (
            alone(target_groups={"g": {"Targets": [{"Id": "i", "State": "ill"}]}}),
            "target_groups.g.Targets[0].State: 'ill', but it must be one of initial",
        ),
        (
            alone(certificates={"c": {"key": "DSA"}}),
            "certificates.c.key: 'DSA', but it must be such as RSA-2048",
        ),
        (
            alone(client_certificates={"c": {"subject": "s", "issuer": "i", "expired": "maybe"}}),
            "client_certificates.c.expired: 'maybe', but it must be true or false",
        ),
        (alone(attributes={"a": []}), "attributes.a: [], but it must be a text"),
        (
            with_action({"Type": "lambda"}),
            "listeners[0].Rules[0].Actions[0].Type: 'lambda', but it must be one of forward",
        ),
        (
            with_action({"Type": "forward", "TargetGroupArn": "x" * 80}),
            "listeners[0].Rules[0].Actions[0].TargetGroupArn: '" + "x" * 56 + "..., but",
        ),
        (
            with_rule({"Conditions": [{"Field": "colour"}]}),
            "listeners[0].Rules[0].Conditions[0].Field: 'colour', but it must be one of host-",
        ),
        (
            with_rule({"Conditions": [{"Field": "path-pattern", "Values": "/a"}]}),
            "listeners[0].Rules[0].Conditions[0].Values: '/a', but it must be a list",
        ),
        (
            with_rule({"Transforms": [{"Type": "rot13"}]}),
            "listeners[0].Rules[0].Transforms[0].Type: 'rot13', but it must be one of url-",
        ),
        (
            with_listener(Rules=[{"Priority": 1, "Actions": [FIXED]}] * 2),
            "listeners[0].Rules[1].Priority: 1, but it must be a priority that no other rule",
        ),
    ],
)
def test_a_bad_document_says_where_it_is_bad(document: Any, message: str) -> None:
    """The error has the place, the value and what is allowed."""
    with pytest.raises(StateError) as raised:
        read_document(document)
    assert message in str(raised.value)


def test_a_text_that_is_no_json_says_so() -> None:
    """What cannot be decoded at all is an error of the same kind."""
    with pytest.raises(StateError, match="the document is no JSON"):
        read_text("{")


def test_a_field_that_is_null_is_absent() -> None:
    """Null stands for what is not given."""
    action = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Host": None}}
    rule = only_rule(read_document(with_rule({"Actions": [action], "Conditions": [CONDITION]})))
    assert rule.actions[0].host is None
    assert rule.conditions[0].values == ("/a",)
