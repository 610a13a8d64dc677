"""The command line: what it takes, and the one line it says when it does not."""

from __future__ import annotations

import json
import runpy
import sys
from importlib import metadata

import click
import pytest

from alb_controller import app, cli
from alb_controller.cli import main
from alb_controller.sandbox import command
from alb_controller.sandbox.world import Ports
from alb_controller.settings import Settings


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of each controller that was started; none really runs."""
    seen: list[Settings] = []

    def run(settings: Settings) -> int:
        seen.append(settings)
        return 7

    monkeypatch.setattr(app, "run", run)
    return seen


def test_run_starts_a_controller_and_gives_its_exit_code(started: list[Settings]) -> None:
    """Flags become settings, and the controller's exit code is the command's."""
    assert main(["run", "--cluster-name=prod", "--log-level", "debug"]) == 7
    assert [(made.cluster_name, made.log_level) for made in started] == [("prod", "debug")]


@pytest.mark.parametrize(
    "arguments, is_on",
    [
        (["--enable-leader-election"], True),
        (["--enable-leader-election=true"], True),
        (["--enable-leader-election=false"], False),
        (["--enable-leader-election", "false"], False),
        ([], True),
    ],
)
def test_bools_are_written_as_in_go(
    started: list[Settings], arguments: list[str], is_on: bool
) -> None:
    """`--flag`, `--flag=false` and `--flag false` all work, whatever follows."""
    assert main(["run", *arguments, "--cluster-name=prod"]) == 7
    assert started[0].enable_leader_election is is_on


def test_a_list_flag_may_be_repeated(started: list[Settings]) -> None:
    """Each use adds."""
    main(["run", "--cluster-name=prod", "--default-tags=a=1", "--default-tags=b=2"])
    assert started[0].default_tags == {"a": "1", "b": "2"}


def test_the_region_comes_from_the_environment(
    started: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables of the process are read by the command, not by the settings."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    main(["run", "--cluster-name=prod"])
    assert started[0].aws_region == "eu-west-1"


@pytest.mark.parametrize(
    "arguments, texts",
    [
        (["run"], "--cluster-name is required"),
        (["run", "--cluster-nam=x"], "Did you mean '--cluster-name'?"),
        (["run", "--cluster-name"], "requires an argument"),
        (["run", "--cluster-name=x", "more"], "unexpected extra argument"),
        (["run", "--cluster-name=x", "--sync-period=10"], "must be a duration"),
        (["run", "--cluster-name=x", "--feature-gates=Nope=true"], "has no gate 'Nope'"),
        (["rum"], "Did you mean 'run'?"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    arguments: list[str], texts: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback, no usage page: the flag, the value, what is allowed, the nearest name."""
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("alb-controller: ")
    assert shown.err.count("\n") == 1
    assert texts in shown.err


def test_help_shows_every_flag_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    """`run --help` is the reference page in short."""
    assert main(["run", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--targetgroupbinding-max-exponential-backoff-delay DURATION" in shown
    assert "[16m40s]" in shown


def test_the_module_is_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m alb_controller version` prints the version alone and ends with 0."""
    monkeypatch.setattr(sys, "argv", ["alb_controller", "version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("alb_controller", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out == metadata.version("alb-controller") + "\n"


def test_without_a_command_there_is_help_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    """As of any program that was called wrongly."""
    assert main([]) == 2
    assert "Usage: alb-controller" in capsys.readouterr().out


def test_the_sandbox_gets_what_was_wished_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each flag is an option; its exit code is the command's."""
    seen: list[command.Options] = []

    def run(options: command.Options) -> int:
        seen.append(options)
        return 3

    monkeypatch.setattr(command, "run", run)
    assert main(["sandbox", "--once", "--aws-port=4566", "--timeout=5"]) == 3
    assert seen == [command.Options(once=True, ports=Ports(aws=4566), timeout_seconds=5.0)]


def test_a_sandbox_without_its_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Production images do not carry it."""
    monkeypatch.setitem(sys.modules, "alb_controller.sandbox.command", None)
    assert main(["sandbox"]) == 2
    assert "pip install 'alb-controller[sandbox]'" in capsys.readouterr().err


def test_an_interrupted_command_ends_as_shells_expect(monkeypatch: pytest.MonkeyPatch) -> None:
    """128 and the signal's number."""

    def interrupt(*_: object, **__: object) -> None:
        raise click.Abort

    monkeypatch.setattr(cli.commands, "main", interrupt)
    assert main([]) == 130


def test_iam_prints_the_least_policy(capsys: pytest.CaptureFixture[str]) -> None:
    """The document on stdout is for the features and the cluster that were named."""
    assert main(["iam", "--features=shield", "--cluster-name=prod", "--partition=aws-cn"]) == 0
    printed = capsys.readouterr().out
    actions = {action for made in json.loads(printed)["Statement"] for action in made["Action"]}
    assert "shield:CreateProtection" in actions
    assert "wafv2:AssociateWebACL" not in actions
    assert '"aws:ResourceTag/elbv2.k8s.aws/cluster": "prod"' in printed
    assert "arn:aws-cn:" in printed


@pytest.mark.parametrize(
    "arguments, texts",
    [
        (["--features=wav2"], "wav2: features are account-quotas, acm,"),
        (["--partition=aws-moon"], "--partition is one of aws, aws-cn,"),
        (["--pod-identity", "--cluster-name=c"], "exclude each other"),
    ],
)
def test_iam_refuses_what_it_does_not_know(
    arguments: list[str], texts: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says what is allowed, and no policy is printed."""
    assert main(["iam", *arguments]) == 2
    printed = capsys.readouterr()
    assert texts in printed.err
    assert printed.out == ""
