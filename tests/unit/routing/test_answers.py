"""What the load balancer answers by itself: redirects, responses, logins, errors."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from alb_controller.routing.evaluate import NoListener
from tests.unit.routing.asked import (
    Document,
    asked,
    balancer,
    fixed,
    forward,
    group,
    seen,
    to_target,
)


def redirect(**parts: str) -> Document:
    """A redirect with these parts."""
    config = {"StatusCode": "HTTP_302", **parts}
    return {"Type": "redirect", "RedirectConfig": config}


@pytest.mark.parametrize(
    "parts, path, expected",
    [
        ({"Protocol": "HTTPS", "Port": "443"}, "/a?b", "https://x.example.com:443/a?b"),
        ({"Protocol": "HTTPS"}, "/", "https://x.example.com:80/"),
        ({"Host": "w.#{host}"}, "/a%20b//c", "http://w.x.example.com:80/a%20b//c"),
        ({"Path": "/n/#{path}"}, "/", "http://x.example.com:80/n/"),
        ({"Path": "/#{host}-#{port}/#{path}"}, "/p", "http://x.example.com:80/x.example.com-80/p"),
        ({"Host": "y", "Query": ""}, "/a?b=c", "http://y:80/a"),
        ({"Host": "y", "Query": "p=#{path}&#{query}"}, "/a/b?c", "http://y:80/a/b?p=a/b&c"),
        ({"Host": "y", "Query": "s=#{protocol}"}, "/", "http://y:80/?s=http"),
        ({"Host": "y", "Path": "/#{odd}/#{path"}, "/", "http://y:80/#{odd}/#{path"),
    ],
)
def test_a_redirect_keeps_what_it_does_not_name(
    parts: dict[str, str], path: str, expected: str
) -> None:
    """As it was sent; keywords stand for parts of the request."""
    outcome = asked(balancer(default=redirect(**parts)), path)
    assert (outcome.action, outcome.status, outcome.location) == ("redirect", 302, expected)


def test_a_fixed_response_is_as_configured() -> None:
    """Status, type and body; a body that is not given is empty."""
    outcome = asked(balancer(default=fixed(418, ContentType="text/css", MessageBody="b")))
    assert (outcome.status, outcome.content_type, outcome.body) == (418, "text/css", "b")
    assert asked(balancer(default=fixed(204))).body == ""


ADDED = {
    "routing.http.response.strict_transport_security.header_value": "max-age=1",
    "routing.http.response.x_frame_options.header_value": "DENY",
    "routing.http.response.access_control_max_age.header_value": "",
}


def test_a_listener_adds_headers_to_answers() -> None:
    """To those of targets and to its own, which name the load balancer by default."""
    wanted = {"Strict-Transport-Security": "max-age=1", "X-Frame-Options": "DENY"}
    assert asked(to_target(Port=443, Attributes=ADDED)).response_headers == wanted
    own = asked(balancer(Port=443, Attributes=ADDED)).response_headers
    assert own == {**wanted, "Server": "awselb/2.0"}
    off = {**ADDED, "routing.http.response.server.enabled": "false"}
    assert asked(balancer(Attributes=off)).response_headers == wanted
    empty = balancer(groups={"web": group()}, default=forward("web"))
    assert asked(empty).response_headers == {"Server": "awselb/2.0"}


def login(on: str, **more: Any) -> Document:
    """A login for clients that are not known."""
    config = {
        "Issuer": "https://idp.test",
        "AuthorizationEndpoint": "https://idp.test/go",
        "TokenEndpoint": "https://idp.test/t",
        "UserInfoEndpoint": "https://idp.test/u",
        "ClientId": "app",
        "Scope": "openid email",
        "OnUnauthenticatedRequest": on,
        **more,
    }
    return {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": config}


def guarded(guard: Document, port: int = 443) -> Document:
    """A load balancer with a guard before its target."""
    document = balancer(groups={"web": group("10.0.0.1")}, Port=port)
    document["listeners"][0]["DefaultActions"] = [{**forward("web"), "Order": 2}, guard]
    return document


def test_who_is_not_logged_in_is_sent_to_the_login() -> None:
    """With what OpenID Connect asks for, and the extra parameters."""
    guard = login("authenticate", AuthenticationRequestExtraParams={"prompt": "login"})
    outcome = asked(guarded(guard), headers={"Host": "x.example.com:443"})
    assert (outcome.action, outcome.status) == ("authenticate-oidc", 302)
    parts = urlsplit(outcome.location or "")
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://idp.test/go"
    assert parse_qs(str(parts.query)) == {
        "client_id": ["app"],
        "redirect_uri": ["https://x.example.com/oauth2/idpresponse"],
        "response_type": ["code"],
        "scope": ["openid email"],
        "state": ["a" * 32],
        "prompt": ["login"],
    }


def test_the_way_back_has_the_port_of_the_listener() -> None:
    """And an endpoint with a query keeps it."""
    guard = login("", AuthorizationEndpoint="https://idp.test/go?tenant=1", Scope="")
    location = asked(guarded(guard, 8443)).location or ""
    assert location.startswith("https://idp.test/go?tenant=1&client_id=app&")
    assert "https%3A%2F%2Fx.example.com%3A8443%2Foauth2%2Fidpresponse" in location
    assert "scope=openid&" in location


@pytest.mark.parametrize(
    "domain, endpoint",
    [
        ("shop", "https://shop.auth.eu-west-1.amazoncognito.com/oauth2/authorize"),
        ("login.shop.test", "https://login.shop.test/oauth2/authorize"),
    ],
)
def test_a_user_pool_has_its_endpoint_by_its_domain(domain: str, endpoint: str) -> None:
    """A prefix belongs to Amazon's domain of the region, a name to its owner."""
    config = {
        "UserPoolArn": "arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_a",
        "UserPoolClientId": "c",
        "UserPoolDomain": domain,
    }
    guard = {"Type": "authenticate-cognito", "Order": 1, "AuthenticateCognitoConfig": config}
    outcome = asked(guarded(guard))
    assert outcome.action == "authenticate-cognito"
    assert (outcome.location or "").startswith(f"{endpoint}?client_id=c&")


def test_deny_is_401_and_allow_passes_without_claims() -> None:
    """Claims that the client makes itself do not pass, either."""
    assert asked(guarded(login("deny"))).status == 401
    outcome = asked(guarded(login("allow")), headers={"x-amzn-oidc-data": "me"})
    assert (outcome.action, seen(outcome, "x-amzn-oidc-data")) == ("forward", None)


def test_a_token_that_cannot_be_verified_is_refused() -> None:
    """No keys are fetched here: every token is refused."""
    config = {"JwksEndpoint": "https://idp.test/k", "Issuer": "https://idp.test"}
    guard = {"Type": "jwt-validation", "Order": 1, "JwtValidationConfig": config}
    outcome = asked(guarded(guard), headers={"Authorization": "Bearer x"})
    assert (outcome.action, outcome.status) == ("jwt-validation", 401)


def test_a_port_without_a_listener_says_which_there_are() -> None:
    """There is no connection at all."""
    with pytest.raises(NoListener, match="no listener on port 81: its ports are 80"):
        asked(to_target(), listener=81)
    document = to_target()
    document["listeners"] = []
    with pytest.raises(NoListener, match="its ports are none"):
        asked(document, listener=80)
