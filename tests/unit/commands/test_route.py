"""`alb-controller route` and `state`: what they take, print and end with."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from alb_controller.cli import main

STATE: dict[str, Any] = {
    "dns_name": "alb.example.net",
    "listeners": [
        {
            "Port": 80,
            "Protocol": "HTTP",
            "DefaultActions": [
                {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
            ],
            "Rules": [
                {
                    "Priority": "10",
                    "Conditions": [
                        {"Field": "host-header", "Values": ["shop.example"]},
                        {"Field": "path-pattern", "RegexValues": ["^/old/"]},
                    ],
                    "Actions": [
                        {"Type": "redirect", "RedirectConfig": {
                            "Host": "new.example", "StatusCode": "HTTP_301"}}
                    ],
                },
                {
                    "Priority": "20",
                    "Conditions": [
                        {"Field": "http-header", "HttpHeaderConfig": {
                            "HttpHeaderName": "X-Beta", "Values": ["yes", "on"]}},
                        {"Field": "http-request-method", "Values": ["GET"]},
                        {"Field": "query-string", "QueryStringConfig": {
                            "Values": [{"Value": "1"}, {"Key": "a", "Value": "2"}]}},
                        {"Field": "source-ip", "Values": ["192.0.2.0/24"]},
                    ],
                    "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": [
                        {"TargetGroupArn": "web", "Weight": 1},
                        {"TargetGroupArn": "sick", "Weight": 3}]}}],
                },
                {"Priority": "30", "Conditions": [{"Field": "path-pattern", "Values": ["/say"]}],
                 "Actions": [{"Type": "fixed-response", "FixedResponseConfig": {
                     "StatusCode": "200", "MessageBody": "hello"}}]},
            ],
        },
        {"Port": 443, "Protocol": "HTTPS", "Certificates": ["site"],
         "MutualAuthentication": {"Mode": "verify", "TrustStoreArn": "corp"},
         "DefaultActions": [{"Type": "forward", "TargetGroupArn": "empty"}]},
        {"Port": 8443, "Protocol": "HTTPS", "Certificates": ["site"],
         "DefaultActions": [{"Type": "forward", "TargetGroupArn": "empty"}]},
    ],
    "target_groups": {
        "web": {"Port": 80, "Targets": [{"Id": "10.0.0.1", "Port": 8080}]},
        "sick": {"Port": 80, "Attributes": {"stickiness.enabled": "true"}, "Targets": [
            {"Id": "fd00::1", "Port": 1, "State": "unhealthy", "AvailabilityZone": "a"}]},
        "empty": {"Port": 80, "Targets": []},
    },
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The state as a file."""
    path = tmp_path / "state.json"
    path.write_text(json.dumps(STATE))
    return str(path)


def lines_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    """The exit code, and what is printed, without indentation."""
    code = main(["route", *arguments])
    return code, [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_each_rule_says_why(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Rules before the one that answers show the condition that does not hold."""
    code, lines = lines_of(capsys, "--state", file, "GET", "http://shop.example/say")
    assert code == 0
    assert lines == [
        "GET /say",
        "load balancer alb alb.example.net",
        "listener 80 HTTP",
        "rules 10 no: path /^/old//",
        "20 no: header X-Beta: yes or on",
        "30 yes: path /say",
        "answer 200 by fixed-response, text/plain: hello",
        "adds Server: awselb/2.0",
        "note AWS does not document its regular expressions in full: this answer supposes RE2's",
    ]


def test_a_forward_shows_groups_targets_and_what_the_target_sees(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the weights, the states, and why unhealthy targets get it."""
    arguments = ("--from", "192.0.2.9", "-H", "X-Beta: on", "--seed", "1", "--state", file)
    code, lines = lines_of(capsys, *arguments, "GET", "http://shop.example?a=2")
    assert code == 0
    shown = "\n".join(lines)
    assert "20 yes: header X-Beta: yes or on; method GET; query *=1 or a=2; source" in shown
    assert "target groups web 1 of 4\nsick 3 of 4" in shown
    assert "X-Forwarded-For: 192.0.2.9" in shown
    assert "target sees /?a=2 HTTP/1.1" in shown
    sick = "\n".join(lines_of(capsys, *arguments[:-4], "--seed", "2", "--state", file, "GET",
                              "http://shop.example?a=2")[1])  # fmt: skip
    assert {"targets 10.0.0.1:8080 healthy" in shown, "targets [fd00::1]:1 unhealthy in a" in sick}
    assert "fails open" in shown + sick
    assert "cookie AWSALB" in shown + sick


def test_a_redirect_shows_where_it_leads(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As the Location header."""
    _, lines = lines_of(capsys, "--state", file, "GET", "http://shop.example/old/x")
    assert "answer 301 by redirect, Location: http://new.example:80/old/x" in lines


@pytest.mark.parametrize(
    "arguments, shown",
    [
        (["GET", "https://shop.example/"], "refused TLS: the client presents no certificate"),
        (["TRACE", "http://shop.example/"], "answer 405 by error (the method TRACE is not sup"),
        (["GET", "https://shop.example:8443/"], "answer 503 by forward (empty has no target"),
    ],
)
def test_an_error_of_the_load_balancer_is_exit_code_1(
    file: str, capsys: pytest.CaptureFixture[str], arguments: list[str], shown: str
) -> None:
    """For scripts: nobody behind the load balancer answers."""
    code, lines = lines_of(capsys, "--state", file, *arguments)
    assert code == 1
    assert any(line.startswith(shown) for line in lines)


@pytest.mark.parametrize(
    "arguments, problem",
    [
        (["GET"], "METHOD and URL are needed"),
        (["GET", "http://a/"], "give one of -f FILES, --state FILE and --live"),
        (["--state", "FILE", "--live", "GET", "http://a/"], "give one of"),
        (["--state", "FILE", "GET", "ftp://a/"], "must be http://HOST/PATH"),
        (["--state", "FILE", "GET", "http://a:x/"], "URL 'http://a:x/'"),
        (["--state", "FILE", "GET", "http://a:81/"], "its ports are 80, 443, 8443"),
        (["--state", "FILE", "-H", "X", "GET", "http://a/"], "must be 'Name: value'"),
        (["--state", "FILE", "--from", "x", "GET", "http://a/"], "must be an IP address"),
        (["--state", "FILE", "--load-balancer", "x", "GET", "http://a/"], "there are alb"),
        (["--state", "FILE", "GET", "http://[::1"], "URL 'http://[::1'"),
        (["--state", "FILE", "GET", "http://a:0/"], "must be http://HOST/PATH"),
        (["--state", "FILE", "GET", "http://a b/"], "must be http://HOST/PATH"),
        (["--state", "FILE", "GET", "http://a/\n"], "must have no control characters"),
        (["--state", "FILE", "GET", "http://a/\udcff"], "must be UTF-8 text"),
        (["--state", "FILE", "\udcff", "http://a/"], "METHOD '\\udcff' must be UTF-8 text"),
        (["--state", "FILE", "-H", "X: a\rb", "GET", "http://a/"], "no control characters"),
        (["--state", "FOLDER", "GET", "http://a/"], "Is a directory"),
        (["--state", "NONE", "GET", "http://a/"], "no application load balancer: there are none"),
        (["--kind", "alb"], "--kind needs --state FILE"),
        (["--kind", "ingress", "--state", "TEXT"], "a document is not an object but str"),
        (["--state", "TEXT", "GET", "http://a/"], "the document is no JSON"),
        (["--state", "BYTES", "GET", "http://a/"], "is no UTF-8 text"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str],
    problem: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Exit code 2, and no traceback."""
    files = {one: str(tmp_path / one.lower()) for one in ("TEXT", "BYTES", "NONE")}
    files |= {"FILE": file, "FOLDER": str(tmp_path)}
    Path(files["NONE"]).write_text('{"version": 1, "load_balancers": []}')
    Path(files["TEXT"]).write_text("hello")
    Path(files["BYTES"]).write_bytes(b"\xff\xfe")
    monkeypatch.setattr("sys.stdin", io.StringIO("{}"))
    assert main(["route", *(files.get(one, one) for one in arguments)]) == 2
    assert problem in capsys.readouterr().err


class Program:
    """The form for programs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, kind: str, file: str, stdin: Any) -> Any:
        text = stdin if isinstance(stdin, str) else json.dumps(stdin)
        self._monkeypatch.setattr("sys.stdin", io.StringIO(text))
        code = main(["route", "--kind", kind, "--state", file])
        captured = self._capsys.readouterr()
        return json.loads(captured.out) if code == 0 else captured.err


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """The command with --kind."""
    return Program(monkeypatch, capsys)


HOST = {"url": "http://shop.example/say", "headers": [["Host", "shop.example"]]}


def test_a_program_gets_objects(file: str, program: Program) -> None:
    """One for one, a list for a list; names stand for target groups."""
    answer = program("alb", file, {**HOST, "from_port": 7, "zone": "a"})
    assert (answer["rule"], answer["action"], answer["body"]) == (30, "fixed-response", "hello")
    assert program("alb", file, [HOST, HOST]) == [answer, answer]
    request = {
        **HOST, "target": "/?a=2", "from": "192.0.2.1",
        "headers": [*HOST["headers"], ["X-Beta", "on"]],
    }  # fmt: skip
    forwarded = program("alb", file, request)
    assert forwarded["target_groups"] == {"web": 1, "sick": 3}
    assert forwarded["targets"] in (["10.0.0.1"], ["fd00::1"])
    assert forwarded["target_group"] in ("web", "sick")


@pytest.mark.parametrize(
    "request_, expected",
    [
        ({"raw": "NONSENSE\r\n\r\n", "listener": 80}, {"action": "error", "status": 400}),
        ({**HOST, "url": "http://shop.example:81", "listener": 81}, {"error"}),
        ({"url": "https://shop.example/", "sni": "a", "client_certificate": "x"}, {"tls_error"}),
        ({"url": "http://shop.example", "headers": HOST["headers"]}, {"rule": "default"}),
        ({"method": "TRACE", **HOST}, {"status": 405}),
    ],
)
def test_what_a_program_gets_of_odd_requests(
    file: str, program: Program, request_: dict[str, Any], expected: Any
) -> None:
    """Errors, refused handshakes and bytes that are no request."""
    answer = program("alb", file, request_)
    assert set(expected) <= set(answer)
    if isinstance(expected, dict):
        assert {key: answer[key] for key in expected} == expected


@pytest.mark.parametrize(
    "stdin, problem",
    [
        (None, "which is closed"),
        (
            io.TextIOWrapper(io.BytesIO(b"\xff"), "utf-8"),
            "stdin: 'utf-8' codec can't decode byte 0xff",
        ),
    ],
)
def test_a_stdin_that_cannot_be_read_is_one_sentence(
    file: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    stdin: Any,
    problem: str,
) -> None:
    """Closed, or no text."""
    monkeypatch.setattr("sys.stdin", stdin)
    assert main(["route", "--kind", "alb", "--state", file]) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    "stdin", ["{", "[1", '"text"', '{"headers": [["a"]]}', '{"from": "a"}', '{"method": "\\ud800"}']
)
def test_what_a_program_says_wrong_is_one_sentence(file: str, program: Program, stdin: str) -> None:
    """On stderr, with exit code 2."""
    assert program("alb", file, stdin).startswith("alb-controller: ")


def test_health_and_creation_are_asked_the_same_way(
    file: str, tmp_path: Path, program: Program
) -> None:
    """The states of a target; whether AWS would create a rule."""
    health = {"initial": "initial", "results": [200, "timeout", 204, 500], "target_group": {}}
    assert program("health", file, health)["states"] == [
        "healthy", "healthy", "unhealthy", "unhealthy",
    ]  # fmt: skip
    grpc = {"ProtocolVersion": "GRPC", "Matcher": {"GrpcCode": "0-12"}}
    assert program("health", file, {**health, "results": [12], "target_group": grpc}) == {
        "states": ["healthy"]
    }
    rule = {"Priority": "11", "Actions": STATE["listeners"][0]["DefaultActions"]}
    item = {"listener": {"Protocol": "HTTP", "Port": 80}, "rule": rule}
    null = tmp_path / "null"
    null.write_text("null")
    assert program("validate", file, item) == {"refused": False}
    for path, priority in ((file, "10"), (str(null), "0")):
        item["rule"] = {**rule, "Priority": priority}
        assert program("validate", path, item)["refused"] is True


MANIFESTS = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations:
    alb.ingress.kubernetes.io/target-type: ip
    alb.ingress.kubernetes.io/actions.two: >-
      {"type": "forward", "forwardConfig": {"targetGroups": [
       {"serviceName": "web", "servicePort": 80, "weight": 20},
       {"serviceName": "other", "servicePort": 80, "weight": 80}]}}
spec:
  ingressClassName: alb
  rules:
  - host: shop.example
    http:
      paths:
      - {path: /two, pathType: Exact, backend: {service: {name: two, port: {name: use-annotation}}}}
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: default}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: wrong
  annotations: {alb.ingress.kubernetes.io/scheme: inside}
spec: {ingressClassName: alb}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: ignored}
"""


@pytest.fixture
def manifests(tmp_path: Path) -> str:
    """The manifests as a file."""
    path = tmp_path / "manifests.yaml"
    path.write_text(MANIFESTS)
    return str(path)


def test_an_ingress_is_answered_by_backends(manifests: str, program: Program) -> None:
    """As the Ingress writes them, with their weights."""
    answer = program("ingress", manifests, HOST)
    assert (answer["backend"], answer["backends"]) == ("default/web:80", {"default/web:80": 1})
    both = program("ingress", manifests, {**HOST, "target": "/two"})
    assert both["backends"] == {"default/web:80": 20, "default/other:80": 80}
    other = program("ingress", manifests, {**HOST, "headers": [["Host", "else.example"]]})
    assert (other["status"], "backends" in other) == (404, False)


def test_manifests_are_compiled_by_the_controller(
    manifests: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a member asks for wrongly is said on stderr, and the others are served."""
    assert main(["route", "-f", manifests, "GET", "http://shop.example/x"]) == 0
    captured = capsys.readouterr()
    assert "Ingress default/wrong" in captured.err
    assert "default/web:80" in captured.out


def test_a_state_of_manifests_is_a_file_for_route(
    manifests: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same answer either way."""
    assert main(["state", "-f", manifests]) == 0
    file = tmp_path / "made.json"
    file.write_text(capsys.readouterr().out)
    assert json.loads(file.read_text())["version"] == 1
    arguments = ["GET", "http://shop.example/two", "--seed", "3"]
    printed = []
    for source in (["-f", manifests], ["--state", str(file)]):
        assert main(["route", *source, *arguments]) == 0
        lines = capsys.readouterr().out.splitlines()
        printed.append([line for line in lines if "Trace-Id" not in line])
    assert printed[0] == printed[1]


@pytest.mark.parametrize(
    "text, problem",
    [
        ("kind: Ingress", "has no apiVersion"),
        ("{", "manifests.yaml"),
        ("[" * 5000, "manifests.yaml: the text is nested too deeply"),
        (MANIFESTS.replace("number: 80", "number: [80]"), "Ingress default/web: "),
    ],
)
def test_manifests_that_cannot_be_read_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, problem: str
) -> None:
    """With the object or the file."""
    path = tmp_path / "manifests.yaml"
    path.write_text(text)
    assert main(["state", "-f", str(path)]) == 2
    assert problem in capsys.readouterr().err
