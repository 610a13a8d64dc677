"""The command line: flags and environment -> Settings, then the command; nothing else.

Each command imports what it runs when it runs, so that `--help` and `version` stay quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from alb_controller.settings import FlagRow, InvalidSetting, flag_rows, parse_settings

BAD_USAGE = 2
"""Exit code for a flag or command that cannot be taken."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """Application Load Balancers for the Ingresses of an EKS cluster."""


@commands.command()
def version() -> None:
    """Print the version."""
    click.echo(metadata.version("alb-controller"))


_FILE = click.Path(exists=True, path_type=Path)
_PORT = click.IntRange(0, 65535)


@commands.command()
@click.option("-f", "files", type=_FILE, multiple=True, help="Your manifests: a file or a folder.")
@click.option("--once", is_flag=True, help="End when all is made and shown; exit code 0 if it was.")
@click.option(
    "--kube-port", type=_PORT, default=0, help="Port of the Kubernetes API; 0: any free one."
)
@click.option("--aws-port", type=_PORT, default=0, help="Port of the local AWS; 0: any free one.")
@click.option(
    "--names-port",
    type=_PORT,
    default=0,
    help="Port of the map of load balancers; 0: any free one.",
)
@click.option("--timeout", type=float, default=60.0, help="Seconds to wait for all to be made.")
def sandbox(
    files: tuple[Path, ...],
    once: bool,
    kube_port: int,
    aws_port: int,
    names_port: int,
    timeout: float,
) -> int:
    """Try it all on this machine: no cluster, no AWS account.

    Starts a Kubernetes API, a local AWS and the controller, applies an example or your manifests,
    and shows the load balancers that come of them.
    """
    try:
        from alb_controller.sandbox.command import Options, run
        from alb_controller.sandbox.world import Ports
    except ModuleNotFoundError as error:
        raise click.UsageError(
            f"the sandbox needs {error.name}: pip install 'alb-controller[sandbox]'"
        ) from None
    options = Options(
        files=files,
        once=once,
        ports=Ports(kube_port, aws_port, names_port),
        timeout_seconds=timeout,
    )
    return run(options)


@commands.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def dataplane(file: Path) -> int:
    """Answer requests as the load balancers of a state file would, on this machine (Envoy).

    FILE is what `alb-controller state` writes. The command prints one line of JSON with the
    addresses of the listeners, and ends when its standard input closes.
    docs/reference/data-plane.md says what differs from AWS.
    """
    from alb_controller.sandbox.dataplane.command import run

    return run(file)


@commands.command()
@click.option(
    "--features", metavar="A,B,…", help="Features in use; without it, those that are on by default."
)
@click.option("--partition", default="aws", help="AWS partition: aws, aws-cn, aws-us-gov …")
@click.option(
    "--cluster-name", default="", help="Restrict the policy to resources of this cluster."
)
@click.option(
    "--pod-identity",
    is_flag=True,
    help="Restrict the policy by the session tags of EKS Pod Identity.",
)
def iam(features: str | None, partition: str, cluster_name: str, pod_identity: bool) -> None:
    """Print the smallest IAM policy for the features in use.

    Features, and what works without them: docs/reference/permissions.md. With an empty
    --features= the policy has only what every cluster needs.
    """
    from alb_controller.aws.iam.command import Request, print_policy

    try:
        click.echo(print_policy(Request(features, partition, cluster_name, pod_identity)), nl=False)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


_FILES = click.option(
    "-f", "files", type=_FILE, multiple=True, help="Your manifests: a file or a folder."
)
_LIVE = click.option(
    "--live",
    is_flag=True,
    help="What AWS has now; reads AWS_REGION, AWS_VPC_ID and the usual AWS credentials.",
)
_BALANCER = click.option(
    "--load-balancer", default="", help="Name of the load balancer, if there are several."
)


@commands.command()
@click.argument("method", required=False)
@click.argument("url", required=False)
@_FILES
@_LIVE
@click.option("--state", "file", type=_FILE, help="A file that `alb-controller state` has written.")
@click.option(
    "-H", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header of the request."
)
@click.option("--from", "source", default="127.0.0.1", help="Address of the client.")
@click.option("--zone", help="Availability zone that the request reaches.")
@click.option(
    "--http",
    "version",
    type=click.Choice(["1.0", "1.1", "2"]),
    default="1.1",
    help="HTTP version of the request.",
)
@_BALANCER
@click.option(
    "--seed", type=int, help="Make the random choice of target group and target repeatable."
)
@click.option(
    "--kind",
    type=click.Choice(["alb", "ingress", "validate", "health"]),
    help="For programs: read questions as JSON from stdin, one object or a list.",
)
@click.option(
    "--batch", is_flag=True, help="With --kind, for clarity: a list is recognised anyway."
)
def route(file: Path | None, kind: str | None, **given: Any) -> int:
    """Say which rule of a load balancer answers a request, and why.

    Example: alb-controller route -f manifests/ GET http://myapp.example/. Give one of -f, --live
    and --state. Exit code 0: a rule or a target answers; 1: the load balancer itself answers, with
    an error; 2: the question is not valid. More: docs/how-to/ask-for-a-route.md.
    """
    from alb_controller.commands.route.command import Problem, read_stdin, run_people, run_program

    try:
        if kind is None:
            return run_people(file, given)
        return run_program(kind, file, read_stdin())
    except Problem as error:
        raise click.UsageError(str(error)) from None


@commands.command()
@_FILES
@_LIVE
@_BALANCER
def state(files: tuple[Path, ...], live: bool, load_balancer: str) -> int:
    """Print the state of load balancers as JSON, from manifests or from AWS.

    `route --state` and `dataplane` read it. Without -f it is what AWS has now (--live).
    """
    from alb_controller.commands.route.command import Problem, print_state

    try:
        return print_state(files, load_balancer, is_live=live or not files)
    except Problem as error:
        raise click.UsageError(str(error)) from None


def _run(**given: Sequence[str]) -> int:
    """Run the controller in a cluster.

    Flags have LBC's names, defaults and forms: --flag=value or --flag value, --flag or
    --flag=false, 10h or 1m30s, a,b,c and k=v,k=v.
    """
    settings = parse_settings(_by_flag(given), os.environ)
    from alb_controller.app import run

    return run(settings)


def _by_flag(given: dict[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    return {field.replace("_", "-"): texts for field, texts in given.items() if texts}


def _option(row: FlagRow) -> click.Option:
    """A flag as click sees it: text, as often as it is given; the settings read the form."""
    default = row.form.show(row.default)
    alone: dict[str, Any] = {"is_flag": False, "flag_value": "true"}
    return click.Option(
        [f"--{row.name}", row.field],
        multiple=True,
        metavar=row.form.name.upper().replace(" ", "-"),
        help=row.flag.help + (f"  [{default}]" if default and len(default) < 60 else ""),
        **(alone if row.form.name == "bool" else {}),
    )


commands.add_command(
    click.Command(
        "run", callback=_run, params=[_option(row) for row in flag_rows()], help=_run.__doc__
    )
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code. A mistake in the arguments is one line on stderr, exit 2."""
    try:
        code = commands.main(
            None if arguments is None else list(arguments),
            prog_name="alb-controller",
            standalone_mode=False,
        )
    except click.exceptions.NoArgsIsHelpError as shown:
        click.echo(shown.format_message())
        return BAD_USAGE
    except click.ClickException as error:
        return _refuse(error.format_message())
    except InvalidSetting as error:
        return _refuse(str(error))
    except click.Abort:
        return 130
    return code if isinstance(code, int) else 0


def _refuse(problem: str) -> int:
    click.echo(f"alb-controller: {' '.join(problem.split())}", err=True)
    return BAD_USAGE


if __name__ == "__main__":
    sys.exit(main())
