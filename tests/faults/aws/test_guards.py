"""What is never sent, and what never leaks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import botocore.session
import pytest
from botocore.exceptions import UnknownServiceError

from alb_controller.aws.client import NotLoopback, Sender, SenderSettings
from alb_controller.errors import AccessDenied, AwsError, NotLeading, Rejected
from tests.faults.aws.conftest import MakeRig
from tests.faults.aws.faulty_server import BROKEN, OK, Answer, serving

_RULE = {"ListenerArn": "l", "Conditions": [], "Priority": 1, "Actions": []}


def test_no_write_leaves_without_the_lease(rig: MakeRig) -> None:
    """Each attempt of a write asks first; reads do not."""

    def may_write() -> None:
        raise NotLeading("another replica leads")

    with serving(OK) as server:
        sender = rig(server, {"may_write": may_write}).sender
        with pytest.raises(NotLeading):
            sender.call("elbv2", "DeleteRule", RuleArn="r")
        sender.call("elbv2", "DescribeRules", ListenerArn="l")
        assert server.operations == ["DescribeRules"]


def test_a_standby_may_assume_roles(rig: MakeRig) -> None:
    """It answers reviews of bindings, which read target groups of other accounts; no more."""

    def may_write() -> None:
        raise NotLeading("another replica leads")

    with serving(OK) as server:
        sender = rig(server, {"may_write": may_write}).sender
        sender.call(
            "sts",
            "AssumeRole",
            RoleArn=f"arn:aws:iam::{'2' * 12}:role/r",
            RoleSessionName="standby",
        )
        with pytest.raises(NotLeading):
            sender.with_credentials("a", "s", "t").call("elbv2", "DeleteRule", RuleArn="r")
        assert server.operations == ["AssumeRole"]


def test_a_lease_lost_between_attempts_stops_the_retry(rig: MakeRig) -> None:
    """A write that failed is not sent again by a process that leads no more."""
    with serving(BROKEN) as server:

        def may_write() -> None:
            if server.operations:
                raise NotLeading("lost meanwhile")

        made = rig(server, {"may_write": may_write})
        with pytest.raises(NotLeading):
            made.sender.call("elbv2", "DeleteRule", RuleArn="r")
        assert server.operations == ["DeleteRule"]


def test_a_lease_lost_while_a_request_is_signed_stops_it(rig: MakeRig) -> None:
    """Fetching credentials may take seconds: the Lease is looked at once more when all is ready."""
    asked: list[str] = []

    def may_write() -> None:
        asked.append("may I?")
        if len(asked) > 1:
            raise NotLeading("lost meanwhile")

    with serving(OK) as server:
        with pytest.raises(NotLeading):
            rig(server, {"may_write": may_write}).sender.call("elbv2", "DeleteRule", RuleArn="r")
        assert server.operations == []


def test_nothing_leaves_a_sandbox() -> None:
    """Bound to loopback, a call to any other host is refused before it is sent."""
    fresh = botocore.session.get_session()
    fresh.set_credentials("test", "test")
    for endpoints in ({"elbv2": "http://192.0.2.1"}, {}):
        settings = SenderSettings(region="us-west-2", endpoints=endpoints, loopback_only=True)
        with pytest.raises(NotLoopback, match="is not this machine"):
            Sender(settings, session=fresh).call("elbv2", "DescribeRules", ListenerArn="l")


def test_secrets_are_cut_out_of_errors(rig: MakeRig) -> None:
    """A secret that AWS quotes back is not in the error."""
    oidc = {
        "Issuer": "https://i.example",
        "AuthorizationEndpoint": "https://i.example/a",
        "TokenEndpoint": "https://i.example/t",
        "UserInfoEndpoint": "https://i.example/u",
        "ClientId": "web",
        "ClientSecret": "hunter2-hunter2",
    }
    actions = [{"Type": "authenticate-oidc", "AuthenticateOidcConfig": oidc}]
    quoted = "Value 'hunter2-hunter2' at 'actions.1.clientSecret' is wrong"
    with serving(Answer(400, "ValidationError", quoted)) as server:
        sender = rig(server).sender
        with pytest.raises(Rejected) as caught:
            sender.call("elbv2", "ModifyRule", RuleArn="r", Actions=actions)
    assert "hunter2" not in str(caught.value)
    assert "'[redacted]' at 'actions.1.clientSecret'" in str(caught.value)


def test_parameters_are_not_in_errors(rig: MakeRig) -> None:
    """A request that the SDK refuses names the field, not its value."""
    with serving(OK) as server:
        sender = rig(server).sender
        with pytest.raises(Rejected) as caught:
            sender.call("elbv2", "ModifyRule", RuleArn=["hunter2"])
        assert "RuleArn" in str(caught.value)
        assert "hunter2" not in repr(caught.value)
        assert server.operations == []


def test_a_denied_call_names_the_iam_action(rig: MakeRig) -> None:
    """Whoever reads the event knows what to add to the role."""
    message = "no. Encoded authorization failure message: AAAABBBBCCCC"
    with serving(Answer(403, "AccessDenied", message)) as server:
        with pytest.raises(AccessDenied) as caught:
            rig(server).sender.call("elbv2", "CreateRule", **_RULE)
        assert len(server.operations) == 1
    assert "needs elasticloadbalancing:CreateRule: no." in str(caught.value)
    assert "AAAABBBB" not in str(caught.value)
    assert caught.value.request_id == "request-1"


def test_missing_credentials_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials nothing is retried, and the error tells what is missing."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with serving(OK) as server:
        settings = SenderSettings(region="us-west-2", endpoints={"elbv2": server.url})
        sender = Sender(settings, session=botocore.session.Session())
        with pytest.raises(AccessDenied, match="NoCredentialsError"):
            sender.call("elbv2", "DescribeRules", ListenerArn="l")
        assert server.operations == []


def test_threads_share_one_client_from_the_start(rig: MakeRig) -> None:
    """Twenty threads that call at once all get through; each call is reported once."""
    barrier = threading.Barrier(20)

    def call(sender: Sender) -> None:
        barrier.wait()
        sender.call("elbv2", "DescribeRules", ListenerArn="l")

    with serving(OK) as server, ThreadPoolExecutor(20) as pool:
        made = rig(server)
        made.sender.warm_up(["elbv2"])
        list(pool.map(call, [made.sender] * 20))
        assert len(server.operations) == 20
    assert len(made.calls.seen) == 20


def test_what_cannot_be_made_ahead_of_time_is_left_to_the_first_call(rig: MakeRig) -> None:
    """No thread dies of it, and the services after it are made."""
    with serving(OK) as server:
        sender = rig(server).sender
        sender.warm_up(["no-such-service", "elbv2"])
        for thread in [one for one in threading.enumerate() if one.name == "aws-clients"]:
            thread.join(60)
        assert list(sender._clients) == ["elbv2"]
        with pytest.raises(UnknownServiceError):
            sender.call("no-such-service", "Describe")


def test_errors_carry_what_aws_answered(rig: MakeRig) -> None:
    """Service, operation, code and request id are fields, for logs and for support cases."""
    answer = Answer(400, "TooManyRules", "too many rules")
    with serving(answer) as server, pytest.raises(AwsError) as caught:
        rig(server).sender.call("elbv2", "CreateRule", **_RULE)
    error = caught.value
    reported = (error.service, error.operation, error.code, error.message, error.request_id)
    assert reported == ("elbv2", "CreateRule", "TooManyRules", "too many rules", "request-1")
    assert error.__cause__ is None
