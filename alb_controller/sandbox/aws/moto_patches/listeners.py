"""Listeners: ports, certificates, TLS policies, mutual authentication."""

from __future__ import annotations

from typing import Any

from moto.elbv2.exceptions import (
    DuplicateListenerError,
    ELBClientError,
    ListenerNotFoundError,
    LoadBalancerNotFoundError,
    TooManyCertificatesError,
)

from .patching import Moto, Patch
from .refusals.quotas import ACCOUNT, too_many
from .surface import Backend, Listener, Response

SECURE = ("HTTPS", "TLS")
NETWORK = ("TCP", "UDP", "TLS", "TCP_UDP")


def refuse_taken_port(moto: Moto, self: Any, load_balancer_arn: str, *args: Any, **kw: Any) -> Any:
    """CreateListener: a second listener on a port is refused with DuplicateListener."""
    balancer = self.load_balancers.get(load_balancer_arn)
    if balancer is not None:
        _check_port(balancer, kw.get("port"))
    return moto(self, load_balancer_arn, *args, **kw)


def refuse_move_to_taken_port(moto: Moto, self: Any, arn: str, *args: Any, **kw: Any) -> Any:
    """ModifyListener: a port that another listener has is refused with DuplicateListener."""
    listener = self.describe_listeners(None, [arn])[0]
    port = args[0] if args else kw.get("port")
    _check_port(self.load_balancers[listener.load_balancer_arn], port, but=listener)
    return moto(self, arn, *args, **kw)


def _check_port(balancer: Any, port: object, but: Any = None) -> None:
    others = [listener for listener in balancer.listeners.values() if listener is not but]
    if port is not None and any(str(listener.port) == str(port) for listener in others):
        raise DuplicateListenerError(
            f"A listener already exists on this port for this load balancer '{balancer.arn}'"
        )


def refuse_too_many_listeners(
    moto: Moto, self: Any, load_balancer_arn: str, *args: Any, **kw: Any
) -> Any:
    """CreateListener: a load balancer has 50 listeners at most; then TooManyListeners."""
    balancer = self.load_balancers.get(load_balancer_arn)
    name = f"listeners-per-{balancer.type if balancer else 'application'}-load-balancer"
    if balancer is not None and len(balancer.listeners) >= ACCOUNT[name]:
        too_many(name, f"The maximum number of listeners has been reached on '{load_balancer_arn}'")
    return moto(self, load_balancer_arn, *args, **kw)


def demand_certificate(moto: Moto, self: Any, load_balancer_arn: str, *args: Any, **kw: Any) -> Any:
    """CreateListener: HTTPS and TLS need exactly one certificate, which is the default one; other
    protocols take none.
    """
    protocol, certificate = kw.get("protocol"), kw.get("certificate")
    if protocol in SECURE and not certificate:
        raise ELBClientError(
            "ValidationError", f"A certificate must be specified for {protocol} listeners"
        )
    if certificate and protocol not in SECURE:
        raise ELBClientError(
            "ValidationError", f"A certificate cannot be specified for {protocol} listeners"
        )
    return moto(self, load_balancer_arn, *args, **kw)


def keep_what_belongs_to_tls(moto: Moto, self: Any) -> Any:
    """CreateListener: mutual authentication is kept, off if not given; a listener without TLS has
    no SSL policy.
    """
    params = self._get_params()
    balancer = self.elbv2_backend.load_balancers.get(params["LoadBalancerArn"])
    if balancer is None:
        raise LoadBalancerNotFoundError
    before = set(balancer.listeners)
    answer = moto(self)
    for arn, listener in balancer.listeners.items():
        if arn not in before and listener.protocol in SECURE:
            listener.mutual_authentication = params.get("MutualAuthentication", {"Mode": "off"})
        elif arn not in before:
            listener.ssl_policy = None
    return answer


def change_what_belongs_to_tls(moto: Moto, self: Any) -> Any:
    """ModifyListener: mutual authentication and the ALPN policy are kept; a listener without TLS
    has no SSL policy.
    """
    params = self._get_params()
    answer = moto(self)
    listener = _listener(self.elbv2_backend, params["ListenerArn"])
    if params.get("MutualAuthentication"):
        listener.mutual_authentication = params["MutualAuthentication"]
    if params.get("AlpnPolicy"):
        listener.alpn_policy = params["AlpnPolicy"]
    if listener.protocol not in SECURE:
        listener.ssl_policy = None
    return answer


def change_network_listeners(
    moto: Moto,
    self: Any,
    arn: str,
    port: object = None,
    protocol: str | None = None,
    *args: Any,
    **kw: Any,
) -> Any:
    """ModifyListener: UDP, TLS and TCP_UDP are protocols of a Network Load Balancer's listener."""
    listener = _listener(self, arn)
    if protocol in NETWORK:
        answer = moto(self, arn, port, "TCP", *args, **kw)
        listener.protocol = protocol
        return answer
    return moto(self, arn, port, protocol, *args, **kw)


def keep_sni_certificates(moto: Moto, self: Any, arn: str, *args: Any, **kw: Any) -> Any:
    """ModifyListener: a new default certificate leaves the certificate list alone, which may hold
    that certificate as well.
    """
    others = list(_listener(self, arn).certificates or [])[1:]
    listener = moto(self, arn, *args, **kw)
    if listener.certificates:
        listener.certificates = [listener.certificates[0], *others]
    return listener


def show_default_certificate(_moto: Moto, data: list[str]) -> list[dict[str, str]] | None:
    """DescribeListeners shows the default certificate alone; DescribeListenerCertificates shows
    all of them.
    """
    return [{"CertificateArn": data[0]}] if data else None


def count_certificates_without_default(
    _moto: Moto, self: Any, arn: str, certificates: list[dict[str, Any]]
) -> list[str]:
    """AddListenerCertificates: 25 certificates on a load balancer beside the default ones; adding
    one again changes nothing. The default one may be in the list as well. Whether one on two
    listeners counts twice is not documented; it counts once here.
    """
    listener = _listener(self, arn)
    balancer = self.load_balancers[listener.load_balancer_arn]
    wanted = [certificate["CertificateArn"] for certificate in certificates]
    default, listed = listener.certificates[:1], listener.certificates[1:]
    listed = list(dict.fromkeys([*listed, *wanted]))
    others = [one for one in balancer.listeners.values() if one is not listener]
    extra = {*listed, *(arn for one in others for arn in one.certificates[1:])}
    defaults = {*default, *(arn for one in others for arn in one.certificates[:1])}
    if len(extra - defaults) > ACCOUNT[f"certificates-per-{balancer.type}-load-balancer"]:
        raise TooManyCertificatesError
    listener.certificates = [*default, *listed]
    return wanted


def keep_default_certificate(
    _moto: Moto, self: Any, arn: str, certificates: list[dict[str, Any]]
) -> None:
    """RemoveListenerCertificates: takes from the certificate list; the default certificate cannot
    be removed.
    """
    listener = _listener(self, arn)
    default, listed = listener.certificates[:1], listener.certificates[1:]
    gone = {certificate["CertificateArn"] for certificate in certificates}
    if gone & set(default):
        raise ELBClientError("OperationNotPermitted", "The default certificate stays")
    listener.certificates = [*default, *(one for one in listed if one not in gone)]


def _listener(backend: Any, arn: str) -> Any:
    found = backend.describe_listeners(None, [arn])
    if not found:
        raise ListenerNotFoundError
    return found[0]


def give_default_rule_a_stable_arn(moto: Moto, self: Any, *args: Any, **kw: Any) -> None:
    """The ARN of a listener's default rule is as stable as the listener's."""
    moto(self, *args, **kw)
    own = self.arn.rpartition("/")[2]
    self._default_rule[0].arn = f"{self.arn.replace(':listener/', ':listener-rule/')}/{own}"


_CREATE, _MODIFY = "CreateListener", "ModifyListener"
PATCHES = (
    Patch(Listener, "__init__", give_default_rule_a_stable_arn, "DescribeRules"),
    Patch(Backend, "create_listener", demand_certificate, _CREATE),
    Patch(
        Backend,
        "create_listener",
        refuse_too_many_listeners,
        "Quotas for your Application Load Balancers",
    ),
    Patch(Backend, "create_listener", refuse_taken_port, _CREATE),
    Patch(Response, "create_listener", keep_what_belongs_to_tls, _CREATE),
    Patch(Backend, "modify_listener", change_network_listeners, _MODIFY),
    Patch(Backend, "modify_listener", keep_sni_certificates, _MODIFY),
    Patch(Backend, "modify_listener", refuse_move_to_taken_port, _MODIFY),
    Patch(Response, "modify_listener", change_what_belongs_to_tls, _MODIFY),
    *(
        Patch(
            Response.RESPONSE_KEY_PATH_TO_TRANSFORMER,
            f"{shape}Output.Listeners.Listener.Certificates",
            show_default_certificate,
            "DescribeListeners",
        )
        for shape in (_CREATE, "DescribeListeners", _MODIFY)
    ),
    Patch(
        Backend,
        "add_listener_certificates",
        count_certificates_without_default,
        "AddListenerCertificates",
    ),
    Patch(
        Backend,
        "remove_listener_certificates",
        keep_default_certificate,
        "RemoveListenerCertificates",
    ),
)
