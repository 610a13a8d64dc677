"""What stands in the local AWS of these tests, and how it is asked: as AWS would be asked."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from tests.sandbox.aws.refusals.standing import Case, Names, filled, stand


class Caller:
    """Calls without botocore's own checks, so that the server sees what AWS would."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._clients: dict[str, Any] = {}

    def __call__(self, service: str, operation: str, **params: Any) -> Any:
        if service not in self._clients:
            create: Any = boto3.client
            self._clients[service] = create(
                service,
                endpoint_url=self._url,
                region_name="us-west-2",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(parameter_validation=False),
            )
        return self._clients[service]._make_api_call(operation, params)


class Standing:
    """What stands there, and how it is asked."""

    def __init__(self, url: str, ids: Names) -> None:
        self.call = Caller(url)
        named = {
            "vpc": "vpc",
            "sg": "edge-sg",
            "subnet-a": "public-a",
            "subnet-b": "public-b",
            "cert": "cert:myapp.example",
            "cert-2": "cert:myapi.example",
        }
        self.names: Names = stand(self.call, {name: ids[known] for name, known in named.items()})

    def ask(self, case: Case) -> Any:
        """Make the call of a case."""
        return self.call(case.service, case.operation, **filled(case.given, self.names))

    def seen(self) -> list[Any]:
        """Everything that a call that is taken would change."""
        alb, group = {"LoadBalancerArn": self.names["alb"]}, {"TargetGroupArn": self.names["group"]}
        tagged = {"ResourceArns": [self.names["alb"]]}
        asked: list[tuple[str, str, dict[str, Any]]] = [
            ("elbv2", "DescribeLoadBalancers", {}),
            ("elbv2", "DescribeLoadBalancerAttributes", alb),
            ("elbv2", "DescribeTargetGroups", {}),
            ("elbv2", "DescribeTargetGroupAttributes", group),
            ("elbv2", "DescribeTags", tagged),
            ("elbv2", "DescribeListeners", alb),
            *(
                ("elbv2", operation, {"ListenerArn": self.names[listener]})
                for listener in ("http", "https")
                for operation in (
                    "DescribeRules",
                    "DescribeListenerAttributes",
                    "DescribeListenerCertificates",
                )
            ),
            ("ec2", "DescribeSecurityGroups", {}),
        ]
        found = [self.call(service, name, **params) for service, name, params in asked]
        return [{**one, "ResponseMetadata": None} for one in found]
