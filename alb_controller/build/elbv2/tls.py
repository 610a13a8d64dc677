"""Certificates and client certificates of secure listeners (spec 3.2, 3.3, 1.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never, cast

from alb_controller.build.context import Context, Facts
from alb_controller.errors import Missing
from alb_controller.intent import (
    BalancerIntent,
    CertificateChoice,
    DiscoveredCertificates,
    GivenCertificates,
    ListenerIntent,
    MutualTlsIntent,
    RequestedCertificate,
    TlsIntent,
)
from alb_controller.model.elbv2 import MutualAuthentication
from alb_controller.model.origins import Origins
from alb_controller.model.queries import (
    Certificate,
    IssuedCertificates,
    Query,
    TrustStoreByName,
    TrustStoreInfo,
)

_ARN = "arn:"


def queries(balancer: BalancerIntent, context: Context) -> Iterator[Query]:
    """What must be known of certificates and trust stores."""
    for tls in (listener.tls for listener in balancer.listeners if listener.tls is not None):
        for choice in tls.certificates:
            if isinstance(choice, DiscoveredCertificates) and choice.hosts:
                yield _discovery(choice, context)
        if tls.mutual is not None and _is_name(tls.mutual.trust_store):
            yield TrustStoreByName(cast("str", tls.mutual.trust_store))


def choose_certificates(
    listener: ListenerIntent, balancer: BalancerIntent, context: Context, facts: Facts
) -> Mapping[str, Origins]:
    """The default certificate, then all others, sorted; none for a plain listener.

    Each with who asked for it; none of those that stay from before.

    Raises Missing for a host that no certificate covers, and where no certificate is left: AWS
    would refuse the listener.
    """
    tls = listener.tls
    if tls is None:
        return {}
    found: dict[str, Origins] = {}
    for choice in tls.certificates:
        for arn in _arns(choice, tls, context, facts):
            found[arn] = (*found.get(arn, ()), choice.origin)
    kept = context.kept.get(balancer.id)
    if not found and tls.keeps_certificates and kept is not None:
        found = dict.fromkeys(kept.certificates.get(listener.port, ()), ())
    if not found:
        problem = (
            f"HTTPS port {listener.port} has no certificate: name one by certificate-arn, or give "
            "the Ingress a host that an issued certificate in ACM covers"
        )
        raise Missing(tls.origin.ref, tls.origin.field, problem)
    default, *others = found
    return {arn: found[arn] for arn in (default, *sorted(others))}


def choose_mutual_authentication(
    listener: ListenerIntent, context: Context, facts: Facts
) -> MutualAuthentication | None:
    """What is to be done with client certificates; None leaves it as it is.

    Raises Missing for a trust store that is not there.
    """
    if listener.tls is None:
        return None
    wanted = listener.tls.mutual
    if wanted is None:
        is_undone = context.settings.feature_gates.enhanced_default_behavior
        return MutualAuthentication("off") if is_undone else None
    return MutualAuthentication(
        mode=wanted.mode,
        trust_store_arn=_trust_store(wanted, facts),
        ignore_client_certificate_expiry=wanted.ignore_client_certificate_expiry,
        advertise_trust_store_ca_names=wanted.advertise_trust_store_ca_names,
    )


def _arns(
    choice: CertificateChoice, tls: TlsIntent, context: Context, facts: Facts
) -> tuple[str, ...]:
    match choice:
        case GivenCertificates(arns=arns):
            return arns
        case RequestedCertificate(id=id_):
            return (context.certificates[id_],)
        case DiscoveredCertificates():
            return tuple(_discovered(choice, tls, context, facts))
        case _:
            assert_never(choice)


def _discovered(
    choice: DiscoveredCertificates, tls: TlsIntent, context: Context, facts: Facts
) -> list[str]:
    """The certificates of all hosts, sorted, so that no order of hosts chooses the default one."""
    issued = cast("tuple[Certificate, ...]", facts.get(_discovery(choice, context), ()))
    allowed = context.settings.allowed_certificate_authority_arns
    usable = [one for one in issued if not allowed or one.authority_arn in allowed]
    for host in choice.hosts:
        if not tls.keeps_certificates and not any(one.covers(host) for one in usable):
            by = " of the allowed authorities" if allowed else ""
            problem = (
                f"no certificate found for host: {host} (issued ones in ACM{by} are looked at)"
            )
            raise Missing(choice.origin.ref, choice.origin.field, problem)
    return sorted({one.arn for one in usable for host in choice.hosts if one.covers(host)})


def _discovery(choice: DiscoveredCertificates, context: Context) -> IssuedCertificates:
    by_authority = bool(context.settings.allowed_certificate_authority_arns)
    return IssuedCertificates(choice.hosts, with_authorities=by_authority)


def _trust_store(wanted: MutualTlsIntent, facts: Facts) -> str | None:
    name = wanted.trust_store
    if name is None or not _is_name(name):
        return name
    found = cast("tuple[TrustStoreInfo, ...]", facts.get(TrustStoreByName(name), ()))
    if not found:
        problem = f"names trust store {name!r}, which does not exist"
        raise Missing(wanted.origin.ref, wanted.origin.field, problem)
    return found[0].arn


def _is_name(trust_store: str | None) -> bool:
    return trust_store is not None and not trust_store.startswith(_ARN)
