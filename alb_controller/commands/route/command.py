"""Where a state comes from (a file, AWS, or manifests), and the answers printed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import click
import msgspec

from alb_controller.commands.chance import Dice
from alb_controller.commands.route import program
from alb_controller.commands.route.asking import Asked, BadRequest, ask
from alb_controller.errors import ControllerError
from alb_controller.routing.state import State
from alb_controller.state.document import read_text
from alb_controller.state.nodes import StateError
from alb_controller.state.writer import write_text

T = TypeVar("T")


class Problem(Exception):
    """What the user gave cannot be taken; one sentence."""


def run_people(file: Path | None, given: Mapping[str, Any]) -> int:
    """Print what becomes of the request; the exit code. Raises Problem."""
    if not given["method"] or not given["url"]:
        raise Problem("METHOD and URL are needed, such as GET http://myapp.example/")
    asked = Asked(
        method=given["method"],
        url=given["url"],
        headers=given["headers"],
        source=given["source"],
        zone=given["zone"],
        http_version=given["version"],
        load_balancer=given["load_balancer"],
    )

    def answered() -> int:
        state = _load(given["files"], file, asked.load_balancer, is_live=given["live"])
        answer = ask(asked, state, Dice(given["seed"]))
        for line in answer.lines:
            click.echo(line)
        return answer.code

    return _guarded(answered)


def read_stdin() -> str:
    """The text on standard input. Raises Problem."""
    if sys.stdin is None:
        raise Problem("--kind needs a request on stdin, which is closed")
    try:
        return sys.stdin.read()
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"stdin: {error}") from None


def run_program(kind: str, file: Path | None, text: str) -> int:
    """Print the answers as JSON. Raises Problem."""
    if file is None:
        raise Problem("--kind needs --state FILE")
    named = next(one for one in get_args(program.Kind) if one == kind)
    click.echo(_guarded(lambda: program.run_program(named, file, text)))
    return 0


def print_state(files: Sequence[Path], name: str, *, is_live: bool) -> int:
    """Print the document of a state. Raises Problem."""
    click.echo(_guarded(lambda: write_text(_load(files, None, name, is_live=is_live))), nl=False)
    return 0


def _guarded(work: Callable[[], T]) -> T:
    """Mistakes of users as one sentence; everything else is a bug, and shows itself."""
    try:
        return work()
    except (StateError, BadRequest, ControllerError) as error:
        raise Problem(str(error)) from None
    except msgspec.DecodeError as error:
        raise Problem(f"stdin: {error}") from None
    except UnicodeDecodeError as error:
        raise Problem(f"a file is no UTF-8 text: {error}") from None
    except OSError as error:
        raise Problem(str(error)) from None
    except Exception as error:
        if _is_bad_input(error):
            raise Problem(str(error)) from None
        raise


def _is_bad_input(error: Exception) -> bool:
    """Manifests that cannot be read; what reads them is loaded only where there are some."""
    failures = sys.modules.get("alb_controller.sandbox.failures")
    return failures is not None and isinstance(error, failures.BadInput)


def _load(files: Sequence[Path], file: Path | None, name: str, *, is_live: bool) -> State:
    """The state of the one source that is given."""
    if [bool(files), file is not None, is_live].count(True) != 1:
        raise Problem("give one of -f FILES, --state FILE and --live")
    if file is not None:
        return read_text(file.read_text(encoding="utf-8"))
    if is_live:
        from alb_controller.commands.live import read_live

        return read_live(name)
    return _compiled(files)


def _compiled(files: Sequence[Path]) -> State:
    from alb_controller.commands.offline.compile import compile_manifests
    from alb_controller.sandbox.manifests import read_manifests

    compiled = compile_manifests(one.body for one in read_manifests(files))
    for problem in compiled.problems:
        click.echo(f"{problem.origin}: {problem}", err=True)
    return compiled.state
