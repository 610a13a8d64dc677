"""A stack in LBC's model JSON (spec 1.1, dry-run-plan)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alb_controller.model.actions import (
    AuthenticateCognitoAction,
    AuthenticateOidcAction,
    FixedResponseAction,
    JwtClaim,
    JwtValidationAction,
    RedirectAction,
    Rewrite,
    Session,
    Transform,
)
from alb_controller.model.addons import Addons
from alb_controller.model.document import stack_document, stack_json
from alb_controller.model.document.actions import action
from alb_controller.model.document.conditions import condition, transform
from alb_controller.model.elbv2 import (
    BalancerTarget,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    MutualAuthentication,
    PathPattern,
    QueryString,
    QueryStringPair,
    SourceIp,
)
from alb_controller.model.refs import Ref, ResourceId
from alb_controller.model.stack import Stack
from alb_controller.objects.elbv2 import (
    IpBlock,
    NetworkingIngressRule,
    NetworkingPeer,
    NetworkingPort,
    SecurityGroupPeer,
    TargetGroupBindingNetworking,
)
from alb_controller.values import Secret
from tests.resources import (
    LOAD_BALANCER,
    binding,
    forward,
    listener,
    load_balancer,
    rules,
    security_group,
    stack,
    tags_of,
    target_group,
)

ELB = "AWS::ElasticLoadBalancingV2"
GROUP = "shop/app-app:80"
GROUP_ARN = {"$ref": f"#/resources/{ELB}::TargetGroup/{GROUP}/status/targetGroupARN"}
BALANCER_ARN = {"$ref": f"#/resources/{ELB}::LoadBalancer/LoadBalancer/status/loadBalancerARN"}
GROUP_ID = {"$ref": "#/resources/AWS::EC2::SecurityGroup/ManagedLBSecurityGroup/status/groupID"}
SESSION = Session(
    on_unauthenticated_request="deny",
    scope="openid",
    cookie="c",
    timeout_seconds=60,
    extra_params=(("a", "b"),),
)
SHOWN_SESSION = {
    "authenticationRequestExtraParams": {"a": "b"},
    "onUnauthenticatedRequest": "deny",
    "scope": "openid",
    "sessionCookieName": "c",
    "sessionTimeout": 60,
}


def _whole() -> Stack:
    group = target_group()
    managed = Ref(ResourceId("SecurityGroup", "ManagedLBSecurityGroup"))
    return stack(
        security_groups=(security_group(80),),
        load_balancers=(load_balancer(security_groups=(managed, "sg-0")),),
        target_groups=(group,),
        listeners=(listener(80),),
        rules=rules(("/", forward(group))),
        bindings=(_bound(),),
    )


def _bound() -> Any:
    """A binding whose targets admit the managed group."""
    made = binding(target_group())
    rule = NetworkingIngressRule(
        from_=[NetworkingPeer(security_group=SecurityGroupPeer())],
        ports=[NetworkingPort(protocol="TCP", port=8080)],
    )
    spec = msgspec.structs.replace(
        made.spec, networking=TargetGroupBindingNetworking(ingress=[rule])
    )
    peer = Ref(ResourceId("SecurityGroup", "ManagedLBSecurityGroup"))
    return msgspec.structs.replace(made, spec=spec, peer=peer)


def _spec(document: dict[str, Any], type_: str, name: str) -> dict[str, Any]:
    return dict(document["resources"][type_][name]["spec"])


def test_resources_stand_under_their_type_and_id() -> None:
    """With the stack's id, and the registrations of a front that is not there."""
    document = stack_document(_whole())
    assert document["id"] == "shop/app"
    assert {type_: set(some) for type_, some in document["resources"].items()} == {
        f"{ELB}::LoadBalancer": {"LoadBalancer"},
        f"{ELB}::TargetGroup": {GROUP},
        f"{ELB}::Listener": {"80"},
        f"{ELB}::ListenerRule": {"80:1"},
        "AWS::EC2::SecurityGroup": {"ManagedLBSecurityGroup"},
        "K8S::ElasticLoadBalancingV2::TargetGroupBinding": {GROUP},
        "FrontendNLBTargetGroup": {"FrontendNLBTargetGroup"},
    }
    assert document["resources"]["FrontendNLBTargetGroup"] == {
        "FrontendNLBTargetGroup": {"TargetGroups": {}}
    }
    assert stack_document(stack()) == {"id": "shop/app", "resources": {}}


def test_what_is_not_known_yet_is_a_reference() -> None:
    """ARNs and ids by the place where the document will have them; known ones as they are."""
    document = stack_document(_whole())
    assert _spec(document, f"{ELB}::LoadBalancer", "LoadBalancer")["securityGroups"] == [
        GROUP_ID,
        "sg-0",
    ]
    assert _spec(document, f"{ELB}::Listener", "80")["loadBalancerARN"] == BALANCER_ARN
    rule = _spec(document, f"{ELB}::ListenerRule", "80:1")
    assert rule["listenerARN"] == {"$ref": f"#/resources/{ELB}::Listener/80/status/listenerARN"}
    (forwarded,) = rule["actions"]
    assert forwarded["forwardConfig"]["targetGroups"] == [{"targetGroupARN": GROUP_ARN}]
    template = _spec(document, "K8S::ElasticLoadBalancingV2::TargetGroupBinding", GROUP)["template"]
    assert template["metadata"] == {"name": target_group().name, "namespace": "shop"}
    assert template["spec"]["targetGroupARN"] == GROUP_ARN
    assert template["spec"]["networking"]["ingress"] == [
        {
            "from": [{"securityGroup": {"groupID": GROUP_ID}}],
            "ports": [{"protocol": "TCP", "port": 8080}],
        }
    ]


def test_addresses_that_a_binding_admits_are_known() -> None:
    """Beside the group, which is not."""
    bound = _bound()
    rule = bound.spec.networking.ingress[0]
    rule.from_.append(NetworkingPeer(ip_block=IpBlock(cidr="10.0.0.0/16")))
    document = stack_document(stack(bindings=(bound,)))
    template = _spec(document, "K8S::ElasticLoadBalancingV2::TargetGroupBinding", GROUP)["template"]
    assert template["spec"]["networking"]["ingress"][0]["from"] == [
        {"securityGroup": {"groupID": GROUP_ID}},
        {"ipBlock": {"cidr": "10.0.0.0/16"}},
    ]


def test_a_binding_that_admits_a_known_group_names_it() -> None:
    """Nothing is to be filled in there."""
    known = _bound().with_peer("sg-7")
    document = stack_document(stack(bindings=(known,)))
    template = _spec(document, "K8S::ElasticLoadBalancingV2::TargetGroupBinding", GROUP)["template"]
    (rule,) = template["spec"]["networking"]["ingress"]
    assert rule["from"] == [{"securityGroup": {"groupID": "sg-7"}}]


def test_a_load_balancer_has_all_that_is_declared() -> None:
    """And nothing that is not."""
    document = stack_document(
        stack(
            load_balancers=(
                load_balancer(
                    attributes={"a": "b"},
                    capacity_units=0,
                    ipv4_ipam_pool_id="pool",
                    customer_owned_ipv4_pool="coip",
                    allocation_ids=("eip-1", "eip-2"),
                    addons=Addons(web_acl_arn="", regional_web_acl_id="acl", protection="on"),
                ),
            )
        )
    )
    assert _spec(document, f"{ELB}::LoadBalancer", "LoadBalancer") == {
        "name": "k8s-shop-app-internal",
        "type": "application",
        "scheme": "internal",
        "ipAddressType": "ipv4",
        "subnetMapping": [
            {"allocationID": "eip-1", "subnetID": "subnet-a"},
            {"allocationID": "eip-2", "subnetID": "subnet-b"},
        ],
        "securityGroups": ["sg-0"],
        "customerOwnedIPv4Pool": "coip",
        "loadBalancerAttributes": [{"key": "a", "value": "b"}],
        "minimumLoadBalancerCapacity": {"capacityUnits": 0},
        "tags": tags_of("LoadBalancer"),
        "ipv4IPAMPool": "pool",
    }
    acl = _spec(document, "AWS::WAFv2::WebACLAssociation", "LoadBalancer")
    assert acl == {"webACLARN": "", "resourceARN": BALANCER_ARN}
    classic = _spec(document, "AWS::WAFRegional::WebACLAssociation", "LoadBalancer")
    assert classic == {"webACLID": "acl", "resourceARN": BALANCER_ARN}
    shield = _spec(document, "AWS::Shield::Protection", "LoadBalancer")
    assert shield == {"enabled": True, "resourceARN": BALANCER_ARN}


def test_a_secure_listener_shows_certificates_and_policy() -> None:
    """And how it treats client certificates."""
    made = listener(
        443,
        protocol="HTTPS",
        certificates=("arn:a", "arn:b"),
        ssl_policy="policy",
        mutual_authentication=MutualAuthentication("verify", "arn:ts", False, "off"),
        attributes={"k": "v"},
        default_actions=(FixedResponseAction("404", "text/plain"),),
    )
    spec = _spec(stack_document(stack(listeners=(made,))), f"{ELB}::Listener", "443")
    assert spec["certificates"] == [{"certificateARN": "arn:a"}, {"certificateARN": "arn:b"}]
    assert spec["sslPolicy"] == "policy"
    assert spec["listenerAttributes"] == [{"key": "k", "value": "v"}]
    assert spec["mutualAuthentication"] == {
        "mode": "verify",
        "trustStoreArn": "arn:ts",
        "ignoreClientCertificateExpiry": False,
        "advertiseTrustStoreCaNames": "off",
    }


def test_a_front_s_target_group_reports_what_it_holds() -> None:
    """By its name, with the port of the load balancer behind."""
    group = target_group(
        "FrontendNlb-tg-TCP-80", targets=(BalancerTarget(Ref(LOAD_BALANCER), 8080),), port=80
    )
    document = stack_document(stack(load_balancers=(load_balancer(),), target_groups=(group,)))
    registered = document["resources"]["FrontendNLBTargetGroup"]["FrontendNLBTargetGroup"]
    path = f"#/resources/{ELB}::TargetGroup/FrontendNlb-tg-TCP-80/status/targetGroupARN"
    assert registered["TargetGroups"][group.name] == {
        "Name": group.name,
        "ARN": {"$ref": path},
        "Port": 80,
        "TargetARN": BALANCER_ARN,
        "TargetPort": 8080,
    }


def test_an_oidc_client_is_redacted() -> None:
    """Its id as well as its secret."""
    made = AuthenticateOidcAction(
        issuer="i",
        authorization_endpoint="a",
        token_endpoint="t",
        user_info_endpoint="u",
        client_id="the id",
        session=SESSION,
        client_secret=Secret("the secret"),
    )
    shown = {
        "issuer": "i",
        "authorizationEndpoint": "a",
        "tokenEndpoint": "t",
        "userInfoEndpoint": "u",
        "clientID": "[REDACTED]",
        "clientSecret": "[REDACTED]",
    }
    document = {"type": "authenticate-oidc", "authenticateOIDCConfig": {**SHOWN_SESSION, **shown}}
    assert action(made) == document
    text = stack_json(stack(listeners=(listener(443, default_actions=(made,)),)))
    assert "the id" not in text
    assert "the secret" not in text


@pytest.mark.parametrize(
    "made,shown",
    [
        (
            AuthenticateCognitoAction(
                user_pool_arn="p", user_pool_client_id="c", user_pool_domain="d", session=SESSION
            ),
            {
                "type": "authenticate-cognito",
                "authenticateCognitoConfig": {
                    **SHOWN_SESSION,
                    "userPoolARN": "p",
                    "userPoolClientID": "c",
                    "userPoolDomain": "d",
                },
            },
        ),
        (
            JwtValidationAction(
                jwks_endpoint="j",
                issuer="i",
                additional_claims=(JwtClaim("single-string", "n", ("v",)),),
            ),
            {
                "type": "jwt-validation",
                "jwtValidationConfig": {
                    "jwksEndpoint": "j",
                    "issuer": "i",
                    "additionalClaims": [{"format": "single-string", "name": "n", "values": ["v"]}],
                },
            },
        ),
        (
            RedirectAction("HTTP_301", port="443", protocol="HTTPS"),
            {
                "type": "redirect",
                "redirectConfig": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"},
            },
        ),
    ],
    ids=["cognito", "jwt", "redirect"],
)
def test_actions_have_the_reference_s_terms(made: Any, shown: dict[str, Any]) -> None:
    """Each with its own configuration."""
    assert action(made) == shown


@pytest.mark.parametrize(
    "made,shown",
    [
        (
            HostHeader(("a",)),
            {"field": "host-header", "hostHeaderConfig": {"values": ["a"]}},
        ),
        (
            PathPattern(regex_values=("^a",)),
            {"field": "path-pattern", "pathPatternConfig": {"regexValues": ["^a"]}},
        ),
        (
            HttpHeader("n", ("a",)),
            {
                "field": "http-header",
                "httpHeaderConfig": {"httpHeaderName": "n", "values": ["a"]},
            },
        ),
        (
            HttpRequestMethod(("GET",)),
            {"field": "http-request-method", "httpRequestMethodConfig": {"values": ["GET"]}},
        ),
        (
            QueryString((QueryStringPair("v", "k"), QueryStringPair("w"))),
            {
                "field": "query-string",
                "queryStringConfig": {"values": [{"key": "k", "value": "v"}, {"value": "w"}]},
            },
        ),
        (
            SourceIp(("10.0.0.0/8",)),
            {"field": "source-ip", "sourceIPConfig": {"values": ["10.0.0.0/8"]}},
        ),
    ],
    ids=lambda one: type(one).__name__,
)
def test_conditions_have_the_reference_s_terms(made: Any, shown: dict[str, Any]) -> None:
    """Each with its own configuration."""
    assert condition(made) == shown


@pytest.mark.parametrize(
    "kind,name",
    [("url-rewrite", "urlRewriteConfig"), ("host-header-rewrite", "hostHeaderRewriteConfig")],
)
def test_transforms_have_the_reference_s_terms(kind: Any, name: str) -> None:
    """Of either kind."""
    made = transform(Transform(kind, (Rewrite("^/a", "/b"),)))
    assert made == {"type": kind, name: {"rewrites": [{"regex": "^/a", "replace": "/b"}]}}


def test_the_text_is_the_same_for_the_same_stack() -> None:
    """Compact, and escaped as Go does, so that an unchanged stack is not written again."""
    text = stack_json(_whole())
    assert text == stack_json(_whole())
    assert ": " not in text
