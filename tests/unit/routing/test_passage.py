"""What the target sees: host, path, headers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.routing.asked import (
    Document,
    asked,
    balancer,
    fixed,
    forward,
    group,
    rule,
    seen,
    to_target,
)

PRESERVED = {"routing.http.preserve_host_header.enabled": "true"}
XFF = "routing.http.xff_header_processing.mode"


@pytest.mark.parametrize(
    "port, host, expected, preserved",
    [
        (80, "A.Example.com", "a.example.com", "A.Example.com"),
        (80, "a.example.com:80", "a.example.com", "a.example.com:80"),
        (80, "a.example.com:99", "a.example.com", "a.example.com:99"),
        (443, "a.example.com:443", "a.example.com", "a.example.com:443"),
        (8080, "a.example.com", "a.example.com:8080", "a.example.com"),
        (8080, "a.example.com:9", "a.example.com:9", "a.example.com:9"),
        (8080, "a.example.com:", "a.example.com:8080", "a.example.com:"),
        (8443, "[2001:DB8::1]", "[2001:db8::1]:8443", "[2001:DB8::1]"),
    ],
)
def test_the_host_header_is_rewritten_or_preserved(
    port: int, host: str, expected: str, preserved: str
) -> None:
    """Lower case, no port on default ports, one on others; or as it was sent."""
    headers = {"Host": host}
    assert asked(to_target(Port=port), headers=headers).host_seen == expected
    kept = asked(to_target(Port=port, attributes=PRESERVED), headers=headers)
    assert kept.host_seen == preserved


def test_a_whole_url_names_the_host() -> None:
    """Unless the Host header is preserved; rules see the same host."""
    url = "http://DNS.example.com/i?x"
    outcome = asked(to_target(), url)
    assert (outcome.host_seen, outcome.path_seen) == ("dns.example.com", "/i?x")
    assert asked(to_target(attributes=PRESERVED), url).host_seen == "x.example.com"
    assert asked(to_target(), "http://dns.example.com?x").path_seen == "/?x"


def test_http_1_0_without_host_gets_the_name_of_the_load_balancer() -> None:
    """Rules see it, too."""
    own = rule(1, fixed(200), conditions=[("host-header", ["alb.example.net"])])
    for document in (to_target(), to_target(attributes=PRESERVED)):
        outcome = asked(document, host=False, http_version="1.0")
        assert outcome.host_seen == "alb.example.net"
    assert asked(balancer([own]), host=False, http_version="1.0").status == 200


def test_of_several_host_headers_the_first_counts() -> None:
    """For the rules and for the target."""
    pairs = (("Host", "one.example.com"), ("Host", "two.example.com"))
    assert asked(to_target(), headers=pairs).host_seen == "one.example.com"


@pytest.mark.parametrize(
    "mode, sent, expected",
    [
        ("append", (), "192.0.2.1"),
        ("append", ("198.51.100.1",), "198.51.100.1, 192.0.2.1"),
        ("append", ("1.1.1.1, 2.2.2.2", "3.3.3.3"), "1.1.1.1, 2.2.2.2, 3.3.3.3, 192.0.2.1"),
        ("append", ("",), "192.0.2.1"),
        ("preserve", ("198.51.100.1",), "198.51.100.1"),
        ("preserve", (), None),
        ("remove", ("198.51.100.1",), None),
    ],
)
def test_x_forwarded_for_has_three_modes(
    mode: str, sent: tuple[str, ...], expected: str | None
) -> None:
    """Append is the default."""
    headers = [("X-Forwarded-For", value) for value in sent]
    outcome = asked(to_target(attributes={XFF: mode}), headers=headers, source="192.0.2.1")
    assert seen(outcome, "x-forwarded-for") == expected


@pytest.mark.parametrize(
    "mode, source, port, expected",
    [
        ("append", "192.0.2.1", 77, "192.0.2.1:77"),
        ("append", "2001:db8::7", 77, "[2001:db8::7]:77"),
        ("append", "192.0.2.1", None, "192.0.2.1:1024"),
        ("remove", "192.0.2.1", 77, None),
    ],
)
def test_the_port_of_the_client_is_appended_where_asked_for(
    mode: str, source: str, port: int | None, expected: str | None
) -> None:
    """It has no effect but in append mode; an unknown port is some port."""
    attributes = {XFF: mode, "routing.http.xff_client_port.enabled": "true"}
    outcome = asked(to_target(attributes=attributes), source=source, source_port=port)
    assert seen(outcome, "X-Forwarded-For") == expected


def test_an_ipv6_client_has_no_brackets_without_a_port() -> None:
    """As the address is written."""
    assert seen(asked(to_target(), source="2001:db8::7"), "X-Forwarded-For") == "2001:db8::7"


def test_protocol_and_port_are_those_of_the_listener() -> None:
    """What a client claims is replaced."""
    claims = {"X-Forwarded-Proto": "https", "x-forwarded-port": "1"}
    outcome = asked(to_target(Port=8080), headers=claims)
    assert seen(outcome, "X-Forwarded-Proto") == "http"
    assert seen(outcome, "X-Forwarded-Port") == "8080"
    assert seen(asked(to_target(Port=443)), "X-Forwarded-Proto") == "https"


OWN = f"1-{1_700_000_000:08x}-{'a' * 24}"


@pytest.mark.parametrize(
    "sent, expected",
    [
        (None, f"Root={OWN}"),
        ("Root=1-67891233-abc", f"Self={OWN};Root=1-67891233-abc"),
        ("Self=1-0-old;Root=1-1-r;App=x", f"Self={OWN};Root=1-1-r;App=x"),
        ("CalledFrom=app", f"Root={OWN};CalledFrom=app"),
    ],
)
def test_a_trace_id_has_a_root(sent: str | None, expected: str) -> None:
    """Made if absent; else Self is put before it, and other fields stay."""
    headers = {} if sent is None else {"X-Amzn-Trace-Id": sent}
    assert seen(asked(to_target(), headers=headers), "x-amzn-trace-id") == expected


def test_invalid_names_are_dropped_where_asked_for() -> None:
    """Letters, digits and hyphens are valid; rules do not see what is dropped."""
    headers = {"X_Under": "1", "X.Dot": "2", "9-x": "3"}
    odd = {
        "Field": "http-header",
        "HttpHeaderConfig": {"HttpHeaderName": "X_Under", "Values": ["1"]},
    }
    taken = {"Priority": 1, "Conditions": [odd], "Actions": [fixed(200)]}
    drop = {"routing.http.drop_invalid_header_fields.enabled": "true"}
    groups = {"web": group("10.0.0.1")}
    outcome = asked(
        balancer([taken], groups, default=forward("web"), attributes=drop), headers=headers
    )
    assert [seen(outcome, name) for name in headers] == [None, None, "3"]
    assert asked(balancer([taken]), headers=headers).status == 200
    assert seen(asked(to_target(), headers=headers), "X_Under") == "1"


def test_what_belongs_to_a_connection_stays_with_it() -> None:
    """Expect is answered by the load balancer; an upgrade passes with what it needs."""
    headers = {"Connection": "close", "Expect": "100-continue", "X-A": "1"}
    outcome = asked(to_target(), headers=headers)
    assert [seen(outcome, name) for name in headers] == [None, None, "1"]
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    outcome = asked(to_target(), headers=upgrade)
    assert [seen(outcome, name) for name in upgrade] == ["Upgrade", "websocket"]


def transforming(*transforms: Document, **more: Any) -> Document:
    """A load balancer whose only rule has these transforms."""
    made = rule(1, forward("web"), Transforms=list(transforms))
    return balancer([made], {"web": group("10.0.0.1")}, **more)


def url(regex: str, replace: str) -> Document:
    """A rewrite of the URL."""
    rewrites = [{"Regex": regex, "Replace": replace}]
    return {"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": rewrites}}


def host(regex: str, replace: str) -> Document:
    """A rewrite of the host."""
    rewrites = [{"Regex": regex, "Replace": replace}]
    return {"Type": "host-header-rewrite", "HostHeaderRewriteConfig": {"Rewrites": rewrites}}


@pytest.mark.parametrize(
    "regex, replace, path, expected",
    [
        ("^/api/(.*)$", "/$1", "/api/x?y=%20", "/x?y=%20"),
        ("^/api/", "/", "/api/x?y=1", "/x?y=1"),
        ("^/api/(.+)$", "/$1", "/api/", "/api/"),
        ("^/(a)/(b)$", "/$2/$1/${1}$0", "/a/b", "/b/a/a/a/b"),
        ("^/(a)?b$", "/x$1", "/b", "/x"),
        ("^/a$", "/$1", "/a", "/$1"),
        ("x", "y", "/xx", "/yx"),
        ("(", "y", "/(", "/("),
        ("/A", "/b", "/a", "/a"),
    ],
)
def test_a_url_is_rewritten(regex: str, replace: str, path: str, expected: str) -> None:
    """The first match, with groups; path and query; no match: as sent."""
    assert asked(transforming(url(regex, replace)), path).path_seen == expected


def test_a_host_is_rewritten_by_its_name_alone() -> None:
    """In lower case and without the port; an odd listener port is added to the new one."""
    change = host("^a-(.+)$", "b-$1.test")
    headers = {"Host": "A-1:80"}
    assert asked(transforming(change), headers=headers).host_seen == "b-1.test"
    assert asked(transforming(change, Port=8080), headers=headers).host_seen == "b-1.test:8080"
    kept = asked(transforming(change, attributes=PRESERVED), headers={"Host": "C:80"})
    assert kept.host_seen == "C:80"


def test_each_kind_of_transform_is_on_its_own() -> None:
    """One may fit where the other does not."""
    outcome = asked(transforming(host("^x", "y"), url("^/no", "/")), "/p")
    assert (outcome.host_seen, outcome.path_seen) == ("y.example.com", "/p")
