"""HTTPS ports: certificates, policies, client certificates, redirects (spec 3.1, 3.2, 3.5)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from alb_controller.intent import (
    DiscoveredCertificates,
    GivenCertificates,
    MutualTlsIntent,
    Origin,
)
from alb_controller.model.actions import FixedResponseAction, RedirectAction
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.networking import Ingress, IngressTls
from alb_controller.values import ObjectRef
from tests.factories import ingress_class, member, params, path, rule, to
from tests.unit.frontends.ingress.translation import (
    alone,
    balancer,
    listeners,
    of_class,
    on,
    only_listener,
    owners,
    paths,
    refused,
    reported,
    settings,
    tls,
    translated,
    wanted,
)

REF = ObjectRef("Ingress", "shop", "web", "uid-web")
BOTH = '[{"HTTP": 80}, {"HTTPS": 443}]'
SECURE = '[{"HTTPS": 443}]'
CERTIFICATE = "certificate-arn"
FROM_ANNOTATION = Origin(REF, PREFIX + CERTIFICATE)
POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


def secure(name: str = "web", **alb: str) -> Ingress:
    """A member on HTTPS 443 with a certificate; `_` in a key stands for `-`."""
    stated = {"listen-ports": SECURE, CERTIFICATE: f"arn:{name}"}
    return member(name, alb=stated | {key.replace("_", "-"): raw for key, raw in alb.items()})


def test_given_certificates_ask_for_https() -> None:
    """Without listen-ports: 443 alone; the order of the certificates is the user's."""
    intent = alone(alb={CERTIFICATE: "arn:b, arn:a"})
    assert [(one.port, one.protocol) for one in listeners(intent)] == [(443, "HTTPS")]
    assert tls(intent).certificates == (GivenCertificates(("arn:b", "arn:a"), FROM_ANNOTATION),)
    assert tls(intent).origin == Origin(REF, PREFIX + "listen-ports")


def test_without_certificates_they_are_looked_for_by_host() -> None:
    """Every host of rules and TLS entries, sorted, once each (spec 3.3)."""
    rules = [rule("b.example.com", path()), rule("a.example.com", path()), rule("", path())]
    made = member("web", alb={"listen-ports": SECURE, CERTIFICATE: " "}, rules=rules)
    made = _with_tls(made, "c.example.com", "a.example.com", "")
    assert tls(wanted(made)).certificates == (
        DiscoveredCertificates(("a.example.com", "b.example.com", "c.example.com"), Origin(REF)),
    )


def _with_tls(made: Ingress, *hosts: str) -> Ingress:
    """The Ingress with a TLS entry for hosts."""
    spec = msgspec.structs.replace(made.spec, tls=[IngressTls(list(hosts))])
    return msgspec.structs.replace(made, spec=spec)


def test_plain_ports_have_no_tls() -> None:
    """Settings of secure ports are read and have no effect there."""
    alb = {"listen-ports": '[{"HTTP": 80}]', CERTIFICATE: "arn:a", "ssl-policy": POLICY}
    assert only_listener(alone(alb=alb)).tls is None


def test_the_policy_is_the_annotations_or_the_operators() -> None:
    """--default-ssl-policy."""
    by = settings(default_ssl_policy="of-operator")
    assert tls(wanted(secure(), by=by)).policy == "of-operator"
    assert tls(wanted(secure(ssl_policy=POLICY), by=by)).policy == POLICY
    assert tls(wanted(secure(ssl_policy=""), by=by)).policy == "of-operator"


def test_the_class_replaces_certificates_policy_and_redirect() -> None:
    """Annotations are not read then (spec 2.2)."""
    spec = {"certificateArn": ["arn:class"], "sslPolicy": "of-class", "sslRedirectPort": "443"}
    alb = {
        "listen-ports": BOTH,
        CERTIFICATE: "arn:a",
        "ssl-policy": POLICY,
        "ssl-redirect": "not read",
    }
    intent = of_class(alb=alb, spec=spec)
    origin = Origin(REF, "IngressClassParams spec.certificateArn")
    assert tls(intent).certificates == (GivenCertificates(("arn:class",), origin),)
    assert tls(intent).policy == "of-class"
    assert isinstance(on(80, intent).default.action, RedirectAction)


def test_certificates_of_all_members_come_in_group_order() -> None:
    """The first one of the first member on the port is the default (spec 3.2)."""
    intent = wanted(secure("b"), secure("a"), secure("c", listen_ports='[{"HTTPS": 444}]'))
    assert [getattr(choice, "arns", ()) for choice in tls(intent).certificates] == [
        ("arn:a",),
        ("arn:b",),
    ]


def test_members_agree_on_the_policy_of_a_port() -> None:
    """Or say nothing; on other ports they may differ."""
    intent = wanted(
        secure("a"),
        secure("b", ssl_policy=POLICY),
        secure("c", ssl_policy="other", listen_ports='[{"HTTPS": 444}]'),
    )
    assert (tls(intent).policy, tls(intent, 444).policy) == (POLICY, "other")
    made = translated(secure("a", ssl_policy="one"), secure("b", ssl_policy="two"))
    assert owners(made.intent) == ["a"]
    (problem,) = made.problems
    assert str(problem).startswith(f"{PREFIX}ssl-policy: 'two' disagrees on ssl policy of port 443")


VERIFY = {"port": 443, "mode": "verify", "trustStore": "mine"}
OFF = {"port": 443, "mode": "off"}


def mutual(*entries: dict[str, Any]) -> str:
    """The annotation's value."""
    return json.dumps(entries)


def test_client_certificates_are_asked_for_port_by_port() -> None:
    """What verify leaves unsaid is said; entries of ports that are not secure have no effect."""
    other = {**VERIFY, "port": 80}
    stated = mutual({**OFF, "port": 444}, VERIFY, other)
    ports = '[{"HTTP": 80}, {"HTTPS": 443}, {"HTTPS": 444}, {"HTTPS": 445}]'
    intent = wanted(secure(mutual_authentication=stated, listen_ports=ports))
    origin = Origin(REF, PREFIX + "mutual-authentication")
    assert tls(intent).mutual == MutualTlsIntent(
        mode="verify",
        trust_store="mine",
        ignore_client_certificate_expiry=False,
        advertise_trust_store_ca_names="off",
        origin=origin,
    )
    assert tls(intent, 444).mutual == MutualTlsIntent(mode="off", origin=origin)
    assert tls(intent, 445).mutual is None


def test_members_agree_on_client_certificates() -> None:
    """Equal words are no conflict, silence is none either; others stop the younger."""
    full = {**VERIFY, "ignoreClientCertificateExpiry": False, "advertiseTrustStoreCaNames": "off"}
    same = (
        secure("a", mutual_authentication=mutual(VERIFY)),
        secure("b", mutual_authentication=mutual(full)),
        secure("c"),
    )
    assert owners(wanted(*same)) == ["a", "b", "c"]
    made = translated(same[0], secure("b", mutual_authentication=mutual(OFF)))
    assert owners(made.intent) == ["a"]
    (problem,) = made.problems
    assert "disagrees on mutual authentication of port 443 with Ingress shop/a" in str(problem)


def test_plain_http_may_be_sent_to_https() -> None:
    """Each HTTP listener of the group redirects and has no rules; HTTPS ones serve (spec 3.5)."""
    intent = wanted(
        secure(
            "a", listen_ports='[{"HTTP": 80}, {"HTTP": 81}, {"HTTPS": 443}]', ssl_redirect="443"
        ),
        member("b", default_backend=to()),
    )
    redirect = RedirectAction("HTTP_301", port="443", protocol="HTTPS")
    for port in (80, 81):
        assert on(port, intent).default.action == redirect
        assert on(port, intent).routes == ()
    assert paths(intent, 443) == ["/*"]
    assert on(443, intent).default.action == FixedResponseAction("404", "text/plain")


def test_default_backends_behind_a_redirect_cannot_disagree() -> None:
    """Nothing reaches them."""
    redirecting = secure("a", listen_ports=BOTH, ssl_redirect="443")
    others = (member(name, default_backend=to()) for name in "bc")
    assert translated(redirecting, *others).problems == ()


def test_a_redirect_that_is_stopped_takes_no_default_backend_along() -> None:
    """The older member's own word counts as if the other were not there."""
    old = member("z", alb={"scheme": "internal"}, default_backend=to(), age_minutes=9)
    stopped = secure("a", listen_ports=BOTH, ssl_redirect="443", scheme="internet-facing")
    made = translated(old, stopped)
    assert [p.origin.name for p in made.problems] == ["a"]
    assert made.intent == translated(old).intent


def test_members_agree_on_the_redirect() -> None:
    """One port for the whole group."""
    ports = '[{"HTTPS": 443}, {"HTTPS": 444}]'
    made = translated(
        secure("a", listen_ports=ports, ssl_redirect="443"),
        secure("b", listen_ports=ports, ssl_redirect="444"),
    )
    assert list(reported(made)) == ["Ingress shop/b"]
    assert str(made.problems[0]) == (
        f"{PREFIX}ssl-redirect: 444 disagrees on ssl redirect with Ingress shop/a of the same "
        "group, which is older and says 443"
    )


@pytest.mark.parametrize(
    "ports,redirect,problem",
    [
        (BOTH, "444", "names port 444, which is no listener of the group"),
        (BOTH, "80", "names port 80, which is an HTTP listener: it must be an HTTPS one"),
    ],
)
def test_a_redirect_needs_an_https_listener(ports: str, redirect: str, problem: str) -> None:
    """Whoever asks for it is stopped; the others go on."""
    bad = secure("a", listen_ports=ports, ssl_redirect=redirect)
    made = translated(bad, member("b"))
    assert reported(made) == {"Ingress shop/a": [f"{PREFIX}ssl-redirect: {problem}"]}
    assert made.intent == wanted(member("b"))


def test_a_redirect_may_lead_to_another_members_listener() -> None:
    """The group has the port."""
    intent = wanted(member("a", alb={"ssl-redirect": "443"}), secure("b"))
    assert isinstance(on(80, intent).default.action, RedirectAction)


def test_a_remembered_redirect_stays_though_its_target_is_gone() -> None:
    """Plain HTTP in its place would be worse."""
    good = member("a", alb={"ssl-redirect": "443"})
    known = translated(good, secure("b"))
    broken = member("a", alb={"ssl-redirect": "443", "scheme": "public"})
    made = translated(broken, remembered=known.good)
    assert isinstance(on(80, made.intent).default.action, RedirectAction)
    assert [str(p.field) for p in made.problems] == [PREFIX + "scheme"]


def test_a_remembered_member_keeps_the_certificates_that_aws_has() -> None:
    """What its hosts find now may be less than what serves them."""
    known = translated(secure("a"), secure("b"))
    assert not tls(known.intent).keeps_certificates
    made = translated(secure("a", scheme="public"), secure("b"), remembered=known.good)
    assert tls(made.intent).keeps_certificates


@pytest.mark.parametrize(
    "alb,problem",
    [
        ({"ssl-redirect": "https"}, "ssl-redirect: 'https' must be a whole number"),
        ({"mutual-authentication": "[]"}, "mutual-authentication: '[]' names no port"),
        (
            {"listener-attributes.HTTP-80": "x"},
            "listener-attributes.HTTP-80: 'x' must be a list of key=value",
        ),
    ],
)
def test_a_bad_value_is_reported(alb: dict[str, str], problem: str) -> None:
    """As everywhere."""
    (sentence,) = refused(alb=alb)
    assert sentence.startswith(PREFIX + problem)


@pytest.mark.parametrize("raw", ["https", "4 43", "9" * 50])
def test_a_bad_redirect_of_the_class_is_reported(raw: str) -> None:
    """LBC would silently serve plain HTTP (spec 12.1 #6)."""
    (sentence,) = refused(ingress_class(params="params"), params(sslRedirectPort=raw))
    assert sentence.startswith(f"IngressClassParams spec.sslRedirectPort: {raw!r} must be a whole")


HEADER = "routing.http.response.server.enabled"


def test_listener_attributes_are_by_protocol_and_port() -> None:
    """They are no attributes of the load balancer; other listeners do not get them."""
    alb = {
        "listen-ports": '[{"HTTP": 80}, {"HTTP": 81}]',
        "listener-attributes.HTTP-80": f"{HEADER}=false,a=1",
        "listener-attributes.HTTPS-81": "not read",
    }
    intent = wanted(member("a", alb=alb), member("b", alb={"listener-attributes.HTTP-80": "b=2"}))
    assert on(80, intent).attributes == {HEADER: "false", "a": "1", "b": "2"}
    assert on(81, intent).attributes == {}
    assert balancer(intent).attributes == {}


def test_members_agree_on_listener_attributes() -> None:
    """Key by key; the younger is stopped."""
    one, two = ({"listener-attributes.HTTP-80": f"k={value}"} for value in "12")
    made = translated(member("a", alb=one), member("b", alb=two))
    assert owners(made.intent) == ["a"]
    (problem,) = made.problems
    assert problem.field == f"{PREFIX}listener-attributes.HTTP-80"
    assert "'2' disagrees on listener attribute of port 80: k with Ingress shop/a" in str(problem)


def test_listener_attributes_of_the_class_count_for_the_first_member_on_the_port() -> None:
    """By key over the annotations of all members, which cannot disagree then (spec 2.2)."""
    attributes = [{"key": "k", "value": "class"}]
    entries = [
        {"protocol": "HTTPS", "port": 80, "listenerAttributes": [{"key": "k", "value": "no"}]},
        {"protocol": "HTTP", "port": 80, "listenerAttributes": attributes},
        {"protocol": "HTTP", "port": 80, "listenerAttributes": [{"key": "k", "value": "late"}]},
    ]
    loud = (ingress_class("loud", params="loud"), params("loud", listeners=entries))
    stated = [{"listener-attributes.HTTP-80": f"k={value},x=y"} for value in "12"]
    others = [member(name, alb=alb) for name, alb in zip("bc", stated, strict=True)]
    first = wanted(member("a", class_name="loud"), *others, *loud)
    assert on(80, first).attributes == {"k": "class", "x": "y"}
    later = wanted(others[0], member("z", class_name="loud"), *loud)
    assert on(80, later).attributes == {"k": "1", "x": "y"}
