"""Ingresses and IngressClassParams at admission: what is refused or warned of (spec 10.1).

An Ingress is translated as a reconcile would translate it, by the same code. So what is refused
here is refused there, and what is found here is found there in the same words. Of parameters,
what LBC refuses is refused, and what stops every Ingress of the class is warned of
(spec 2.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import assert_never

import msgspec

from alb_controller.errors import InvalidAnnotation
from alb_controller.frontends.conflicts import Agreement
from alb_controller.frontends.ingress.group_listeners import class_defaults
from alb_controller.frontends.ingress.load import LoadedMember, Snapshot, load
from alb_controller.frontends.ingress.member import MemberIntent, MemberTranslator, Problems
from alb_controller.frontends.ingress.merge import merge, settings_of
from alb_controller.frontends.ingress.notices.backends import missing_actions, missing_services
from alb_controller.frontends.ingress.notices.keys import unread_keys
from alb_controller.frontends.ingress.notices.reach import reach_of
from alb_controller.frontends.ingress.notices.warnings import Served, notices_of
from alb_controller.frontends.ingress.params import FIELD, check_params
from alb_controller.frontends.ingress.records.joining import joined_where, shown_hosts
from alb_controller.frontends.ingress.routing.conditions import ConditionTranslator
from alb_controller.frontends.ingress.routing.secrets import MemberSecrets
from alb_controller.frontends.ingress.select import (
    CLASS_ANNOTATION,
    BadClass,
    BadGroup,
    Member,
    NotOurs,
    is_explicit,
    own_key,
    select,
)
from alb_controller.frontends.ingress.trust.group import GroupTrust, taken_sentences
from alb_controller.frontends.review import (
    ALLOWED,
    AdmissionResponse,
    Finding,
    Limits,
    Review,
    Reviews,
    Weight,
    respond,
)
from alb_controller.intent import StackIntent
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.rows import Source
from alb_controller.objects.cluster import Cluster
from alb_controller.objects.core import Service, ref
from alb_controller.objects.elbv2 import IngressClassParams
from alb_controller.objects.events import Reason
from alb_controller.objects.networking import Ingress
from alb_controller.objects.records import forged
from alb_controller.objects.references import service_names
from alb_controller.objects.secrets import OidcSecret, OidcSecretData, SecretName, SecretState
from alb_controller.settings import Settings
from alb_controller.values import Origin, Secret, StackKey

Services = Mapping[tuple[str, str], Service]


class _AssumedSecrets:
    """Every Secret is there and complete: admission reads none."""

    def get(self, _: SecretName, /) -> SecretState:
        return _COMPLETE


_COMPLETE = OidcSecret(data=OidcSecretData(client_id=Secret("id"), client_secret=Secret("-")))


def validate_ingress(
    new: Ingress,
    old: Ingress | None,
    cluster: Cluster,
    settings: Settings,
    limits: Limits = lambda _: (),
) -> AdmissionResponse:
    """The response to a new or changed Ingress."""
    if new.is_deleting or (old is not None and _is_same(new, old)):
        return ALLOWED
    found = [*_findings(new, cluster, settings, limits), *_unwanted(new, old, cluster, settings)]
    before = _findings(old, cluster, settings, limits) if old is not None and found else ()
    return respond(found, before, is_strict=settings.strict_admission)


def validate_class_params(
    new: IngressClassParams, old: IngressClassParams | None, _: Cluster, settings: Settings
) -> AdmissionResponse:
    """The response to new or changed parameters."""
    if new.is_deleting or (old is not None and new.spec == old.spec):
        return ALLOWED
    before = _params_findings(old, settings) if old is not None else ()
    return respond(_params_findings(new, settings), before, is_strict=settings.strict_admission)


def reviews(limits: Limits) -> Reviews:
    """By LBC's paths; `limits` are those of what Ingresses are built as."""
    return {
        "/validate-networking-v1-ingress": Review(
            name="ingress",
            kind=Ingress,
            validate=partial(validate_ingress, limits=limits),
            forged=forged,
        ),
        "/validate-elbv2-k8s-aws-v1beta1-ingressclassparams": Review(
            name="ingressClassParams", kind=IngressClassParams, validate=validate_class_params
        ),
    }


def _translate_alone(
    member: LoadedMember, services: Services, settings: Settings, key: StackKey | None = None
) -> MemberIntent:
    """What one Ingress asks for, whoever else is in its group; raises Problems."""
    meta = member.ingress.metadata
    secrets = MemberSecrets(meta.namespace, _AssumedSecrets(), None)
    key = key or own_key(member.ingress)
    return MemberTranslator(member, key, services, secrets, settings).translate()


def _is_same(new: Ingress, old: Ingress) -> bool:
    return (new.spec, new.metadata.annotations) == (old.spec, old.metadata.annotations)


def _findings(
    ingress: Ingress, cluster: Cluster, settings: Settings, limits: Limits
) -> Iterator[Finding]:
    """All that is wrong with an Ingress as it stands."""
    match select(ingress, cluster, settings.ingress_class):
        case NotOurs():
            return
        case BadClass(problem=problem, is_ours=is_ours):
            # LBC looks at classes here, and not at their parameters
            yield Finding(Weight.WARNING if is_ours else Weight.REFUSED, str(problem))
        case BadGroup(problem=problem):
            yield Finding(Weight.WARNING, str(problem))
        case Member() as member:
            yield from _member_findings(member, cluster, settings, limits)
        case unknown:
            assert_never(unknown)
    yield from _conditions(ingress)
    for notice in unread_keys(ingress):
        yield Finding(Weight.NOTE, notice.sentence)


def _unwanted(
    new: Ingress, old: Ingress | None, cluster: Cluster, settings: Settings
) -> Iterator[Finding]:
    """New uses of annotations that the operator has closed; present ones stay."""
    if isinstance(select(new, cluster, settings.ingress_class), NotOurs):
        return
    closed = {
        CLASS_ANNOTATION: settings.disable_ingress_class_annotation,
        rows.GROUP_NAME.key: settings.disable_ingress_group_name_annotation,
    }
    for key, is_closed in closed.items():
        value = new.metadata.annotations.get(key)
        before = old.metadata.annotations.get(key) if old is not None else None
        if is_closed and value is not None and value != before:
            yield Finding(Weight.REFUSED, f"{key}: {value!r} is new, and new uses are disabled")


def _conditions(ingress: Ingress) -> Iterator[Finding]:
    """Conditions of paths are refused by LBC, whatever else is wrong there."""
    translator = ConditionTranslator(Source(ref("Ingress", ingress), ingress.metadata.annotations))
    for rule in ingress.spec.rules:
        for path in rule.http.paths if rule.http else ():
            try:
                translator.annotated(path)
            except InvalidAnnotation as problem:
                yield Finding(Weight.REFUSED, str(problem))


def _member_findings(
    member: Member, cluster: Cluster, settings: Settings, limits: Limits
) -> Iterator[Finding]:
    ingress = member.ingress
    services = _services(ingress, cluster)
    try:
        intent = _translate_alone(
            LoadedMember(ingress=ingress, params=member.params), services, settings, member.key
        )
    except Problems as problems:
        own = ref("Ingress", ingress)  # its Services' mistakes are reported on it as well
        for found in (one for one in problems.found if one.origin == own):
            yield Finding(Weight.WARNING, str(found))
    else:
        yield from _taken_places(member, intent, cluster, settings)
        alone = _alone(member.key, intent, settings)
        for problem in limits(alone):
            yield Finding(Weight.WARNING, str(problem))
        group = Served(intent=alone, reach=reach_of([intent], alone), services=services)
        yield from _notes(member, intent, group)
    yield from _missing(ingress, services, settings)


def _missing(ingress: Ingress, services: Services, settings: Settings) -> Iterator[Finding]:
    """What is answered with 503 until it is there; without tolerance it is a problem anyway."""
    if settings.tolerate_non_existent_backend_service:
        for sentence in missing_services(ingress, services):
            yield Finding(Weight.WARNING, sentence)
    if settings.tolerate_non_existent_backend_action:
        for sentence in missing_actions(ingress):
            yield Finding(Weight.WARNING, sentence)


def _alone(key: StackKey, intent: MemberIntent, settings: Settings) -> StackIntent:
    """What it asks for were it alone."""
    agreed = Agreement()
    agreed.add(intent.ref, settings_of(intent, class_defaults([intent], settings)))
    made = merge(key, [intent], agreed, settings)
    return msgspec.structs.replace(made, asked_by=(Origin(intent.ref),))


def _notes(member: Member, intent: MemberIntent, group: Served) -> Iterator[Finding]:
    """What it is warned of were it alone: what others of a group may change is left out."""
    for notice in notices_of(member.ingress, intent, group):
        if not (is_explicit(member.key) and notice.reason in _OF_GROUPS):
            yield Finding(Weight.NOTE, notice.sentence)


_OF_GROUPS = (Reason.HTTP_REFUSED, Reason.UNSERVED)
"""Another member may redirect, or set the address type."""


def _taken_places(
    member: Member, intent: MemberIntent, cluster: Cluster, settings: Settings
) -> Iterator[Finding]:
    """Requests of members of other namespaces that it would answer; AWS has those of all."""
    if not is_explicit(member.key):
        return
    mine = LoadedMember(ingress=member.ingress)
    loaded = load(member.key, cluster, settings.ingress_class)
    others = [one for one in loaded.members if one.ingress.key != member.ingress.key]
    older: list[MemberIntent] = []
    younger: list[MemberIntent] = []
    since = _ages(msgspec.structs.replace(loaded, members=(*others, mine)), mine, settings)
    for other in others:
        try:
            services = _services(other.ingress, cluster)
            made = _translate_alone(other, services, settings, member.key)
        except Problems:
            continue  # it holds nothing as it stands
        (older if since.index(other.uid) < since.index(mine.uid) else younger).append(made)
    older.sort(key=lambda one: since.index(one.ref.uid))
    everyone, refuses = [*older, intent, *younger], settings.group_trust == "namespace"
    trust = GroupTrust(everyone, [*older, *younger], refuses=refuses)
    for one in older:
        trust.accept(one)
    for sentence in taken_sentences(trust.taken_by(intent)):
        yield Finding(Weight.WARNING, sentence)


def _ages(group: Snapshot, mine: LoadedMember, settings: Settings) -> list[str]:
    """The uids by the age of the membership. AWS is not asked: the others show the load balancer,
    and who comes from another group shows that one's."""
    shown = (shown_hosts(one.ingress) for one in group.members if one.uid != mine.uid)
    return list(joined_where(set().union(*shown), group, {}, settings))


def _services(ingress: Ingress, cluster: Cluster) -> Services:
    namespace = ingress.metadata.namespace
    found = (cluster.get(Service, namespace, name) for name in service_names(ingress))
    return {service.key: service for service in found if service is not None}


def _params_findings(params: IngressClassParams, settings: Settings) -> Iterator[Finding]:
    refused = {f"{found.field}: {found.problem}" for found in check_params(params.spec)}
    for sentence in sorted(refused):
        yield Finding(Weight.REFUSED, sentence)
    for sentence in _problems_of_members(params, settings):
        if sentence not in refused:
            yield Finding(Weight.WARNING, sentence)


def _problems_of_members(params: IngressClassParams, settings: Settings) -> Iterator[str]:
    """What an Ingress without a setting of its own would hear of its class."""
    try:
        _translate_alone(LoadedMember(ingress=Ingress(), params=params), {}, settings)
    except Problems as problems:
        yield from (str(found).removeprefix(FIELD) for found in problems.found)
