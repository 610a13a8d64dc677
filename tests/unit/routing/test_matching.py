"""Conditions of rules, by the rows of AWS's documentation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.routing.asked import Document, asked, balancer, fixed, rule


def fits(condition: Document, path: str = "/", **request: Any) -> bool:
    """Whether a rule with that condition takes the request."""
    made = {"Priority": 7, "Conditions": [condition], "Actions": [fixed(200)]}
    outcome = asked(balancer([made]), path, **request)
    if outcome.rule is None:
        assert [miss.condition for miss in outcome.misses]
    return outcome.rule is not None


def path_of(*values: str) -> Document:
    """A condition on the path."""
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}


def host_of(*values: str) -> Document:
    """A condition on the host."""
    return {"Field": "host-header", "HostHeaderConfig": {"Values": list(values)}}


def query_of(value: str, key: str | None = None) -> Document:
    """A condition on the query."""
    pair = {"Value": value} if key is None else {"Key": key, "Value": value}
    return {"Field": "query-string", "QueryStringConfig": {"Values": [pair]}}


def header_of(name: str, *values: str, regex: tuple[str, ...] = ()) -> Document:
    """A condition on a header."""
    config = {"HttpHeaderName": name, "Values": list(values), "RegexValues": list(regex)}
    return {"Field": "http-header", "HttpHeaderConfig": config}


@pytest.mark.parametrize(
    "pattern, path, expected",
    [
        ("/a", "/a", True),
        ("/a", "/a/", False),
        ("/a*", "/a/b/c.d", True),
        ("*.css", "/deep/x.css", True),
        ("/a?c", "/a/c", True),
        ("/a?c", "/ac", False),
        ("/A", "/a", False),
        ("/*/end", "/x/y/end", True),
        ("/a", "/a?b=/c", True),
        ("/c", "/a?b=/c", False),
        ("/a%20b", "/a%20b", True),
        ("/a//b", "/a/b", False),
        ("/a;v=1", "/a;v=1", True),
        ("/", "http://other.example.com", True),
        ("/p", "https://other.example.com/p?q", True),
    ],
)
def test_a_path_is_compared_whole_as_sent(pattern: str, path: str, expected: bool) -> None:
    """With case, without the query, wildcards over everything."""
    assert fits(path_of(pattern), path) is expected


@pytest.mark.parametrize(
    "pattern, host, expected",
    [
        ("a.example.com", "A.Example.com", True),
        ("A.EXAMPLE.com", "a.example.com", True),
        ("*.example.com", "x.y.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "example.com.evil.test", False),
        ("?.example.com", "ab.example.com", False),
        ("a.example.com", "a.example.com:8080", True),
    ],
)
def test_a_host_is_compared_without_case_and_port(pattern: str, host: str, expected: bool) -> None:
    """The pattern covers the whole name."""
    assert fits(host_of(pattern), headers={"Host": host}) is expected


def test_an_address_in_brackets_is_a_name() -> None:
    """The port of an IPv6 address is what follows the brackets."""
    assert fits(host_of("[2001:db8:*]"), headers={"Host": "[2001:db8::1]:80"})


def test_one_value_is_enough() -> None:
    """A condition holds if any of its values does."""
    assert fits(path_of("/a", "/b"), "/b")


@pytest.mark.parametrize(
    "wanted, path, expected",
    [
        (("v1", "version"), "/?version=v1", True),
        (("V1", "VERSION"), "/x?a=b&version=v1", True),
        (("v1", "version"), "/?version=v12", False),
        (("v1", "version"), "/?a=version=v1", False),
        (("v1", "version"), "/version=v1", False),
        (("*", "key"), "/?key=", True),
        (("*", "key"), "/?key", True),
        (("*", "key"), "/?", False),
        (("*", "key"), "/", False),
        (("*a*", None), "/?x=1&y=bab", True),
        (("x", None), "/?x", False),
        (("b=c", "a"), "/?a=b=c", True),
        (("1", "a"), "/?b;a=1", False),
        (("1", "?"), "/?z=1", True),
        ((r"\*", "k"), "/?k=*", True),
        ((r"\*", "k"), "/?k=x", False),
        ((r"a\?", "k"), "/?k=a?", True),
        ((r"a\b", "k"), r"/?k=a\b", True),
        (("2", "k"), "/?k=1&k=2", True),
        (("%20", "k"), "/?k=%20", True),
        (("1", "k"), "/?&k=1&", True),
    ],
)
def test_a_query_has_a_pair_that_fits(
    wanted: tuple[str, str | None], path: str, expected: bool
) -> None:
    r"""Without case; a value without a key fits any key; `\*` and `\?` are no wildcards."""
    assert fits(query_of(*wanted), path) is expected


@pytest.mark.parametrize(
    "condition, headers, expected",
    [
        (header_of("X-Env", "prod*"), {"x-ENV": "PROD-1"}, True),
        (header_of("X-Env", "prod*"), {"X-Env": "no-prod"}, False),
        (header_of("X-Env", "*"), {"X-Other": "a"}, False),
        (header_of("X-Env", "b"), [("X-Env", "a"), ("X-Env", "b")], True),
        (header_of("X-Env", "b"), {"X-Env": "a, b"}, False),
        (header_of("X-Env", r"a\*"), {"X-Env": r"a\zz"}, True),
        (header_of("X-Env", regex=("^b[0-9]$",)), {"X-Env": "b7"}, True),
        (header_of("X-Env", regex=("^b[0-9]$", "^c$")), {"X-Env": "cc"}, False),
    ],
)
def test_a_header_has_a_value_that_fits(condition: Document, headers: Any, expected: bool) -> None:
    """Name and value without case; a header that is absent fits nothing."""
    assert fits(condition, headers=headers) is expected


def test_a_method_is_compared_with_case() -> None:
    """GET is neither HEAD nor get."""
    condition = {"Field": "http-request-method", "Values": ["GET", "PURGE"]}
    assert fits(condition, method="PURGE")
    assert not fits(condition, method="HEAD")
    assert not fits(condition, method="get")


@pytest.mark.parametrize(
    "block, source, expected",
    [
        ("192.0.2.0/24", "192.0.2.255", True),
        ("192.0.2.0/24", "192.0.3.0", False),
        ("192.0.2.7/24", "192.0.2.1", True),
        ("2001:db8::/32", "2001:db8:1::1", True),
        ("::/0", "192.0.2.1", False),
        ("0.0.0.0/0", "::1", False),
        ("no block", "192.0.2.1", False),
    ],
)
def test_a_source_is_the_address_of_the_connection(block: str, source: str, expected: bool) -> None:
    """Blocks of both families; X-Forwarded-For says nothing."""
    condition = {"Field": "source-ip", "Values": [block]}
    headers = {"X-Forwarded-For": "192.0.2.1"}
    assert fits(condition, source=source, headers=headers) is expected


@pytest.mark.parametrize(
    "field, expression, request_, expected",
    [
        ("path-pattern", "^/a/[0-9]+$", {"path": "/a/7?x"}, True),
        ("path-pattern", "^/a/[0-9]+$", {"path": "/A/7"}, False),
        ("path-pattern", "/v[12]/", {"path": "/api/v2/x"}, True),
        ("path-pattern", "(", {"path": "/("}, False),
        ("path-pattern", "^/[[:alpha:]]+$", {"path": "/abc"}, True),
        ("path-pattern", "^/[[:odd:]]$", {"path": "/d"}, False),
        ("path-pattern", "^/[[]$", {"path": "/["}, True),
        ("path-pattern", "^/[a&&b]$", {"path": "/&"}, True),
        ("path-pattern", r"^/\[[^a]$", {"path": "/[b"}, True),
        ("path-pattern", r"^/x\z", {"path": "/x"}, True),
        ("path-pattern", "^/(?<n>x)$", {"path": "/x"}, True),
        ("path-pattern", r"^/x\$", {"path": "/x$"}, True),
        ("host-header", r"^t-\d+\.example\.com$", {"headers": {"Host": "T-4.example.com"}}, True),
    ],
)
def test_expressions_are_searched(
    field: str, expression: str, request_: dict[str, Any], expected: bool
) -> None:
    """RE2's spellings are known; what is no expression fits nothing; paths have case."""
    condition = {"Field": field, "RegexValues": [expression]}
    assert fits(condition, **request_) is expected


def test_all_conditions_must_hold_and_the_first_that_does_not_is_named() -> None:
    """Rules are tried by number; each that does not fit says why."""
    rules = [
        rule(300, fixed(300 - 100)),
        rule(20, fixed(202), conditions=[("path-pattern", ["/b"])]),
        rule(100, fixed(201), conditions=[("path-pattern", ["/a"]), ("host-header", ["y.test"])]),
    ]
    outcome = asked(balancer(rules), "/a")
    assert outcome.rule is not None
    assert outcome.rule.priority == 300
    assert [(m.rule.priority, m.condition.values) for m in outcome.misses] == [
        (20, ("/b",)),
        (100, ("y.test",)),
    ]


def test_without_a_rule_that_fits_the_default_one_answers() -> None:
    """The default rule is asked last."""
    outcome = asked(balancer([rule(1, fixed(), conditions=[("path-pattern", ["/b"])])]))
    assert (outcome.is_routed, outcome.rule, outcome.status) == (True, None, 404)
