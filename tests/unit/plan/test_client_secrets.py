"""OIDC client secrets: sent where they are needed, compared by version, shown nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterable

import msgspec
import pytest

from alb_controller.model.actions import AuthenticateOidcAction, FixedResponseAction, Session
from alb_controller.model.elbv2 import Action, Listener, ListenerRule
from alb_controller.model.stack import Observed, Stack
from alb_controller.plan.changes import Create, ModifyListener, ModifyRule, Plan
from alb_controller.plan.plan import plan
from alb_controller.plan.render import render_json, render_lines
from alb_controller.values import Secret
from tests.resources import NOT_FOUND, POLICY, answer, listener, load_balancer, rules, stack
from tests.unit.plan.deploys import deploy, deployed
from tests.world import World

TEXT = "correct horse battery staple"
SESSION = Session(
    on_unauthenticated_request="authenticate", scope="openid", cookie="c", timeout_seconds=60
)


def login(text: str = TEXT, *, version: str = "", client: str = "me") -> AuthenticateOidcAction:
    """A login; with a version its secret has changed since it was applied."""
    return AuthenticateOidcAction(
        issuer="https://idp",
        authorization_endpoint="https://idp/auth",
        token_endpoint="https://idp/token",  # a URL
        user_info_endpoint="https://idp/user",
        client_id=client,
        session=SESSION,
        client_secret=Secret(text),
        secret_version=version,
    )


def group(*actions: Action, default: Action = NOT_FOUND) -> Stack:
    """One rule with these actions."""
    (one,) = rules(("/", NOT_FOUND))
    return stack(
        load_balancers=(load_balancer(),),
        listeners=(listener(default_actions=(default,)),),
        rules=(msgspec.structs.replace(one, actions=actions),),
    )


def after_restart(world: World) -> Observed:
    """What is found: AWS shows no secret."""
    observed = world.observe()
    return msgspec.structs.replace(
        observed,
        rules=tuple(
            msgspec.structs.replace(
                found,
                resource=msgspec.structs.replace(
                    found.resource, actions=tuple(_shown(found.resource.actions))
                ),
            )
            for found in observed.rules
        ),
    )


def _shown(actions: Iterable[Action]) -> Iterable[Action]:
    for one in actions:
        if isinstance(one, AuthenticateOidcAction):
            yield msgspec.structs.replace(one, client_secret=None, secret_version="")
        else:
            yield one


def plan_for(desired: Stack, world: World) -> Plan:
    """The plan of a process that has just started."""
    return plan(desired, after_restart(world), POLICY)


def sent(made: Plan) -> list[Secret | None]:
    """The client secrets in the plan's steps, one for each login."""
    return [
        one.client_secret
        for step in made.steps
        if isinstance(step, Create | ModifyRule | ModifyListener)
        for one in _actions(step.resource)
        if isinstance(one, AuthenticateOidcAction)
    ]


def _actions(resource: object) -> tuple[Action, ...]:
    match resource:
        case ListenerRule(actions=actions) | Listener(default_actions=actions):
            return actions
    return ()


def test_a_new_rule_is_made_with_its_secret() -> None:
    """AWS has none yet, whatever the note says."""
    assert sent(plan(group(login(), answer("A")), Observed(), POLICY)) == [Secret(TEXT)]


def test_an_unchanged_secret_takes_no_call() -> None:
    """AWS never shows it, and it is not sent in every pass as LBC does."""
    world = deployed(group(login(), answer("A")))
    assert not plan_for(group(login(), answer("A")), world)


def test_a_changed_secret_is_one_modification_of_each_rule() -> None:
    """With the new secret in it."""
    world = deployed(group(login("old"), answer("A")))
    desired = group(login("new", version="1/2"), answer("A"))
    assert sent(plan_for(desired, world)) == [Secret("new")]
    assert deploy(world, desired) == ["ModifyRule"]


def test_the_same_secret_under_a_new_version_takes_no_call() -> None:
    """Where this process has sent it, it knows: a label of the Secret was changed, no more."""
    world = deployed(group(login(), answer("A")))
    assert deploy(world, group(login(version="1/2"), answer("A"))) == []


def test_another_change_lets_aws_keep_the_secret() -> None:
    """The modification names no secret where AWS has the right one."""
    world = deployed(group(login(), answer("A")))
    assert sent(plan_for(group(login(), answer("B")), world)) == [None]


@pytest.mark.parametrize("before", [(answer("A"),), (login(client="other"), answer("A"))])
def test_a_rule_without_this_login_gets_the_secret(before: tuple[Action, ...]) -> None:
    """What AWS keeps would be nothing, or another client's secret."""
    world = deployed(group(*before))
    assert sent(plan_for(group(login(), answer("A")), world)) == [Secret(TEXT)]


def test_default_actions_are_treated_alike() -> None:
    """A listener's default login is sent its secret only where that has changed."""
    fixed = FixedResponseAction("200")
    rule = (answer("A"),)

    def wanted(text: str, version: str = "") -> Stack:
        made = group(*rule)
        actions = (login(text, version=version), fixed)
        (one,) = made.listeners
        return msgspec.structs.replace(
            made, listeners=(msgspec.structs.replace(one, default_actions=actions),)
        )

    world = deployed(wanted("old"))
    assert deploy(world, wanted("old")) == []
    assert sent(plan(wanted("new", "1/2"), world.observe(), POLICY)) == [Secret("new")]


def test_no_form_of_a_plan_shows_a_secret() -> None:
    """Neither text nor JSON nor repr, for creation and for modification."""
    world = deployed(group(login("old"), answer("A")))
    for made in (
        plan(group(login(), answer("A")), Observed(), POLICY),
        plan_for(group(login(version="1/2"), answer("A")), world),
    ):
        shown = [*render_lines(made), json.dumps(render_json(made)), repr(made), str(made)]
        assert made.steps
        assert TEXT not in "".join(shown)


def test_values_with_a_secret_are_never_encoded() -> None:
    """msgspec refuses, and says nothing of the content."""
    for encode in (msgspec.to_builtins, msgspec.json.encode, msgspec.msgpack.encode):
        with pytest.raises(TypeError) as caught:
            encode(login())
        assert TEXT not in str(caught.value)
