"""One load balancer on the wire: what its clients and its targets see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dataplane.serving import Json, Plane, fixed, forward, group, path, rule, serve

ATTRIBUTES = {"stickiness.enabled": "true", "stickiness.type": "lb_cookie"}
REWRITE = {
    "Type": "url-rewrite",
    "UrlRewriteConfig": {"Rewrites": [{"Regex": "^/old/(.*)$", "Replace": "/new/$1"}]},
}
REDIRECT = {
    "Type": "redirect",
    "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
}


def _header(name: str, *values: str) -> Json:
    config = {"HttpHeaderName": name, "Values": list(values)}
    return {"Field": "http-header", "HttpHeaderConfig": config}


def _query(key: str | None, value: str) -> Json:
    pair = {"Value": value} if key is None else {"Key": key, "Value": value}
    return {"Field": "query-string", "QueryStringConfig": {"Values": [pair]}}


FIRST_HOST = {"Field": "host-header", "HostHeaderConfig": {"Values": ["first.example"]}}
STATE: Json = {
    "dns_name": "lb.example.net",
    "attributes": {"idle_timeout.timeout_seconds": "2"},
    "listeners": [
        {
            "Port": 80,
            "Protocol": "HTTP",
            "DefaultActions": [fixed(404, "no rule")],
            "Rules": [
                rule(10, forward("a"), path("/a/*"), _header("X-Kind", "gold*")),
                rule(20, forward("b"), path("/a/*")),
                rule(30, forward("b"), _query("v", r"a\*b")),
                rule(35, forward("b"), _query(None, "any?")),
                rule(40, REDIRECT, path("/secure*")),
                rule(50, forward("a"), path("/old/*"), Transforms=[REWRITE]),
                rule(60, forward("sticky"), path("/sticky")),
                rule(70, forward("empty"), path("/empty")),
                rule(80, forward(a=1, b=3), path("/shares")),
                rule(90, forward("two"), path("/two")),
                rule(95, fixed(201, "made"), path("/made")),
                rule(97, forward("a"), FIRST_HOST),
            ],
        },
        {"Port": 8080, "Protocol": "HTTP", "DefaultActions": [forward("a")]},
    ],
    "target_groups": {
        "a": group("10.0.0.1"),
        "b": group("10.0.1.1", "10.0.1.2=unhealthy", "10.0.1.3=draining"),
        "sticky": group("10.0.2.1", "10.0.2.2", Attributes=ATTRIBUTES),
        "empty": group(),
        "two": group("10.0.3.1", ProtocolVersion="HTTP2"),
    },
}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """The state above, served."""
    with serve(STATE, tmp_path_factory.mktemp("plane")) as made:
        yield made


@pytest.mark.parametrize(
    "target,headers,pod",
    [
        ("/a/1", [("X-Kind", "Golden")], "a/10.0.0.1"),
        ("/a/1", [("X-Kind", "tin"), ("X-Kind", "gold")], "a/10.0.0.1"),
        ("/a/1", [("X-Kind", "tin, gold")], "b/10.0.1.1"),
        ("/a/1", [], "b/10.0.1.1"),
        ("/x?V=A*B", [], "b/10.0.1.1"),
        ("/x?v=aab", [], ""),
        ("/x?what=ANY1&y", [], "b/10.0.1.1"),
        ("/x?what=any12", [], ""),
        ("/A/1", [], ""),
        ("/x?", [], ""),
    ],
)
def test_the_first_rule_whose_conditions_all_hold_takes_a_request(
    plane: Plane, target: str, headers: list[tuple[str, str]], pod: str
) -> None:
    """By priority; header and query without case, the path with it."""
    answer = plane.ask(target, headers=headers)
    assert answer.seen.get("pod", "") == pod
    assert answer.status == (200 if pod else 404)


def test_a_client_cannot_choose_a_rule_by_a_header_of_the_data_plane_s_own(plane: Plane) -> None:
    """What the filters leave for the routes is theirs alone."""
    forged = [("x-dataplane-v0-x-kind", "gold"), ("x-dataplane-path", "/a/1")]
    assert plane.ask("/", headers=forged).status == 404
    assert plane.ask("/a/1", headers=forged).seen["pod"] == "b/10.0.1.1"


def test_targets_see_the_client_the_listener_and_a_trace_and_nothing_of_the_data_plane(
    plane: Plane,
) -> None:
    """X-Forwarded-*, Host with an odd port, X-Amzn-Trace-Id."""
    answer = plane.ask("/p?q", port=8080, headers=[("Host", "X.example")])
    seen = answer.seen_headers
    assert answer.seen["host"] == "x.example:8080"
    assert (seen["x-forwarded-for"], seen["x-forwarded-port"]) == ("127.0.0.1", "8080")
    assert seen["x-amzn-trace-id"].startswith("Root=1-")
    assert not [name for name in seen if "dataplane" in name or "envoy" in name]
    assert not [name for name in answer.headers if "dataplane" in name or "envoy" in name]


def test_a_redirect_keeps_what_it_does_not_name(plane: Plane) -> None:
    """Host, path and query as they were sent."""
    answer = plane.ask("/secure/%20x?y=1", headers=[("Host", "H.example:80")])
    assert (answer.status, answer.headers["location"]) == (
        301,
        "https://H.example:443/secure/%20x?y=1",
    )


def test_a_fixed_response_is_what_the_rule_says_and_no_more(plane: Plane) -> None:
    """Envoy would say where a thing is that was made (201)."""
    answer = plane.ask("/made")
    assert (answer.status, answer.body, answer.headers.get("location")) == (201, "made", None)


def test_a_trace_goes_on_under_its_root(plane: Plane) -> None:
    """The part of the load balancer before is replaced, other fields stay."""
    sent = "Self=1-0-old;Root=1-67891233-abcdef012345678912345678;Lineage=a"
    seen = plane.ask("/old/x", headers=[("X-Amzn-Trace-Id", sent)]).seen_headers
    own, *rest = seen["x-amzn-trace-id"].split(";")
    assert own.startswith("Self=1-")
    assert rest == ["Root=1-67891233-abcdef012345678912345678", "Lineage=a"]


def test_a_rewrite_changes_path_and_query_as_its_expression_says(plane: Plane) -> None:
    """A group that takes the query too brings it along."""
    assert plane.ask("/old/x?y=1").seen["path"] == "/new/x?y=1"


def test_the_cookie_of_a_target_leads_back_to_it_and_a_forged_one_to_any(plane: Plane) -> None:
    """And the answer to a forged one sets a new cookie."""
    first = plane.ask("/sticky")
    cookie = next(one for one in first.cookies if one.startswith("AWSALB=")).split(";")[0]
    again = [plane.ask("/sticky", headers=[("Cookie", cookie)]) for _ in range(4)]
    assert {one.seen["pod"] for one in again} == {first.seen["pod"]}
    forged = plane.ask("/sticky", headers=[("Cookie", "AWSALB=nonsense")])
    assert forged.status == 200
    assert any(one.startswith("AWSALB=") for one in forged.cookies)


@pytest.mark.parametrize(
    "target,method,headers,status",
    [
        ("/empty", "GET", [], 503),
        ("/", "TRACE", [], 405),
        ("/two", "GET", [], 464),
        ("/", "GET", [("X-Big", "x" * 17000)], 400),
        ("/", "GET", [("X-Forwarded-For", ", ".join(["1.2.3.4"] * 31))], 463),
        ("/", "PURGE", [], 404),
    ],
)
def test_the_load_balancer_answers_by_itself_as_documented(
    plane: Plane, target: str, method: str, headers: list[tuple[str, str]], status: int
) -> None:
    """ALB's statuses, with its Server header."""
    answer = plane.ask(target, method=method, headers=headers)
    assert (answer.status, answer.headers.get("server")) == (status, "awselb/2.0")


def test_shares_follow_the_weights(plane: Plane) -> None:
    """One in four."""
    pods = [plane.ask("/shares").seen["pod"][0] for _ in range(100)]
    assert 8 <= pods.count("a") <= 45


def test_states_of_targets_change_while_it_serves(plane: Plane) -> None:
    """The next request follows; what names nothing is refused."""

    def change(state: str) -> int:
        return plane.change({"target_group": "b", "target": "10.0.1.2", "state": state})

    assert change("healthy") == 200
    assert {plane.ask("/a/1").seen["pod"] for _ in range(4)} == {"b/10.0.1.1", "b/10.0.1.2"}
    assert change("unhealthy") == 200
    assert {plane.ask("/a/1").seen["pod"] for _ in range(4)} == {"b/10.0.1.1"}
    assert plane.change({"target_group": "nobody", "target": "x", "state": "healthy"}) == 400


@pytest.mark.parametrize(
    "hosts, status",
    [(("first.example", "last.example"), 200), (("last.example", "first.example"), 404)],
)
def test_of_two_host_headers_the_first_counts(
    plane: Plane, hosts: tuple[str, str], status: int
) -> None:
    """For rules and for targets (ELBv2 User Guide, Host header preservation)."""
    answer = plane.ask("/hosts", headers=[("Host", one) for one in hosts])
    assert answer.status == status
    assert answer.seen.get("host") == (hosts[0] if status == 200 else None)
