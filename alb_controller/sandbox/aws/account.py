"""One EKS-like account: what a cluster's administrators have made before the controller comes.

A VPC with public and private tagged subnets in three zones, three nodes with an interface each and
the pod addresses that the VPC CNI would have assigned, security groups, certificates, a web ACL, a
prefix list, and a target group of somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

REGION = "us-west-2"
CLUSTER = "prod"
ZONES = ("us-west-2a", "us-west-2b", "us-west-2c")
VPC_CIDR = "192.168.0.0/16"
Ids = dict[str, str]


@dataclass(frozen=True, slots=True)
class NodeNetwork:
    """Where a node stands, its address, and the addresses that its pods can have."""

    zone: str
    address: str
    pod_addresses: tuple[str, ...]


def _node(zone: str, address: str, pods: str) -> NodeNetwork:
    return NodeNetwork(zone, address, tuple(f"{pods}.{number}" for number in range(10, 40)))


NODES: Mapping[str, NodeNetwork] = {
    "node-a": _node("us-west-2a", "192.168.96.10", "192.168.100"),
    "node-b": _node("us-west-2b", "192.168.128.10", "192.168.130"),
    "node-c": _node("us-west-2c", "192.168.160.10", "192.168.165"),
}
CERTIFICATES: Mapping[str, tuple[str, ...]] = {
    "myapp.example": ("*.myapp.example",),
    "myapi.example": (),
    "*.shop.example": ("shop.example",),
    "admin.shop.example": (),
}
IMAGE = "ami-12c6146b"  # the one that is kept of moto's
NODES_GROUP = f"eks-cluster-sg-{CLUSTER}"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""Dummy keys: the local AWS takes any."""


class Account:
    """Clients of one local AWS. They look at nothing but the endpoint that they are given."""

    def __init__(self, endpoint: str) -> None:
        self._session = boto3.session.Session(
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )
        self.endpoint = endpoint
        self._clients: dict[str, Any] = {}
        self.ec2, self.elbv2, self.acm = map(self.client, ("ec2", "elbv2", "acm"))
        self.wafv2, self.shield = map(self.client, ("wafv2", "shield"))
        self.ids: Ids = {}

    def client(self, service: str) -> Any:
        """The client of a service; making one takes longer than most of what it does."""
        made = self._clients.get(service)
        if made is None:
            create: Any = self._session.client  # typed for each service by name
            made = self._clients[service] = create(service, endpoint_url=self.endpoint)
        return made

    def build(self) -> Ids:
        """Build the world in an empty account, and give its ids by name."""
        ids = self.ids = {}
        self._network(ids)
        self._security_groups(ids)
        self._nodes(ids)
        self._certificates(ids)
        self._extras(ids)
        return ids

    def _network(self, ids: Ids) -> None:
        ec2 = self.ec2
        made = ec2.create_vpc(CidrBlock=VPC_CIDR, TagSpecifications=_tags("vpc", Name="eks"))
        vpc = ids["vpc"] = made["Vpc"]["VpcId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        for index, zone in enumerate(ZONES):
            public = self._subnet(ids, zone, ("public", "elb", 32 * index))
            ec2.associate_route_table(RouteTableId=table, SubnetId=public)
            self._subnet(ids, zone, ("private", "internal-elb", 96 + 32 * index))

    def _subnet(self, ids: Ids, zone: str, row: tuple[str, str, int]) -> str:
        kind, role, third = row
        name = f"{kind}-{zone[-1]}"
        tags = {
            "Name": name,
            f"kubernetes.io/role/{role}": "1",
            f"kubernetes.io/cluster/{CLUSTER}": "shared",
        }
        made = self.ec2.create_subnet(
            VpcId=ids["vpc"],
            CidrBlock=f"192.168.{third}.0/19",
            AvailabilityZone=zone,
            TagSpecifications=_tags("subnet", **tags),
        )
        ids[name] = made["Subnet"]["SubnetId"]
        return ids[name]

    def _security_groups(self, ids: Ids) -> None:
        owned = {"Name": NODES_GROUP, f"kubernetes.io/cluster/{CLUSTER}": "owned"}
        ids["nodes-sg"] = self._security_group(ids["vpc"], NODES_GROUP, "nodes", owned)
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
        for name, node in NODES.items():
            card = self.ec2.create_network_interface(
                SubnetId=ids[f"private-{node.zone[-1]}"],
                Groups=[ids["nodes-sg"]],
                PrivateIpAddress=node.address,
            )["NetworkInterface"]["NetworkInterfaceId"]
            self.ec2.assign_private_ip_addresses(
                NetworkInterfaceId=card, PrivateIpAddresses=list(node.pod_addresses)
            )
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
        visibility = {
            "SampledRequestsEnabled": False,
            "CloudWatchMetricsEnabled": False,
            "MetricName": "m",
        }
        ids["webacl"] = self.wafv2.create_web_acl(
            Name="edge",
            Scope="REGIONAL",
            DefaultAction={"Allow": {}},
            VisibilityConfig=visibility,
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


def cover_hosts(account: Account, hosts: Iterable[str]) -> list[str]:
    """Request a certificate for each host that none covers yet; the new ones' domains."""
    held = account.acm.list_certificates()["CertificateSummaryList"]
    names = {name for found in held for name in found["SubjectAlternativeNameSummaries"]}
    made = []
    for host in hosts:
        if host not in names and "*." + host.partition(".")[2] not in names:
            account.acm.request_certificate(DomainName=host, ValidationMethod="DNS")
            names.add(host)
            made.append(host)
    return made


def _tags(kind: str, **tags: str) -> list[dict[str, Any]]:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return [{"ResourceType": kind, "Tags": pairs}]
