"""Logins at an OIDC provider, seen from outside: few writes, and no sight of the secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from alb_controller.objects.secrets import APPLIED_SECRETS
from alb_controller.sandbox.kubeapi import ApiServer
from tests.apiserver.control_plane import free_ports
from tests.controller.manifests import NAMESPACE, Object, ingress
from tests.controller.rig import Mark, Rig

PROVIDER = {
    "issuer": "https://idp.example",
    "authorizationEndpoint": "https://idp.example/auth",
    "tokenEndpoint": "https://idp.example/token",
    "userInfoEndpoint": "https://idp.example/user",
    "secretName": "oidc",
}
FIRST, SECOND = "correct-horse-battery", "staple-of-another-kind"


def web(rig: Rig, name: str = "web", **annotations: str) -> Object:
    """An Ingress with a login."""
    return ingress(
        name,
        [f"/{name}"],
        listen_ports='[{"HTTPS": 443}]',
        certificate_arn=rig.aws.ids["cert:myapp.example"],
        auth_type="oidc",
        auth_idp_oidc=json.dumps(PROVIDER),
        **annotations,
    )


def secret(text: str = FIRST, **labels: str) -> Object:
    """The Secret of the login."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "oidc", "namespace": NAMESPACE, "labels": labels},
        "stringData": {"clientID": "me", "clientSecret": text},
    }


def noted(rig: Rig) -> str | None:
    """What the Ingress's annotation says of its Secrets."""
    annotations = rig.get("Ingress", "web")["metadata"].get("annotations", {})
    found: str | None = annotations.get(APPLIED_SECRETS)
    return found


def version(rig: Rig) -> str:
    """The note that fits the Secret as it is."""
    meta = rig.get("Secret", "oidc")["metadata"]
    return json.dumps({"oidc": f"{meta['uid']}/{meta['resourceVersion']}"}, separators=(",", ":"))


def sent(rig: Rig, mark: Mark) -> list[tuple[str, list[str]]]:
    """AWS writes since, each with the client secrets in it."""
    return [
        (
            call.operation,
            [value for name, value in call.params.items() if name.endswith("ClientSecret")],
        )
        for call in rig.writes(mark)
    ]


def test_a_changed_secret_is_one_write_of_its_rule(rig: Rig) -> None:
    """Nothing else is written but the note, which says the new version, and nothing twice."""
    rig.apply(secret(), web(rig))
    with rig.running() as controller:
        controller.settle()
        assert noted(rig) == version(rig)
        mark = rig.mark()
        rig.apply(secret(SECOND))
        controller.settle()
        assert sent(rig, mark) == [("ModifyRule", [SECOND])]
        assert noted(rig) == version(rig)
        mark = rig.mark()
        rig.annotate("web", auth_scope="openid email")
        controller.settle()
        assert sent(rig, mark) == [("ModifyRule", ["true"])]  # UseExistingClientSecret


def test_a_restart_sends_what_has_changed_meanwhile(rig: Rig) -> None:
    """An unchanged Secret takes no write, a changed one just the one of its rule."""
    rig.apply(secret(), web(rig))
    with rig.running() as controller:
        controller.settle()
    mark = rig.mark()
    with rig.running() as controller:
        controller.settle()
        assert (rig.since(mark).aws, rig.since(mark).objects) == ([], [])
    rig.apply(secret(SECOND))
    mark = rig.mark()
    with rig.running() as controller:
        controller.settle()
    assert sent(rig, mark) == [("ModifyRule", [SECOND])]


def test_take_over_writes_a_note_and_nothing_in_aws(rig: Rig) -> None:
    """LBC leaves no note: what it applied is taken to be what the Secret holds."""
    rig.apply(secret(), web(rig))
    with rig.running() as controller:
        controller.settle()
    rig.merge("Ingress", "web", {"metadata": {"annotations": {APPLIED_SECRETS: None}}})
    mark = rig.mark()
    with rig.running() as controller:
        controller.settle()
    assert rig.since(mark).aws == []
    assert rig.since(mark).objects == ["Ingress/web"]
    assert noted(rig) == version(rig)


def test_a_refusal_stops_the_one_member_and_names_the_role(
    rig: Rig, api: tuple[ApiServer, Path]
) -> None:
    """Members without a login are served meanwhile; when the Role is there, all are."""
    server, _ = api
    rig.apply(secret(), web(rig, **{"group.name": "team"}), ingress("plain", ["/p"], group="team"))
    server.faults.answer(403, verb="list", resource="secrets")
    with rig.running() as controller:
        rig.until(lambda: rig.hostname("plain"))
        (warning,) = rig.warnings("web")
        assert "add a Role in namespace 'shop'" in warning
        assert "resourceNames ['oidc']" in warning
        assert rig.warnings("plain") == []
        server.faults.release()
        rig.until(lambda: rig.hostname("web"))
        controller.settle()
    assert noted(rig) == version(rig)


def test_a_missing_secret_is_awaited(rig: Rig) -> None:
    """The Ingress's Warning says which, and it is served as soon as it is there."""
    rig.apply(web(rig))
    with rig.running() as controller:
        rig.until(lambda: rig.warnings("web"))
        assert "Secret shop/oidc does not exist" in rig.warnings("web")[0]
        assert rig.aws.load_balancers() == []
        rig.apply(secret())
        rig.until(rig.hostname)
        controller.settle()


@pytest.mark.parametrize("operation, quoted", [("CreateRule", FIRST), ("ModifyRule", SECOND)])
def test_the_secret_is_seen_nowhere(rig: Rig, operation: str, quoted: str) -> None:
    """Not in the log at its most talkative, in no object, no event, no plan and no metric.

    Not even where AWS quotes it in an error, and fails in other ways.
    """
    (port,) = free_ports(1)
    flags = (
        "--log-level=debug",
        f"--metrics-bind-addr=127.0.0.1:{port}",
        "--feature-gates=IngressPlanAnnotation=true",
    )
    rig.apply(secret(), web(rig))
    front = rig.aws.front
    front.fail(operation, code="ValidationError", times=1, text=f"bad {quoted}")
    front.fail(operation, code="InternalFailure", status=500, times=1, text=f"oops {quoted}")

    def change_what_was_refused(by: str) -> None:
        """What AWS calls wrong is not tried again before the Ingress changes."""
        if by == operation:
            rig.until(lambda: any("bad" in event["message"] for event in rig.events("web")))
            rig.annotate("web", tags="a=b")

    with rig.running(*flags) as controller:
        change_what_was_refused("CreateRule")
        rig.until(rig.hostname)
        rig.apply(secret(SECOND))
        change_what_was_refused("ModifyRule")
        done = ("ModifyRule", [SECOND])
        start = Mark(0, {})
        rig.until(lambda: done in sent(rig, start))
        controller.settle()
        metrics = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
        kinds = ("Ingress", "Event", "TargetGroupBinding", "ConfigMap", "Service")
        objects = json.dumps([rig.cluster.list(kind) for kind in kinds])
        log = controller.log.read_text()
    assert "dry-run-plan" in objects
    assert any("bad" in event["message"] for event in rig.events("web"))
    for text in (log, metrics, objects):
        assert text
        assert FIRST not in text
        assert SECOND not in text
