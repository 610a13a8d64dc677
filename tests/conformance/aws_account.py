"""The AWS side of the corpus: one EKS-like account, built in a moto server.

Names stand for ids: `seed` answers with the id of each name that a case's `${name}` may use.
"""

from __future__ import annotations

from typing import Any

import boto3
import requests

REGION = "us-west-2"
CLUSTER = "prod"
Ids = dict[str, str]
# node -> zone, address, and the pod addresses that the VPC CNI would have assigned to it
NODES = {
    "node-a": ("us-west-2a", "192.168.96.10", [f"192.168.100.{n}" for n in range(10, 40)]),
    "node-b": ("us-west-2b", "192.168.128.10", [f"192.168.130.{n}" for n in range(10, 40)]),
    "node-c": ("us-west-2c", "192.168.160.10", [f"192.168.165.{n}" for n in range(10, 40)]),
}
IMAGE = "ami-12c6146b"  # moto knows it; asking for all of them takes it more than a second
CERTIFICATES = {
    "myapp.example": ["*.myapp.example"],
    "myapi.example": [],
    "*.shop.example": ["shop.example"],
    "admin.shop.example": [],
}


class Account:
    """Clients of one moto server."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        made: dict[str, Any] = {
            name: boto3.client(
                name,
                endpoint_url=endpoint,
                region_name=REGION,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
            for name in ("ec2", "elbv2", "acm", "wafv2", "shield")
        }
        self.ec2, self.elbv2, self.acm = made["ec2"], made["elbv2"], made["acm"]
        self.wafv2, self.shield = made["wafv2"], made["shield"]

    def seed(self) -> Ids:
        """Empty the account, build the world, and give its ids by name."""
        for path in ("/moto-api/reset", "/moto-api/seed?a=42"):
            requests.post(self.endpoint + path, timeout=30).raise_for_status()
        ids: Ids = {}
        self._network(ids)
        self._security_groups(ids)
        self._nodes(ids)
        self._certificates(ids)
        self._extras(ids)
        return ids

    def _network(self, ids: Ids) -> None:
        ec2 = self.ec2
        vpc_tags = _tags("vpc", Name="eks")
        made = ec2.create_vpc(CidrBlock="192.168.0.0/16", TagSpecifications=vpc_tags)
        vpc = ids["vpc"] = made["Vpc"]["VpcId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        for index, zone in enumerate("abc"):
            for kind, base, role in (("public", 0, "elb"), ("private", 96, "internal-elb")):
                name = f"{kind}-{zone}"
                tags = {
                    "Name": name,
                    f"kubernetes.io/role/{role}": "1",
                    f"kubernetes.io/cluster/{CLUSTER}": "shared",
                }
                subnet = ec2.create_subnet(
                    VpcId=vpc,
                    CidrBlock=f"192.168.{base + 32 * index}.0/19",
                    AvailabilityZone=f"{REGION}{zone}",
                    TagSpecifications=_tags("subnet", **tags),
                )
                ids[name] = subnet["Subnet"]["SubnetId"]
                if kind == "public":
                    ec2.associate_route_table(RouteTableId=table, SubnetId=ids[name])

    def _security_groups(self, ids: Ids) -> None:
        nodes = f"eks-cluster-sg-{CLUSTER}"
        owned = {"Name": nodes, f"kubernetes.io/cluster/{CLUSTER}": "owned"}
        ids["nodes-sg"] = self._security_group(ids["vpc"], nodes, "nodes", owned)
        for name in ("edge-sg", "office-sg"):
            ids[name] = self._security_group(ids["vpc"], name, name, {"Name": name})

    def _security_group(self, vpc: str, name: str, description: str, tags: Ids) -> str:
        made = self.ec2.create_security_group(
            GroupName=name,
            Description=description,
            VpcId=vpc,
            TagSpecifications=_tags("security-group", **tags),
        )
        return str(made["GroupId"])

    def _nodes(self, ids: Ids) -> None:
        for name, (zone, address, pods) in NODES.items():
            card = self.ec2.create_network_interface(
                SubnetId=ids[f"private-{zone[-1]}"],
                Groups=[ids["nodes-sg"]],
                PrivateIpAddress=address,
            )["NetworkInterface"]["NetworkInterfaceId"]
            self.ec2.assign_private_ip_addresses(NetworkInterfaceId=card, PrivateIpAddresses=pods)
            made = self.ec2.run_instances(
                ImageId=IMAGE,
                MinCount=1,
                MaxCount=1,
                InstanceType="m5.large",
                NetworkInterfaces=[{"NetworkInterfaceId": card, "DeviceIndex": 0}],
                TagSpecifications=_tags("instance", Name=name),
            )
            ids[name] = made["Instances"][0]["InstanceId"]

    def _certificates(self, ids: Ids) -> None:
        for domain, others in CERTIFICATES.items():
            made = self.acm.request_certificate(
                DomainName=domain,
                SubjectAlternativeNames=[domain, *others],
                ValidationMethod="DNS",
            )
            ids[f"cert:{domain}"] = made["CertificateArn"]

    def _extras(self, ids: Ids) -> None:
        ids["webacl"] = self.wafv2.create_web_acl(
            Name="edge",
            Scope="REGIONAL",
            DefaultAction={"Allow": {}},
            VisibilityConfig={
                "SampledRequestsEnabled": False,
                "CloudWatchMetricsEnabled": False,
                "MetricName": "m",
            },
        )["Summary"]["ARN"]
        ids["prefix-list"] = self.ec2.create_managed_prefix_list(
            PrefixListName="office",
            MaxEntries=5,
            AddressFamily="IPv4",
            Entries=[{"Cidr": "203.0.113.0/24"}],
        )["PrefixList"]["PrefixListId"]
        made = self.elbv2.create_target_group(
            Name="legacy", Protocol="HTTP", Port=80, VpcId=ids["vpc"], TargetType="ip"
        )
        ids["tg:legacy"] = made["TargetGroups"][0]["TargetGroupArn"]


def _tags(kind: str, **tags: str) -> list[dict[str, Any]]:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return [{"ResourceType": kind, "Tags": pairs}]
