"""The clients of AWS, one of each for the process, and what is kept in memory of the account."""

from __future__ import annotations

import msgspec

from alb_controller.aws.addons.services import AddonFacts, AddonServices
from alb_controller.aws.certificates.acm import Acm
from alb_controller.aws.certificates.facts import CertificateFacts, TrustStoreFacts, none_managed
from alb_controller.aws.certificates.managed import CertificateManager, CertificateTags
from alb_controller.aws.client import Sender
from alb_controller.aws.ec2 import Ec2
from alb_controller.aws.elbv2 import Elbv2
from alb_controller.aws.facts import Facts, NetworkFacts, OwnedFacts, TargetGroupFacts
from alb_controller.aws.inventory import Inventory
from alb_controller.aws.roles import AssumedRoles
from alb_controller.aws.tagging import TaggedListing
from alb_controller.clock import Clock
from alb_controller.settings import Settings


class AwsClients(msgspec.Struct, frozen=True, kw_only=True):
    """The AWS edge; every part is thread-safe."""

    sender: Sender
    elbv2: Elbv2
    ec2: Ec2
    addons: AddonServices
    inventory: Inventory
    facts: Facts
    certificates: CertificateManager
    certificate_tags: CertificateTags
    roles: AssumedRoles


def make_clients(sender: Sender, settings: Settings, vpc_id: str, clock: Clock) -> AwsClients:
    """Makes no call."""
    gates, cluster = settings.feature_gates, settings.cluster_name
    elbv2 = Elbv2(sender, vpc_id, is_weighted=gates.weighted_target_groups)
    ec2, addons, manager = Ec2(sender, vpc_id), AddonServices.of(sender), CertificateManager(sender)
    tags = CertificateTags(manager, clock)
    listing = TaggedListing(sender, elbv2, cluster) if gates.enable_rgt_api else elbv2
    inventory = Inventory(listing, ec2, cluster, clock)
    return AwsClients(
        sender=sender,
        elbv2=elbv2,
        ec2=ec2,
        addons=addons,
        inventory=inventory,
        facts=Facts(
            NetworkFacts(ec2, clock),
            TargetGroupFacts(elbv2, clock),
            OwnedFacts(inventory),
            CertificateFacts(
                Acm(sender),
                clock,
                tags.managed if gates.enable_certificate_management else none_managed,
            ),
            TrustStoreFacts(elbv2, clock),
            AddonFacts(addons, clock),
        ),
        certificates=manager,
        certificate_tags=tags,
        roles=AssumedRoles(
            sender,
            clock,
            vpc_id=vpc_id,
            cluster_name=cluster,
            allowed=settings.allowed_assume_role_arns,
        ),
    )
