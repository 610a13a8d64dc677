"""What of a matched resource is brought to the desired state, and by which steps.

Fields not named here count at creation only: AWS cannot change them, or they are kept on purpose
(a target group's name, port and family; a load balancer's name and pool; a group's description).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from alb_controller.model.ec2 import IngressRule, SecurityGroup
from alb_controller.model.elbv2 import (
    Attributes,
    Listener,
    LoadBalancer,
    MutualAuthentication,
    TargetGroup,
)
from alb_controller.model.health import HealthCheck
from alb_controller.model.kube import Binding
from alb_controller.model.refs import Ref, Reference
from alb_controller.model.stack import Found
from alb_controller.plan.changes import (
    AddCertificates,
    AuthorizeIngress,
    ModifyAttributes,
    ModifyIpPools,
    ModifyListener,
    ModifyTargetGroup,
    RemoveCertificates,
    RevokeIngress,
    SetIpAddressType,
    SetSecurityGroups,
    SetSubnets,
    Step,
    UpdateBinding,
)
from alb_controller.plan.equality import same_actions, without_known_secrets

AttributeKind = Literal["LoadBalancer", "TargetGroup", "Listener"]


def declared_attributes(
    kind: AttributeKind, desired: LoadBalancer | TargetGroup | Listener
) -> list[Step]:
    """All that is declared, for a resource that the plan creates."""
    if not desired.attributes:
        return []
    return [ModifyAttributes(kind=kind, target=Ref(desired.id), changed=desired.attributes)]


def attributes(
    kind: AttributeKind,
    identity: str,
    desired: Attributes | None,
    found: Attributes | None,
) -> list[Step]:
    """Declared keys that differ; an undeclared key keeps its value (spec 5.3)."""
    known = found or {}
    changed = {
        key: value for key, value in sorted((desired or {}).items()) if known.get(key) != value
    }
    return [ModifyAttributes(kind=kind, target=identity, changed=changed)] if changed else []


def load_balancer(desired: LoadBalancer, found: Found[LoadBalancer]) -> list[Step]:
    """Groups and subnets are sets. Leaving dual stack comes before subnets without IPv6."""
    now, identity = found.resource, found.identity
    steps: list[Step] = []
    if set(desired.security_groups) != set(now.security_groups):
        steps.append(SetSecurityGroups(target=identity, security_groups=desired.security_groups))
    network: list[Step] = []
    if set(desired.subnets) != set(now.subnets):
        network.append(SetSubnets(target=identity, subnets=desired.subnets))
    if desired.ip_address_type != now.ip_address_type:
        network.append(SetIpAddressType(target=identity, ip_address_type=desired.ip_address_type))
    if desired.ip_address_type == "ipv4":
        network.reverse()
    if desired.ipv4_ipam_pool_id != now.ipv4_ipam_pool_id:
        pool = desired.ipv4_ipam_pool_id
        network.append(ModifyIpPools(target=identity, ipv4_ipam_pool_id=pool))
    return [
        *steps,
        *network,
        *attributes("LoadBalancer", identity, desired.attributes, now.attributes),
    ]


def target_group(desired: TargetGroup, found: Found[TargetGroup]) -> list[Step]:
    """The health check as a whole, and attributes."""
    steps: list[Step] = []
    if _health_check_differs(desired.health_check, found.resource.health_check):
        steps.append(ModifyTargetGroup(target=found.identity, resource=desired))
    declared, known = desired.attributes, found.resource.attributes
    return [*steps, *attributes("TargetGroup", found.identity, declared, known)]


def listener_settings(desired: Listener, found: Found[Listener]) -> list[Step]:
    """ModifyListener, where anything but tags, attributes and further certificates differs."""
    now = found.resource
    if not listener_changes(desired, now):
        return []
    actions = without_known_secrets(desired.default_actions, now.default_actions)
    sent = msgspec.structs.replace(desired, default_actions=actions)
    return [ModifyListener(target=found.identity, resource=sent)]


def listener_changes(desired: Listener, now: Listener) -> tuple[str, ...]:
    """The fields for which a listener is modified."""
    same = same_actions(desired.default_actions, now.default_actions)
    wanted = msgspec.structs.replace(
        now,
        port=desired.port,
        protocol=desired.protocol,
        default_actions=now.default_actions if same else desired.default_actions,
        certificates=desired.certificates[:1] + now.certificates[1:],
        ssl_policy=desired.ssl_policy or now.ssl_policy,
        mutual_authentication=mutual_authentication(desired, now),
    )
    fields = wanted.__struct_fields__
    return tuple(name for name in fields if getattr(wanted, name) != getattr(now, name))


def mutual_authentication(desired: Listener, found: Listener) -> MutualAuthentication | None:
    """What a listener has once it is as desired, in the form in which it is found."""
    wanted = desired.mutual_authentication
    if wanted is None:
        return found.mutual_authentication if desired.certificates else None
    return None if wanted.mode == "off" else wanted


def missing_certificates(desired: Listener, found: Found[Listener]) -> list[Step]:
    """Those that its certificate list lacks.

    The one that stops being the default is added whatever the list holds: adding again is no error.
    """
    present = set(found.resource.certificates[1:]) - set(found.resource.certificates[:1])
    return [
        AddCertificates(target=found.identity, certificate=certificate)
        for certificate in sorted(desired.certificates[1:])
        if certificate not in present
    ]


def surplus_certificates(desired: Listener, found: Found[Listener]) -> list[Step]:
    """Those that it has beside its default one and should not."""
    return [
        RemoveCertificates(target=found.identity, certificate=certificate)
        for certificate in sorted(found.resource.certificates[1:])
        if desired.certificates and certificate not in desired.certificates
    ]


def binding(desired: Binding, found: Found[Binding]) -> list[Step]:
    """Its spec and our labels. It keeps its name, and labels that others gave it."""
    now, desired = found.resource, settled(desired)
    labels = {**now.labels, **desired.labels}
    if desired.peer is None and desired.spec == now.spec and labels == now.labels:
        return []
    kept = msgspec.structs.replace(desired, name=now.name, namespace=now.namespace, labels=labels)
    return [UpdateBinding(target=found.identity, resource=kept)]


def settled(desired: Binding) -> Binding:
    """The binding with its peer in the spec, where that group's id is known."""
    return desired.with_peer(desired.peer) if isinstance(desired.peer, str) else desired


class IngressChange(msgspec.Struct, frozen=True, kw_only=True):
    """Ingress to add, to take away now, and to take away at the end; a step each, or none."""

    exchanged: tuple[Step, ...]
    """All of it where a security group holds no more: what must find room comes first, so that
    nobody's source is taken away for what AWS refuses all the same."""
    missing: tuple[Step, ...]
    surplus: tuple[Step, ...]
    unused: tuple[Step, ...]
    """Of ports that are not desired any more: their listeners go first."""


def ingress(desired: SecurityGroup, found: Found[SecurityGroup] | None) -> IngressChange:
    """Compared by all but the description (spec 6.4); None leaves the rules to their keeper."""
    now = found.resource.ingress if found else ()
    if desired.ingress is None or now is None:
        return IngressChange(exchanged=(), missing=(), surplus=(), unused=())
    target = found.identity if found else Ref(desired.id)
    wanted, present = ({rule.key for rule in rules} for rules in (desired.ingress, now))
    ports = {rule.key[:3] for rule in desired.ingress}
    missing = [rule for rule in sorted(desired.ingress) if rule.key not in present]
    surplus = [rule for rule in sorted(now) if rule.key not in wanted]
    more = _beyond(missing, surplus)
    return IngressChange(
        exchanged=(
            *_authorized(target, more),
            *_revoked(target, surplus),
            *_authorized(target, [rule for rule in missing if rule not in more]),
        ),
        missing=_authorized(target, missing),
        surplus=_revoked(target, [rule for rule in surplus if rule.key[:3] in ports]),
        unused=_revoked(target, [rule for rule in surplus if rule.key[:3] not in ports]),
    )


def _beyond(missing: Iterable[IngressRule], surplus: Iterable[IngressRule]) -> list[IngressRule]:
    """As many of those that come as are more than those that go, of each family that counts."""
    more = Counter(family for rule in missing for family in rule.families)
    more.subtract(family for rule in surplus for family in rule.families)
    found: list[IngressRule] = []
    for rule in missing:
        if any(more[family] > 0 for family in rule.families):
            more.subtract(rule.families)
            found.append(rule)
    return found


def _authorized(target: Reference, rules: Sequence[IngressRule]) -> tuple[Step, ...]:
    return (AuthorizeIngress(target=target, rules=tuple(rules)),) if rules else ()


def _revoked(target: Reference, rules: Sequence[IngressRule]) -> tuple[Step, ...]:
    return (RevokeIngress(target=target, rules=tuple(rules)),) if rules else ()


def _health_check_differs(desired: HealthCheck, found: HealthCheck) -> bool:
    declared = msgspec.structs.replace(
        desired,
        path=found.path if desired.path is None else desired.path,
        matcher=found.matcher if desired.matcher is None else desired.matcher,
    )
    return declared != found
