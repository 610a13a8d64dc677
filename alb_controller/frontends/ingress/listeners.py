"""The ports that one Ingress asks for: protocol, who may connect, and TLS (spec 3.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from alb_controller.errors import Invalid, InvalidAnnotation
from alb_controller.intent import (
    CertificateChoice,
    CertificateIntent,
    DiscoveredCertificates,
    GivenCertificates,
    MutualTlsIntent,
    Origin,
    RequestedCertificate,
)
from alb_controller.model.ownership import tag_value
from alb_controller.objects.annotations import ingress_table as rows
from alb_controller.objects.annotations.mutual_authentication import ClientCertificates
from alb_controller.objects.annotations.rows import CollectingReader
from alb_controller.objects.core import ref
from alb_controller.objects.elbv2 import IngressClassParamsSpec, ListenerParams
from alb_controller.objects.networking import Ingress
from alb_controller.settings import Settings
from alb_controller.values import canonical_cidr

HTTP, HTTPS = "HTTP", "HTTPS"


class MemberListener(msgspec.Struct, frozen=True, kw_only=True):
    """A port as one member wants it; None where it does not set it."""

    protocol: str
    cidrs: frozenset[str] | None = None
    prefix_lists: frozenset[str] | None = None
    attributes: dict[str, str] = {}
    params_attributes: dict[str, str] = {}
    """Attributes of the class's parameters: only the port's first member's count (spec 2.2)."""
    certificates: CertificateChoice | None = None
    """Set on secure ports, and only there."""
    ssl_policy: str | None = None
    mutual: MutualTlsIntent | None = None


class ListenerTranslator:
    """Translates the ports of one Ingress; what is wrong is added to the reader's problems."""

    def __init__(
        self,
        ingress: Ingress,
        reader: CollectingReader,
        params: IngressClassParamsSpec,
        settings: Settings,
    ) -> None:
        self._ingress, self._reader, self._params = ingress, reader, params
        self._ref, self._settings = ref("Ingress", ingress), settings

    def listeners(self) -> dict[int, MemberListener]:
        """The ports in ascending order."""
        params = self._params
        given = self._explicit_certificates()
        cidrs = _spelled_alike(params.inbound_cidrs or self._reader.get(rows.INBOUND_CIDRS) or ())
        of_class = params.prefix_lists_ids or params.prefix_lists_ids_legacy
        lists = tuple(of_class or self._reader.get(rows.PREFIX_LISTS) or ())
        ports = self._reader.get(rows.LISTEN_PORTS) or ({443: HTTPS} if given else {80: HTTP})
        plain = {
            port: MemberListener(
                protocol=protocol,
                cidrs=cidrs or None,
                prefix_lists=frozenset(lists) or None,
                attributes=self._reader.get(rows.listener_attributes(protocol, port)) or {},
                params_attributes=_params_attributes(params.listeners, protocol, port),
            )
            for port, protocol in sorted(ports.items())
        }
        return self._secured(plain, given)

    def ssl_redirect(self) -> int | None:
        """The port that plain HTTP is sent to; what cannot be read is a problem (spec 12.1 #6)."""
        raw = self._params.ssl_redirect_port
        if not raw:
            return self._reader.get(rows.SSL_REDIRECT)
        try:
            return rows.SSL_REDIRECT.parse(raw)
        except ValueError as error:
            field = "IngressClassParams spec.sslRedirectPort"
            self._reader.problems.append(Invalid(self._ref, field, f"{raw!r} {error}"))
            return None

    def requested_certificate(self, tags: Mapping[str, str]) -> CertificateIntent | None:
        """The certificate that `create-acm-cert` asks for, used or not (spec 3.4)."""
        if not self._wants_certificate():
            return None
        named, key = hosts(self._ingress), rows.CREATE_ACM_CERT.key
        if not named:
            problem = "needs a host in spec.rules or spec.tls to request a certificate for"
            self._reader.problems.append(InvalidAnnotation(self._ref, key, problem))
            return None
        return CertificateIntent(
            id=self._certificate_id(named[0]),
            hosts=named,
            authority_arn=self._authority(),
            tags=dict(tags),
            origin=Origin(self._ref, key),
        )

    def _wants_certificate(self) -> bool:
        """Without the gate the annotation means nothing, as in LBC."""
        if not self._settings.feature_gates.enable_certificate_management:
            return False
        return self._reader.get(rows.CREATE_ACM_CERT) or False

    def _authority(self) -> str:
        return self._reader.get(rows.ACM_PCA_ARN) or self._settings.default_pca_arn or ""

    def _certificate_id(self, domain: str) -> str:
        type_ = "private" if self._authority() else "amazon_issued"
        owner = hashlib.sha256(self._ref.path.encode()).hexdigest()[:8]
        return tag_value(f"{type_}/{domain.replace('*', 'wildcard')}-{owner}")

    def _secured(
        self, listeners: Mapping[int, MemberListener], given: CertificateChoice | None
    ) -> dict[int, MemberListener]:
        """The same, secure ones with their TLS; settings without a secure port are only read."""
        policy = self._params.ssl_policy or self._reader.get(rows.SSL_POLICY) or None
        mutual = self._mutual()
        discovered = DiscoveredCertificates(hosts(self._ingress), Origin(self._ref))
        return {
            port: msgspec.structs.replace(
                listener,
                certificates=given or discovered,
                ssl_policy=policy,
                mutual=mutual.get(port),
            )
            if listener.protocol == HTTPS
            else listener
            for port, listener in listeners.items()
        }

    def _explicit_certificates(self) -> CertificateChoice | None:
        """Those given, or else the one requested: none of them is looked for."""
        given, named = self._given_certificates(), hosts(self._ingress)
        if given is None and named and self._wants_certificate():
            origin = Origin(self._ref, rows.CREATE_ACM_CERT.key)
            return RequestedCertificate(self._certificate_id(named[0]), origin)
        return given

    def _given_certificates(self) -> GivenCertificates | None:
        """Those of the class, or else of the annotation; an empty list is none."""
        arns, field = self._params.certificate_arn, "IngressClassParams spec.certificateArn"
        if not arns:
            annotated, field = self._reader.get(rows.CERTIFICATE_ARN), rows.CERTIFICATE_ARN.key
            arns = list(annotated or ())
        return GivenCertificates(tuple(arns), Origin(self._ref, field)) if arns else None

    def _mutual(self) -> dict[int, MutualTlsIntent]:
        origin = Origin(self._ref, rows.MUTUAL_AUTHENTICATION.key)
        wanted = self._reader.get(rows.MUTUAL_AUTHENTICATION) or ()
        return {one.port: _mutual_intent(one, origin) for one in wanted}


def hosts(ingress: Ingress) -> tuple[str, ...]:
    """Every host of rules and TLS entries, sorted (spec 3.3)."""
    named = {rule.host for rule in ingress.spec.rules}
    named.update(host for entry in ingress.spec.tls for host in entry.hosts)
    return tuple(sorted(named - {""}))


def _spelled_alike(cidrs: Iterable[str]) -> frozenset[str]:
    """Each network once; one that is none is a problem already (`check_params`)."""
    try:
        return frozenset(canonical_cidr(cidr) for cidr in cidrs)
    except ValueError:
        return frozenset(cidrs)


def _mutual_intent(wanted: ClientCertificates, origin: Origin) -> MutualTlsIntent:
    is_verified = wanted.mode == "verify"
    return MutualTlsIntent(
        mode=wanted.mode,
        trust_store=wanted.trust_store,
        ignore_client_certificate_expiry=(
            bool(wanted.ignore_client_certificate_expiry) if is_verified else None
        ),
        advertise_trust_store_ca_names=(
            (wanted.advertise_trust_store_ca_names or "off") if is_verified else None
        ),
        origin=origin,
    )


def _params_attributes(
    listeners: Iterable[ListenerParams], protocol: str, port: int
) -> dict[str, str]:
    """Those of the first entry for the port."""
    for entry in listeners:
        if (entry.protocol, entry.port) == (protocol, port):
            return {attribute.key: attribute.value for attribute in entry.listener_attributes}
    return {}
