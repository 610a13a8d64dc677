"""Where we are: region and VPC, from flags, from AWS, or from the instance's metadata (spec 10.2).

Source: "Use the Instance Metadata Service" in the EC2 user guide; version 2 (with a token) alone.
"""

from __future__ import annotations

import http.client
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from alb_controller.aws.client import Sender, pages
from alb_controller.errors import ControllerError
from alb_controller.values import Tags

PERMISSIONS = frozenset(f"ec2:{operation}" for operation in ("DescribeInstances", "DescribeVpcs"))
"""IAM actions of the operations called here."""

_LEASE_SECONDS = "60"


class InstanceMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """The metadata service of the instance we run on; `timeout_seconds` for each request.

    In a pod with a hop limit of 1 nothing answers: hence short, and a plain error further up.
    """

    endpoint: str = "http://169.254.169.254"
    disabled: bool = False
    timeout_seconds: float = 1.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> InstanceMetadata:
        """As the SDKs: AWS_EC2_METADATA_DISABLED and AWS_EC2_METADATA_SERVICE_ENDPOINT."""
        return cls(
            endpoint=environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or cls().endpoint,
            disabled=environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true",
        )

    def region(self) -> str | None:
        """The instance's region, or None where nothing answers."""
        return self._get("placement/region")

    def vpc_id(self) -> str | None:
        """The VPC of the instance's primary interface, or None where nothing answers."""
        mac = self._get("mac")
        return self._get(f"network/interfaces/macs/{mac}/vpc-id") if mac else None

    def _get(self, path: str) -> str | None:
        if self.disabled:
            return None
        try:
            asking = {"X-aws-ec2-metadata-token-ttl-seconds": _LEASE_SECONDS}
            token = self._request("PUT", "/latest/api/token", asking)
            given = {"X-aws-ec2-metadata-token": token or ""}
            return self._request("GET", f"/latest/meta-data/{path}", given)
        except (OSError, http.client.HTTPException):
            return None

    def _request(self, method: str, path: str, headers: Mapping[str, str]) -> str | None:
        service = urlsplit(self.endpoint)
        connection = http.client.HTTPConnection(
            service.hostname or "", service.port or 80, timeout=self.timeout_seconds
        )
        try:
            connection.request(method, service.path.rstrip("/") + path, headers=dict(headers))
            answer = connection.getresponse()
            body = answer.read().decode()
            return body.strip() if answer.status == http.client.OK else None
        finally:
            connection.close()


def find_region(configured: str | None, metadata: InstanceMetadata) -> str:
    """`configured` is the flag or its environment. Raises ControllerError if nothing says."""
    region = configured or metadata.region()
    if not region:
        raise ControllerError(
            "the AWS region is unknown: set --aws-region or AWS_REGION; the instance's metadata"
            " did not answer"
        )
    return region


def find_vpc_id(
    configured: str | None,
    vpc_tags: Tags,
    *,
    sender: Sender,
    metadata: InstanceMetadata,
    node_name: str = "",
) -> str:
    """`--aws-vpc-id`; or the one VPC with `--aws-vpc-tags`; or the metadata's; or the node's.

    `node_name` is NODENAME, used where it is an instance id. Raises ControllerError if none of
    them says, or if the tags fit none or several.
    """
    if configured:
        return configured
    if vpc_tags:
        return _vpc_by_tags(vpc_tags, sender)
    found = metadata.vpc_id()
    if not found and node_name.startswith("i-"):
        found = _vpc_of_instance(node_name, sender)
    if not found:
        raise ControllerError(
            "the cluster's VPC is unknown: set --aws-vpc-id or --aws-vpc-tags; the instance's"
            " metadata did not answer"
        )
    return found


def _vpc_by_tags(vpc_tags: Tags, sender: Sender) -> str:
    filters = [{"Name": f"tag:{key}", "Values": [vpc_tags[key]]} for key in sorted(vpc_tags)]
    found = pages(sender.call, "ec2", "DescribeVpcs", "Vpcs", Filters=filters)
    ids = sorted(vpc["VpcId"] for vpc in found)
    if len(ids) != 1:
        asked = ", ".join(f"{key}={vpc_tags[key]}" for key in sorted(vpc_tags))
        raise ControllerError(
            f"--aws-vpc-tags {asked} must fit one VPC, but fit {', '.join(ids) or 'none'}"
        )
    return str(ids[0])


def _vpc_of_instance(instance_id: str, sender: Sender) -> str | None:
    filters = [{"Name": "instance-id", "Values": [instance_id]}]
    found = pages(sender.call, "ec2", "DescribeInstances", "Reservations", Filters=filters)
    vpcs = (one.get("VpcId") for reservation in found for one in reservation.get("Instances", ()))
    return next((vpc for vpc in vpcs if vpc), None)
