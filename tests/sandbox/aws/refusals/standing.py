"""What stands in an account while calls are refused, and how a table of such calls is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Params = dict[str, Any]
Names = dict[str, str]
Call = Callable[..., Any]
"""`call(service, operation, **params)`."""

NOT_FOUND: Params = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
PATH: Params = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a"]}}
_GONE = "arn:aws:elasticloadbalancing:us-west-2:123456789012"
GONE_GROUP = f"{_GONE}:targetgroup/gone/0123456789abcdef"
GONE_CERTIFICATE = "arn:aws:acm:us-west-2:123456789012:certificate/gone"


class Case(NamedTuple):
    """A call; `<name>` in its parameters stands for an id of what stands there.

    `code` is empty where AWS takes it; `message` is part of the refusal's message.
    """

    check: str
    """The function of `truth` that refuses it."""
    operation: str
    given: Params
    code: str = ""
    message: str = ""
    service: str = "elbv2"

    @property
    def name(self) -> str:
        """What the test is called."""
        return f"{self.check}-{self.operation}"


def stand(call: Call, names: Names) -> Names:
    """Make load balancers, listeners, a rule each, target groups; their ids by name.

    `names` has the VPC, two subnets, a security group and two certificates.
    """
    made = dict(names)
    for name, protocol, more in (
        ("group", "HTTP", {}),
        ("second", "HTTP", {}),
        ("grpc", "HTTP", {"ProtocolVersion": "GRPC"}),
        ("http2", "HTTP", {"ProtocolVersion": "HTTP2"}),
        ("tcp", "TCP", {}),
    ):
        answer = call(
            "elbv2", "CreateTargetGroup", **group(name, Protocol=protocol, **more, at=made)
        )
        made[name] = answer["TargetGroups"][0]["TargetGroupArn"]
    for name, kind in (("alb", "application"), ("nlb", "network")):
        answer = call("elbv2", "CreateLoadBalancer", **filled(balancer(name, Type=kind), made))
        made[name] = answer["LoadBalancers"][0]["LoadBalancerArn"]
    for name, given in (
        ("http", listener(Port=80)),
        ("https", secure(Port=443)),
        ("nlb-listener", network(Port=80)),
    ):
        answer = call("elbv2", "CreateListener", **filled(given, made))
        made[name] = answer["Listeners"][0]["ListenerArn"]
    for name, given in (("rule", rule()), ("secure-rule", rule(ListenerArn="<https>"))):
        answer = call("elbv2", "CreateRule", **filled({**given, "Priority": 1}, made))
        made[name] = answer["Rules"][0]["RuleArn"]
    return made


def filled(value: Any, names: Names) -> Any:
    """The parameters with ids in place of names."""
    if isinstance(value, Mapping):
        return {key: filled(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    if isinstance(value, str) and value.startswith("<") and value.endswith(">"):
        return names[value[1:-1]]
    return value


def balancer(name: str = "new", **given: Any) -> Params:
    """Of CreateLoadBalancer."""
    return {"Name": name, "Subnets": ["<subnet-a>", "<subnet-b>"], **given}


def group(name: str = "new", *, at: Names | None = None, **given: Any) -> Params:
    """Of CreateTargetGroup."""
    base = {"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": "<vpc>", "TargetType": "ip"}
    params = {**base, **given}
    return filled(params, at) if at else params


def listener(**given: Any) -> Params:
    """Of CreateListener, HTTP."""
    base = {
        "LoadBalancerArn": "<alb>",
        "Port": 8000,
        "Protocol": "HTTP",
        "DefaultActions": [NOT_FOUND],
    }
    return {**base, **given}


def secure(**given: Any) -> Params:
    """Of CreateListener, HTTPS."""
    return listener(Protocol="HTTPS", Certificates=[{"CertificateArn": "<cert>"}], **given)


def network(**given: Any) -> Params:
    """Of CreateListener, of the Network Load Balancer."""
    actions = [{"Type": "forward", "TargetGroupArn": "<tcp>"}]
    return listener(
        **{"LoadBalancerArn": "<nlb>", "Protocol": "TCP", "DefaultActions": actions, **given}
    )


def rule(**given: Any) -> Params:
    """Of CreateRule."""
    base = {
        "ListenerArn": "<http>",
        "Priority": 9,
        "Conditions": [PATH],
        "Actions": [NOT_FOUND],
    }
    return {**base, **given}


def of_rules(check: str, conditions: list[Params], code: str = "", message: str = "") -> list[Case]:
    """The conditions in a new rule and in a changed one."""
    return [
        Case(check, "CreateRule", rule(Conditions=conditions), code, message),
        Case(check, "ModifyRule", {"RuleArn": "<rule>", "Conditions": conditions}, code, message),
    ]


def of_actions(check: str, actions: list[Params], code: str = "", message: str = "") -> list[Case]:
    """The actions in rules and listeners, new and changed, of HTTP."""
    return [
        Case(check, "CreateRule", rule(Actions=actions), code, message),
        Case(check, "ModifyRule", {"RuleArn": "<rule>", "Actions": actions}, code, message),
        Case(check, "CreateListener", listener(DefaultActions=actions), code, message),
        Case(
            check,
            "ModifyListener",
            {"ListenerArn": "<http>", "DefaultActions": actions},
            code,
            message,
        ),
    ]


def of_secure_actions(
    check: str, actions: list[Params], code: str = "", message: str = ""
) -> list[Case]:
    """The actions in rules and listeners, new and changed, of HTTPS."""
    return [
        Case(check, "CreateRule", rule(ListenerArn="<https>", Actions=actions), code, message),
        Case(check, "ModifyRule", {"RuleArn": "<secure-rule>", "Actions": actions}, code, message),
        Case(check, "CreateListener", secure(Port=8443, DefaultActions=actions), code, message),
        Case(
            check,
            "ModifyListener",
            {"ListenerArn": "<https>", "DefaultActions": actions},
            code,
            message,
        ),
    ]
