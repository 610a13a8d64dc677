"""DNS records of certificates."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from alb_controller.sandbox.aws import AwsServer
from tests.sandbox.aws.world import refused


@pytest.fixture
def route53(server: AwsServer) -> Any:
    """The client of Route 53."""
    keys: Any = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("route53", endpoint_url=server.url, region_name="us-west-2", **keys)


def test_report_missing_records(route53: Any) -> None:
    """What was never there cannot be deleted."""
    zone = route53.create_hosted_zone(Name="dns.example", CallerReference="dns")["HostedZone"]
    record = {
        "Name": "_x.dns.example.",
        "Type": "CNAME",
        "TTL": 60,
        "ResourceRecords": [{"Value": "y."}],
    }

    def change(action: str) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch=batch)

    with refused("InvalidChangeBatch"):
        change("DELETE")
    change("CREATE")
    change("DELETE")
    route53.delete_hosted_zone(Id=zone["Id"])
