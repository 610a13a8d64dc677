"""Logins at an OIDC provider: what the Secret must hold, and when it is to be sent (spec 4.3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alb_controller.errors import Missing
from alb_controller.frontends.ingress.member import MemberIntent
from alb_controller.frontends.ingress.routing.secrets import note
from alb_controller.frontends.translation import Translation
from alb_controller.model.actions import AuthenticateOidcAction, Session
from alb_controller.objects.annotations.ingress_table import PREFIX
from alb_controller.objects.secrets import (
    APPLIED_SECRETS,
    OidcSecret,
    OidcSecretData,
    SecretState,
    UnreadableSecret,
)
from alb_controller.settings import Settings
from alb_controller.values import Secret
from tests.factories import ingress, meta, path, rule, service, to
from tests.unit.frontends.ingress.translation import (
    WEB,
    listeners,
    reported,
    settings,
    translated,
)

PROVIDER = {
    "issuer": "https://idp",
    "authorizationEndpoint": "https://idp/auth",
    "tokenEndpoint": "https://idp/token",
    "userInfoEndpoint": "https://idp/user",
    "secretName": "oidc",
}
HTTPS = {"listen-ports": '[{"HTTPS": 443}]', "certificate-arn": "arn:certificate"}
OIDC = {"auth-type": "oidc", "auth-idp-oidc": json.dumps(PROVIDER)}
TEXT = "correct horse"


def secret(name: str = "oidc", version: int = 7, **data: str) -> OidcSecret:
    """A Secret; its keys are those given, or clientID and clientSecret."""
    found = data or {"client_id": "me", "client_secret": TEXT}
    values = OidcSecretData(**{key: Secret(text) for key, text in found.items()})
    return OidcSecret(meta(name, resource_version=str(version)), values)


def oidc(
    state: SecretState = None,
    *objects: Any,
    alb: dict[str, str] | None = None,
    noted: str | None = None,
    last: MemberIntent | None = None,
    by: Settings | None = None,
) -> Translation[MemberIntent]:
    """Ingress web with a login; `noted` is its annotation, `last` its last good intent."""
    web = ingress(
        alb=HTTPS | OIDC | (alb or {}),
        annotations={APPLIED_SECRETS: noted} if noted is not None else {},
    )
    return translated(
        web,
        *objects,
        key=WEB,
        by=by,
        remembered={web.metadata.uid: last} if last else {},
        secrets={("shop", "oidc"): state},
    )


def login(made: Translation[MemberIntent]) -> AuthenticateOidcAction:
    """The login before the one route."""
    assert made.problems == ()
    guard = listeners(made.intent)[0].routes[0].guard
    assert isinstance(guard, AuthenticateOidcAction)
    return guard


def problem(made: Translation[MemberIntent]) -> str:
    """The problems of the one Ingress."""
    ((sentence,),) = reported(made).values()
    assert isinstance(made.problems[0], Missing)
    return sentence.removeprefix(f"{PREFIX}auth-idp-oidc: ")


def test_a_login_has_the_provider_of_the_annotation_and_the_client_of_the_secret() -> None:
    """With LBC's defaults for the session; extra parameters sorted."""
    params = {**PROVIDER, "authenticationRequestExtraParams": {"b": "2", "a": "1"}}
    assert login(oidc(secret(), alb={"auth-idp-oidc": json.dumps(params)})) == (
        AuthenticateOidcAction(
            issuer="https://idp",
            authorization_endpoint="https://idp/auth",
            token_endpoint="https://idp/token",  # a URL
            user_info_endpoint="https://idp/user",
            client_id="me",
            session=Session(
                on_unauthenticated_request="authenticate",
                scope="openid",
                cookie="AWSELBAuthSessionCookie",
                timeout_seconds=604800,
                extra_params=(("a", "1"), ("b", "2")),
            ),
            client_secret=Secret(TEXT),
        )
    )


def test_the_older_key_of_the_client_id_is_read_where_the_newer_is_not_there() -> None:
    """clientID wins over clientId."""
    both = {"older_client_id": "old", "client_secret": TEXT}
    assert login(oidc(secret("oidc", 7, **both))).client_id == "old"
    assert login(oidc(secret("oidc", 7, client_id="new", **both))).client_id == "new"


@pytest.mark.parametrize(
    "raw, client_id, text",
    [
        (("me \n\u00a0", "s \n\x00"), "me", "s "),
        ((" me", "\ns"), " me", "\ns"),
        (("me\x1c", "s\x85"), "me\x1c", "s"),
        (("me\u2028", "s\u2028"), "me", "s\u2028"),
    ],
)
def test_ends_are_trimmed_as_the_reference_does(
    raw: tuple[str, str], client_id: str, text: str
) -> None:
    """White space after the id, control characters after the secret, nothing before either."""
    made = login(oidc(secret("oidc", 7, client_id=raw[0], client_secret=raw[1])))
    assert made.client_id == client_id
    assert made.client_secret == Secret(text)


@pytest.mark.parametrize(
    "state, sentence",
    [
        (None, "Secret shop/oidc does not exist"),
        (secret(client_secret=TEXT), "Secret shop/oidc has no key clientID"),
        (secret(client_id="me"), "Secret shop/oidc has no key clientSecret"),
        (
            secret(client_id=" ", client_secret=TEXT),
            "Secret shop/oidc needs text under clientID and clientSecret",
        ),
        (
            secret(client_id="me", client_secret="\n"),
            "Secret shop/oidc needs text under clientID and clientSecret",
        ),
        (UnreadableSecret("may not be read: add a Role"), "Secret shop/oidc may not be read: "),
    ],
)
def test_a_secret_that_is_no_use_stops_the_member(state: SecretState, sentence: str) -> None:
    """The sentence says what is missing, and nothing of what is there."""
    made = oidc(state)
    assert problem(made).startswith(sentence)
    assert TEXT not in problem(made)
    assert not made.intent.balancers


def test_a_missing_label_is_thought_of() -> None:
    """With --required-secrets-label a Secret may be there and not be seen."""
    made = oidc(None, by=settings(required_secrets_label="team=shop"))
    assert "lacks the label team=shop (--required-secrets-label)" in problem(made)


def test_the_provider_must_be_given() -> None:
    """auth-type oidc alone is not enough, nor is a provider without a Secret."""
    web = ingress(alb={**HTTPS, "auth-type": "oidc"})
    ((sentence,),) = reported(translated(web, key=WEB)).values()
    assert sentence == (
        f"{PREFIX}auth-type: needs the annotation {PREFIX}auth-idp-oidc, which is missing"
    )
    web = ingress(alb={**HTTPS, "auth-type": "oidc", "auth-idp-oidc": "{}"})
    ((sentence,),) = reported(translated(web, key=WEB)).values()
    assert sentence == f"{PREFIX}auth-idp-oidc: needs secretName"


@pytest.mark.parametrize("name", ["a,b", "A", "a/b", "a=b", "x" * 254, " ", "-a", "a\n"])
def test_what_no_secret_can_be_called_is_not_asked_for(name: str) -> None:
    """Nothing but a name gets into a request for Secrets."""
    made = oidc(secret(), alb={"auth-idp-oidc": json.dumps({**PROVIDER, "secretName": name})})
    assert problem(made) == f"{name!r} cannot be the name of a Secret"
    assert made.secrets == frozenset()


def test_without_https_no_secret_is_asked_for() -> None:
    """HTTP listeners take no login, so nothing that it needs is missed."""
    made = translated(ingress(alb=OIDC), key=WEB)
    assert made.problems == ()
    assert made.secrets == frozenset()
    assert listeners(made.intent)[0].routes[0].guard is None


def test_the_secrets_that_are_needed_are_named() -> None:
    """Also that of a member which is stopped, so that its correction is seen."""
    assert oidc(secret()).secrets == {("shop", "oidc")}
    assert oidc(None).secrets == {("shop", "oidc")}
    assert oidc(secret(), alb={"scheme": "nonsense"}).secrets == {("shop", "oidc")}


def test_a_service_can_have_a_secret_of_its_own() -> None:
    """Its provider counts where it gets all the traffic; its Secret lives with the Ingress."""
    theirs = {"auth-type": "oidc", "auth-idp-oidc": json.dumps({**PROVIDER, "secretName": "own"})}
    web = ingress(alb=HTTPS, rules=[rule("", path("/", "Prefix", to("app")))])
    made = translated(
        web,
        service(alb=theirs),
        key=WEB,
        secrets={("shop", "own"): secret("own", 7, client_id="them", client_secret=TEXT)},
    )
    assert made.secrets == {("shop", "own")}
    assert login(made).client_id == "them"


# ---- what AWS has


def version(made: Translation[MemberIntent]) -> str:
    """The version that the login's secret is to be sent for."""
    return login(made).secret_version


def test_on_take_over_nothing_is_sent_again() -> None:
    """Without a note LBC has applied what is there."""
    assert version(oidc(secret())) == ""


def test_what_is_noted_is_not_sent_again() -> None:
    """The same uid and resourceVersion: AWS has it."""
    assert version(oidc(secret(), noted=note({"oidc": "uid-oidc/7"}))) == ""


@pytest.mark.parametrize(
    "noted", ['{"oidc":"uid-oidc/6"}', '{"x":"y"}', "{}", "nonsense", "[" * 9000]
)
def test_what_is_not_noted_is_sent(noted: str) -> None:
    """Another version, another Secret, or a note that says nothing."""
    assert version(oidc(secret(), noted=noted)) == "uid-oidc/7"


def test_what_this_process_applied_counts_more_than_the_note() -> None:
    """An edited note sends nothing, and hides no change."""
    last = oidc(secret(version=7)).good["uid-web"].applied()
    assert version(oidc(secret(version=7), noted="{}", last=last)) == ""
    newer = note({"oidc": "uid-oidc/8"})
    assert version(oidc(secret(version=8), noted=newer, last=last)) == "uid-oidc/8"


def test_a_stopped_member_keeps_its_last_secret() -> None:
    """Its Secret is gone: the login stays as it was applied, and the Secret is still watched."""
    last = oidc(secret(version=8), noted="{}").good["uid-web"].applied()
    made = oidc(None, last=last)
    guard = listeners(made.intent)[0].routes[0].guard
    assert isinstance(guard, AuthenticateOidcAction)
    assert (guard.client_secret, guard.secret_version) == (Secret(TEXT), "")
    assert made.secrets == {("shop", "oidc")}


def test_the_note_says_nothing_of_the_content() -> None:
    """Only names and versions; nothing where no Secret is used."""
    assert note({"b": "2/2", "a": "1/1"}) == '{"a":"1/1","b":"2/2"}'
    assert note({}) is None
