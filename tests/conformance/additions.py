"""What a case of ours needs beside the corpus's account: `account:` in its needs.yaml names it.

Each gives ids for `${name}` in the manifests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.conformance.aws_account import Account, Ids

POD_ADDRESSES = {"node-a": "2001:db8:a::10", "node-b": "2001:db8:b::10"}
"""IPv6 addresses that the VPC CNI would have assigned to a pod of each node."""
DOMAIN = "app.example"
BRANCH_ADDRESS = "192.168.101.50"
"""Of zone a's private subnet, on no node's interface."""


def add(account: Account, names: Iterable[str], ids: Ids) -> Ids:
    """The ids with those of the additions; raises KeyError for one that does not exist."""
    for name in names:
        ids = ids | ADDITIONS[name](account, ids)
    return ids


def _ipv6(account: Account, ids: Ids) -> Ids:
    """IPv6 blocks on the VPC and its private subnets, and an address for a pod of two nodes."""
    ec2 = account.ec2
    made = ec2.associate_vpc_cidr_block(VpcId=ids["vpc"], AmazonProvidedIpv6CidrBlock=True)
    block = made["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"].removesuffix("00::/56")
    for number, zone in enumerate("abc"):
        ec2.associate_subnet_cidr_block(
            SubnetId=ids[f"private-{zone}"], Ipv6CidrBlock=f"{block}0{number}::/64"
        )
    for node, address in POD_ADDRESSES.items():
        found = ec2.describe_instances(InstanceIds=[ids[node]])["Reservations"][0]["Instances"][0]
        card = found["NetworkInterfaces"][0]["NetworkInterfaceId"]
        ec2.assign_ipv6_addresses(NetworkInterfaceId=card, Ipv6Addresses=[address])
    return {}


def _classic_web_acls(account: Account, _ids: Ids) -> Ids:
    """Two web ACLs of WAF Classic."""
    return {f"acl:{name}": _classic_web_acl(account, name) for name in ("first", "second")}


def _classic_web_acl(account: Account, name: str) -> str:
    waf = account.client("waf-regional")
    made = waf.create_web_acl(
        Name=name,
        MetricName=name,
        DefaultAction={"Type": "ALLOW"},
        ChangeToken=waf.get_change_token()["ChangeToken"],
    )
    return str(made["WebACL"]["WebACLId"])


def _hosted_zone(account: Account, _ids: Ids) -> Ids:
    """A public hosted zone of the domain."""
    made = account.client("route53").create_hosted_zone(Name=DOMAIN, CallerReference=DOMAIN)
    return {"zone": made["HostedZone"]["Id"].removeprefix("/hostedzone/")}


def _private_authority(account: Account, _ids: Ids) -> Ids:
    """A private certificate authority."""
    made = account.client("acm-pca").create_certificate_authority(
        CertificateAuthorityType="ROOT",
        CertificateAuthorityConfiguration={
            "KeyAlgorithm": "RSA_2048",
            "SigningAlgorithm": "SHA256WITHRSA",
            "Subject": {"CommonName": DOMAIN},
        },
    )
    return {"authority": made["CertificateAuthorityArn"]}


def _instance_group(account: Account, ids: Ids) -> Ids:
    """A target group of somebody else's, for instances."""
    made = account.elbv2.create_target_group(
        Name="nodes", Protocol="HTTP", Port=80, VpcId=ids["vpc"], TargetType="instance"
    )
    return {"tg:nodes": made["TargetGroups"][0]["TargetGroupArn"]}


def _trust_stores(account: Account, _ids: Ids) -> Ids:
    """Two trust stores."""
    for name in ("clients", "partners"):
        account.elbv2.create_trust_store(
            Name=name, CaCertificatesBundleS3Bucket=DOMAIN, CaCertificatesBundleS3Key="ca.pem"
        )
    return {}


def _no_role_tags(account: Account, ids: Ids) -> Ids:
    """The subnets without the tags that tell public from private ones."""
    account.ec2.delete_tags(
        Resources=[ids[f"{kind}-{zone}"] for kind in ("public", "private") for zone in "abc"],
        Tags=[{"Key": f"kubernetes.io/role/{role}"} for role in ("elb", "internal-elb")],
    )
    return {}


def _branch_interface(account: Account, ids: Ids) -> Ids:
    """A security group for pods, and the interface that a pod in it gets for itself.

    The VPC resource controller makes it (Amazon EKS user guide, security groups for pods).
    """
    ec2 = account.ec2
    named = [{"ResourceType": "security-group", "Tags": [{"Key": "Name", "Value": "pods-sg"}]}]
    group = ec2.create_security_group(
        GroupName="pods-sg", Description="pods-sg", VpcId=ids["vpc"], TagSpecifications=named
    )["GroupId"]
    made = ec2.create_network_interface(
        SubnetId=ids["private-a"], Groups=[group], PrivateIpAddress=BRANCH_ADDRESS
    )
    return {"branch-interface": made["NetworkInterface"]["NetworkInterfaceId"]}


ADDITIONS: dict[str, Callable[[Account, Ids], Ids]] = {
    "ipv6": _ipv6,
    "classic-web-acls": _classic_web_acls,
    "hosted-zone": _hosted_zone,
    "private-authority": _private_authority,
    "instance-group": _instance_group,
    "trust-stores": _trust_stores,
    "no-role-tags": _no_role_tags,
    "branch-interface": _branch_interface,
}
