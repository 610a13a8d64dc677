"""Secrets in use: one watch each, by name; refusals and disappearances are states, not errors."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from alb_controller.kube import secrets
from alb_controller.kube.client import KubeClient
from alb_controller.kube.secrets import SecretWatches
from alb_controller.objects.secrets import OidcSecret, SecretName, SecretState, UnreadableSecret
from alb_controller.values import Secret, StackKey
from tests.clocks import FakeClock
from tests.faults.kube.server import Answer, ApiServer, Request, status
from tests.odd_json import dumps, managed_fields
from tests.waiting import until

SECRETS = "/api/v1/namespaces/shop/secrets"
OIDC: SecretName = ("shop", "oidc")
TEAM, WEB = StackKey("ingress", "", "team"), StackKey("ingress", "shop", "web")
METADATA = {"namespace": "shop", "name": "oidc"}
TEXT = "correct horse battery staple"


class Rig:
    """Watches, the stacks that they have woken, and the clock that they pause by."""

    def __init__(self, client: KubeClient, **options: Any) -> None:
        self.clock = FakeClock()
        self.woken: list[StackKey] = []
        self.watches = SecretWatches(client, self.clock, wake=self.woken.append, **options)

    def state(self, name: SecretName = OIDC) -> SecretState:
        """What is known, once it is."""
        until(lambda: name in self.watches.known())
        return self.watches.known()[name]

    def text(self) -> str:
        """The client secret that is known now."""
        state = self.watches.known().get(OIDC)
        secret = state.data.client_secret if isinstance(state, OidcSecret) else None
        return secret.reveal() if secret else ""


@pytest.fixture
def rig(client: KubeClient) -> Iterator[Rig]:
    """Watches that nobody uses yet."""
    made = Rig(client)
    yield made
    made.watches.stop()


def secret(text: str = TEXT, **data: str) -> dict[str, Any]:
    """A Secret as JSON."""
    found = {"clientID": "me", "clientSecret": text, **data}
    return {"data": {k: base64.b64encode(v.encode()).decode() for k, v in found.items()}}


def forbidden(request: Request) -> Any:
    """The answer of RBAC."""
    if request.path == SECRETS:
        return status(403, "Forbidden", 'secrets "oidc" is forbidden: cannot list resource')
    return None


def test_a_secret_is_listed_and_watched_by_its_name(api: ApiServer, rig: Rig) -> None:
    """Every request for Secrets selects one by name, so that resourceNames can allow it."""
    api.put(f"{SECRETS}/oidc", secret())
    rig.watches.use(TEAM, [OIDC])
    state = rig.state()
    assert isinstance(state, OidcSecret)
    assert state.data.client_id == Secret("me")
    assert rig.text() == TEXT
    until(lambda: api.count(watch=True) == 1)
    assert {r.path for r in api.requests} == {SECRETS}
    assert {r.query["fieldSelector"] for r in api.requests} == {"metadata.name=oidc"}


def test_the_required_label_is_selected_by(api: ApiServer, client: KubeClient) -> None:
    """With --required-secrets-label no Secret without the label is asked for."""
    rig = Rig(client, required_label="team=shop")
    rig.watches.use(TEAM, [OIDC])
    assert rig.state() is None
    until(lambda: api.count(watch=True) == 1)
    rig.watches.stop()
    assert {r.query["labelSelector"] for r in api.requests} == {"team=shop"}


def test_a_change_wakes_who_uses_the_secret(api: ApiServer, rig: Rig) -> None:
    """A new client secret wakes every stack that uses it, and none that does not any more."""
    api.put(f"{SECRETS}/oidc", secret())
    rig.watches.use(TEAM, [OIDC])
    rig.watches.use(WEB, [OIDC])
    rig.state()
    until(lambda: api.watches)
    rig.watches.use(WEB, [])
    rig.woken.clear()
    api.put(f"{SECRETS}/oidc", secret("another"))
    until(lambda: rig.woken == [TEAM])
    assert rig.text() == "another"


def test_other_keys_are_never_decoded(api: ApiServer, rig: Rig) -> None:
    """What the controller does not need of a Secret is not kept."""
    api.put(f"{SECRETS}/oidc", secret(password="hunter2"))
    rig.watches.use(TEAM, [OIDC])
    assert "hunter2" not in repr(rig.state())
    assert TEXT not in repr(rig.state())


def test_a_missing_secret_is_known_to_be_missing(api: ApiServer, rig: Rig) -> None:
    """No such Secret is an answer; the stack is woken when it appears, and when it goes."""
    rig.watches.use(TEAM, [OIDC])
    assert rig.state() is None
    until(lambda: api.watches)
    rig.woken.clear()
    api.put(f"{SECRETS}/oidc", secret())
    until(lambda: rig.text() == TEXT)
    api.remove(f"{SECRETS}/oidc")
    until(lambda: rig.text() == "")
    until(lambda: rig.woken == [TEAM, TEAM])


def test_a_refusal_names_the_role_to_add(api: ApiServer, rig: Rig) -> None:
    """403 is a state whose sentence says which Role helps; the stack is woken once it is there."""
    api.put(f"{SECRETS}/oidc", secret())
    api.fault = forbidden
    rig.watches.use(TEAM, [OIDC])
    state = rig.state()
    assert isinstance(state, UnreadableSecret)
    for texts in ("namespace 'shop'", "list and watch", "resourceNames ['oidc']"):
        assert texts in state.problem
    until(lambda: rig.woken == [TEAM])
    api.fault = lambda _: None
    until(lambda: len(rig.clock.slept) >= 1)
    rig.clock.advance(60)
    until(lambda: rig.text() == TEXT)
    until(lambda: rig.woken == [TEAM, TEAM])


def test_a_refusal_in_between_is_healed_by_a_new_list(api: ApiServer, rig: Rig) -> None:
    """After a Role was away for a while, the unchanged Secret is read again."""
    api.put(f"{SECRETS}/oidc", secret())
    rig.watches.use(TEAM, [OIDC])
    until(lambda: api.watches)
    api.fault = forbidden
    api.watches[-1].end()
    until(lambda: len(rig.clock.slept) == 1)
    rig.clock.advance(60)
    until(lambda: isinstance(rig.watches.known()[OIDC], UnreadableSecret))
    api.fault = lambda _: None
    until(lambda: len(rig.clock.slept) == 2)
    rig.clock.advance(60)
    until(lambda: rig.text() == TEXT)


def test_a_server_that_cannot_read_secrets_is_reported_and_healed(api: ApiServer, rig: Rig) -> None:
    """Before the first answer any error is a state: nobody waits for one Secret for ever."""
    api.put(f"{SECRETS}/oidc", secret())
    api.fault = lambda _: status(500, "InternalError", "no key to decrypt it")
    rig.watches.use(TEAM, [OIDC])
    state = rig.state()
    assert isinstance(state, UnreadableSecret)
    assert "cannot be read: Kubernetes API: 500" in state.problem
    api.fault = lambda _: None
    until(lambda: len(rig.clock.slept) == 1)
    rig.clock.advance(60)
    until(lambda: rig.text() == TEXT)
    until(lambda: rig.woken == [TEAM, TEAM])


def test_an_expired_token_is_no_refusal(api: ApiServer, rig: Rig) -> None:
    """401 says nothing about Roles: what is known stays."""
    api.put(f"{SECRETS}/oidc", secret())
    rig.watches.use(TEAM, [OIDC])
    until(lambda: api.watches)
    api.fault = lambda _: status(401, "Unauthorized")
    api.watches[-1].end()
    until(lambda: len(rig.clock.slept) == 1)
    rig.clock.advance(60)
    until(lambda: len(rig.clock.slept) == 2)
    assert rig.text() == TEXT


def test_a_watch_ends_with_its_last_user(api: ApiServer, rig: Rig) -> None:
    """Nothing of a Secret is kept or watched that no stack uses."""
    api.put(f"{SECRETS}/oidc", secret())
    rig.watches.use(TEAM, [OIDC])
    until(lambda: api.watches)
    rig.watches.use(TEAM, [])
    assert rig.watches.known() == {}

    def is_noticed() -> bool:
        api.put(f"{SECRETS}/oidc", secret("another"))
        return not api.watches

    until(is_noticed)
    assert rig.woken == [TEAM]


def test_a_secret_that_is_no_text_is_as_good_as_empty(api: ApiServer, rig: Rig) -> None:
    """Bytes that are no UTF-8 are read as nothing, and nothing of them is logged."""
    raw = base64.b64encode(b"\xff\xfe\xfd").decode()
    with capture_logs() as logs:
        api.put(f"{SECRETS}/oidc", {"data": {"clientSecret": raw}})
        rig.watches.use(TEAM, [OIDC])
        state = rig.state()
    assert isinstance(state, OidcSecret)
    assert state.data.client_secret == Secret("")
    assert raw not in str(logs)


def test_other_secrets_and_broken_ones_change_nothing(api: ApiServer, rig: Rig) -> None:
    """Also where a server sends more than was asked for, or another shape."""
    api.put(f"{SECRETS}/oidc", secret())
    api.put(f"{SECRETS}/other", secret("of somebody else"))
    rig.watches.use(TEAM, [OIDC])
    until(lambda: api.watches)
    api.put(f"{SECRETS}/other", secret("changed"))
    api.put(f"{SECRETS}/oidc", {"data": ["no map"]})
    api.remove(f"{SECRETS}/other")
    api.watches[-1].end()
    until(lambda: len(rig.clock.slept) == 1)
    assert (rig.text(), rig.woken) == (TEXT, [TEAM])
    rig.clock.advance(60)
    api.version += 1
    until(lambda: api.count(watch=True) == 2)
    assert rig.text() == TEXT


BAD = b'{"metadata": {"namespace": "shop", "name": "oidc"}, "data": "%s"}'


@pytest.mark.parametrize("bad", [BAD % base64.b64encode(TEXT.encode()), b"7", b'{"metadata": []}'])
def test_a_secret_that_cannot_be_read_is_not_missing(api: ApiServer, rig: Rig, bad: bytes) -> None:
    """Who uses it is reported, and woken once it can be read; nothing of it is logged."""
    listed = b'{"metadata": {"resourceVersion": "7"}, "items": [%s]}' % bad
    api.fault = lambda request: None if request.is_watch else Answer(200, listed)
    with capture_logs() as logs:
        rig.watches.use(TEAM, [OIDC])
        state = rig.state()
        until(lambda: api.watches)
    assert isinstance(state, UnreadableSecret)
    assert state.problem.startswith("cannot be read: Expected `")
    assert REGISTRY.get_sample_value("awslbc_unreadable_objects", {"kind": "Secret"}) == 1
    assert len([log for log in logs if log["event"] == "object_ignored"]) == 1
    assert base64.b64encode(TEXT.encode()).decode() not in str(logs)
    api.put(f"{SECRETS}/oidc", secret())
    until(lambda: rig.text() == TEXT)
    assert rig.woken == [TEAM, TEAM]
    assert REGISTRY.get_sample_value("awslbc_unreadable_objects", {"kind": "Secret"}) == 0


def test_others_that_cannot_be_read_change_nothing(api: ApiServer, rig: Rig) -> None:
    """Where a server sends more than was asked for."""
    bad = BAD.replace(b"oidc", b"other") % b""
    listed = b'{"metadata": {"resourceVersion": "7"}, "items": [%s]}' % bad
    api.fault = lambda request: None if request.is_watch else Answer(200, listed)
    rig.watches.use(TEAM, [OIDC])
    assert rig.state() is None


def test_a_secret_may_nest_deeply(api: ApiServer, rig: Rig) -> None:
    """In what is not read of it."""
    text = dumps(secret() | {"metadata": METADATA | {"managedFields": managed_fields(9990)}})
    listed = f'{{"metadata": {{"resourceVersion": "7"}}, "items": [{text}]}}'.encode()
    api.fault = lambda request: None if request.is_watch else Answer(200, listed)
    rig.watches.use(TEAM, [OIDC])
    rig.state()
    assert rig.text() == TEXT


def test_a_bad_successor_of_a_secret_is_another_one(api: ApiServer, rig: Rig) -> None:
    """What was known of its predecessor is not true of it."""
    api.put(f"{SECRETS}/oidc", secret())
    rig.watches.use(TEAM, [OIDC])
    until(lambda: api.watches)
    api.report("MODIFIED", {"metadata": METADATA | {"uid": "other"}, "data": 7})
    until(lambda: isinstance(rig.state(), UnreadableSecret))


class Many:
    """Three Secrets of the stack web, where two may be watched."""

    def __init__(self, api: ApiServer, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(secrets, "MOST_WATCHES", 2)
        self.names: list[SecretName] = [("shop", name) for name in "abc"]
        for _, name in self.names:
            api.put(f"{SECRETS}/{name}", secret(name))
        self._rig = rig
        rig.watches.use(WEB, self.names)
        until(lambda: len(rig.watches.known()) == 3)
        until(lambda: len(api.watches) == 2)

    def text(self) -> str:
        """The client secret that is known of the one that is read in turn."""
        state = self._rig.watches.known()[self.names[-1]]
        assert isinstance(state, OidcSecret)
        assert state.data.client_secret is not None
        return state.data.client_secret.reveal()

    def watched_and_read(self) -> list[float | None]:
        """As metrics show."""
        value = REGISTRY.get_sample_value
        return [value("awslbc_secrets", {"how": how}) for how in ("watch", "read")]


@pytest.fixture
def many(api: ApiServer, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Many:
    """All of them known."""
    return Many(api, rig, monkeypatch)


def test_more_secrets_than_are_watched_are_read_in_turn(
    api: ApiServer, rig: Rig, many: Many
) -> None:
    """Each about once a minute, by its name, and a change wakes its stack as that of a watch."""
    assert many.watched_and_read() == [2, 1]
    assert {r.query["fieldSelector"] for r in api.requests if r.is_watch} == {
        "metadata.name=a",
        "metadata.name=b",
    }
    rig.woken.clear()
    api.put(f"{SECRETS}/c", secret("another"))
    lists = api.count(watch=False)
    passes(rig, 30)
    assert (api.count(watch=False), many.text(), rig.woken) == (lists, "c", [])
    passes(rig, 60)
    assert many.text() == "another"
    assert rig.woken == [WEB]
    assert lists < api.count(watch=False) <= lists + 2


def passes(rig: Rig, ticks: int) -> None:
    """Let the thread that reads in turn look at the clock so often, once for each second."""
    for _ in range(ticks):
        tick(rig)


def tick(rig: Rig) -> None:
    """Once."""
    number = len(rig.clock.slept)
    rig.clock.advance(secrets.TICK_SECONDS)
    until(lambda: len(rig.clock.slept) > number)


def test_a_watch_that_ends_makes_room(api: ApiServer, rig: Rig, many: Many) -> None:
    """A Secret that was read in turn is watched from then on, and nothing is read in turn."""
    rig.watches.use(WEB, many.names[1:])
    passes(rig, 1)
    until(lambda: any(w.request.query["fieldSelector"].endswith("=c") for w in api.watches))
    assert many.watched_and_read() == [2, 0]
    rig.woken.clear()
    api.put(f"{SECRETS}/c", secret("another"))
    until(lambda: rig.woken == [WEB])
    assert many.text() == "another"


def test_a_refusal_is_a_state_of_what_is_read_in_turn(api: ApiServer, rig: Rig, many: Many) -> None:
    """And so is the end of it."""
    name = many.names[-1]
    api.fault = lambda r: (
        status(403, "Forbidden") if r.query["fieldSelector"].endswith("c") else None
    )
    passes(rig, 60)
    state = rig.watches.known()[name]
    assert isinstance(state, UnreadableSecret)
    assert "resourceNames ['c']" in state.problem
    api.fault = lambda _: None
    passes(rig, 60)
    assert many.text() == "c"


def test_a_secret_that_nobody_uses_is_read_no_more(api: ApiServer, rig: Rig, many: Many) -> None:
    """Nothing of it is kept."""
    rig.watches.use(WEB, many.names[:2])
    assert many.names[-1] not in rig.watches.known()
    lists = api.count(watch=False)
    passes(rig, 90)
    assert api.count(watch=False) == lists
    assert many.watched_and_read() == [2, 0]
