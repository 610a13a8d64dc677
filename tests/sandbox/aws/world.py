"""Short words for what tests of the local AWS make there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from alb_controller.sandbox.aws import Account, Ids


@dataclass(frozen=True)
class World:
    """An account and the ids of what is in it, by name."""

    account: Account
    ids: Ids

    @property
    def public(self) -> list[str]:
        """The public subnets of two zones."""
        return [self.ids["public-a"], self.ids["public-b"]]

    def load_balancer(self, name: str = "web", **given: Any) -> Any:
        """Create a load balancer."""
        settings: dict[str, Any] = {"Name": name, "Subnets": self.public, "Type": "application"}
        made = self.account.elbv2.create_load_balancer(**{**settings, **given})
        return made["LoadBalancers"][0]

    def target_group(self, name: str = "pods", **given: Any) -> str:
        """Create a target group; its ARN."""
        settings: dict[str, Any] = {
            "Name": name,
            "Protocol": "HTTP",
            "Port": 80,
            "VpcId": self.ids["vpc"],
            "TargetType": "ip",
        }
        made = self.account.elbv2.create_target_group(**{**settings, **given})
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def listener(self, load_balancer: Any, port: int = 80, **given: Any) -> str:
        """Create a listener; its ARN."""
        settings: dict[str, Any] = {
            "LoadBalancerArn": load_balancer["LoadBalancerArn"],
            "Port": port,
            "Protocol": "HTTP",
            "DefaultActions": [NOT_FOUND],
        }
        made = self.account.elbv2.create_listener(**{**settings, **given})
        return str(made["Listeners"][0]["ListenerArn"])

    def secure_listener(self, load_balancer: Any, port: int = 443, **given: Any) -> str:
        """Create a listener of HTTPS; its ARN."""
        certificates = [{"CertificateArn": self.ids["cert:myapp.example"]}]
        return self.listener(
            load_balancer, port, **{"Protocol": "HTTPS", "Certificates": certificates, **given}
        )

    def rule(self, listener: str, priority: int, **given: Any) -> str:
        """Create a rule; its ARN."""
        settings: dict[str, Any] = {"Conditions": [path(f"/{priority}")], "Actions": [NOT_FOUND]}
        made = self.account.elbv2.create_rule(
            ListenerArn=listener, Priority=priority, **{**settings, **given}
        )
        return str(made["Rules"][0]["RuleArn"])

    def health(self, group: str) -> dict[tuple[str, int], str]:
        """The state of each target."""
        found = self.account.elbv2.describe_target_health(TargetGroupArn=group)
        return {
            (shown["Target"]["Id"], shown["Target"]["Port"]): shown["TargetHealth"]["State"]
            for shown in found["TargetHealthDescriptions"]
        }


NOT_FOUND = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}


def forward(*groups: str) -> dict[str, Any]:
    """An action that forwards to target groups."""
    return {
        "Type": "forward",
        "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": group} for group in groups]},
    }


def path(*values: str) -> dict[str, Any]:
    """A condition on the path."""
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}


def tags(count: int) -> list[dict[str, str]]:
    """So many tags."""
    return [{"Key": f"key-{number}", "Value": "x"} for number in range(count)]


@contextlib.contextmanager
def refused(code: str) -> Iterator[None]:
    """The block ends with this error of AWS."""
    with pytest.raises(ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == code
