"""The local AWS keeps AWS's rules about tags, security groups, addresses and add-ons."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.aws.world import World, refused, tags


def test_allow_fifty_tags(world: World, elbv2: Any) -> None:
    """A resource takes 50 tags and refuses the 51st; one unknown resource, and none is tagged."""
    arn = world.load_balancer(Tags=tags(40))["LoadBalancerArn"]
    elbv2.add_tags(ResourceArns=[arn], Tags=tags(50))
    with refused("TooManyTags"):
        elbv2.add_tags(ResourceArns=[arn], Tags=[{"Key": "one-more", "Value": "x"}])
    other = world.target_group()
    with refused("LoadBalancerNotFound"):
        elbv2.add_tags(ResourceArns=[other, arn + "x"], Tags=tags(1))
    assert elbv2.describe_tags(ResourceArns=[other])["TagDescriptions"][0]["Tags"] == []


def test_describe_known_resources(world: World, elbv2: Any) -> None:
    """An unknown resource makes the call fail, and so does a 21st."""
    group, balancer = world.target_group(), world.load_balancer()["LoadBalancerArn"]
    with refused("TargetGroupNotFound"):
        elbv2.describe_tags(ResourceArns=[balancer, group + "x"])
    with refused("LoadBalancerNotFound"):
        elbv2.describe_tags(ResourceArns=[balancer + "x"])
    with refused("ValidationError"):
        elbv2.describe_tags(ResourceArns=[balancer] * 21)


def test_refuse_too_many_at_birth(world: World, elbv2: Any) -> None:
    """Nothing is born with 51 tags."""
    with refused("TooManyTags"):
        world.load_balancer(Tags=tags(51))
    assert elbv2.describe_load_balancers()["LoadBalancers"] == []
    listener = world.listener(world.load_balancer(Tags=tags(50)))
    with refused("TooManyTags"):
        world.rule(listener, 1, Tags=tags(51))


def _group(world: World, ec2: Any, name: str) -> str:
    made = ec2.create_security_group(GroupName=name, Description="x", VpcId=world.ids["vpc"])
    return str(made["GroupId"])


def test_keep_groups_in_use(world: World, ec2: Any, elbv2: Any) -> None:
    """A group stays while a load balancer, an interface or another group's rule uses it."""
    used, user = _group(world, ec2, "used"), _group(world, ec2, "user")
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 80,
        "ToPort": 80,
        "UserIdGroupPairs": [{"GroupId": used}],
    }
    ec2.authorize_security_group_ingress(GroupId=user, IpPermissions=[permission])
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=used)
    ec2.revoke_security_group_ingress(GroupId=user, IpPermissions=[permission])
    arn = world.load_balancer(SecurityGroups=[used])["LoadBalancerArn"]
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=used)
    elbv2.delete_load_balancer(LoadBalancerArn=arn)
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=world.ids["nodes-sg"])
    for group in (used, user):
        ec2.delete_security_group(GroupId=group)


def test_find_every_address(ec2: Any) -> None:
    """An interface is found by a pod's address, and by its IPv6 address; others are not."""
    for name, value, expected in (
        ("addresses.private-ip-address", "192.168.100.17", 1),
        ("addresses.private-ip-address", "192.168.96.10", 1),
        ("addresses.private-ip-address", "192.168.99.99", 0),
        ("ipv6-addresses.ipv6-address", "2001:db8::1", 0),
    ):
        found = ec2.describe_network_interfaces(Filters=[{"Name": name, "Values": [value]}])
        assert len(found["NetworkInterfaces"]) == expected, value


def made_interface(world: World, ec2: Any, cidr: str) -> str:
    """An interface in a subnet of its own."""
    subnet = ec2.create_subnet(VpcId=world.ids["vpc"], CidrBlock=cidr)["Subnet"]
    made = ec2.create_network_interface(SubnetId=subnet["SubnetId"])
    return str(made["NetworkInterface"]["NetworkInterfaceId"])


def test_delegate_ipv4_prefixes(world: World, ec2: Any) -> None:
    """A delegated prefix is shown, and no address is assigned for it."""
    card = made_interface(world, ec2, "192.168.225.0/24")
    ec2.assign_private_ip_addresses(NetworkInterfaceId=card, Ipv4Prefixes=["192.168.225.16/28"])
    (shown,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[card])["NetworkInterfaces"]
    assert shown["Ipv4Prefixes"] == [{"Ipv4Prefix": "192.168.225.16/28"}]
    assert len(shown["PrivateIpAddresses"]) == 1


def test_delegate_ipv6_prefixes(world: World, ec2: Any) -> None:
    """As IPv6 clusters on EKS have them."""
    card = made_interface(world, ec2, "192.168.226.0/24")
    answer = ec2.assign_ipv6_addresses(NetworkInterfaceId=card, Ipv6Prefixes=["2001:db8::/80"])
    assert answer["AssignedIpv6Prefixes"] == ["2001:db8::/80"]
    (shown,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[card])["NetworkInterfaces"]
    assert shown["Ipv6Prefixes"] == [{"Ipv6Prefix": "2001:db8::/80"}]


def test_report_state_of_ipv6_block(world: World, ec2: Any) -> None:
    """A subnet's IPv6 block is `associated`, as a word."""
    ec2.associate_vpc_cidr_block(VpcId=world.ids["vpc"], AmazonProvidedIpv6CidrBlock=True)
    vpc = ec2.describe_vpcs(VpcIds=[world.ids["vpc"]])["Vpcs"][0]
    block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].split("/")[0] + "/64"
    made = ec2.create_subnet(
        VpcId=world.ids["vpc"], CidrBlock="192.168.224.0/24", Ipv6CidrBlock=block
    )
    subnets = ec2.describe_subnets(SubnetIds=[made["Subnet"]["SubnetId"]])["Subnets"]
    association = subnets[0]["Ipv6CidrBlockAssociationSet"][0]
    assert association["Ipv6CidrBlockState"] == {"State": "associated"}


def test_list_alternative_names(world: World) -> None:
    """A certificate's summary has its names."""
    found = world.account.acm.list_certificates()["CertificateSummaryList"]
    names = {c["DomainName"]: set(c["SubjectAlternativeNameSummaries"]) for c in found}
    assert names["myapp.example"] == {"myapp.example", "*.myapp.example"}


def test_keep_certificate_in_use(world: World, elbv2: Any) -> None:
    """A certificate can be deleted when no listener has it any more."""
    acm = world.account.acm
    arn = acm.request_certificate(DomainName="gone.example")["CertificateArn"]
    listener = world.listener(
        world.load_balancer(), 443, Protocol="HTTPS", Certificates=[{"CertificateArn": arn}]
    )
    with refused("ResourceInUseException"):
        acm.delete_certificate(CertificateArn=arn)
    elbv2.delete_listener(ListenerArn=listener)
    acm.delete_certificate(CertificateArn=arn)
    with pytest.raises(ClientError):
        acm.describe_certificate(CertificateArn=arn)


def test_replace_association(world: World) -> None:
    """A resource has the web ACL that was associated last."""
    wafv2 = world.account.wafv2
    second = wafv2.create_web_acl(
        Name="second",
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig={
            "SampledRequestsEnabled": False,
            "CloudWatchMetricsEnabled": False,
            "MetricName": "m",
        },
    )["Summary"]["ARN"]
    arn = world.load_balancer()["LoadBalancerArn"]
    for acl in (world.ids["webacl"], second):
        wafv2.associate_web_acl(WebACLArn=acl, ResourceArn=arn)
        assert wafv2.get_web_acl_for_resource(ResourceArn=arn)["WebACL"]["ARN"] == acl
    wafv2.disassociate_web_acl(ResourceArn=arn)
    assert "WebACL" not in wafv2.get_web_acl_for_resource(ResourceArn=arn)


def test_report_subscription(world: World) -> None:
    """The account has Shield Advanced."""
    assert world.account.shield.get_subscription_state()["SubscriptionState"] == "ACTIVE"
