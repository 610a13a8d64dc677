"""Members share ports: what they must agree on, what adds up, and where HTTP goes (spec 3.2)."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import pytest

from alb_controller.intent import (
    DefaultIntent,
    DiscoveredCertificates,
    StackIntent,
)
from alb_controller.model.actions import RedirectAction
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.networking import Ingress
from tests.factories import ingress_class, member, params, path, rule, service, to
from tests.unit.frontends.ingress.translation import (
    listeners,
    on,
    owners,
    reported,
    tls,
    translated,
    wanted,
)

HTTP, HTTPS = '[{"HTTP": 80}]', '[{"HTTPS": 443}]'
BOTH = '[{"HTTP": 80}, {"HTTPS": 443}]'


def secure(name: str, **alb: str) -> Ingress:
    """A member on 443; `_` in a key stands for `-`."""
    given = {key.replace("_", "-"): raw for key, raw in alb.items()}
    return member(name, alb={"listen-ports": HTTPS, **given}, age_minutes=len(name))


def arns(intent: StackIntent) -> list[tuple[str, ...]]:
    """The choices of certificates in order: ARNs, or hosts."""
    return [
        getattr(choice, "arns", ()) or getattr(choice, "hosts", ())
        for choice in tls(intent).certificates
    ]


def test_certificates_of_all_members_in_group_order() -> None:
    """Whoever is older: the first member's are first."""
    intent = wanted(
        secure("zz", **{"certificate_arn": "z", "group.order": "-1"}),
        secure("oldest", certificate_arn="o,z"),
        member("plain", alb={"listen-ports": HTTP}),
    )
    assert arns(intent) == [("z",), ("o", "z")]


def test_members_may_agree_on_a_policy() -> None:
    """Who says nothing agrees."""
    policies = {"ssl_policy": "new"}
    intent = wanted(secure("a", **policies), secure("bb"), secure("ccc", **policies))
    assert tls(intent).policy == "new"


VERIFY = '[{"port": 443, "mode": "verify", "trustStore": "t"}]'
EXPLICIT = (
    '[{"PORT": 443, "mode": "verify", "trustStore": "t", "ignoreClientCertificateExpiry": false}]'
)


def test_members_may_agree_on_client_certificates() -> None:
    """By what is meant, not by how it is written."""
    intent = wanted(
        secure("a", mutual_authentication=VERIFY), secure("bb", mutual_authentication=EXPLICIT)
    )
    mutual = tls(intent).mutual
    assert mutual is not None
    assert mutual.trust_store == "t"


@pytest.mark.parametrize(
    "older, younger, complaint",
    [
        ({"ssl_policy": "a"}, {"ssl_policy": "b"}, "ssl-policy: 'b' disagrees on ssl policy of"),
        (
            {"mutual_authentication": VERIFY},
            {"mutual_authentication": '[{"port": 443, "mode": "off"}]'},
            "mutual-authentication: 'off",
        ),
        (
            {"listen_ports": HTTPS},
            {"listen_ports": '[{"HTTP": 443}]'},
            "listen-ports: 'HTTP' disagrees on protocol of port 443",
        ),
        (
            {"listener_attributes.HTTPS-443": "k=1"},
            {"listener_attributes.HTTPS-443": "j=1,k=2"},
            "listener-attributes.HTTPS-443: '2' disagrees on listener attribute of port 443: k",
        ),
        (
            {"ssl_redirect": "443"},
            {"ssl_redirect": "8443"},
            "ssl-redirect: 8443 disagrees on ssl redirect",
        ),
    ],
)
def test_the_younger_gives_way(
    older: dict[str, str], younger: dict[str, str], complaint: str
) -> None:
    """It is stopped whole; the older one's word stands."""
    made = translated(secure("older", **older), secure("new", **younger))
    (problem,) = reported(made)["Ingress shop/new"]
    assert problem.startswith(PREFIX + complaint)
    assert owners(made.intent) == ["older"]


def test_attributes_of_members_add_up_and_the_first_members_class_wins() -> None:
    """Its class decides what it sets, and on that nobody disagrees (spec 1.1)."""
    entry = {"protocol": "HTTPS", "port": 443}
    by_class = entry | {"listenerAttributes": [{"key": "k", "value": "class"}]}
    intent = wanted(
        ingress_class(params="params"),
        params(listeners=[by_class]),
        secure("a", **{"listener_attributes.HTTPS-443": "k=1,l=1"}),
        secure("bb", **{"listener_attributes.HTTPS-443": "k=2,m=1"}),
    )
    assert on(443, intent).attributes == {"k": "class", "l": "1", "m": "1"}


def test_plain_http_is_redirected_for_all_members() -> None:
    """One member asks; every HTTP listener redirects and has nobody's rules or backends."""
    intent = wanted(
        secure("a", ssl_redirect="443"),
        member("plain", alb={"listen-ports": HTTP}, default_backend=to()),
        member("other", alb={"listen-ports": HTTP}, default_backend=to()),
    )
    made = on(80, intent)
    redirect = RedirectAction("HTTP_301", port="443", protocol="HTTPS")
    assert (made.default, made.routes) == (DefaultIntent(action=redirect), ())
    assert len(on(443, intent).routes) == 1
    assert [backend.id for backend in intent.backends] == ["shop/a-app:80"]


def test_the_class_asks_for_the_redirect_before_the_annotation() -> None:
    """As a string (spec 2.2)."""
    intent = wanted(
        ingress_class(params="params"),
        params(sslRedirectPort="8443"),
        member("a", alb={"listen-ports": '[{"HTTP": 80}, {"HTTPS": 8443}]', "ssl-redirect": "1"}),
    )
    action = on(80, intent).default.action
    assert isinstance(action, RedirectAction)
    assert action.port == "8443"


@pytest.mark.parametrize(
    "port, complaint",
    [
        ("8443", "names port 8443, which is no listener of the group"),
        ("80", "names port 80, which is an HTTP listener: it must be an HTTPS one"),
    ],
)
def test_a_redirect_needs_its_secure_listener(port: str, complaint: str) -> None:
    """Who asks for it is stopped, the others are served without it."""
    made = translated(
        member("asks", alb={"listen-ports": BOTH, "ssl-redirect": port}, age_minutes=5),
        member("plain", alb={"listen-ports": HTTP}),
    )
    assert reported(made) == {"Ingress shop/asks": [f"{PREFIX}ssl-redirect: {complaint}"]}
    assert owners(made.intent) == ["plain"]
    assert on(80, made.intent).routes


def test_many_members_may_ask_for_a_redirect_that_cannot_be() -> None:
    """Each is stopped in turn, and no depth of calls grows with their number."""
    members = [
        member(f"m{i}", alb={"listen-ports": HTTP, "ssl-redirect": "8443"}) for i in range(200)
    ]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    try:
        made = translated(*members)
    finally:
        sys.setrecursionlimit(limit)
    assert len(reported(made)) == 200
    assert made.intent.balancers == ()


def test_the_listener_of_a_redirect_may_be_another_members() -> None:
    """Even of a younger one; when that leaves, the redirect stays: better than plain HTTP."""
    asks = member("asks", alb={"listen-ports": HTTP, "ssl-redirect": "443"}, age_minutes=5)
    together = translated(asks, secure("tls"))
    assert together.problems == ()
    left = translated(asks, remembered=together.good)
    assert list(reported(left)) == ["Ingress shop/asks"]
    action = on(80, left.intent).default.action
    assert isinstance(action, RedirectAction)
    assert left.served == {"uid-asks"}


def test_certificates_of_a_last_known_good_may_be_gone() -> None:
    """Then what AWS has stays: the listener is marked so as long as a member is stopped."""
    good = translated(secure("a"))
    broken: Any = secure("a", ssl_redirect="nonsense")
    after = translated(broken, remembered=good.good)
    assert not tls(good.intent).keeps_certificates
    assert tls(after.intent).keeps_certificates
    (choice,) = tls(after.intent).certificates
    assert isinstance(choice, DiscoveredCertificates)


def test_a_service_that_only_plain_http_named_gets_no_target_group() -> None:
    """Nothing would be behind it (spec 3.5)."""
    intent = wanted(
        service("extra"),
        secure("a", ssl_redirect="443"),
        member("plain", alb={"listen-ports": HTTP}, default_backend=to("extra")),
    )
    assert [backend.service.name for backend in intent.backends] == ["app"]


def test_a_service_that_a_redirect_hides_keeps_its_target_group() -> None:
    """Its rule is left out, as LBC does, and its group is there (spec 4.4)."""
    go = '{"type": "redirect", "redirectConfig": {"host": "b", "statusCode": "HTTP_301"}}'
    first, later = path(backend=to("go", "use-annotation")), path("/p", backend=to("extra"))
    rules = [rule("", first), rule("", later)]
    intent = wanted(service("extra"), member("a", rules=rules, alb={"actions.go": go}))
    assert [len(listener.routes) for listener in listeners(intent)] == [1]
    assert [backend.service.name for backend in intent.backends] == ["extra"]
